"""Correlation of layers with the ontology: against SciPy, and what a run's result holds."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from classvec.analyses.ontology_correlation import correlations, draw, ontology_correlation
from classvec.ontology.similarities import NAMES, similarities
from classvec.ontology.taxonomy import Taxonomy
from tests.artifacts import HALVES, QUARTERS, analysed, class_ids, cosines, planted, related


def test_correlations_are_those_of_the_upper_triangle() -> None:
    one, other = related(14)
    upper = np.triu_indices(14, 1)
    (row,) = correlations({"layer": one}, {"path": other}, n_permutations=9)
    assert row.spearman == pytest.approx(spearmanr(one[upper], other[upper]).statistic, abs=1e-12)
    assert row.pearson == pytest.approx(pearsonr(one[upper], other[upper]).statistic, abs=1e-12)
    others = [np.delete(np.arange(14), i) for i in range(14)]
    by_class = [spearmanr(one[i, rest], other[i, rest]).statistic for i, rest in enumerate(others)]
    assert row.class_spearman == pytest.approx(np.mean(by_class), abs=1e-12)


def test_ties_and_the_diagonal_do_not_matter() -> None:
    one, other = (np.round(cosines(12, 3, seed), 1) for seed in (0, 1))
    np.fill_diagonal(other, 7.0)
    upper = np.triu_indices(12, 1)
    (row,) = correlations({"layer": one}, {"path": other}, n_permutations=3)
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
    (row,) = correlations({"layer": one}, {"path": other}, n_permutations=60, seed=3)
    assert row.p == reached / 61


def test_unbounded_similarities_count_as_the_largest_bounded_one() -> None:
    one, other = related(10)
    unbounded, bounded = other.copy(), other.copy()
    unbounded[0, 1] = unbounded[1, 0] = 1e300
    bounded[0, 1] = bounded[1, 0] = np.delete(other[np.triu_indices(10, 1)], 0).max()
    first, second = correlations({"layer": one}, {"jcn": unbounded, "same": bounded}, n_permutations=3)
    assert first.pearson == pytest.approx(second.pearson, abs=1e-12)


@pytest.mark.parametrize("name", ["spearman", "pearson", "class_spearman"])
def test_a_matrix_agrees_with_itself(name: str) -> None:
    one, _ = related(15)
    (row,) = correlations({"layer": one}, {"itself": one}, n_permutations=9)
    assert getattr(row, name) == pytest.approx(1.0)
    assert row.p == 0.1


def test_a_run_has_a_row_for_each_layer_and_similarity(kingdoms: Taxonomy, tmp_path: Path) -> None:
    layers = {"low": planted(HALVES, 0.4), "top": planted(QUARTERS, 0.4)}
    run = analysed(kingdoms, layers, tmp_path)
    result = ontology_correlation(run)
    assert result is not None
    rows = result.tables["ontology_correlation"]
    assert [(row["layer"], row["similarity"]) for row in rows] == [
        (layer, name) for layer in ("combined", *layers) for name in NAMES
    ]
    path = similarities(kingdoms, class_ids())["path"]
    upper = np.triu_indices(len(path), 1)
    for layer, similarity in (("combined", run.evaluation.similarity), *run.layers.items()):
        row = next(row for row in rows if (row["layer"], row["similarity"]) == (layer, "path"))
        assert row["spearman"] == pytest.approx(spearmanr(similarity.values[upper], path[upper]).statistic)
        cells = next(line for line in result.lines if line.startswith(layer)).split()
        assert cells[1:3] == [f"{row['spearman']:.2f}", f"({row['p']:.3f})"]
    points = {(name, step) for name, _, step in result.metrics}
    assert points == {
        *((f"ontology/{name}", step) for name in ("path", "lin") for step in (1, 2)),
        *((f"summary/ontology_{name}", 0) for name in ("path", "lin")),
    }


def test_a_single_layer_is_not_repeated(kingdoms: Taxonomy, tmp_path: Path) -> None:
    result = ontology_correlation(analysed(kingdoms, {"top": planted(QUARTERS, 0.4)}, tmp_path))
    assert result is not None
    assert {row["layer"] for row in result.tables["ontology_correlation"]} == {"combined"}


def test_what_is_not_significant_is_hollow() -> None:
    one, other = related(15)
    order = np.random.default_rng(0).permutation(15)
    shuffled = {"combined": one, "layer": one[np.ix_(order, order)]}
    rows = correlations(shuffled, {"path": other}, n_permutations=99)
    assert [row.p <= 0.05 for row in rows] == [True, False]
    left, right = draw(rows, "run").axes
    hollow = [[line.get_markerfacecolor() == "white" for line in axes.lines if line.get_marker() == "o"]
              for axes in (left, right)]  # fmt: skip
    assert hollow == [[True, False], [False, False]]  # all layers together come last; the right side has no test
