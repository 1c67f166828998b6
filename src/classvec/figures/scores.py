"""Scores as pictures: curves over k, and clusters by name."""

from collections.abc import Collection, Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

from classvec.artifacts import HARDLY_ABOVE_CHANCE, Scores, bands, chance_range, ontology_levels
from classvec.figures.canvas import COLOURS, FAINT, GREY, INK, plain, sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def f1_curves(curves: Mapping[str, Scores], title: str, controls: Collection[str] = ()) -> "Figure":
    """Draws mean best F1 over k and the adjusted score (Figure 1), each with its 95% interval over classes.

    Behind them stand what chance reaches and what the ontology's own similarity reaches, once for all curves.

    Args:
        curves: Name of the curve to its scores.
        title: What they are about.
        controls: Names of the curves to draw dotted.
    """
    figure = sheet(11.0, 4.6)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _chance(left, list(curves.values()))
    for level in ontology_levels(curves):
        for axes, heights in ((left, level.f1), (right, level.adjusted)):
            style: dict[str, Any] = {"color": GREY, "linestyle": "-.", "linewidth": 1.2, "label": level.words}
            axes.plot(list(heights), list(heights.values()), **style)
    for (name, scores), colour in zip(curves.items(), COLOURS * len(curves), strict=False):
        dots = ":" if name in controls else "-"
        style = {"color": colour, "marker": "o", "markersize": 3.5, "ls": dots, "label": name}
        k = [row.k for row in scores.rows]
        for axes, column, stem in ((left, "f1_mean", "f1"), (right, "f1_adjusted", "f1_adjusted")):
            low, high = (_values(scores, f"{stem}_{end}") for end in ("low", "high"))
            axes.fill_between(k, low, high, color=colour, alpha=0.2, linewidth=0)
            axes.plot(k, _values(scores, column), **style)
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
    handles, names = left.get_legend_handles_labels()
    figure.legend(handles, [fill(name, 30) for name in names], loc="outside right center", frameon=False,
                  fontsize=9 if len(curves) < 9 else 7)  # fmt: skip
    figure.suptitle(title, fontsize=11, color=INK)
    figure.supxlabel(_rule(list(curves.values()), bool(controls)), fontsize=9, color=INK)
    return figure


def _values(scores: Scores, column: str) -> list[float]:
    return [getattr(row, column) for row in scores.rows]


def _chance(axes: "Axes", curves: Sequence[Scores]) -> None:
    """Draws the chance level of one curve and its range; of several, the range that holds those of all."""
    levels = chance_range(curves)
    low, high = zip(*levels.values(), strict=True)
    label = "chance, same cluster sizes" + (", range of all curves" if len(curves) > 1 else "")
    axes.fill_between(list(levels), low, high, color=FAINT, alpha=0.5, linewidth=0, label=label)
    if len(curves) == 1:
        axes.plot(list(levels), _values(curves[0], "f1_chance"), color=FAINT, linestyle="--", linewidth=1.2)


def _rule(curves: Sequence[Scores], has_controls: bool) -> str:
    """Returns what bands and dots mean."""
    said = bands(curves)
    if sum(scores.n_half_samples > 0 for scores in curves) > 1:
        said += (
            "\nCurves whose bands overlap may differ all the same: differences are tested over the same half-samples."
        )
    return f"{said}\nDotted: controls, in which nothing was learnt." if has_controls else said


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
