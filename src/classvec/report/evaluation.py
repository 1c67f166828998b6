"""What an evaluation leaves beside its plain files: pictures, tables of names, metrics, and its run in MLflow."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from classvec import figures
from classvec.artifacts import ConceptLabels, Evaluation, Point, RunCard, largest_k, write_text
from classvec.report import tables
from classvec.report.text import label_table
from classvec.report.tracking import Content, TrackedData

CURVES = {
    "f1/mean": "f1_mean",
    "f1/chance": "f1_chance",
    "f1/adjusted": "f1_adjusted",
    "f1/weighted": "f1_weighted",
    "clusters/smallest": "smallest",
    "clusters/seeds_ari": "seeds_ari",
}
"""Name of a curve in MLflow to its column in ``scores.csv``."""
TAGGED = ("store", "weights_hash", "image_list_hash", "ontology")
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
    write_text(folder / "labels.txt", label_table(evaluation))
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
    headlines = {
        "best_f1": max(row.f1_mean for row in rows),
        "best_adjusted": best.f1_adjusted if best else float("nan"),
    }
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
    rows = [row for row in labels.rows() if row["rank"] == 1]
    ranked = {(row["k"], row["cluster"]): row for row in labels.rows() if row["rank"] == 2}
    place: dict[int, int] = {}
    columns: dict[str, list[Any]] = {}
    for row in rows:
        place[row["k"]] = place.get(row["k"], 0) + 1
        second = ranked.get((row["k"], row["cluster"]))
        entry = {
            "k_cluster": f"{row['k']:02d}.{place[row['k']]:02d}",
            "concept": row["name"],
            "f1": round(row["f1"], 4),
            "precision": round(row["precision"], 4),
            "recall": round(row["recall"], 4),
            "classes": row["size"],
            "second": second["name"] if second else "",
            "second_f1": round(second["f1"], 4) if second else None,
        }
        for name, value in entry.items():
            columns.setdefault(name, []).append(value)
    return columns


def _description(evaluation: Evaluation, points: Sequence[Point]) -> str:
    """Returns the run's description in Markdown: headline figures, then the names of the clusters."""
    head = [f"{name.split('/')[1].replace('_', ' ')} **{v:.3f}**" for name, v, _ in points if "summary/" in name]
    lines = [", ".join(head), "", "| k | mean F1 | chance | adjusted | clusters |", "|--:|--:|--:|--:|:--|"]
    for row in evaluation.scores.rows:
        names = ", ".join(label.best.name for label in evaluation.labels.clusters[row.k])
        lines.append(f"| {row.k} | {row.f1_mean:.3f} | {row.f1_chance:.3f} | {row.f1_adjusted:.2f} | {names} |")
    return "\n".join(lines)
