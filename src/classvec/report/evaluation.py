"""What an evaluation leaves beside its plain files: pictures, tables of names, metrics, and its run in MLflow."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from classvec import figures
from classvec.artifacts import (
    ConceptLabels,
    Evaluation,
    Point,
    RunCard,
    json_number,
    largest_k,
    write_text,
)
from classvec.report import tables
from classvec.report.tracking import Content, TrackedData

CURVES = {
    "f1/mean": "f1_mean",
    "f1/chance": "f1_chance",
    "f1/adjusted": "f1_adjusted",
    "f1/weighted": "f1_weighted",
    "f1/p": "p",
    "clusters/smallest": "smallest",
    "clusters/seeds_ari": "seeds_ari",
}
"""Name of a curve in MLflow to its column in ``scores.csv``."""
REFERENCES = {
    "f1/low": "f1_low",
    "f1/high": "f1_high",
    "f1/adjusted_low": "f1_adjusted_low",
    "f1/adjusted_high": "f1_adjusted_high",
    "f1/ontology": "f1_ontology",
}
"""The same for intervals and the ontology's own level, where a run has them."""
DIGITS = 4
"""Decimals of the table of labels in MLflow."""
TAGGED = ("store", "weights_hash", "image_list_hash", "ontology", "affinity")
"""Of the provenance, what runs are searched by; all of it is in provenance.json."""


def write(evaluation: Evaluation, name: str, folder: Path) -> tuple[list[Path], dict[str, Path]]:
    """Writes the names of the clusters as text, and the pictures of an evaluation.

    ``labels.txt``, ``f1.png``, ``matrix.png``, and ``table3.txt``, ``table3.md``, ``table3.png`` for k up to 8.

    Args:
        evaluation: The evaluation.
        name: Name of the run.
        folder: Where to write.

    Returns:
        The text files, and name of each picture to its file.
    """
    labels = evaluation.labels
    write_text(folder / "labels.txt", tables.label_table(labels, evaluation.scores))
    k = largest_k(labels.clusters)
    curve = figures.f1_curves({name: evaluation.scores}, f"{name}: how well concepts describe the clusters")
    matrix = figures.sorted_matrix(evaluation.similarity, labels.clusters[k], f"{name}: {k} clusters")
    pictures = {
        "f1": figures.save(curve, folder / "f1.png"),
        "matrix": figures.save(matrix, folder / "matrix.png"),
    }
    texts, picture = tables.write_table3(labels, evaluation.scores, name, folder)
    return [folder / "labels.txt", *texts], {**pictures, **picture}


def metrics(evaluation: Evaluation) -> list[Point]:
    """Returns the curves with step = k, then headline figures named ``summary/...``."""
    rows, best = evaluation.scores.rows, evaluation.scores.best()
    curves = [(name, float(getattr(row, column)), row.k) for name, column in CURVES.items() for row in rows]
    curves += [
        (name, value, row.k)
        for name, column in REFERENCES.items()
        for row in rows
        if not math.isnan(value := float(getattr(row, column)))
    ]
    headlines = {
        "best_f1": max(row.f1_mean for row in rows),
        "best_adjusted": best.f1_adjusted if best else float("nan"),
    }
    headlines |= {"curve_p": evaluation.scores.curve_p, "mean_adjusted": evaluation.scores.mean_adjusted}
    headlines["labels_standing_out"] = evaluation.labels.n_standing_out
    if errors := evaluation.vectors.provenance.get("cosine_errors"):
        headlines["projection_error"] = max(error["largest"] for error in errors.values())
    return curves + [(f"summary/{name}", value, 0) for name, value in headlines.items()]


def content(
    evaluation: Evaluation, card: RunCard, files: Sequence[Path], images: Mapping[str, Sequence[Path]]
) -> Content:
    """Returns what an evaluation leaves in a tracking store.

    Args:
        evaluation: The evaluation.
        card: How the run is known.
        files: Its files.
        images: Name of each of its pictures to its file.
    """
    vectors, known, points = evaluation.vectors, evaluation.scores.provenance, metrics(evaluation)
    return Content(
        metrics=points,
        tags={f"provenance.{key}": str(known[key]) for key in TAGGED if key in known},
        description=_description(evaluation, points),
        data=TrackedData(
            name=card.data,
            digest=str(vectors.provenance["image_list_hash"]),
            source=card.data_source,
            profile={"classes": len(vectors.classes), "images": int(vectors.n_images.sum())},
        ),
        files=files,
        images=images,
        tables={"cluster_labels.json": label_columns(evaluation.labels)},
    )


def label_columns(labels: ConceptLabels) -> dict[str, list[Any]]:
    """Returns the table of labels by column; its first column is a unique key, by which MLflow compares runs.

    Names have no dot: MLflow's page would look for a column within a column, and show nothing.
    """
    columns: dict[str, list[Any]] = {}
    for k, of_k in labels.clusters.items():
        for place, label in enumerate(of_k, start=1):
            best, second = label.best, next(iter(label.matches[1:]), None)
            entry = {
                "k_cluster": f"{k:02d}.{place:02d}",
                "concept": label.shown,
                "f1": json_number(best.f1, DIGITS),
                **{name: json_number(getattr(label, name), DIGITS) for name in ("f1_adjusted", "q", "p", "f1_chance")},
                "stands_out": "yes" if label.stands_out else "no",
                "classes": len(label.members),
                **{name: json_number(getattr(best, name), DIGITS) for name in ("precision", "recall")},
                "second": second.name if second else "",
                "second_f1": json_number(second.f1, DIGITS) if second else None,
            }
            for name, value in entry.items():
                columns.setdefault(name, []).append(value)
    return columns


def _description(evaluation: Evaluation, points: Sequence[Point]) -> str:
    """Returns the run's description in Markdown: headline figures, then the names of the clusters."""
    shown = ("summary/best_f1", "summary/best_adjusted", "summary/projection_error")
    head = [f"{name.split('/')[1].replace('_', ' ')} **{v:.3f}**" for name, v, _ in points if name in shown]
    scores, labels = evaluation.scores, evaluation.labels
    said = filter(None, [scores.headline(), scores.caveat(), labels.brackets()])
    table = [["k", *tables.score_columns(scores), "clusters, each with its adjusted F1"]]
    for row in scores.rows:
        names = ", ".join(label.rated for label in labels.clusters[row.k])
        table.append([str(row.k), *tables.score_cells(scores, row.k), names])
    return "\n".join([", ".join(head), "", *said, "", *tables.markdown(table)])
