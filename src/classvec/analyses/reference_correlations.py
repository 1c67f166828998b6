"""Rank correlations of several similarities of the classes with several references: tests, partial ones, intervals.

Of ten layers and six references some correlation looks significant by chance, so beside p of a correlation alone there
is that of a correlation as one of them all (`permutation.p_of_largest`). Correlations of different layers and
references are not comparable as they are, since they vary differently when the classes are permuted (with the layer
groups of BVLC GoogLeNet and the classes of ILSVRC by .0072 to .0091): each is divided by that before the largest is
taken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classvec.analyses.permutation import (
    class_ranks,
    correlation,
    p_alone,
    p_of_largest,
    permuted,
    ranks,
    unpermuted,
    values,
    without,
)
from classvec.analyses.rank_intervals import rank_margins
from classvec.artifacts import Float64


@dataclass(frozen=True, kw_only=True)
class LayerCorrelation:
    """How well the similarity of class vectors follows one reference, over all pairs of classes.

    Attributes:
        layer: Name of the layer; ``combined`` for all of the run's together.
        similarity: Name of the reference: one of the ontology's similarities, or a matrix of the user's.
        spearman: Rank correlation over the upper triangle.
        pearson: Correlation over the upper triangle.
        class_spearman: Mean over classes of the rank correlation of a class's similarity to all others.
        p: Share of permutations of the classes that reach the rank correlation, the observed one among them (Mantel):
            of this layer and reference alone.
        p_max: Share of permutations whose largest rank correlation, over all layers and references and each divided
            by its standard deviation, reaches this one.
        same_as: An earlier reference that ranks all pairs alike, so that all but Pearson's correlation is the same;
            empty if there is none.
        low: Lower end of the 95% interval of the rank correlation; None without half-samples.
        high: Its upper end.
        spearman_partial: Rank correlation of what the matrices that are taken out leave of both; None if none is.
        p_partial: Its p, as ``p``.
        p_max_partial: Its p as one of all, as ``p_max``.
    """

    layer: str
    similarity: str
    spearman: float
    pearson: float
    class_spearman: float
    p: float
    p_max: float
    same_as: str = ""
    low: float | None = None
    high: float | None = None
    spearman_partial: float | None = None
    p_partial: float | None = None
    p_max_partial: float | None = None


def correlations(
    matrices: Mapping[str, Float64],
    references: Mapping[str, Float64],
    n_permutations: int = 199,
    seed: int = 0,
    *,
    controls: Sequence[Float64] = (),
    samples: Sequence[NDArray[np.intp]] = (),
) -> tuple[LayerCorrelation, ...]:
    """Correlates the similarity of classes in several layers with several references.

    Args:
        matrices: Layer to values that grow with similarity, of shape (n_classes, n_classes).
        references: Name of a reference to its matrix, of the same classes in the same order.
        n_permutations: Permutations behind p.
        seed: Their seed.
        controls: Matrices that are taken out of both sides for the partial correlations; none for no such columns.
        samples: Positions of the classes of each half-sample behind the intervals; none for no intervals.

    Returns:
        A row for each layer and reference.
    """
    left, right = list(matrices.values()), list(references.values())
    ranked_left, ranked_right = [ranks(m) for m in left], [ranks(m) for m in right]
    whole = _tested(ranked_left, ranked_right, n_permutations, seed)
    columns = dict(zip(("spearman", "p", "p_max"), whole, strict=True))
    if controls:
        out = [ranks(m) for m in controls]
        partial = _tested(without(ranked_left, out), without(ranked_right, out), n_permutations, seed)
        columns |= dict(zip(("spearman_partial", "p_partial", "p_max_partial"), partial, strict=True))
    if samples:
        margins = rank_margins(left, right, samples)
        columns |= {"low": np.maximum(columns["spearman"] - margins, -1.0)}
        columns |= {"high": np.minimum(columns["spearman"] + margins, 1.0)}
    plain_left, plain_right = [values(m) for m in left], [values(m) for m in right]
    rows_left, rows_right = [class_ranks(m) for m in left], [class_ranks(m) for m in right]
    names = list(references)
    first = [_first_alike(j, ranked_right, rows_right) for j in range(len(names))]
    return tuple(
        LayerCorrelation(
            layer=layer,
            similarity=name,
            pearson=correlation(plain_left[i], plain_right[j]),
            class_spearman=float((rows_left[i] * rows_right[j]).sum(axis=1).mean()),
            same_as="" if first[j] == j else names[first[j]],
            **{column: float(cells[i, j]) for column, cells in columns.items()},
        )
        for i, layer in enumerate(matrices)
        for j, name in enumerate(names)
    )


def _tested(
    left: Sequence[Float64], right: Sequence[Float64], n_permutations: int, seed: int
) -> tuple[Float64, Float64, Float64]:
    """Returns the correlations of prepared matrices, p of each alone, and p of each as one of all."""
    found = unpermuted(left, right)
    draws = permuted(left, right, n_permutations, seed)
    return found, p_alone(found, draws), p_of_largest(left, right, found, draws)


def _first_alike(j: int, *prepared: Sequence[Float64]) -> int:
    """Returns the position of the first reference whose prepared matrices all equal those of another, or its own."""
    return next(i for i in range(j + 1) if all(np.array_equal(of[i], of[j]) for of in prepared))
