"""The plain files of an evaluation, written and read back."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from classvec.artifacts import (
    Clusterings,
    ConceptLabels,
    Evaluation,
    Scores,
    Similarity,
    read_json,
    write_csv,
    write_json,
    write_text,
)
from classvec.errors import InputError
from classvec.runs.card import RUN, check, read_card

T = TypeVar("T")
SCORES, LABELS, CLUSTERINGS, SIMILARITY = "scores.csv", "labels.json", "clusterings.npz", Similarity.FILE
NEIGHBOURS, PROVENANCE, CONFIG = "neighbours.csv", "provenance.json", "config.yaml"
HALF_SAMPLES, SUMMARY = "half_samples.npz", "summary.txt"
ANALYSES, RECONSTRUCTIONS, THUMBNAILS = "analyses.json", "reconstructions.csv", "thumbnails.jpg"
NEEDED = (RUN, SCORES, "scores.json", LABELS, CLUSTERINGS, SIMILARITY, NEIGHBOURS, PROVENANCE, CONFIG, ANALYSES)


@dataclass(frozen=True, kw_only=True)
class RunFiles:
    """What a run left in its folder.

    Attributes:
        folder: The folder.
        card: The content of ``run.json``: name, sweep, choices, files, and what the run took.
        scores: F1 against chance.
        labels: The named clusters.
        seeds: Seeds of the clusterings.
        similarity: The matrix.
        neighbours: For each class, index and value of its nearest classes, nearest first.
        config: The whole configuration, as YAML.
        provenance: Where everything comes from.
        analyses: What each analysis yielded, without its tables.
        reconstructions: Rows of the scorecard of reconstructed images; mostly none.
    """

    folder: Path
    card: Mapping[str, Any]
    scores: Scores
    labels: ConceptLabels
    seeds: Sequence[int]
    similarity: Similarity
    neighbours: Sequence[Sequence[tuple[int, float]]]
    config: str
    provenance: Mapping[str, Any]
    analyses: Sequence[Mapping[str, Any]]
    reconstructions: Sequence[Mapping[str, str]]


def write(evaluation: Evaluation, config: str, folder: Path) -> list[Path]:
    """Writes the plain files of an evaluation.

    ``scores.csv`` (a row per k), ``labels.csv`` (a row per k, cluster and concept), ``labels.json`` (with the classes
    of each cluster), ``neighbours.csv``, ``clusterings.npz``, ``similarity.npz``, ``provenance.json``, ``config.yaml``;
    ``half_samples.npz`` where there are intervals.

    Args:
        evaluation: The evaluation.
        config: The whole configuration, as YAML.
        folder: Where to write; made if missing.

    Returns:
        The files.
    """
    labels = evaluation.labels
    evaluation.scores.save(folder / SCORES)
    labels.save(folder / LABELS)
    rows = [{**row, "same_extent": "; ".join(row["same_extent"])} for row in labels.rows()]
    write_csv(folder / "labels.csv", rows, list(rows[0]))
    neighbours = _neighbour_rows(evaluation)
    write_csv(folder / NEIGHBOURS, neighbours, list(neighbours[0]))
    evaluation.clusterings.save(folder / CLUSTERINGS)
    evaluation.similarity.save(folder / SIMILARITY)
    write_json(folder / PROVENANCE, dict(evaluation.scores.provenance))
    write_text(folder / CONFIG, config)
    names = [SCORES, "scores.json", LABELS, "labels.csv", NEIGHBOURS, CLUSTERINGS, SIMILARITY, PROVENANCE, CONFIG]
    if evaluation.resampled is not None:
        evaluation.resampled.save(folder / HALF_SAMPLES)
        names.append(HALF_SAMPLES)
    return [folder / name for name in names]


def _neighbour_rows(evaluation: Evaluation) -> list[dict[str, object]]:
    classes, names = evaluation.labels.classes, evaluation.labels.class_names
    return [
        {
            "class": classes[i],
            "name": names[i],
            "rank": rank,
            "neighbour": classes[j],
            "neighbour_name": names[j],
            "value": round(float(value), 9),
        }
        for i, (index, values) in enumerate(zip(evaluation.neighbours.index, evaluation.neighbours.values, strict=True))
        for rank, (j, value) in enumerate(zip(index, values, strict=True), start=1)
    ]


def read(folder: Path) -> RunFiles:
    """Reads the folder of a run.

    Raises:
        InputError: If a file that every run has is missing, or one is truncated, or belongs to another run.
    """
    for name in NEEDED:
        if not (folder / name).is_file():
            raise InputError(f"{folder} holds no finished run of evaluate.py: {name} is missing")
    check(folder)
    card, labels = read_card(folder), ConceptLabels.load(folder / LABELS)
    scores, similarity = Scores.load(folder / SCORES), Similarity.load(folder / SIMILARITY)
    if similarity.classes != labels.classes:
        raise InputError(f"{folder}: {SIMILARITY} and {LABELS} are about different classes: run evaluate.py again")
    if [row.k for row in scores.rows] != list(labels.clusters):
        raise InputError(f"{folder}: {SCORES} and {LABELS} are about different k: run evaluate.py again")
    return RunFiles(
        folder=folder,
        card=card,
        scores=scores,
        labels=labels,
        seeds=Clusterings.load(folder / CLUSTERINGS).seeds,
        similarity=similarity,
        neighbours=checked(folder / NEIGHBOURS, lambda path: _neighbours(path, labels.classes)),
        config=(folder / CONFIG).read_text(encoding="utf-8"),
        provenance=read_json(folder / PROVENANCE),
        analyses=checked(folder / ANALYSES, lambda path: _analyses(path, card)),
        reconstructions=checked(folder / RECONSTRUCTIONS, read_rows) if RECONSTRUCTIONS in card["files"] else (),
    )


def summary_columns(folder: Path) -> dict[str, str]:
    """Reads what the analyses of a run give to the summary of its sweep, column to words.

    Raises:
        InputError: If ``analyses.json`` is truncated.
    """
    found = checked(folder / ANALYSES, lambda path: [content["summary"] for content in read_json(path)["analyses"]])
    return {str(column): str(words) for columns in found for column, words in columns.items()}


def _analyses(path: Path, card: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Reads what each analysis yielded, with those of its files that the run wrote into its own folder."""
    ours = {name for name in card["files"] if Path(name).name == name}
    return [
        {
            "name": str(content["name"]),
            "title": str(content["title"]),
            "lines": [str(line) for line in content["lines"]],
            "values": dict(content["values"]),
            "tables": [name for name in content["tables"] if name in ours],
            "pictures": {name: str(caption) for name, caption in content["pictures"].items() if name in ours},
        }
        for content in read_json(path)["analyses"]
    ]


def checked(path: Path, reader: Callable[[Path], T]) -> T:
    """Reads a file; whatever its parser raises becomes an error that names the file.

    Raises:
        InputError: If the file is missing, truncated or foreign.
    """
    try:
        return reader(path)
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise InputError(f"{path} is truncated or foreign ({error!r}): run evaluate.py again") from error


def read_rows(path: Path) -> list[dict[str, str]]:
    """Reads a CSV file with a header."""
    with path.open(newline="", encoding="utf-8") as file:
        return [{str(key): str(value or "") for key, value in row.items()} for row in csv.DictReader(file)]


def _neighbours(path: Path, classes: Sequence[str]) -> list[list[tuple[int, float]]]:
    place = {class_id: i for i, class_id in enumerate(classes)}
    found: list[list[tuple[int, float]]] = [[] for _ in classes]
    for row in read_rows(path):
        found[place[row["class"]]].append((place[row["neighbour"]], float(row["value"])))
    if len({len(near) for near in found}) != 1:
        raise ValueError("not every class has as many neighbours as the others")
    return found
