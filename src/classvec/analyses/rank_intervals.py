"""Intervals of rank correlations over half-samples of the classes.

Every half-sample is ranked again. Sorting its pairs for every matrix would take most of a run's time, so all pairs are
sorted once: their values become whole numbers in the same order, and of some of them midranks follow by counting.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts import Float64
from classvec.method.half_samples import margin


def rank_margins(left: Sequence[Float64], right: Sequence[Float64], samples: Sequence[NDArray[np.intp]]) -> Float64:
    """Returns half the width of the 95% interval of each rank correlation; see `half_samples.margin`.

    Args:
        left: Matrices of shape (n, n), symmetric.
        right: Others.
        samples: Positions of the classes of each half-sample, ascending.

    Returns:
        Of shape (n_left, n_right), float64.
    """
    n = len(left[0])
    upper = np.triu_indices(n, 1)
    orders = [order_of(matrix[upper]) for matrix in (*left, *right)]
    values = []
    for sample in samples:
        pairs = _pairs_of(sample, n)
        ranked = np.stack([_unit(midranks(order.take(pairs))) for order in orders])
        values.append(ranked[: len(left)] @ ranked[len(left) :].T)
    return margin(np.stack(values), n)


def order_of(values: Float64) -> NDArray[np.intp]:
    """Returns the place of each value among the distinct ones, from 0; equal values have the same."""
    return np.unique(values, return_inverse=True)[1]


def midranks(order: NDArray[np.intp]) -> Float64:
    """Ranks whole numbers from 0; equal ones share the mean of their ranks, as with SciPy's ``rankdata``."""
    counts = np.bincount(order)
    ranked: Float64 = 0.5 - 0.5 * counts[order].astype(np.float64)
    np.cumsum(counts, out=counts)  # in place: there may be many more numbers than pairs, and fresh memory is slow
    ranked += counts[order]
    return ranked


def _pairs_of(sample: NDArray[np.intp], n: int) -> NDArray[np.intp]:
    """Returns the positions, among the pairs of n classes, of those between the classes of a sample."""
    rows, columns = (sample[side] for side in np.triu_indices(len(sample), 1))
    positions: NDArray[np.intp] = rows * n - rows * (rows + 1) // 2 + columns - rows - 1
    return positions


def _unit(ranked: Float64) -> Float64:
    """Centres ranks and brings them to norm 1; zeros where all are equal."""
    centred = ranked - ranked.mean()
    norm = np.sqrt(np.square(centred).sum())  # not BLAS, whose threads cost more than they give for so few numbers
    unit: Float64 = centred / norm if norm > 0.0 else centred
    return unit
