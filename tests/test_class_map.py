"""The map of the classes."""

from dataclasses import replace

import numpy as np
import pytest

from classvec.artifacts import Similarity
from classvec.class_map import positions, trustworthiness


def blocks(n: int, seed: int = 0) -> Similarity:
    """Two groups of n classes each, alike within and unlike between."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(2 * n, 20)) * 0.3
    vectors[:n, 0] += 2.0
    vectors[n:, 1] += 2.0
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Similarity(
        values=vectors @ vectors.T, classes=tuple(map(str, range(2 * n))), metric="cosine", layers=("a",), provenance={}
    )


def test_who_is_alike_is_near() -> None:
    places = positions(blocks(20))
    assert places.shape == (40, 2)
    assert np.abs(places).max() == pytest.approx(1.0)
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    group = np.arange(40) // 20
    assert (group[distances.argmin(axis=1)] == group).all()
    assert np.linalg.norm(places[:20].mean(axis=0) - places[20:].mean(axis=0)) > 0.5


def test_the_same_matrix_gives_the_same_map() -> None:
    assert np.array_equal(positions(blocks(60)), positions(blocks(60)))


def test_distances_say_the_same_as_similarities() -> None:
    similarity = blocks(20)
    squared = 2.0 - 2.0 * similarity.values
    np.fill_diagonal(squared, 0.0)
    euclidean = replace(similarity, values=np.sqrt(squared), kind="distance", power=2)
    rooted = replace(similarity, values=squared, kind="distance", power=1)
    for distance in (euclidean, rooted):
        np.testing.assert_allclose(positions(distance), positions(similarity), atol=0.05)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_few_classes_and_classes_that_are_all_alike_have_places_too(n: int) -> None:
    similarity = replace(blocks(n), values=blocks(n).values[:n, :n], classes=tuple(map(str, range(n))))
    assert np.isfinite(positions(similarity)).all()
    assert np.isfinite(positions(replace(similarity, values=np.ones((n, n))))).all()
    found = trustworthiness(similarity, positions(similarity))
    assert found is None if n == 2 else found is not None and found[1] == 1


def test_trustworthiness_is_one_for_a_true_map_and_a_half_by_chance() -> None:
    rng = np.random.default_rng(0)
    places = rng.normal(size=(200, 2))
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    true = replace(blocks(100), values=distances, kind="distance", power=2)
    assert trustworthiness(true, places) == (1.0, 10)
    chance = [found[0] for _ in range(20) if (found := trustworthiness(true, rng.permutation(places)))]
    assert np.mean(chance) == pytest.approx(0.5, abs=0.01)


def test_trustworthiness_equals_its_formula() -> None:
    similarity, places = blocks(8), np.random.default_rng(1).normal(size=(16, 2))
    n, k, penalty = 16, 7, 0
    for i in range(n):
        others = [j for j in range(n) if j != i]
        ranked = sorted(others, key=lambda j: -similarity.values[i, j])
        near = sorted(others, key=lambda j: np.linalg.norm(places[i] - places[j]))[:k]
        penalty += sum(max(0, ranked.index(j) + 1 - k) for j in near)
    expected = 1.0 - 2.0 / (n * k * (2 * n - 3 * k - 1)) * penalty
    found = trustworthiness(similarity, places)
    assert found is not None
    assert found == pytest.approx((expected, k))
