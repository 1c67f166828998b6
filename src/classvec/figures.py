"""Artifacts as pictures. Every function returns a matplotlib figure and leaves showing and saving to its caller."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from classvec.artifacts import ClusterLabel, Picture, Reconstruction, Reconstructions, Scores, Similarity, atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1f2933"
FAINT = "#9aa5b1"
IN_A_ROW = 8
PICTURED_CLASSES = 2000
"""Classes up to which each has a row of its own in the picture of a matrix, which has fewer points than that."""
COLOURS = ("#2563eb", "#d9480f", "#2b8a3e", "#862e9c", "#0b7285", "#a61e4d", "#5f3dc4", "#846358")


def save(figure: "Figure", path: Path) -> Path:
    """Writes a figure as PNG, atomically, and returns the path."""
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=150)
    return path


def save_picture(picture: Picture, path: Path) -> Path:
    """Writes a picture as it is, as PNG, atomically, and returns the path."""
    from PIL import Image

    with atomic_write(path) as file:
        Image.fromarray(picture).save(file, format="PNG")
    return path


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _plain(axes: "Axes") -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK)
    axes.grid(axis="y", color="#e4e7eb", linewidth=0.8)
    axes.set_axisbelow(True)


def f1_curves(curves: Mapping[str, Scores], title: str, controls: Collection[str] = ()) -> "Figure":
    """Draws mean best F1 over k with the range over seeds, above its chance band; and the adjusted score (Figure 1).

    Args:
        curves: Name of the curve to its scores.
        title: What they are about.
        controls: Names of the curves to draw dotted.
    """
    figure = _figure(9.0, 4.2)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    for (name, scores), colour in zip(curves.items(), COLOURS * len(curves), strict=False):
        k = [row.k for row in scores.rows]
        low, high = [row.f1_min for row in scores.rows], [row.f1_max for row in scores.rows]
        left.fill_between(k, low, high, color=colour, alpha=0.2, linewidth=0)
        style: dict[str, Any] = {
            "color": colour,
            "marker": "o",
            "markersize": 3.5,
            "ls": ":" if name in controls else "-",
        }
        left.plot(k, [row.f1_mean for row in scores.rows], label=name, **style)
        band = [row.f1_chance_low for row in scores.rows], [row.f1_chance_high for row in scores.rows]
        left.fill_between(k, *band, color=FAINT, alpha=0.5, linewidth=0)
        chance = [row.f1_chance for row in scores.rows]
        left.plot(k, chance, color=FAINT, linestyle="--", linewidth=1.2)
        right.plot(k, [row.f1_adjusted for row in scores.rows], label=name, **style)
    left.plot([], [], color=FAINT, linestyle="--", linewidth=1.2, label="chance, same cluster sizes")
    right.axhline(0.1, color=FAINT, linestyle=":", linewidth=1.2)
    right.annotate("hardly above chance", (1.0, 0.1), xycoords=("axes fraction", "data"), ha="right", va="top",
                   fontsize=8, color=FAINT)  # fmt: skip
    left.set_ylabel("mean best F1")
    right.set_ylabel("adjusted: (F1 - chance) / (1 - chance)")
    for axes in (left, right):
        _plain(axes)
        axes.set_xlabel("number of clusters k")
        axes.set_ylim(min(0.0, axes.get_ylim()[0]), 1.0)
        axes.xaxis.get_major_locator().set_params(integer=True)
    left.legend(frameon=False, fontsize=9 if len(curves) < 9 else 7)
    figure.suptitle(title, fontsize=11, color=INK)
    return figure


def name_table(lines: Sequence[Sequence[str]], title: str, rule: str) -> "Figure":
    """Draws a table of names laid out like the paper's Table 3.

    Args:
        lines: The cells, row by row; the first row is the heading.
        title: What it is about.
        rule: What the cells mean.
    """
    from matplotlib.transforms import Bbox

    wrapped = [[fill(cell, 18, break_long_words=False) for cell in line] for line in lines]
    heights = [1 + max(cell.count("\n") for cell in line) for line in wrapped]
    widths = [max(len(part) for line in wrapped for part in line[i].split("\n")) + 2 for i in range(len(lines[0]))]
    figure = _figure(0.085 * sum(widths), 0.15 * sum(heights) + 0.1 * len(lines) + 0.8)
    axes = figure.subplots()
    axes.set_axis_off()
    shares, whole = [width / sum(widths) for width in widths], Bbox.unit()
    drawn = axes.table(wrapped, colWidths=shares, bbox=whole, cellLoc="center")
    drawn.auto_set_font_size(False)
    for (row, _), cell in drawn.get_celld().items():
        cell.set(height=heights[row] + 0.6, edgecolor="#e4e7eb", facecolor="#f5f7fa" if row == 0 else "white")
        cell.get_text().set(color=INK, fontsize=8, fontweight="bold" if row == 0 else "normal")
    axes.set_title(f"{title}\n", fontsize=11, color=INK)
    figure.supxlabel(fill(rule, sum(widths)), fontsize=8, color=INK)
    return figure


def sorted_matrix(similarity: Similarity, clusters: Sequence[ClusterLabel], title: str) -> "Figure":
    """Draws the similarity matrix with the classes sorted by cluster, each cluster under its name.

    Args:
        similarity: The similarities.
        clusters: The named clusters, in the order to draw them.
        title: What it is about.
    """
    sign = -1.0 if similarity.kind == "distance" else 1.0
    order = np.concatenate([_by_likeness(similarity.values, label.members, sign) for label in clusters])
    values = _shrunk(similarity.values, order)
    off = values[~np.eye(len(values), dtype=bool)]
    figure = _figure(7.6, 6.4)
    axes = figure.subplots()
    low, high = np.percentile(off, [1.0, 99.5])
    colours = "magma_r" if similarity.kind == "distance" else "magma"
    extent = (-0.5, len(order) - 0.5, len(order) - 0.5, -0.5)
    image = axes.imshow(values, vmin=low, vmax=high, cmap=colours, interpolation="antialiased", extent=extent)
    edges = np.cumsum([0, *(len(label.members) for label in clusters)])
    for edge in edges[1:-1]:
        axes.axhline(edge - 0.5, color="white", linewidth=0.8)
        axes.axvline(edge - 0.5, color="white", linewidth=0.8)
    names = [f"{label.best.name}\n{len(label.members)} classes, F1 {label.best.f1:.2f}" for label in clusters]
    axes.set_yticks((edges[:-1] + edges[1:] - 1) / 2, names, fontsize=8)
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


def _shrunk(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Returns the matrix in an order, as means over squares where there are more classes than a picture can show."""
    if len(order) <= PICTURED_CLASSES:
        whole: np.ndarray = values[np.ix_(order, order)]
        return whole
    edges = np.linspace(0, len(order), PICTURED_CLASSES + 1).astype(np.intp)[:-1]
    sizes = np.diff(edges, append=len(order))
    rows = [values[order[start : start + size]].mean(axis=0)[order] for start, size in zip(edges, sizes, strict=True)]
    means: np.ndarray = np.add.reduceat(np.stack(rows), edges, axis=1) / sizes
    return means


def reconstructions(found: Reconstructions, title: str) -> "Figure":
    """Draws reconstructions under their names (Figure 3), each over the real image nearest to its class vector.

    With one image per layer there is a row per target and a column per layer instead.

    Args:
        found: The images.
        title: What they are about.
    """
    columns = len(found.layers) if found.by_layer else min(len(found.items), IN_A_ROW)
    rows = -(-len(found.items) // columns)
    tall = 1 if found.by_layer else 2
    figure = _figure(max(1.9 * columns, 5.0), (2.3 if found.by_layer else 3.7) * rows + 0.6)
    grid = figure.subplots(rows * tall, columns, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for position, item in enumerate(found.items):
        row, column = divmod(position, columns)
        above = grid[row * tall, column]
        above.imshow(item.picture)
        above.set_title(_caption(item, found), fontsize=8, color=INK)
        if not found.by_layer and item.real is not None:
            below = grid[row * tall + 1, column]
            below.imshow(item.real)
            below.set_title(f"real image, loss {item.appraisals[1].loss:.2f}", fontsize=7, color=FAINT)
    figure.suptitle(title, fontsize=11, color=INK)
    return figure


def _caption(item: Reconstruction, found: Reconstructions) -> str:
    seen = item.appraisal
    words = [f"loss {seen.loss:.2f}"]
    words += [f"rank {seen.rank}"] if seen.rank is not None else []
    words += [f"judge {seen.judge_rank}"] if seen.judge_rank is not None else []
    head = f"{item.target.name}\n{next(iter(item.target.means))}" if found.by_layer else item.target.name
    return f"{head}\n{', '.join(words)}"
