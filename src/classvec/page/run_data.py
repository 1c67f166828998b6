"""What the scripts of a run's page draw, as JSON values."""

import base64
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from classvec.artifacts import (
    ClusterLabel,
    Float64,
    Scores,
    Similarity,
    adjusted_cell,
    chance_range,
    json_number,
    largest_k,
    ontology_levels,
    p_cell,
    p_words,
    q_cell,
)
from classvec.page.document import picture_uri
from classvec.page.thumbnails import layout
from classvec.runs.files import THUMBNAILS, RunFiles

DIGITS = 4
"""Decimals of the numbers that a page draws."""


def curve_data(curves: Mapping[str, Scores]) -> dict[str, Any]:
    """Returns what the chart of some curves draws: each curve, and what all are read against.

    Numbers have four decimals, nothing stands for what is undefined, and p is in words.

    Args:
        curves: Name of the curve to its scores.
    """
    return {
        "curves": [{"name": name, "rows": _rows(scores)} for name, scores in curves.items()],
        "chance": [
            {"k": k, "low": json_number(low, DIGITS), "high": json_number(high, DIGITS)}
            for k, (low, high) in chance_range(list(curves.values())).items()
        ],
        "levels": [
            {"name": level.words, "k": list(level.f1), "f1": _short(level.f1), "adjusted": _short(level.adjusted)}
            for level in ontology_levels(curves)
        ],
    }


def _rows(scores: Scores) -> list[dict[str, float | str | None]]:
    return [
        {name: json_number(value, DIGITS) for name, value in asdict(row).items()}
        | {"p": p_words(row.p, scores.n_draws)}
        for row in scores.rows
    ]


def _short(heights: Mapping[int, float]) -> list[float | None]:
    return [json_number(height, DIGITS) for height in heights.values()]


def run_data(files: RunFiles, places: Float64) -> Mapping[str, Any]:
    """Returns all that the page of a run draws.

    Args:
        files: The run.
        places: Places of its classes on the map, of shape (n_classes, 2).
    """
    labels, likeness = files.labels, files.similarity.likeness
    shown = largest_k(labels.clusters)
    sheet = files.folder / THUMBNAILS
    thumbnails = {"sheet": picture_uri(sheet, shrink=False), **layout()} if THUMBNAILS in files.card["files"] else None
    return {
        "classes": labels.classes,
        "names": labels.class_names,
        **curve_data({files.card["name"]: files.scores}),
        "clusters": [
            {"k": k, "clusters": [_cluster(label, likeness, labels.n_draws) for label in clusters]}
            for k, clusters in labels.clusters.items()
        ],
        "first": list(labels.clusters).index(shown),
        "neighbours": [[[j, round(value, 4)] for j, value in near] for near in files.neighbours],
        "matrix": _small_matrix(files.similarity),
        "map": np.round(places, 4).tolist(),
        "thumbnails": thumbnails,
    }


def _cluster(label: ClusterLabel, likeness: np.ndarray, n_draws: int) -> dict[str, Any]:
    """Returns a cluster with its members, the most typical first."""
    members = np.array(label.members, dtype=np.intp)
    typical = np.argsort(-likeness[np.ix_(members, members)].mean(axis=1), kind="stable")
    matches = [
        {
            "name": match.name,
            "synset": match.synset,
            "f1": round(match.f1, 4),
            "precision": round(match.precision, 4),
            "recall": round(match.recall, 4),
            "n": match.n_concept,
            "same": match.same_extent,
        }
        for match in label.matches
    ]
    return {
        "cluster": label.cluster,
        "members": members[typical].tolist(),
        "matches": matches,
        "shown": label.shown,
        "stands_out": label.stands_out,
        "chance": json_number(label.f1_chance, DIGITS),
        "adjusted": adjusted_cell(label.f1_adjusted),
        "p": p_cell(label.p, n_draws),
        "q": q_cell(label.q, label.p, n_draws),
    }


def _small_matrix(similarity: Similarity) -> dict[str, Any]:
    """Returns the upper triangle, row by row without the diagonal, in steps of 1/255 of its range: a byte a value."""
    from plotly.colors import sequential

    off = similarity.values[np.triu_indices(len(similarity.values), 1)]
    low, high = float(off.min()), float(off.max())
    steps = np.rint((off - low) / max(high - low, 1e-12) * 255).astype(np.uint8)
    dark, bright = np.percentile(off, [1.0, 99.5])
    return {
        "bytes": base64.b64encode(steps.tobytes()).decode(),
        "low": low,
        "high": high,
        "shown": [float(dark), float(bright)],
        "self": float(similarity.values[0, 0]),
        "colours": sequential.Magma[:: -1 if similarity.kind == "distance" else 1],
        "what": f"{similarity.metric} {similarity.kind}" if similarity.kind != "similarity" else similarity.metric,
    }
