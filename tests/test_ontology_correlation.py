"""Correlation of layers with the ontology: against SciPy and plain loops, one p for all, and what a result holds."""

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import pearsonr, rankdata, spearmanr

from classvec.analyses.ontology_correlation import draw, ontology_correlation
from classvec.analyses.permutation import correlate, values, without
from classvec.analyses.rank_intervals import midranks, order_of
from classvec.analyses.reference_correlations import correlations
from classvec.analyses.standard import Analyses
from classvec.artifacts import Float64, p_cell
from classvec.data.class_ids import ilsvrc_classes
from classvec.method.half_samples import half_samples, margin
from classvec.ontology import wordnet
from classvec.ontology.similarities import NAMES, similarities
from classvec.ontology.taxonomy import Concept, Taxonomy
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
        assert " ".join(cells[1:4]) == f"{row['spearman']:.2f} ({p_cell(row['p_max'], 9)})"
        assert cells[2] == "(<=", "at its floor"
    points = {(name, step) for name, _, step in result.metrics}
    assert points == {
        *((f"ontology/{name}", step) for name in ("path", "lin") for step in (1, 2)),
        *((f"summary/ontology_{name}", 0) for name in ("path", "lin")),
    }


def test_p_of_the_largest_equals_a_plain_loop_over_permutations() -> None:
    """Over all orders a correlation has a standard deviation of its own, by which it is divided."""
    n, upper = 6, np.triu_indices(6, 1)
    shared = cosines(n, 3, 4)
    left = {"low": cosines(n, 3, 0), "top": shared + cosines(n, 3, 1)}
    right = {"path": shared + cosines(n, 2, 2), "lin": np.round(cosines(n, 2, 3))}

    def cells(order: Sequence[int]) -> Float64:
        moved = {name: m[np.ix_(order, order)] for name, m in right.items()}
        return np.array([[spearmanr(a[upper], b[upper]).statistic for b in moved.values()] for a in left.values()])

    scale = np.std([cells(order) for order in permutations(range(n))], axis=0)
    assert scale.max() > 1.2 * scale.min()
    observed, rng = cells(range(n)), np.random.default_rng(2)
    draws = np.stack([cells(rng.permutation(n).tolist()) for _ in range(60)])
    rows = correlations(left, right, n_permutations=60, seed=2)
    largest = (draws / scale).max(axis=(1, 2))
    for row, value, by_chance, sd in zip(rows, observed.ravel(), draws.reshape(60, 4).T, scale.ravel(), strict=True):
        assert row.p == (1 + sum(by_chance >= value - 1e-6)) / 61
        assert row.p_max == (1 + sum(largest >= (value - 1e-6) / sd)) / 61
        assert row.p_max >= row.p


def test_the_least_p_of_all_is_small_no_more_often_than_it_should_be() -> None:
    """Four layers that have much in common, three similarities likewise, and nothing across: 400 times."""
    n_trials, alone, of_all = 400, 0, 0
    for trial in range(n_trials):
        seeds = range(20 * trial, 20 * trial + 20)
        bases = cosines(10, 4, seeds[0]), cosines(10, 2, seeds[1])
        left = {str(i): bases[0] + 0.7 * cosines(10, 4, seeds[2 + i]) for i in range(4)}
        right = {str(i): np.round(bases[1] + 0.7 * cosines(10, 2, seeds[6 + i]), i) for i in range(3)}
        rows = correlations(left, right, n_permutations=39, seed=trial)
        alone += min(row.p for row in rows) <= 0.05
        of_all += min(row.p_max for row in rows) <= 0.05
    bound = 0.05 + 2 * np.sqrt(0.05 * 0.95 / n_trials)
    print(f"smallest p <= .05: {alone / n_trials:.3f} alone, {of_all / n_trials:.3f} of the largest")
    assert of_all / n_trials <= bound < alone / n_trials


def test_similarities_that_rank_alike_are_shown_once(tmp_path: Path, kingdoms: Taxonomy) -> None:
    one, other = related(12)
    references = {"a": other, "b": np.round(other, 1), "c": np.exp(other), "d": 2.0 * other}
    rows = correlations({"combined": one, "layer": other}, references, n_permutations=9)
    assert {row.similarity: row.same_as for row in rows} == {"a": "", "b": "", "c": "a", "d": "a"}
    assert len(rows) == 8
    alike = [row for row in rows if row.layer == "layer" and row.similarity in "acd"]
    assert len({(row.spearman, row.class_spearman, row.p, row.p_max) for row in alike}) == 1
    assert len({row.pearson for row in alike}) == 2
    for axes in draw(rows, "run").axes:
        shown = [line.get_label() for line in axes.lines if not str(line.get_label()).startswith("_")]
        assert shown == ["a (= c, d)", "b"]
    result = ontology_correlation(analysed(kingdoms, {"top": planted(QUARTERS, 0.4)}, tmp_path))
    assert result is not None
    assert result.lines[2].strip() == "path (= wup, lch, res, jcn, lin)", "in a tree as regular as this all rank alike"
    assert len(result.tables["ontology_correlation"]) == len(NAMES)
    assert len({len(line) for line in result.lines[2:]}) == 1, "columns are aligned"


def test_path_and_lch_of_wordnet_rank_alike() -> None:
    classes = ilsvrc_classes()[::7]
    found = similarities(wordnet.load(classes), classes)
    rows = correlations({"combined": found["wup"]}, found, n_permutations=3)
    assert {row.similarity: row.same_as for row in rows if row.same_as} == {"lch": "path"}
    path, lch = rows[0], rows[2]
    assert path.spearman == lch.spearman
    assert path.pearson != pytest.approx(lch.pearson, abs=1e-3)


def test_a_single_layer_is_not_repeated(kingdoms: Taxonomy, tmp_path: Path) -> None:
    result = ontology_correlation(analysed(kingdoms, {"top": planted(QUARTERS, 0.4)}, tmp_path))
    assert result is not None
    assert {row["layer"] for row in result.tables["ontology_correlation"]} == {"combined"}


def test_what_is_not_significant_is_hollow() -> None:
    one, other = related(15)
    order = np.random.default_rng(0).permutation(15)
    shuffled = {"combined": one, "layer": one[np.ix_(order, order)]}
    rows = correlations(shuffled, {"path": other}, n_permutations=99)
    assert [row.p_max <= 0.05 for row in rows] == [True, False]
    left, right = draw(rows, "run").axes
    hollow = [[line.get_markerfacecolor() == "white" for line in axes.lines if line.get_marker() == "o"]
              for axes in (left, right)]  # fmt: skip
    assert hollow == [[True, False], [False, False]]  # all layers together come last; the right side has no test


def test_intervals_are_those_of_plain_correlations_over_half_samples(tmp_path: Path, kingdoms: Taxonomy) -> None:
    asked = Analyses(permutations=9, half_samples=12, seed=3)
    layers = {"low": planted(HALVES, 0.4), "top": planted(QUARTERS, 0.4)}
    run = analysed(kingdoms, layers, tmp_path, analyses=asked)
    result = ontology_correlation(run)
    assert result is not None
    rows = result.tables["ontology_correlation"]
    compared = {"combined": run.evaluation.similarity, **run.layers}
    samples = half_samples(run.classes, 12, 3)
    assert {len(sample) for sample in samples} == {12}
    for row in rows:
        pair = compared[row["layer"]].values, run.references[row["similarity"]]
        upper = np.triu_indices(12, 1)
        over = [spearmanr(*(m[np.ix_(sample, sample)][upper] for m in pair)).statistic for sample in samples]
        width = float(margin(np.array(over), 24))
        assert row["low"] == pytest.approx(max(row["spearman"] - width, -1.0), abs=1e-9)
        assert row["high"] == pytest.approx(min(row["spearman"] + width, 1.0), abs=1e-9)
    at = result.lines.index("95% intervals of these correlations over the choice of classes (half-samples):")
    cell = f"{rows[0]['low']:.2f} to {rows[0]['high']:.2f}"
    assert result.lines[at + 2].startswith("combined")
    assert cell in result.lines[at + 2]
    left, right = result.charts["ontology_correlation"].figure.axes
    ends = [bar.get_segments()[0][:, 1].tolist() for bar in left.collections]  # type: ignore[attr-defined]
    assert sorted(ends) == sorted([row["low"], row["high"]] for row in rows if not row["same_as"])
    assert not right.collections


@pytest.mark.parametrize("n_classes", [19, 20])
def test_intervals_need_twenty_classes(tmp_path: Path, n_classes: int) -> None:
    ids = class_ids(n_classes)
    root = Concept("n99999999", "root.n.01", "root", ())
    taxonomy = Taxonomy([root, *(Concept(i, f"{i}.n.01", i, (root.id,)) for i in ids)], source="flat")
    np.save(tmp_path / "own.npy", cosines(n_classes, 3, 1))
    asked = Analyses(permutations=9, half_samples=10, reference=tmp_path / "own.npy")
    layers = {"a": planted([range(4)], 0.4, n=n_classes)}
    result = ontology_correlation(analysed(taxonomy, layers, tmp_path, analyses=asked))
    assert result is not None
    own = next(row for row in result.tables["ontology_correlation"] if row["similarity"] == "own")
    assert (own["low"] is None) == (n_classes == 19)


@pytest.mark.parametrize("digits", [0, 1, 12])
def test_midranks_of_part_of_the_pairs_are_scipys(digits: int) -> None:
    rng = np.random.default_rng(digits)
    numbers = np.round(rng.normal(size=400), digits)
    numbers[:5] = 1e300, -1e300, 0.0, -0.0, 1e300
    order = order_of(numbers)
    for part in (np.arange(400), np.sort(rng.permutation(400)[:150]), np.array([2, 3]), np.array([7])):
        np.testing.assert_array_equal(midranks(order[part]), rankdata(numbers[part]))


def test_correlations_are_those_of_rsatoolbox() -> None:
    """Of rsatoolbox 0.3.2, compare(RDMs(-one[upper][None]), RDMs(-other[upper][None]), method), on the same values."""
    printed = {
        12: {"spearman": 0.8597706641184901, "corr": 0.8525471626125064, "rho-a": 0.8597706641184902},
        1: {"spearman": 0.8684827155423772, "corr": 0.8541705606179054},  # with ties rho-a is another number
    }
    for digits, known in printed.items():
        one, other = (np.round(matrix, digits) for matrix in related(14))
        (row,) = correlations({"layer": one}, {"human": other}, n_permutations=3)
        for method, value in known.items():
            assert (row.pearson if method == "corr" else row.spearman) == pytest.approx(value, abs=1e-9)


def test_partial_correlations_are_those_of_residuals() -> None:
    """Of two controls: against least squares on ranks, and p against a plain loop over permuted residuals."""
    n, upper, (one, other) = 11, np.triu_indices(11, 1), related(11)
    out = [cosines(n, 4, 7) + one, np.round(cosines(n, 4, 8) + other)]
    design = np.column_stack([np.ones(55), *(rankdata(matrix[upper]) for matrix in out)])

    def rest(matrix: Float64) -> Float64:
        ranked = rankdata(matrix[upper])
        left = np.zeros((n, n))
        left[upper] = ranked - design @ np.linalg.lstsq(design, ranked, rcond=None)[0]
        return left + left.T

    left, right = rest(one), rest(other)
    observed, rng, reached = pearsonr(left[upper], right[upper]).statistic, np.random.default_rng(5), 1
    for _ in range(60):
        order = rng.permutation(n)
        reached += pearsonr(left[upper], right[np.ix_(order, order)][upper]).statistic >= observed - 1e-6
    (row,) = correlations({"layer": one}, {"path": other}, n_permutations=60, seed=5, controls=out)
    assert row.spearman_partial == pytest.approx(observed, abs=1e-9)
    assert row.spearman_partial != pytest.approx(row.spearman, abs=0.01)
    assert row.p_partial == row.p_max_partial == reached / 61


def test_nothing_is_left_of_what_is_taken_out() -> None:
    one, other = related(12)
    for controls in ([other], [one], [np.exp(other), cosines(12, 3, 5), 2.0 * other]):
        (row,) = correlations({"layer": one}, {"itself": other}, n_permutations=19, controls=controls)
        assert (row.spearman_partial, row.p_partial, row.p_max_partial) == (0.0, 1.0, 1.0)


def test_partial_p_is_small_hardly_more_often_than_it_should_be() -> None:
    """Two matrices that have a third in common and nothing else, 600 times; of values, since ranks are not linear."""
    n_trials, plain, partial = 600, 0, 0
    for trial in range(n_trials):
        shared, one, other = (cosines(12, 4, 3 * trial + i) for i in range(3))
        out, left, right = [values(shared)], [values(shared + one)], [values(shared + other)]
        plain += correlate(left, right, 39, trial)[1].item() <= 0.05
        partial += correlate(without(left, out), without(right, out), 39, trial)[1].item() <= 0.05
    bound = 0.05 + 2 * np.sqrt(0.05 * 0.95 / n_trials)
    print(f"p <= .05: {plain / n_trials:.3f} plain, {partial / n_trials:.3f} partial")
    assert partial / n_trials <= bound < plain / n_trials
