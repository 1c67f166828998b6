"""Which curves can be told apart? Adjusted F1 of two runs, compared over the same half-samples of the classes.

Two runs about the same classes have much of what chance decides in common: a sample of classes that is easy for one is
easy for the other. So the difference of the two is taken in each half-sample, and its standard error follows from the
spread of these (see `half_samples`). It is tested with Student's t; q is over the k of a pair (Benjamini and Hochberg).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from classvec.artifacts import SIGNIFICANT, Float64, ResampledScores, Scores
from classvec.method.half_samples import margin, standard_error
from classvec.method.labels import false_discovery_rates

TOLERANCE = 1e-9
"""Differences of F1 below this are rounding."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Adjusted F1 of one run less that of another, at one k or as a mean over k.

    Attributes:
        value: The difference over all classes.
        margin: Half the width of its 95% interval; NaN where it is unknown.
        p: Probability of one as large, in absolute value, between two runs that are equally good; NaN where unknown.
    """

    value: float
    margin: float
    p: float


UNKNOWN = Difference(value=math.nan, margin=math.nan, p=math.nan)
"""What is said where there is nothing to compare."""


@dataclass(frozen=True, kw_only=True)
class CurveDifference:
    """The curves of two runs compared.

    Attributes:
        one: Name of the first.
        other: Name of the second.
        n_half_samples: Half-samples that both have.
        at: k to the difference there, for every k at which both are defined.
        q: k to q of the difference there, over these k.
        mean: Difference of the means over the k of `mean_k`.
        mean_k: The k at which the half-samples of both are defined too.
    """

    one: str
    other: str
    n_half_samples: int
    at: Mapping[int, Difference]
    q: Mapping[int, float]
    mean: Difference
    mean_k: tuple[int, ...] = ()

    @property
    def tested(self) -> tuple[int, ...]:
        """The k at which the difference is tested: where half-samples say how much it varies."""
        return tuple(k for k, q in self.q.items() if not math.isnan(q))

    @property
    def apart(self) -> tuple[int, ...]:
        """The k at which the two can be told apart."""
        return tuple(k for k, q in self.q.items() if q <= SIGNIFICANT)

    @property
    def reversed(self) -> "CurveDifference":
        """The same with the other run first."""
        at = {k: replace(difference, value=-difference.value) for k, difference in self.at.items()}
        mean = replace(self.mean, value=-self.mean.value)
        return replace(self, one=self.other, other=self.one, at=at, mean=mean)


def curve_differences(runs: Mapping[str, tuple[Scores, ResampledScores]]) -> tuple[CurveDifference, ...]:
    """Compares the curves of every two runs that have the same half-samples of the same classes.

    Args:
        runs: Name of a run to its scores and those of its half-samples.

    Returns:
        An entry for each pair that can be compared.
    """
    return tuple(
        _compared(one, other, runs) for one, other in combinations(runs, 2) if are_paired(runs[one][1], runs[other][1])
    )


def are_paired(one: ResampledScores, other: ResampledScores) -> bool:
    """Returns whether the scores of two runs are about the same half-samples."""
    same_draws = one.seed == other.seed and len(one.f1) == len(other.f1)
    return same_draws and set(one.classes) == set(other.classes) and bool(set(one.k) & set(other.k))


def _compared(one: str, other: str, runs: Mapping[str, tuple[Scores, ResampledScores]]) -> CurveDifference:
    (scores, samples), (other_scores, other_samples) = runs[one], runs[other]
    known = [k for k in samples.k if k in other_samples.k]
    values = np.array([scores.at(k).f1_adjusted - other_scores.at(k).f1_adjusted for k in known])
    defined = np.isfinite(values)
    k, values = [number for number, has in zip(known, defined, strict=True) if has], values[defined]
    mine, theirs = ([s.k.index(number) for number in k] for s in (samples, other_samples))
    drawn = samples.f1_adjusted[:, mine] - other_samples.f1_adjusted[:, theirs]
    n_classes = len(samples.classes)
    found = [_tested(value, column, n_classes) for value, column in zip(values, drawn.T, strict=True)]
    q = false_discovery_rates(np.array([difference.p for difference in found]))
    clustered = np.isfinite(drawn).any(axis=1)
    whole = np.asarray(np.isfinite(drawn[clustered]).all(axis=0))
    mean = _tested(float(values[whole].mean()), drawn[:, whole].mean(axis=1), n_classes) if whole.any() else UNKNOWN
    return CurveDifference(
        one=one,
        other=other,
        n_half_samples=int(clustered.sum()),
        at=dict(zip(k, found, strict=True)),
        q=dict(zip(k, map(float, q), strict=True)),
        mean=mean,
        mean_k=tuple(number for number, has in zip(k, whole, strict=True) if has),
    )


def _tested(value: float, drawn: Float64, n_classes: int) -> Difference:
    """Tests a difference by what half-samples, of shape (n_samples,), say of its standard error."""
    from scipy.stats import t

    error, width = float(standard_error(drawn, n_classes)), float(margin(drawn, n_classes))
    is_zero = abs(value) < TOLERANCE
    if math.isnan(error) or (error < TOLERANCE and not is_zero):  # where all half-samples agree, the spread is unknown
        return Difference(value=float(value), margin=math.nan, p=math.nan)
    freedom = int(np.isfinite(drawn).sum()) - 1
    p = 1.0 if is_zero else 2.0 * float(t.sf(abs(value) / error, freedom))
    return Difference(value=float(value), margin=width, p=p)
