"""Correlations of matrices: against SciPy and the definition, invariances, and p against a plain loop."""

from collections.abc import Callable
from itertools import permutations

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from classvec.analyses.permutation import (
    centred_gram,
    class_ranks,
    correlate,
    correlation,
    p_alone,
    p_of_largest,
    permuted,
    ranks,
    spread,
    unpermuted,
    values,
)
from classvec.artifacts import Float64
from tests.artifacts import cosines, related


def hsic_by_definition(k: Float64, m: Float64) -> float:
    """The unbiased HSIC term by term, as Song et al. 2012 have it."""
    n = len(k)
    k, m = k - np.diag(np.diag(k)), m - np.diag(np.diag(m))
    first = sum(k[i, j] * m[j, i] for i in range(n) for j in range(n))
    second = k.sum() * m.sum() / ((n - 1) * (n - 2))
    third = 2.0 / (n - 2) * sum(k[i, j] * m[j, q] for i in range(n) for j in range(n) for q in range(n))
    return float((first + second - third) / (n * (n - 3)))


def test_correlations_are_those_of_the_upper_triangle() -> None:
    one, other = related(14)
    upper = np.triu_indices(14, 1)
    spearman, pearson = (correlation(prepare(one), prepare(other)) for prepare in (ranks, values))
    assert spearman == pytest.approx(spearmanr(one[upper], other[upper]).statistic, abs=1e-12)
    assert pearson == pytest.approx(pearsonr(one[upper], other[upper]).statistic, abs=1e-12)
    by_class = (class_ranks(one) * class_ranks(other)).sum(axis=1)
    others = [np.delete(np.arange(14), i) for i in range(14)]
    expected = [spearmanr(one[i, rest], other[i, rest]).statistic for i, rest in enumerate(others)]
    np.testing.assert_allclose(by_class, expected, atol=1e-12)


def test_ties_and_the_diagonal_do_not_matter() -> None:
    one, other = (np.round(cosines(12, 3, seed), 1) for seed in (0, 1))
    np.fill_diagonal(other, 7.0)
    upper = np.triu_indices(12, 1)
    expected = spearmanr(one[upper], other[upper]).statistic
    assert correlation(ranks(one), ranks(other)) == pytest.approx(expected, abs=1e-12)


def test_p_equals_a_plain_loop_over_permutations() -> None:
    one, other = related(11)
    upper = np.triu_indices(11, 1)
    observed = spearmanr(one[upper], other[upper]).statistic
    rng = np.random.default_rng(3)
    draws = []
    for _ in range(60):
        order = rng.permutation(11)
        draws.append(spearmanr(one[upper], other[np.ix_(order, order)][upper]).statistic)
    found, p = correlate([ranks(one)], [ranks(other)], 60, 3)
    assert found[0, 0] == pytest.approx(observed, abs=1e-12)
    assert p[0, 0] == (1 + sum(draw >= observed - 1e-6 for draw in draws)) / 61
    np.testing.assert_allclose(permuted([ranks(one)], [ranks(other)], 60, 3)[:, 0, 0], draws, atol=1e-6)


def test_one_permutation_serves_all_pairs() -> None:
    left, right = [ranks(cosines(9, 4, seed)) for seed in (0, 1)], [ranks(cosines(9, 4, seed)) for seed in (2, 3, 4)]
    together = permuted(left, right, 7, 0)
    assert together.shape == (7, 2, 3)
    for i, one in enumerate(left):
        for j, other in enumerate(right):
            np.testing.assert_allclose(permuted([one], [other], 7, 0)[:, 0, 0], together[:, i, j], atol=1e-6)


@pytest.mark.parametrize("prepare", [ranks, values, centred_gram])
@pytest.mark.parametrize("n", [4, 6])
def test_the_spread_is_that_over_all_permutations(n: int, prepare: Callable[[Float64], Float64]) -> None:
    one, other = prepare(cosines(n, 3, 0)), prepare(cosines(n, 2, 1))
    orders = [list(order) for order in permutations(range(n))]
    drawn = [correlation(one, other[np.ix_(order, order)]) for order in orders]
    assert np.mean(drawn) == pytest.approx(0.0, abs=1e-12)
    assert spread(one, other) == pytest.approx(np.std(drawn))
    assert spread(one, np.zeros((n, n))) == 0.0


def test_p_of_the_largest_by_hand() -> None:
    """Of one pair it is that of the pair; of pairs that cannot be told apart 1."""
    one, other = ([ranks(matrix)] for matrix in related(9))
    flat = [np.zeros((9, 9))]
    observed, draws = unpermuted(one, other), permuted(one, other, 19, 0)
    assert p_of_largest(one, other, observed, draws) == p_alone(observed, draws)
    observed, draws = unpermuted(one, other + flat), permuted(one, other + flat, 19, 0)
    assert p_of_largest(one, other + flat, observed, draws)[0, 1] == 1.0


def test_debiased_cka_is_that_of_the_definition() -> None:
    one, other = cosines(9, 4, 0), cosines(9, 4, 1) + 0.7 * cosines(9, 4, 0)
    expected = hsic_by_definition(one, other) / np.sqrt(hsic_by_definition(one, one) * hsic_by_definition(other, other))
    assert correlation(centred_gram(one), centred_gram(other)) == pytest.approx(expected, abs=1e-12)


def test_what_cannot_be_told_apart_correlates_with_nothing() -> None:
    flat, other = np.full((8, 8), 0.3), cosines(8, 3, 0)
    assert not class_ranks(flat).any()
    for prepare in (values, ranks, centred_gram):
        found, p = correlate([prepare(flat)], [prepare(other)], 5, 0)
        assert (found[0, 0], p[0, 0]) == (0.0, 1.0)


def test_unbounded_similarities_count_as_the_largest_bounded_one() -> None:
    _, bounded = related(10)
    unbounded = bounded.copy()
    unbounded[0, 1] = unbounded[1, 0] = 1e300
    bounded[0, 1] = bounded[1, 0] = np.delete(bounded[np.triu_indices(10, 1)], 0).max()
    np.testing.assert_allclose(values(unbounded), values(bounded), atol=1e-12)
