"""Half-samples of the classes: how much would a result differ, had other classes of the same kind been chosen?

Half of the classes are drawn without replacement, many times, and everything that follows from the classes is computed
again for each half. (A bootstrap draws some classes twice, and a class is its own nearest neighbour: clusters of twins
appear that no data set has.) What a half-sample gives is biased, because it has fewer classes and another chance level,
so quantiles of its values are no interval. Their spread is used: the standard deviation over samples of b of n classes,
times sqrt(b / (n - b)), estimates the standard error of the result over all n classes (delete-d jackknife: Shao and Wu,
A general theory for jackknife variance estimation, Annals of Statistics 1989). For halves the factor is 1.

The similarity of a half-sample is the part of that of all classes, so `centred` similarities stay centred over all.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts import Float64
from classvec.settings import FEWEST_HALF_SAMPLES

LEVEL = 0.95
"""Confidence level of all intervals."""


def half_samples(classes: Sequence[str], n_samples: int, seed: int) -> tuple[NDArray[np.intp], ...]:
    """Draws half-samples of the classes.

    They follow from the ids of the classes and the seed alone, whatever the order of the classes: runs about the same
    classes have the same half-samples.

    Args:
        classes: Class ids, of shape (n_classes,).
        n_samples: Number of half-samples.
        seed: Their seed.

    Returns:
        For each half-sample the positions of its classes, ascending, of shape (n_classes // 2,).
    """
    rng = np.random.default_rng(seed)
    by_id = np.argsort(np.array(classes))
    drawn = (rng.permutation(len(classes))[: len(classes) // 2] for _ in range(n_samples))
    return tuple(np.sort(by_id[places]) for places in drawn)


def standard_error(values: Float64, n_classes: int) -> Float64:
    """Estimates the standard error of a result from its values over half-samples.

    Args:
        values: Of shape (n_samples, ...), float64; NaN for a half-sample without a value.
        n_classes: Number of classes behind the result itself.

    Returns:
        Of shape (...), float64; NaN where fewer than `FEWEST_HALF_SAMPLES` have a value.
    """
    known = np.isfinite(values)
    count, size = known.sum(axis=0), n_classes // 2
    mean = np.where(known, values, 0.0).sum(axis=0) / np.maximum(count, 1)
    variance = np.where(known, values - mean, 0.0) ** 2
    error = np.sqrt(variance.sum(axis=0) / np.maximum(count - 1, 1) * (size / (n_classes - size)))
    return np.where(count < FEWEST_HALF_SAMPLES, np.nan, error)


def margin(values: Float64, n_classes: int) -> Float64:
    """Returns half the width of the 95% interval of a result: its standard error times Student's t.

    Args:
        values: Of shape (n_samples, ...), float64; NaN for a half-sample without a value.
        n_classes: Number of classes behind the result itself.

    Returns:
        Of shape (...), float64; NaN where too few half-samples have a value.
    """
    from scipy.stats import t

    freedom = np.maximum(np.isfinite(values).sum(axis=0) - 1, 1)
    width: Float64 = t.ppf((1.0 + LEVEL) / 2.0, freedom) * standard_error(values, n_classes)
    return width
