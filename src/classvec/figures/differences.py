"""Differences of curves as a picture: a row for each pair of runs, a column for each k."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from classvec.artifacts import SIGNIFICANT
from classvec.figures.canvas import INK, sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def difference_map(
    names: Sequence[str], k: Sequence[int], values: np.ndarray, apart: np.ndarray, title: str
) -> "Figure":
    """Draws differences of adjusted F1, and marks those that are told apart.

    Args:
        names: Names of the pairs, of shape (n_pairs,).
        k: Numbers of clusters, of shape (n_k,).
        values: First of a pair less the second, of shape (n_pairs, n_k); NaN where it is not tested.
        apart: Whether the two can be told apart, of shape (n_pairs, n_k).
        title: What they are about.
    """
    figure = sheet(max(6.0, 0.35 * len(k) + 2.5) + 0.075 * max(map(len, names)), 0.26 * len(names) + 1.8)
    axes = figure.subplots()
    most = max(0.05, float(np.nanmax(np.abs(values), initial=0.0)))
    image = axes.imshow(values, cmap="RdBu_r", vmin=-most, vmax=most, aspect="auto")
    rows, columns = np.nonzero(apart)
    axes.plot(columns, rows, "o", color=INK, markeredgecolor="white", markersize=4.5, linestyle="none")
    axes.set_xticks(range(len(k)), [str(number) for number in k], fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_xlabel("number of clusters k")
    axes.tick_params(length=0, colors=INK)
    axes.spines[:].set_visible(False)
    figure.colorbar(image, ax=axes, label="difference of adjusted F1").outline.set_visible(False)
    figure.suptitle(title, fontsize=11, color=INK)
    words = f"red: the first of a pair is better; dot: told apart (q <= {SIGNIFICANT:g} over k); white: not tested"
    figure.supxlabel(words, fontsize=8, color=INK)
    return figure
