"""Scores as pictures: curves over k, and clusters by name."""

from collections.abc import Collection, Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

from classvec.artifacts import HARDLY_ABOVE_CHANCE, Scores
from classvec.figures.canvas import COLOURS, FAINT, GREY, INK, plain, sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def f1_curves(curves: Mapping[str, Scores], title: str, controls: Collection[str] = ()) -> "Figure":
    """Draws mean best F1 over k with the range over seeds, above its chance band; and the adjusted score (Figure 1).

    Args:
        curves: Name of the curve to its scores.
        title: What they are about.
        controls: Names of the curves to draw dotted.
    """
    figure = sheet(9.0, 4.2)
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
    right.axhline(HARDLY_ABOVE_CHANCE, color=FAINT, linestyle=":", linewidth=1.2)
    place = (1.0, HARDLY_ABOVE_CHANCE)
    right.annotate("hardly above chance", place, xycoords=("axes fraction", "data"), ha="right", va="top",
                   fontsize=8, color=GREY)  # fmt: skip
    left.set_ylabel("mean best F1")
    right.set_ylabel("adjusted: (F1 - chance) / (1 - chance)")
    for axes in (left, right):
        plain(axes)
        axes.set_xlabel("number of clusters k")
        axes.set_ylim(min(0.0, axes.get_ylim()[0]), 1.0)
        axes.xaxis.get_major_locator().set_params(integer=True)
    left.legend(frameon=False, fontsize=9 if len(curves) < 9 else 7)
    figure.suptitle(title, fontsize=11, color=INK)
    return figure


def name_table(lines: Sequence[Sequence[str]], title: str, rule: str, weak: Collection[str] = ()) -> "Figure":
    """Draws a table of names laid out like the paper's Table 3.

    Args:
        lines: The cells, row by row; the first row is the heading.
        title: What it is about.
        rule: What the cells mean.
        weak: Cells to draw grey.
    """
    from matplotlib.transforms import Bbox

    wrapped = [[fill(cell, 18, break_long_words=False) for cell in line] for line in lines]
    heights = [1 + max(cell.count("\n") for cell in line) for line in wrapped]
    widths = [max(len(part) for line in wrapped for part in line[i].split("\n")) + 2 for i in range(len(lines[0]))]
    figure = sheet(0.085 * sum(widths), 0.15 * sum(heights) + 0.1 * len(lines) + 0.8)
    axes = figure.subplots()
    axes.set_axis_off()
    shares, whole = [width / sum(widths) for width in widths], Bbox.unit()
    drawn = axes.table(wrapped, colWidths=shares, bbox=whole, cellLoc="center")
    drawn.auto_set_font_size(False)
    for (row, column), cell in drawn.get_celld().items():
        cell.set(height=heights[row] + 0.6, edgecolor="#e4e7eb", facecolor="#f5f7fa" if row == 0 else "white")
        colour = GREY if lines[row][column] in weak else INK
        cell.get_text().set(color=colour, fontsize=8, fontweight="bold" if row == 0 else "normal")
    axes.set_title(f"{title}\n", fontsize=11, color=INK)
    figure.supxlabel(fill(rule, sum(widths)), fontsize=8, color=INK)
    return figure
