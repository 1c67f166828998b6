"""The similarity matrix as a picture."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from classvec.artifacts import ClusterLabel, Similarity
from classvec.figures.canvas import INK, label_ink, sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURED_CLASSES = 2000
"""Classes up to which each has a row of its own in the picture of a matrix, which has fewer points than that."""


def sorted_matrix(similarity: Similarity, clusters: Sequence[ClusterLabel], title: str) -> "Figure":
    """Draws the similarity matrix with the classes sorted by cluster, each cluster under its name.

    Args:
        similarity: The similarities.
        clusters: The named clusters, in the order to draw them.
        title: What it is about.
    """
    sign = -1.0 if similarity.kind == "distance" else 1.0
    order = np.concatenate([_by_likeness(similarity.values, label.members, sign) for label in clusters])
    values = shrunk(similarity.values, order)
    off = values[~np.eye(len(values), dtype=bool)]
    figure = sheet(7.6, 6.4)
    axes = figure.subplots()
    low, high = np.percentile(off, [1.0, 99.5])
    colours = "magma_r" if similarity.kind == "distance" else "magma"
    extent = (-0.5, len(order) - 0.5, len(order) - 0.5, -0.5)
    image = axes.imshow(values, vmin=low, vmax=high, cmap=colours, interpolation="antialiased", extent=extent)
    edges = np.cumsum([0, *(len(label.members) for label in clusters)])
    for edge in edges[1:-1]:
        axes.axhline(edge - 0.5, color="white", linewidth=0.8)
        axes.axvline(edge - 0.5, color="white", linewidth=0.8)
    names = [f"{label.shown}\n{len(label.members)} classes, F1 {label.best.f1:.2f}" for label in clusters]
    axes.set_yticks((edges[:-1] + edges[1:] - 1) / 2, names, fontsize=8)
    for words, label in zip(axes.get_yticklabels(), clusters, strict=True):
        words.set_color(label_ink(label))
    axes.set_xticks([])
    axes.tick_params(length=0)
    figure.colorbar(image, ax=axes, label=f"{similarity.metric} ({similarity.kind}) of class vectors", shrink=0.8)
    axes.set_title(title, fontsize=11, color=INK)
    return figure


def _by_likeness(values: np.ndarray, members: Sequence[int], sign: float) -> np.ndarray:
    """Sorts the members of a cluster by their mean similarity to it, the most typical first."""
    index = np.array(members, dtype=np.intp)
    means = np.array([values[i, index].mean() for i in index])
    return index[np.argsort(-sign * means, kind="stable")]


def shrunk(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Returns the matrix in an order, as means over squares where there are more classes than a picture can show."""
    if len(order) <= PICTURED_CLASSES:
        whole: np.ndarray = values[np.ix_(order, order)]
        return whole
    edges = np.linspace(0, len(order), PICTURED_CLASSES + 1).astype(np.intp)[:-1]
    sizes = np.diff(edges, append=len(order))
    rows = [values[order[start : start + size]].mean(axis=0)[order] for start, size in zip(edges, sizes, strict=True)]
    means: np.ndarray = np.add.reduceat(np.stack(rows), edges, axis=1) / sizes
    return means
