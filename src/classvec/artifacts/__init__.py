"""What travels between the rooms: frozen dataclasses, each with its provenance, each saved whole or not at all."""

from classvec.artifacts.checks import DamagedVectors, by_content, file_content, is_signed, is_whole, row_hash, sign
from classvec.artifacts.clusterings import TABLE3_K, Clusterings, largest_k
from classvec.artifacts.concepts import ClusterLabel, ConceptLabels, ConceptMatch
from classvec.artifacts.cost import Cost
from classvec.artifacts.curves import OntologyLevel, bands, chance_range, ontology_levels
from classvec.artifacts.extents import Extents
from classvec.artifacts.files import (
    Float64,
    Provenance,
    atomic_write,
    checksum,
    content_key,
    held,
    json_number,
    load_arrays,
    read_array,
    read_json,
    remove_partial,
    save_arrays,
    write_csv,
    write_json,
    write_table,
    write_text,
)
from classvec.artifacts.p_values import SIGNIFICANT, p_cell, p_value, p_words, q_cell, t_cell
from classvec.artifacts.parts import HALVES, Parts, part_sizes
from classvec.artifacts.reconstructions import Appraisal, Picture, Reconstruction, Reconstructions, Target
from classvec.artifacts.resampled_scores import ResampledScores
from classvec.artifacts.runs import Evaluation, Point, RunCard, Sweep
from classvec.artifacts.scores import HARDLY_ABOVE_CHANCE, INTERVAL, Score, Scores, adjusted_cell, interval_cell
from classvec.artifacts.text_table import aligned
from classvec.artifacts.vectors import ClassVectors, LayerBlock, Neighbours, Similarity, check_kind

__all__ = [
    "HALVES", "HARDLY_ABOVE_CHANCE", "INTERVAL", "SIGNIFICANT", "TABLE3_K", "Appraisal", "ClassVectors",
    "ClusterLabel", "Clusterings", "ConceptLabels", "ConceptMatch", "Cost", "DamagedVectors", "Evaluation",
    "Extents", "Float64", "LayerBlock", "Neighbours", "OntologyLevel", "Parts", "Picture", "Point",
    "Provenance", "Reconstruction", "Reconstructions", "ResampledScores", "RunCard", "Score", "Scores",
    "Similarity", "Sweep", "Target", "adjusted_cell", "aligned", "atomic_write", "bands", "by_content",
    "chance_range", "check_kind", "checksum", "content_key", "file_content", "held", "interval_cell",
    "is_signed", "is_whole", "json_number", "largest_k", "load_arrays", "ontology_levels", "p_cell", "p_value",
    "p_words", "part_sizes", "q_cell", "read_array", "read_json", "remove_partial", "row_hash", "save_arrays",
    "sign", "t_cell", "write_csv", "write_json", "write_table", "write_text",
]  # fmt: skip
