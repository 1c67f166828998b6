"""Does similarity of class vectors follow the ontology's? A rank correlation for each layer, tested by permutation."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from classvec.analyses.analysis import AnalysisInput, Chart, Result
from classvec.analyses.permutation import class_ranks, correlate, correlation, ranks, values
from classvec.artifacts import SIGNIFICANT, Float64, Point
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
        p: Share of permutations of the classes that reach the rank correlation, the observed one among them (Mantel).
    """

    layer: str
    similarity: str
    spearman: float
    pearson: float
    class_spearman: float
    p: float


def ontology_correlation(run: AnalysisInput) -> Result | None:
    """Correlates the similarity of the classes with each similarity of the ontology, layer by layer."""
    if not run.compares_matrices:
        return None
    compared = {COMBINED: run.evaluation.similarity, **(run.layers if len(run.layers) > 1 else {})}
    log.info("correlation of %d layers with %s", len(run.layers), ", ".join(run.references))
    matrices = {name: similarity.likeness for name, similarity in compared.items()}
    rows = correlations(matrices, run.references, run.settings.permutations, run.settings.seed)
    name = "ontology_correlation"
    return Result(
        name=name,
        title="Similarity of the classes and the ontology's",
        tables={name: [asdict(row) for row in rows]},
        charts={name: Chart(figure=draw(rows, run.name), caption="Rank correlation with the ontology, layer by layer")},
        metrics=list(_metrics(rows)),
        lines=["Similarity of classes and WordNet's (rank correlation over all pairs; p):", *_lines(rows)],
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
    spearman, p = correlate([ranks(m) for m in left], [ranks(m) for m in right], n_permutations, seed)
    plain_left, plain_right = [values(m) for m in left], [values(m) for m in right]
    rows_left, rows_right = [class_ranks(m) for m in left], [class_ranks(m) for m in right]
    return tuple(
        LayerCorrelation(
            layer=layer,
            similarity=name,
            spearman=float(spearman[i, j]),
            pearson=correlation(plain_left[i], plain_right[j]),
            class_spearman=float((rows_left[i] * rows_right[j]).sum(axis=1).mean()),
            p=float(p[i, j]),
        )
        for i, layer in enumerate(matrices)
        for j, name in enumerate(references)
    )


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


def _lines(rows: Sequence[LayerCorrelation]) -> list[str]:
    names = list(dict.fromkeys(row.similarity for row in rows))
    layers = list(dict.fromkeys(row.layer for row in rows))
    width = max(map(len, layers)) + 2
    lines = [" " * width + "".join(f"{name:>14}" for name in names)]
    for layer in layers:
        cells = [f"{row.spearman:.2f} ({row.p:.3f})" for row in rows if row.layer == layer]
        lines.append(f"{layer:{width}}" + "".join(f"{cell:>14}" for cell in cells))
    return lines


def draw(rows: Sequence[LayerCorrelation], name: str) -> "Figure":
    """Draws the correlation of each layer with each similarity; hollow where it is not significant.

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
        for colour, similarity in zip(COLOURS, dict.fromkeys(row.similarity for row in rows), strict=False):
            drawn = sorted((row for row in rows if row.similarity == similarity), key=lambda row: place[row.layer])
            heights = [getattr(row, what) for row in drawn]
            axes.plot(range(len(heights) - 1), heights[:-1], color=colour, linewidth=1.5)
            for x, (row, height) in enumerate(zip(drawn, heights, strict=True)):
                face = colour if row.p <= SIGNIFICANT or what != "spearman" else "white"
                axes.plot([x], [height], "o", color=colour, markerfacecolor=face, markersize=5,
                          label=similarity if x == 0 else None)  # fmt: skip
        axes.axhline(0.0, color=FAINT, linewidth=1.0)
        rotation = 45 if len(place) > 3 else 0
        axes.set_xticks(range(len(place)), [short_layer(layer) for layer in place], rotation=rotation)
        axes.set_title(words, fontsize=9, color=INK)
        plain(axes)
    figure.axes[0].set_ylabel("rank correlation with WordNet")
    figure.axes[0].legend(frameon=False, fontsize=8, ncols=2)
    figure.suptitle(f"{name}: similarity of classes and WordNet's", fontsize=11, color=INK)
    figure.supxlabel(f"left, hollow: p > {SIGNIFICANT:g} (Mantel's test); right: no test", fontsize=8, color=INK)
    return figure
