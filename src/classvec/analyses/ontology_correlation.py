"""Does similarity of class vectors follow the ontology's, and that of the user's own matrices? Layer by layer, with p.

What is printed and drawn is p of a correlation as one of them all; see `reference_correlations`. References that rank
all pairs alike, as WordNet's path and lch do, have equal rank correlations: the table keeps all, lines and picture show
one of them.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from classvec.analyses.analysis import AnalysisInput, Chart, Result
from classvec.analyses.own_matrices import controls, references
from classvec.analyses.reference_correlations import LayerCorrelation, correlations
from classvec.artifacts import SIGNIFICANT, Float64, Point, p_cell
from classvec.figures.canvas import COLOURS, FAINT, INK, plain, sheet, short_layer
from classvec.method.half_samples import half_samples
from classvec.settings import CLASSES_PER_CLUSTER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

log = logging.getLogger(__name__)
COMBINED = "combined"
"""Name of all layers of a run together, beside the single ones."""
TRACKED = ("path", "lin")
"""The ontology's similarities that are logged as metrics, beside all own ones: a page of charts stays readable so."""
APART = 0.09
"""Distance of the bars of two references in the picture, where 1 is that of two layers."""
FEWEST = 2 * CLASSES_PER_CLUSTER
"""Number of classes below which correlations have no intervals, as F1 has none."""


def ontology_correlation(run: AnalysisInput) -> Result | None:
    """Correlates the similarity of the classes with the ontology's and with own matrices, layer by layer."""
    if not run.compares_matrices:
        return None
    asked = run.settings
    own = references(asked.reference, run.taxonomy, run.classes)
    out = controls(asked.partial_out, run.taxonomy, run.classes)
    compared = {COMBINED: run.evaluation.similarity, **(run.layers if len(run.layers) > 1 else {})}
    against = {**run.references, **own}
    log.info("correlation of %d layers with %s", len(run.layers), ", ".join(against))
    rows = correlations(
        {name: similarity.likeness for name, similarity in compared.items()},
        against,
        asked.permutations,
        asked.seed,
        controls=list(out.values()),
        samples=half_samples(run.classes, asked.half_samples, asked.seed) if len(run.classes) >= FEWEST else (),
    )
    name, whose = "ontology_correlation", "the ontology's" + (f" and that of {', '.join(own)}" if own else "")
    caption = f"Rank correlation of the similarity of the classes with {whose}, layer by layer"
    return Result(
        name=name,
        title="Similarity of the classes and references",
        tables={name: [asdict(row) for row in rows]},
        charts={name: Chart(figure=draw(rows, run.name), caption=caption)},
        metrics=list(_metrics(rows, own)),
        lines=_lines(rows, asked.permutations, whose, list(out)),
    )


def _metrics(rows: Sequence[LayerCorrelation], own: Collection[str]) -> Iterator[Point]:
    """Yields the correlations of the tracked similarities and own ones, by the position of the layer from 1."""
    layers = list(dict.fromkeys(row.layer for row in rows))
    for row in rows:
        if row.similarity not in (*TRACKED, *own):
            continue
        if row.layer == COMBINED:
            yield f"summary/ontology_{row.similarity}", row.spearman, 0
        else:
            yield f"ontology/{row.similarity}", row.spearman, layers.index(row.layer)


def _titles(rows: Sequence[LayerCorrelation]) -> dict[str, str]:
    """Returns the references to show, each with the names of those that rank alike: ``path (= lch)``."""
    alike: dict[str, list[str]] = {}
    for name, same_as in dict.fromkeys((row.similarity, row.same_as) for row in rows):
        alike.setdefault(same_as or name, []).append(name)
    return {name: f"{name} (= {', '.join(more)})" if more else name for name, (_, *more) in alike.items()}


def _lines(rows: Sequence[LayerCorrelation], n_permutations: int, whose: str, out: Sequence[str]) -> list[str]:
    """Returns what was found as tables: correlations with p, their intervals, and what is left once others are out."""

    def with_p(correlation: float | None, p: float | None) -> str:
        return "" if correlation is None or p is None else f"{correlation:.2f} ({p_cell(p, n_permutations)})"

    lines = [
        f"Similarity of classes and {whose}: rank correlation over all pairs, and p, the share of",
        "permutations of the classes in which any correlation of the table stands out as much:",
        *_grid(rows, lambda row: with_p(row.spearman, row.p_max)),
    ]
    if rows[0].low is not None:
        lines.append("95% intervals of these correlations over the choice of classes (half-samples):")
        lines += _grid(rows, lambda row: f"{row.low:z.2f} to {row.high:z.2f}")
    if out:
        are = "is" if len(out) == 1 else "are"
        lines.append(f"What is left of both once {', '.join(out)} {are} taken out, as far as it is linear in the ranks")
        lines.append("(p is somewhat too small: simulated cases without effect had p <= .05 in 7 to 11 %):")
        lines += _grid(rows, lambda row: with_p(row.spearman_partial, row.p_max_partial))
    return lines


def _grid(rows: Sequence[LayerCorrelation], words: Callable[[LayerCorrelation], str]) -> list[str]:
    """Returns a line for each layer, with a cell for each reference, under a header."""
    titles, layers = _titles(rows), list(dict.fromkeys(row.layer for row in rows))
    cells = {(row.layer, row.similarity): words(row) for row in rows}
    first = max(map(len, layers)) + 2
    width = 2 + max(map(len, [*titles.values(), *cells.values()]))
    lines = [" " * first + "".join(f"{title:>{width}}" for title in titles.values())]
    return lines + [
        f"{layer:{first}}" + "".join(f"{cells[layer, name]:>{width}}" for name in titles) for layer in layers
    ]


def draw(rows: Sequence[LayerCorrelation], name: str) -> "Figure":
    """Draws the correlation of each layer with each reference; hollow where the largest of all is as large by chance.

    Args:
        rows: The correlations; all layers together first, then the layers in their order.
        name: Name of the run.
    """
    layers = list(dict.fromkeys(row.layer for row in rows))
    place = {layer: i for i, layer in enumerate([*layers[1:], layers[0]])}  # all layers together come last
    figure = sheet(10.0, 4.2)
    for axes, what, words in zip(
        figure.subplots(1, 2, sharey=True),
        ("spearman", "class_spearman"),
        ("over all pairs of classes", "of one class to all others, mean over classes"),
        strict=True,
    ):
        titles, apart = _titles(rows), 0.0 if rows[0].low is None else APART
        for i, (colour, (similarity, title)) in enumerate(zip(cycle(COLOURS), titles.items(), strict=False)):
            drawn = sorted((row for row in rows if row.similarity == similarity), key=lambda row: place[row.layer])
            x = np.arange(len(place), dtype=np.float64) + apart * (i - (len(titles) - 1) / 2)
            _draw_curve(axes, x, drawn, what, (colour, title))
        axes.axhline(0.0, color=FAINT, linewidth=1.0)
        rotation = 45 if len(place) > 3 else 0
        axes.set_xticks(range(len(place)), [short_layer(layer) for layer in place], rotation=rotation)
        axes.set_title(words, fontsize=9, color=INK)
        plain(axes)
    figure.axes[0].set_ylabel("rank correlation with the reference")
    figure.axes[1].legend(frameon=False, fontsize=8, ncols=2)  # the left one may be full of bars
    figure.suptitle(f"{name}: similarity of classes and references", fontsize=11, color=INK)
    legend = [f"left, hollow: p > {SIGNIFICANT:g} (Mantel's test of the largest of all correlations)"]
    legend += ["bars: 95% interval"] if rows[0].low is not None else []
    legend += ["crosses: partial"] if rows[0].spearman_partial is not None else []
    figure.supxlabel("; ".join([*legend, "right: no test"]), fontsize=8, color=INK)
    return figure


def _draw_curve(axes: "Axes", x: Float64, drawn: Sequence[LayerCorrelation], what: str, style: tuple[str, str]) -> None:
    """Draws one reference: a line over the layers, a point for each and for all together, and what is known of each.

    Args:
        axes: Where.
        x: Place of each layer, and of all together at the end.
        drawn: The correlations in this order.
        what: Which of them: ``spearman``, with its test, interval and what others leave of it, or ``class_spearman``.
        style: Colour and title.
    """
    colour, title = style
    heights, tested = [getattr(row, what) for row in drawn], what == "spearman"
    axes.plot(x[:-1], heights[:-1], color=colour, linewidth=1.5)
    for i, (at, row, height) in enumerate(zip(x, drawn, heights, strict=True)):
        face = colour if row.p_max <= SIGNIFICANT or not tested else "white"
        axes.plot([at], [height], "o", color=colour, markerfacecolor=face, markersize=5,
                  label=title if i == 0 else None)  # fmt: skip
        if tested and row.low is not None and row.high is not None:
            axes.vlines(at, row.low, row.high, color=colour, linewidth=1.0)
        if tested and row.spearman_partial is not None:
            axes.plot([at], [row.spearman_partial], "x", color=colour, markersize=5)
