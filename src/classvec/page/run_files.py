"""A run's folder, read back: what `report.write` and other rooms left there, each file checked as it is read."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from classvec.artifacts import Clusterings, ConceptLabels, Scores, Similarity
from classvec.errors import InputError

T = TypeVar("T")
NEEDED = (
    "run.json", "scores.csv", "scores.json", "labels.json", "clusterings.npz", "similarity.npz", "neighbours.csv",
    "provenance.json", "config.yaml",
)  # fmt: skip
THUMBNAILS = "thumbnails.jpg"


@dataclass(frozen=True, kw_only=True)
class RunFiles:
    """What a run left.

    Attributes:
        folder: Where it lies.
        run: The content of ``run.json``: name, sweep, choices, and what the run took.
        scores: F1 against chance.
        labels: The named clusters.
        seeds: Seeds of the clusterings.
        similarity: The matrix.
        neighbours: For each class, index and value of its nearest classes, nearest first.
        config: The whole configuration, as YAML.
        provenance: Where everything comes from.
        thumbnails: The sheet of small pictures, if there is one.
        reconstructions: Rows of the scorecard of reconstructed images; mostly none.
    """

    folder: Path
    run: Mapping[str, Any]
    scores: Scores
    labels: ConceptLabels
    seeds: Sequence[int]
    similarity: Similarity
    neighbours: Sequence[Sequence[tuple[int, float]]]
    config: str
    provenance: Mapping[str, Any]
    thumbnails: Path | None
    reconstructions: Sequence[Mapping[str, str]]


def read(folder: Path) -> RunFiles:
    """Reads the folder of a run.

    Raises:
        InputError: If a file that every run has is missing, or one is truncated, or belongs to another run.
    """
    for name in NEEDED:
        if not (folder / name).is_file():
            raise InputError(f"{folder} holds no finished run of evaluate.py: {name} is missing")
    labels = ConceptLabels.load(folder / "labels.json")
    scores = Scores.load(folder / "scores.csv")
    similarity = Similarity.load(folder / "similarity.npz")
    if similarity.classes != labels.classes:
        raise InputError(f"{folder}: similarity.npz and labels.json tell of different classes: run evaluate.py anew")
    if [row.k for row in scores.rows] != list(labels.clusters):
        raise InputError(f"{folder}: scores.csv and labels.json tell of different k: run evaluate.py anew")
    thumbnails, cards = folder / THUMBNAILS, folder / "reconstructions.csv"
    return RunFiles(
        folder=folder,
        run=read_run(folder),
        scores=scores,
        labels=labels,
        seeds=Clusterings.load(folder / "clusterings.npz").seeds,
        similarity=similarity,
        neighbours=checked(folder / "neighbours.csv", lambda path: _neighbours(path, labels.classes)),
        config=(folder / "config.yaml").read_text(encoding="utf-8"),
        provenance=checked(folder / "provenance.json", _json_object),
        thumbnails=thumbnails if thumbnails.is_file() else None,
        reconstructions=checked(cards, _rows) if cards.is_file() else (),
    )


def read_run(folder: Path) -> Mapping[str, Any]:
    """Reads ``run.json``.

    Raises:
        InputError: If it is truncated or foreign.
    """

    def named(path: Path) -> dict[str, Any]:
        run = _json_object(path)
        return {**run, "name": str(run["name"]), "choices": dict(run["choices"])}

    return checked(folder / "run.json", named)


def checked(path: Path, reader: Callable[[Path], T]) -> T:
    """Reads a file; whatever its parser stumbles over becomes an error that names it.

    Raises:
        InputError: If the file is truncated or foreign.
    """
    try:
        return reader(path)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise InputError(f"{path} is truncated or foreign ({error!r}): run evaluate.py anew") from error


def _json_object(path: Path) -> dict[str, Any]:
    value = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(value, dict):
        raise TypeError(f"wanted a JSON object, found {type(value).__name__}")
    return value


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return [{str(key): str(value or "") for key, value in row.items()} for row in csv.DictReader(file)]


def _neighbours(path: Path, classes: Sequence[str]) -> list[list[tuple[int, float]]]:
    place = {class_id: i for i, class_id in enumerate(classes)}
    found: list[list[tuple[int, float]]] = [[] for _ in classes]
    for row in _rows(path):
        found[place[row["class"]]].append((place[row["neighbour"]], float(row["value"])))
    if len({len(near) for near in found}) != 1:
        raise ValueError("not every class has as many neighbours as the others")
    return found
