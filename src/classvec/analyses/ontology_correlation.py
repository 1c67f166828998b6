"""Does similarity of class vectors follow the ontology's? A rank correlation for each layer, tested by permutation.

Of ten layers and six similarities some correlation looks significant by chance, so what is printed and drawn is p of a
correlation as one of them all (`permutation.p_of_largest`). Correlations of different layers and similarities are not
comparable as they are, since they vary differently when the classes are permuted (with the layer groups of BVLC
GoogLeNet and the classes of ILSVRC by .0072 to .0091): each is divided by that before the largest is taken.

Similarities that rank all pairs alike, as WordNet's path and lch do, have equal rank correlations: the table keeps all,
lines and picture show one of them.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from classvec.analyses.analysis import AnalysisInput, Chart, Result
from classvec.analyses.permutation import (
    class_ranks,
    correlation,
    p_alone,
    p_of_largest,
    permuted,
    ranks,
    unpermuted,
    values,
)
from classvec.artifacts import SIGNIFICANT, Float64, Point, p_cell
from classvec.figures.canvas import COLOURS, FAINT, INK, plain, sheet, short_layer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = logging.getLogger(__name__)
COMBINED = "combined"
"""Name of all layers of a run together, beside the single ones."""
TRACKED = ("path", "lin")
"""Similarities that are logged as metrics: one of each kind keeps a page of charts readable; the table has all."""


@dataclass(frozen=True, kw_only=True)
class LayerCorrelation:
    """How well the similarity of class vectors follows one similarity of the ontology, over all pairs of classes.

    Attributes:
        layer: Name of the layer; ``combined`` for all of the run's together.
        similarity: Name of the ontology's similarity.
        spearman: Rank correlation over the upper triangle.
        pearson: Correlation over the upper triangle.
        class_spearman: Mean over classes of the rank correlation of a class's similarity to all others.
        p: Share of permutations of the classes that reach the rank correlation, the observed one among them (Mantel):
            of this layer and similarity alone.
        p_max: Share of permutations whose largest rank correlation, over all layers and similarities and each divided
            by its standard deviation, reaches this one.
        same_as: An earlier similarity that ranks all pairs alike, so that all but Pearson's correlation is the same;
            empty if there is none.
    """

    layer: str
    similarity: str
    spearman: float
    pearson: float
    class_spearman: float
    p: float
    p_max: float
    same_as: str = ""


def ontology_correlation(run: AnalysisInput) -> Result | None:
    """Correlates the similarity of the classes with each similarity of the ontology, layer by layer."""
    if not run.compares_matrices:
        return None
    compared = {COMBINED: run.evaluation.similarity, **(run.layers if len(run.layers) > 1 else {})}
    log.info("correlation of %d layers with %s", len(run.layers), ", ".join(run.references))
    matrices = {name: similarity.likeness for name, similarity in compared.items()}
    n_permutations = run.settings.permutations
    rows = correlations(matrices, run.references, n_permutations, run.settings.seed)
    name = "ontology_correlation"
    return Result(
        name=name,
        title="Similarity of the classes and the ontology's",
        tables={name: [asdict(row) for row in rows]},
        charts={name: Chart(figure=draw(rows, run.name), caption="Rank correlation with the ontology, layer by layer")},
        metrics=list(_metrics(rows)),
        lines=[
            "Similarity of classes and WordNet's: rank correlation over all pairs, and p, the share of permutations of",
            "the classes in which any correlation of the table stands out as much:",
            *_lines(rows, n_permutations),
        ],
    )


def correlations(
    matrices: Mapping[str, Float64], references: Mapping[str, Float64], n_permutations: int = 199, seed: int = 0
) -> tuple[LayerCorrelation, ...]:
    """Correlates the similarity of classes in several layers with several similarities of an ontology.

    Args:
        matrices: Layer to values that grow with similarity, of shape (n_classes, n_classes).
        references: Name of a similarity to its matrix, of the same classes in the same order.
        n_permutations: Permutations behind p.
        seed: Their seed.

    Returns:
        A row for each layer and similarity.
    """
    left, right = list(matrices.values()), list(references.values())
    ranked_left, ranked_right = [ranks(m) for m in left], [ranks(m) for m in right]
    spearman = unpermuted(ranked_left, ranked_right)
    draws = permuted(ranked_left, ranked_right, n_permutations, seed)
    p, p_max = p_alone(spearman, draws), p_of_largest(ranked_left, ranked_right, spearman, draws)
    plain_left, plain_right = [values(m) for m in left], [values(m) for m in right]
    rows_left, rows_right = [class_ranks(m) for m in left], [class_ranks(m) for m in right]
    names = list(references)
    first = [_first_alike(j, ranked_right, rows_right) for j in range(len(names))]
    return tuple(
        LayerCorrelation(
            layer=layer,
            similarity=name,
            spearman=float(spearman[i, j]),
            pearson=correlation(plain_left[i], plain_right[j]),
            class_spearman=float((rows_left[i] * rows_right[j]).sum(axis=1).mean()),
            p=float(p[i, j]),
            p_max=float(p_max[i, j]),
            same_as="" if first[j] == j else names[first[j]],
        )
        for i, layer in enumerate(matrices)
        for j, name in enumerate(names)
    )


def _first_alike(j: int, *prepared: Sequence[Float64]) -> int:
    """Returns the position of the first similarity whose prepared matrices all equal those of another, or its own."""
    return next(i for i in range(j + 1) if all(np.array_equal(of[i], of[j]) for of in prepared))


def _metrics(rows: Sequence[LayerCorrelation]) -> Iterator[Point]:
    """Yields the correlations of the tracked similarities, by the position of the layer from 1."""
    layers = list(dict.fromkeys(row.layer for row in rows))
    for row in rows:
        if row.similarity not in TRACKED:
            continue
        if row.layer == COMBINED:
            yield f"summary/ontology_{row.similarity}", row.spearman, 0
        else:
            yield f"ontology/{row.similarity}", row.spearman, layers.index(row.layer)


def _titles(rows: Sequence[LayerCorrelation]) -> dict[str, str]:
    """Returns the similarities to show, each with the names of those that rank alike: ``path (= lch)``."""
    alike: dict[str, list[str]] = {}
    for name, same_as in dict.fromkeys((row.similarity, row.same_as) for row in rows):
        alike.setdefault(same_as or name, []).append(name)
    return {name: f"{name} (= {', '.join(more)})" if more else name for name, (_, *more) in alike.items()}


def _lines(rows: Sequence[LayerCorrelation], n_permutations: int) -> list[str]:
    titles, layers = _titles(rows), list(dict.fromkeys(row.layer for row in rows))
    cells = {(row.layer, row.similarity): f"{row.spearman:.2f} ({p_cell(row.p_max, n_permutations)})" for row in rows}
    first = max(map(len, layers)) + 2
    width = 2 + max(map(len, [*titles.values(), *cells.values()]))
    lines = [" " * first + "".join(f"{title:>{width}}" for title in titles.values())]
    return lines + [
        f"{layer:{first}}" + "".join(f"{cells[layer, name]:>{width}}" for name in titles) for layer in layers
    ]


def draw(rows: Sequence[LayerCorrelation], name: str) -> "Figure":
    """Draws the correlation of each layer with each similarity; hollow where the largest of all is as large by chance.

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
        for colour, (similarity, title) in zip(COLOURS, _titles(rows).items(), strict=False):
            drawn = sorted((row for row in rows if row.similarity == similarity), key=lambda row: place[row.layer])
            heights = [getattr(row, what) for row in drawn]
            axes.plot(range(len(heights) - 1), heights[:-1], color=colour, linewidth=1.5)
            for x, (row, height) in enumerate(zip(drawn, heights, strict=True)):
                face = colour if row.p_max <= SIGNIFICANT or what != "spearman" else "white"
                axes.plot([x], [height], "o", color=colour, markerfacecolor=face, markersize=5,
                          label=title if x == 0 else None)  # fmt: skip
        axes.axhline(0.0, color=FAINT, linewidth=1.0)
        rotation = 45 if len(place) > 3 else 0
        axes.set_xticks(range(len(place)), [short_layer(layer) for layer in place], rotation=rotation)
        axes.set_title(words, fontsize=9, color=INK)
        plain(axes)
    figure.axes[0].set_ylabel("rank correlation with WordNet")
    figure.axes[0].legend(frameon=False, fontsize=8, ncols=2)
    figure.suptitle(f"{name}: similarity of classes and WordNet's", fontsize=11, color=INK)
    words = f"left, hollow: p > {SIGNIFICANT:g} (Mantel's test of the largest of all correlations); right: no test"
    figure.supxlabel(words, fontsize=8, color=INK)
    return figure
