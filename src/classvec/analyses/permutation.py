"""Permutation tests of how well two matrices of classes agree.

Every measure here is the inner product of two matrices, off the diagonal, after each was prepared in its own way: the
Pearson correlation of values or of ranks (Mantel: The detection of disease clustering and a generalized regression
approach, Cancer Research 1967), and linear CKA with the unbiased HSIC (Kornblith et al., ICML 2019; Song et al.,
Feature selection via dependence maximization, JMLR 2012), whose biased form is far from 0 for networks with nothing in
common. Pairs of classes are not independent, so p comes from permuting the classes of one side, one-sided: of all
permutations and the observed order, the share that agrees as well.

Of many correlations the largest is large by chance: `p_of_largest` asks how often the largest of all is as large
(single-step maxT: Westfall and Young, Resampling-based multiple testing, Wiley 1993).

What further matrices explain can be taken out of both sides first (`without`: partial Mantel test). Permuting residuals
keeps the level of the test in simulations, and not exactly (Legendre: Comparison of permutation methods for the partial
correlation and partial Mantel tests, Journal of Statistical Computation and Simulation 2000).
"""

from collections.abc import Sequence
from contextlib import nullcontext

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from classvec.artifacts import Float64, p_value
from classvec.progress import ImageBar

FEWEST_CLASSES = 4
"""Number of classes below which matrices cannot be compared: the unbiased HSIC does not exist."""
MANY = 1500
"""Number of classes from which on permutations take so long that their progress is shown."""
UNBOUNDED = 1e299
"""Values from here on mean "as alike as can be" (NLTK's jcn); a correlation takes them as the largest value below."""
TOLERANCE = 1e-6


def values(matrix: Float64) -> Float64:
    """Prepares a matrix for Pearson's correlation over the pairs of classes.

    Args:
        matrix: Of shape (n, n), symmetric; the upper triangle counts.

    Returns:
        Of shape (n, n), mean 0 and norm 1 off the diagonal, 0 on it; zeros where all pairs are equal.
    """
    return _from_pairs(_bounded(_pairs(matrix)), len(matrix))


def ranks(matrix: Float64) -> Float64:
    """Prepares a matrix for Spearman's correlation over the pairs of classes; see `values`."""
    return _from_pairs(rankdata(_pairs(matrix)), len(matrix))


def class_ranks(matrix: Float64) -> Float64:
    """Ranks the similarity of each class to all others, centred, norm 1; zeros for a class that is equally similar.

    Returns:
        Of shape (n_classes, n_classes - 1).
    """
    n = len(matrix)
    others = matrix[~np.eye(n, dtype=bool)].reshape(n, n - 1)
    ranked = rankdata(others, axis=1) - n / 2.0
    norms = np.linalg.norm(ranked, axis=1, keepdims=True)
    unit: Float64 = np.divide(ranked, norms, out=np.zeros_like(ranked), where=norms > 0.0)
    return unit


def centred_gram(gram: Float64) -> Float64:
    """Prepares inner products for debiased linear CKA: centred over rows and columns, off the diagonal alone.

    The inner product of two such matrices is n (n - 3) times Song's estimator (Székely and Rizzo 2014, U-centring).

    Args:
        gram: Inner products of the classes, of shape (n, n); the diagonal does not count.

    Returns:
        Of shape (n, n), norm 1, 0 on the diagonal; zeros where the classes cannot be told apart.
    """
    n = len(gram)
    off = gram.copy()
    np.fill_diagonal(off, 0.0)
    rows = off.sum(axis=0) / (n - 2)
    centred = off - rows - rows[:, None] + rows.sum() / (n - 1)
    np.fill_diagonal(centred, 0.0)
    return _unit(centred, np.abs(off).max())


def without(prepared: Sequence[Float64], controls: Sequence[Float64]) -> list[Float64]:
    """Takes out of prepared matrices what others explain: residuals of least squares over the pairs of classes.

    The correlation of two such residuals is the partial correlation (Smouse, Long, Sokal: Multiple regression and
    correlation extensions of the Mantel test, Systematic Zoology 1986). Of ranks, it takes out what is linear in the
    ranks: of 12 classes and two matrices that had a third in common and nothing else, p was .05 or less in 6 % of 600
    cases without ranks, and in 7, 9 and 11 % with ranks, where the third weighed .3, 1 and 2 times the rest.

    Args:
        prepared: Matrices of shape (n, n), prepared for a correlation.
        controls: The others, prepared alike.

    Returns:
        Of the same shapes, prepared like the first; zeros where nothing is left.
    """
    explaining = np.stack([matrix.ravel() for matrix in controls], axis=1)
    weights = np.linalg.pinv(explaining)  # one matrix after the other: all at once would take gigabytes
    return [_unit(matrix - (explaining @ (weights @ matrix.ravel())).reshape(matrix.shape), 1.0) for matrix in prepared]


def correlation(one: Float64, other: Float64) -> float:
    """Correlates two matrices that were prepared alike."""
    return float(np.vdot(one, other))


def correlate(
    left: Sequence[Float64], right: Sequence[Float64], n_permutations: int, seed: int
) -> tuple[Float64, Float64]:
    """Correlates prepared matrices with others, and tests each correlation.

    Args:
        left: Matrices of shape (n, n).
        right: Matrices of shape (n, n), prepared alike.
        n_permutations: Permutations behind p.
        seed: Their seed.

    Returns:
        Correlations and p, each of shape (n_left, n_right), float64.
    """
    observed = unpermuted(left, right)
    return observed, p_alone(observed, permuted(left, right, n_permutations, seed))


def unpermuted(left: Sequence[Float64], right: Sequence[Float64]) -> Float64:
    """Correlates prepared matrices with others as they are; returns shape (n_left, n_right)."""
    return np.array([[correlation(one, other) for other in right] for one in left])


def p_alone(observed: Float64, draws: Float64) -> Float64:
    """Returns p of each correlation by itself: the share of permutations that reach it, the observed order among them.

    Args:
        observed: Of shape (n_left, n_right).
        draws: The same with the classes permuted, of shape (n_permutations, n_left, n_right).
    """
    reached: NDArray[np.intp] = (draws >= observed - TOLERANCE).sum(axis=0)
    return p_value(reached, len(draws))


def p_of_largest(left: Sequence[Float64], right: Sequence[Float64], observed: Float64, draws: Float64) -> Float64:
    """Returns p of each correlation as one of all: the share of permutations whose largest correlation reaches it.

    Each correlation is divided by its standard deviation over all permutations first: those that vary more by chance
    would else decide alone what the largest is. The observed order counts as a permutation, so that under the null
    (no matrix on the left has anything to do with any on the right) the least of these p is .05 or below in at most 5%
    of all cases. It is never less than p of the correlation alone.

    This holds for matrices of one kind against those of another. Of every two among the same matrices it does not: one
    permutation moves all those on the right together, although under the null none of them belong together.

    Args:
        left: Matrices of shape (n, n).
        right: Matrices of shape (n, n).
        observed: Their correlations, of shape (n_left, n_right).
        draws: The same with the classes permuted, of shape (n_permutations, n_left, n_right).
    """
    spreads = np.array([[spread(one, other) for other in right] for one in left])
    scale = np.divide(1.0, spreads, out=np.zeros_like(spreads), where=spreads > TOLERANCE)
    largest = (draws * scale).max(axis=(1, 2))
    reached: NDArray[np.intp] = (largest[:, None, None] >= (observed - TOLERANCE) * scale).sum(axis=0)
    return p_value(reached, len(draws))


def spread(one: Float64, other: Float64) -> float:
    """Returns the standard deviation of a correlation over all permutations of the classes; its mean is 0.

    Mantel (1967) gives the second moment in closed form: two pairs of classes are the same, share one class, or none.

    Args:
        one: A prepared matrix, of shape (n, n) with n of 4 or more.
        other: Another; 0 is returned where one of them has zeros only.
    """
    n = float(len(one))
    if not (one.any() and other.any()):
        return 0.0
    a, b = (float(np.square(matrix.sum(axis=0)).sum()) for matrix in (one, other))  # off the diagonal: sum 0, norm 1
    same, shared = 2.0 / (n * (n - 1.0)), 4.0 * (a - 1.0) * (b - 1.0) / (n * (n - 1.0) * (n - 2.0))
    apart = (2.0 - 4.0 * a) * (2.0 - 4.0 * b) / (n * (n - 1.0) * (n - 2.0) * (n - 3.0))
    return float(np.sqrt(max(same + shared + apart, 0.0)))


def permuted(left: Sequence[Float64], right: Sequence[Float64], n_permutations: int, seed: int) -> Float64:
    """Correlates prepared matrices with others whose classes are permuted; one permutation serves all pairs.

    Args:
        left: Matrices of shape (n, n).
        right: Matrices of shape (n, n).
        n_permutations: Number of permutations.
        seed: Seed of the permutations.

    Returns:
        Of shape (n_permutations, n_left, n_right), float64.
    """
    n = len(left[0])
    rows, columns = np.triu_indices(n, 1)
    fixed = 2.0 * np.stack([matrix[rows, columns] for matrix in left]).astype(np.float32)  # twice: both triangles
    moved = np.stack([m.ravel() for m in right], axis=-1).astype(np.float32)  # the values of a pair move together
    rng = np.random.default_rng(seed)
    draws = np.empty((n_permutations, len(left), len(right)))
    with ImageBar("permuted classes", n_permutations, "permutations") if n >= MANY else nullcontext() as bar:
        for draw in range(n_permutations):
            order = rng.permutation(n)
            draws[draw] = fixed @ moved.take(order[rows] * n + order[columns], axis=0)
            if bar is not None:
                bar.advance(1)
    return draws


def _pairs(matrix: Float64) -> Float64:
    return matrix[np.triu_indices(len(matrix), 1)]


def _bounded(pairs: Float64) -> Float64:
    finite = pairs < UNBOUNDED
    return pairs if finite.all() else np.minimum(pairs, pairs[finite].max(initial=0.0))


def _from_pairs(pairs: Float64, n: int) -> Float64:
    matrix = np.zeros((n, n))
    matrix[np.triu_indices(n, 1)] = pairs - pairs.mean()
    return _unit(matrix + matrix.T, np.abs(pairs).max())


def _unit(matrix: Float64, scale: float) -> Float64:
    """Brings a centred matrix to norm 1; rounding of values of some scale, left where all were equal, becomes 0."""
    norm = float(np.linalg.norm(matrix))
    return matrix / norm if norm > 1e-12 * scale * len(matrix) else np.zeros_like(matrix)
