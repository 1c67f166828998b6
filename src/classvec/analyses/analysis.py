"""The protocol of an analysis: what it is given and what it yields.

An analysis is one file. It computes, and returns tables, charts, metrics, lines of text and values; files, MLflow, the
terminal and the page are loops over what came back, and know no analysis by name.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from classvec.analyses.permutation import FEWEST_CLASSES
from classvec.artifacts import Clusterings, Evaluation, Float64, Point, Similarity
from classvec.errors import InputError
from classvec.method.clustering import cluster, warn_of_affinities
from classvec.method.matrix_cache import layer_matrices
from classvec.method.method import Method
from classvec.method.similarity import compare
from classvec.method.splits import Split, split_similarities
from classvec.ontology.similarities import corpus_information, similarities
from classvec.ontology.taxonomy import Taxonomy
from classvec.settings import Analysis as AnalysisSettings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A picture of an analysis.

    Attributes:
        figure: The picture.
        caption: What it shows, for people who see it on the page and for those who hear it.
        on_page: Whether the page shows it; False where the page draws the same itself.
    """

    figure: "Figure"
    caption: str
    on_page: bool = True


@dataclass(frozen=True, kw_only=True)
class Result:
    """What an analysis yields. Each part may be empty.

    Attributes:
        name: Name of the analysis, unique within a run; a word that can stand in an address.
        title: Heading of its section on the page.
        tables: Name of a CSV file, without the ending, to its rows; all rows have the same columns.
        charts: Name of a PNG file, without the ending, to the picture.
        metrics: Points of curves and headline figures for MLflow.
        lines: Lines of text, for the terminal and the page.
        values: Values that fit in no table, as JSON values.
        summary: Column of a sweep's summary to what stands there for this run.
    """

    name: str
    title: str
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    charts: Mapping[str, Chart] = field(default_factory=dict)
    metrics: Sequence[Point] = ()
    lines: Sequence[str] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    summary: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class AnalysisInput:
    """A run that is analysed. What several analyses need is computed once, on demand.

    Attributes:
        name: Name of the run, for titles.
        evaluation: Its class vectors, similarity, clusters, names and scores.
        method: How it compares and clusters classes.
        taxonomy: The concepts above the classes.
        layer_groups: Name of a layer group to its layers.
        settings: Keys that analyses share.
    """

    name: str
    evaluation: Evaluation
    method: Method
    taxonomy: Taxonomy
    layer_groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    settings: AnalysisSettings = field(default_factory=AnalysisSettings)

    @property
    def classes(self) -> tuple[str, ...]:
        """Ids of the classes, in the order of every matrix."""
        return self.evaluation.similarity.classes

    @property
    def compares_matrices(self) -> bool:
        """Whether there are enough classes to compare matrices, and not too many."""
        return FEWEST_CLASSES <= len(self.classes) <= self.settings.most_classes

    @cached_property
    def matrices(self) -> Mapping[str, Float64]:
        """Layer, low to top, to the metric's matrix of it; memory-mapped."""
        return layer_matrices(self.evaluation.vectors, self.method.layers, self.method.metric)

    @cached_property
    def layers(self) -> Mapping[str, Similarity]:
        """Layer, low to top, to the similarity of the classes over it alone."""
        vectors = self.evaluation.vectors
        return {name: compare(self.method.metric, {name: matrix}, vectors) for name, matrix in self.matrices.items()}

    @cached_property
    def splits(self) -> Sequence[Split]:
        """Similarity by each of two halves of every class's images, for each split; none without halves or folds."""
        return split_similarities(self.evaluation.vectors, self.method, FEWEST_CLASSES, self.settings.seed)

    @cached_property
    def references(self) -> Mapping[str, Float64]:
        """Name of a similarity of the ontology to its matrix, of shape (n_classes, n_classes)."""
        path = self.settings.information
        counts = None if path is None else corpus_information(Path(path), self.taxonomy)
        return similarities(self.taxonomy, self.classes, counts)

    @cached_property
    def layer_clusterings(self) -> Mapping[str, Clusterings]:
        """Layer, low to top, to its clusters alone; a layer that cannot be clustered is left out, with a warning."""
        clusterings = {}
        for name, similarity in self.layers.items():
            try:
                clusterings[name] = self.cluster(similarity)
            except InputError as error:
                log.warning("layer %s is not clustered alone: %s", name, error)
            else:
                log.info("clusters of layer %s alone", name)
        warn_of_affinities("layers", (found.provenance.get("affinity", "") for found in clusterings.values()))
        return clusterings

    def cluster(self, similarity: Similarity) -> Clusterings:
        """Clusters a matrix as the run does, with the few seeds of the analyses.

        Raises:
            InputError: If it cannot be clustered.
        """
        return cluster(self.method.clustering, similarity, seeds=self.settings.seeds)


class Analysis(Protocol):
    """A question about a run; any function, or object that can be called, with these arguments is one."""

    def __call__(self, run: AnalysisInput) -> Result | None:
        """Answers it; None if it does not apply to this run.

        Raises:
            InputError: If it cannot be answered, and the user should change something.
        """
        ...
