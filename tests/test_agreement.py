"""Agreement of matrices: against SciPy and plain loops, invariances, and about 0 for classes that were permuted."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import pearsonr, spearmanr

from classvec.analysis import agreement
from classvec.analysis.between_runs import between_runs
from classvec.artifacts import Clusterings, Similarity
from classvec.errors import InputError


def similarity(values: NDArray[np.float64], power: int | None = None) -> Similarity:
    """Similarities, or distances if there is a power."""
    classes = tuple(f"n{i:08d}" for i in range(len(values)))
    kind = "similarity" if power is None else "distance"
    return Similarity(
        values=values, classes=classes, metric="hand-made", layers=("a",), provenance={}, kind=kind, power=power
    )


def cosines(n: int, width: int, seed: int) -> NDArray[np.float64]:
    points = np.random.default_rng(seed).normal(size=(n, width))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    values = points @ points.T
    np.fill_diagonal(values, 1.0)
    return values


def related(n: int, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two matrices that have something in common."""
    shared = cosines(n, 5, seed)
    return shared + 0.5 * cosines(n, 5, seed + 1), shared + 0.5 * cosines(n, 5, seed + 2)


def hsic_by_definition(k: NDArray[np.float64], m: NDArray[np.float64]) -> float:
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
    (row,) = agreement.against({"layer": one}, {"path": other}, n_permutations=9)
    assert row.spearman == pytest.approx(spearmanr(one[upper], other[upper]).statistic, abs=1e-12)
    assert row.pearson == pytest.approx(pearsonr(one[upper], other[upper]).statistic, abs=1e-12)
    others = [np.delete(np.arange(14), i) for i in range(14)]
    by_class = [spearmanr(one[i, rest], other[i, rest]).statistic for i, rest in enumerate(others)]
    assert row.class_spearman == pytest.approx(np.mean(by_class), abs=1e-12)


def test_ties_and_the_diagonal_do_not_matter() -> None:
    one = np.round(cosines(12, 3, 0), 1)
    other = np.round(cosines(12, 3, 1), 1)
    np.fill_diagonal(other, 7.0)
    upper = np.triu_indices(12, 1)
    (row,) = agreement.against({"layer": one}, {"path": other}, n_permutations=3)
    assert row.spearman == pytest.approx(spearmanr(one[upper], other[upper]).statistic, abs=1e-12)


def test_p_equals_a_plain_loop_over_permutations() -> None:
    one, other = related(11)
    upper = np.triu_indices(11, 1)
    observed = spearmanr(one[upper], other[upper]).statistic
    rng = np.random.default_rng(3)
    reached = 1
    for _ in range(60):
        order = rng.permutation(11)
        reached += spearmanr(one[upper], other[np.ix_(order, order)][upper]).statistic >= observed - 1e-6
    (row,) = agreement.against({"layer": one}, {"path": other}, n_permutations=60, seed=3)
    assert row.p == reached / 61


def test_debiased_cka_is_that_of_the_definition() -> None:
    one, other = cosines(9, 4, 0), cosines(9, 4, 1) + 0.7 * cosines(9, 4, 0)
    expected = hsic_by_definition(one, other) / np.sqrt(hsic_by_definition(one, one) * hsic_by_definition(other, other))
    (row,) = agreement.between({"a": similarity(one), "b": similarity(other)}, n_permutations=5)
    assert row.cka == pytest.approx(expected, abs=1e-12)
    assert row.n_classes == 9


def test_cka_by_hand() -> None:
    # Two pairs of classes: likeness 1 within a pair and 0 across. Off the diagonal the U-centred Gram matrix is 2/3
    # within a pair and -1/3 across; pairing the four classes otherwise turns one of the -1/3 into the 2/3.
    one = np.array([[1.0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]])
    other = one[np.ix_([0, 2, 1, 3], [0, 2, 1, 3])]
    found = agreement.between({"a": similarity(one), "b": similarity(other), "c": similarity(one)}, n_permutations=2)
    assert [(row.one, row.other) for row in found] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert found[0].cka == pytest.approx(-1.0 / 2)
    assert found[1].cka == pytest.approx(1.0)
    assert found[0].mantel == pytest.approx(-1.0 / 2)


def test_invariances() -> None:
    one, other = related(20)
    order = np.random.default_rng(9).permutation(20)
    (plain,) = agreement.between({"a": similarity(one), "b": similarity(other)}, n_permutations=19)
    moved = {
        name: replace(similarity(values), values=values[np.ix_(order, order)],
                      classes=tuple(f"n{i:08d}" for i in order))
        for name, values in (("a", one), ("b", 3.0 * other + 2.0))
    }  # fmt: skip
    (again,) = agreement.between(moved, n_permutations=19)
    assert again.mantel == pytest.approx(plain.mantel, abs=1e-12)
    assert again.cka == pytest.approx(plain.cka, abs=1e-9)
    assert again.cka_p == plain.cka_p


def test_distances_count_as_the_inner_products_they_stand_for() -> None:
    points = np.random.default_rng(0).normal(size=(10, 4))
    euclidean = np.linalg.norm(points[:, None] - points, axis=2)
    gram = similarity(points @ points.T)
    distances = similarity(euclidean.astype(np.float64), power=2)
    (row,) = agreement.between({"inner products": gram, "distances": distances}, n_permutations=19)
    # -d^2 / 2 differs from the inner products by terms of rows and columns, which centring takes off
    assert row.cka == pytest.approx(1.0, abs=1e-12)
    assert row.mantel > 0.0
    same = agreement.between({"a": distances, "b": similarity(-euclidean)}, n_permutations=3)[0]
    assert same.mantel == pytest.approx(1.0)
    squared = similarity(np.square(euclidean), power=1)  # as Manhattan distances are: their roots are Euclidean
    (row,) = agreement.between({"inner products": gram, "squared distances": squared}, n_permutations=19)
    assert row.cka == pytest.approx(1.0, abs=1e-12)


def test_only_common_classes_count() -> None:
    values = cosines(12, 6, 0)
    one = similarity(values)
    part = replace(one, values=values[2:, 2:], classes=one.classes[2:])
    (row,) = agreement.between({"all": one, "part": part}, n_permutations=9)
    assert row.n_classes == 10
    assert [row.mantel, row.cka] == pytest.approx([1.0, 1.0])
    few = replace(one, values=values[9:, 9:], classes=one.classes[9:])
    with pytest.raises(InputError, match="all and few have 3 classes in common: wanted 4 or more"):
        agreement.between({"all": one, "few": few})
    (row,) = agreement.between({"all": one, "few": few, "part": part}, n_permutations=3)
    assert (row.one, row.other) == ("all", "part")


def test_what_cannot_be_told_apart_correlates_with_nothing() -> None:
    flat = np.full((8, 8), 0.3)
    (row,) = agreement.between({"flat": similarity(flat), "other": similarity(cosines(8, 3, 0))}, n_permutations=5)
    assert (row.mantel, row.cka, row.mantel_p) == (0.0, 0.0, 1.0)


def test_unbounded_similarities_count_as_the_largest_bounded_one() -> None:
    one, other = related(10)
    unbounded, bounded = other.copy(), other.copy()
    unbounded[0, 1] = unbounded[1, 0] = 1e300
    pairs = np.triu_indices(10, 1)
    bounded[0, 1] = bounded[1, 0] = np.delete(other[pairs], 0).max()
    first, second = agreement.against({"layer": one}, {"jcn": unbounded, "same": bounded}, n_permutations=3)
    assert first.pearson == pytest.approx(second.pearson, abs=1e-12)


def test_clusterings_are_compared_at_the_k_that_both_have() -> None:
    values = cosines(12, 6, 0)
    labels = np.random.default_rng(1).integers(2, size=(2, 1, 12))

    def clusterings(k: tuple[int, ...]) -> Clusterings:
        return Clusterings(labels=labels[: len(k)], k=k, seeds=(0,), classes=similarity(values).classes,
                           agreement=np.ones((len(k), 1, 1)), provenance={})  # fmt: skip

    pair = {"a": similarity(values), "b": similarity(values)}
    (row,) = agreement.between(pair, {"a": clusterings((2, 3)), "b": clusterings((2, 4))}, n_permutations=3)
    assert row.ari == {2: 1.0}
    (row,) = agreement.between(pair, {"a": clusterings((2,))}, n_permutations=3)
    assert row.ari == {}


def test_classes_in_random_order_agree_on_nothing() -> None:
    """Over many permuted pairs the estimates scatter around 0, and p is small no more often than it should be."""
    one, other = related(40)
    rng = np.random.default_rng(0)
    named = {"fixed": similarity(one)}
    for draw in range(40):
        order = rng.permutation(40)
        named[str(draw)] = similarity(other[np.ix_(order, order)])
    rows = [row for row in agreement.between(named, n_permutations=99) if row.one == "fixed"]
    assert abs(np.mean([row.cka for row in rows])) < 0.02
    assert abs(np.mean([row.mantel for row in rows])) < 0.02
    assert np.mean([row.mantel_p <= 0.05 for row in rows]) < 0.2
    assert agreement.between({"a": similarity(one), "b": similarity(other)}, n_permutations=99)[0].cka_p == 0.01


@pytest.mark.parametrize("name", ["spearman", "pearson", "class_spearman"])
def test_a_matrix_agrees_with_itself(name: str) -> None:
    one, _ = related(15)
    (row,) = agreement.against({"layer": one}, {"itself": one}, n_permutations=9)
    assert getattr(row, name) == pytest.approx(1.0)
    assert row.p == 0.1


def test_runs_are_compared_from_their_files(tmp_path: Path) -> None:
    for name, seed in (("one", 0), ("other", 1)):
        folder = tmp_path / name
        similarity(cosines(9, 4, seed)).save(folder / "similarity.npz")
        Clusterings(labels=np.zeros((1, 1, 9), dtype=np.int64), k=(2,), seeds=(0,), provenance={},
                    classes=similarity(cosines(9, 4, 0)).classes, agreement=np.ones((1, 1, 1))).save(
                        folder / "clusterings.npz")  # fmt: skip
    runs = {name: tmp_path / name for name in ("one", "other")}
    (row,) = between_runs(runs, 9)
    assert (row.one, row.other, row.ari) == ("one", "other", {2: 1.0})
    with pytest.raises(InputError, match="one run, one: there is nothing to compare it with"):
        between_runs({"one": tmp_path / "one"})
    with pytest.raises(InputError, match="holds no finished run of evaluate.py: similarity.npz is missing"):
        between_runs({**runs, "third": tmp_path})


def test_permuted_real_classes_score_about_0(real_data: Path) -> None:
    """On 1,000 classes: WordNet against itself permuted is near 0, where biased CKA would have a third."""
    from classvec.ontology import wordnet
    from classvec.ontology.similarities import similarities

    classes = sorted(path.name for path in (real_data / "data" / "imagenet-sample").iterdir())
    path = similarities(wordnet.load(classes), classes)["path"]
    order = np.random.default_rng(0).permutation(len(path))
    pair = {"path": similarity(path), "permuted": similarity(path[np.ix_(order, order)])}
    (row,) = agreement.between(pair, n_permutations=19)
    assert abs(row.cka) < 0.01
    assert abs(row.mantel) < 0.05
    assert row.cka_p > 0.05


def test_every_pair_of_names_is_there_once() -> None:
    named = {name: similarity(cosines(8, 3, i)) for i, name in enumerate("abcd")}
    found = agreement.between(named, n_permutations=3)
    assert [(row.one, row.other) for row in found] == list(combinations("abcd", 2))
