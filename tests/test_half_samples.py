"""Half-samples of the classes: what they are, the standard error that follows, and scores with intervals."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.stats import t
from threadpoolctl import threadpool_info

from classvec import figures, settings
from classvec.artifacts import ResampledScores, Scores, Similarity, interval_cell
from classvec.errors import InputError
from classvec.method.clusterers import Agglomerative, Spectral
from classvec.method.clustering import cluster
from classvec.method.half_samples import half_samples, margin, standard_error
from classvec.method.naming import ConceptNaming
from classvec.method.references import with_ontology
from classvec.method.resampling import resample, with_intervals
from classvec.method.scores import score
from classvec.ontology.similarities import path_similarity, similarities
from classvec.ontology.taxonomy import Taxonomy
from tests.artifacts import HALVES, QUARTERS, N, class_ids, planted
from tests.runs import make_score

SINGLE = Spectral(seeds=[0])


def samples_of(f1: Sequence[Sequence[float]], adjusted: Sequence[Sequence[float]], **more: Any) -> ResampledScores:
    """Scores of half-samples, of shape (n_samples, n_k), for k from 2 on."""
    k = tuple(range(2, 2 + len(f1[0])))
    made = ResampledScores(
        k=k, f1=np.array(f1), f1_adjusted=np.array(adjusted), classes=class_ids(), seed=0, provenance={}
    )
    return replace(made, **more)


def test_half_samples_have_half_of_the_classes_once_each() -> None:
    for n in (8, 9):
        drawn = half_samples(class_ids(n), 50, seed=0)
        assert len(drawn) == 50
        assert all(len(set(rows)) == n // 2 and np.all(np.diff(rows) > 0) for rows in drawn)
        counts = np.bincount(np.concatenate(drawn), minlength=n) / 50
        assert abs(counts - (n // 2) / n).max() < 0.25  # every class takes part in about half of them
    assert not np.array_equal(half_samples(class_ids(), 5, 0), half_samples(class_ids(), 5, 1))


def test_runs_about_the_same_classes_have_the_same_half_samples_in_whatever_order_their_classes_are() -> None:
    classes = class_ids()
    order = np.random.default_rng(3).permutation(len(classes))
    shuffled = [classes[i] for i in order]
    for one, other in zip(half_samples(classes, 20, 7), half_samples(shuffled, 20, 7), strict=True):
        assert {classes[i] for i in one} == {shuffled[i] for i in other}


def test_standard_errors_made_by_hand() -> None:
    values = np.array([[0.0, 5.0], [1.0, 5.0]] * 5)
    expected = np.sqrt(10 * 0.25 / 9)
    np.testing.assert_allclose(standard_error(values, 8), [expected, 0.0])
    np.testing.assert_allclose(standard_error(values, 9), [expected * np.sqrt(4 / 5), 0.0])  # 4 of 9 classes
    np.testing.assert_allclose(margin(values, 8), [expected * t.ppf(0.975, 9), 0.0])


def test_half_samples_without_a_value_do_not_count_and_few_give_no_standard_error() -> None:
    values = np.array([0.0, 1.0] * 5 + [np.nan] * 4)
    assert standard_error(values, 8) == pytest.approx(np.sqrt(10 * 0.25 / 9))
    assert margin(values, 8) == pytest.approx(np.sqrt(10 * 0.25 / 9) * t.ppf(0.975, 9))
    assert np.isnan(margin(values[:9], 8))
    assert np.isnan(margin(np.full(20, np.nan), 8))


def test_the_spread_of_half_samples_is_the_standard_error_of_a_mean_over_classes() -> None:
    # Of a mean the standard error is known, s / sqrt(n): the scaling by sqrt(b / (n - b)) must give just that.
    for n in (40, 41):
        values = np.random.default_rng(n).normal(size=n)
        drawn = np.array([values[rows].mean() for rows in half_samples(class_ids(n), 20_000, 0)])
        assert standard_error(drawn, n) == pytest.approx(values.std(ddof=1) / np.sqrt(n), rel=0.02)


def test_the_number_of_half_samples_is_checked() -> None:
    assert settings.Analysis().half_samples == 0
    assert settings.Analysis(half_samples=10).half_samples == 10
    with pytest.raises(InputError, match=r"analysis\.half_samples=9: expected 0, or 10 or more"):
        settings.Analysis(half_samples=9)


def test_each_half_is_clustered_and_scored_by_itself(kingdoms: Taxonomy) -> None:
    similarity, extents = planted(QUARTERS, 0.4), kingdoms.extents(class_ids())
    found = resample(similarity, SINGLE, extents, (2, 3), 10, seed=5)
    assert found is not None
    assert (found.k, found.classes, found.seed) == ((2, 3), class_ids(), 5)
    for sample, rows in enumerate(half_samples(class_ids(), 10, 5)):
        part = similarity.of_classes([similarity.classes[row] for row in rows])
        naming, clusters = ConceptNaming(extents.of_classes(rows)), cluster(SINGLE, part, k=[2])
        assert found.f1[sample, 0] == pytest.approx(naming.best_f1(clusters.labels[0, 0]).mean())
        level = score(naming, clusters, 400, seed=1).rows[0]
        assert found.f1_adjusted[sample, 0] == pytest.approx(level.f1_adjusted, abs=0.06)
    assert np.isnan(found.f1[:, 1]).all()  # 24 classes have fewer than ten for each of three clusters
    assert np.isnan(found.f1_adjusted[:, 1]).all()


def test_intervals_do_not_depend_on_the_order_of_the_classes(kingdoms: Taxonomy) -> None:
    similarity = planted(QUARTERS, 0.1)
    order = np.random.default_rng(1).permutation(N)
    shuffled = similarity.of_classes([similarity.classes[i] for i in order])
    one, other = (
        resample(of_order, Agglomerative(), kingdoms.extents(of_order.classes), (2,), 10, seed=0)
        for of_order in (similarity, shuffled)
    )
    assert one is not None
    assert other is not None
    np.testing.assert_allclose(one.f1, other.f1)
    assert one.f1.std() > 0.0


def test_half_samples_in_processes_are_those_in_one(kingdoms: Taxonomy, monkeypatch: pytest.MonkeyPatch) -> None:
    similarity, extents = planted(QUARTERS, 0.4), kingdoms.extents(class_ids())
    alone = resample(similarity, SINGLE, extents, (2,), 10, seed=0)
    monkeypatch.setattr("classvec.method.resampling.PARALLEL_CLASSES", N)
    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    together = resample(similarity, SINGLE, extents, (2,), 10, seed=0)
    assert alone is not None
    assert together is not None
    np.testing.assert_array_equal(alone.f1, together.f1)
    np.testing.assert_array_equal(alone.f1_adjusted, together.f1_adjusted)


def test_half_samples_within_a_process_of_several_start_no_others(
    kingdoms: Taxonomy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classvec.method.resampling.PARALLEL_CLASSES", N)
    similarity, extents = planted(QUARTERS, 0.4), kingdoms.extents(class_ids())

    def threads() -> list[int]:
        resample(similarity, SINGLE, extents, (2,), 10, seed=0)
        return [int(pool["num_threads"]) for pool in threadpool_info()]

    before = [int(pool["num_threads"]) for pool in threadpool_info()]
    (within,) = Parallel(n_jobs=2, backend="threading")([delayed(threads)()])
    assert sorted(within)[-len(before) :] == sorted(before)  # the limit to one thread ends with each half-sample


def test_too_few_classes_have_no_intervals(kingdoms: Taxonomy, caplog: pytest.LogCaptureFixture) -> None:
    classes = class_ids(19)
    few = planted(QUARTERS, 0.4).of_classes(classes)
    assert resample(few, SINGLE, kingdoms.extents(classes), (2, 4), 10, seed=0) is None
    said = "no intervals: they need 10 classes for each cluster, and there are 19 classes for k = 2 or more"
    assert said in caplog.text


@dataclass
class Fussy:
    """Refuses every half-sample that begins with some class, and clusters the others by their order."""

    name: str = "fussy"
    k: Sequence[int] | None = None
    seeds: Sequence[int] = ()
    refused: Sequence[str] = class_ids(1)

    def labels(
        self, similarity: Similarity, k: Sequence[int], seeds: Sequence[int]
    ) -> tuple[NDArray[np.int64], Mapping[str, str]]:
        if similarity.classes[0] in self.refused:
            raise InputError("the first class is here")
        return np.array([[np.arange(len(similarity.classes)) % number] for number in k]), {}


def test_half_samples_that_cannot_be_clustered_are_counted_and_left_out(
    kingdoms: Taxonomy, caplog: pytest.LogCaptureFixture
) -> None:
    similarity = planted(QUARTERS, 0.4)
    found = resample(similarity, Fussy(), kingdoms.extents(class_ids()), (2,), 40, seed=0)
    assert found is not None
    with_first = [rows[0] == 0 for rows in half_samples(class_ids(), 40, 0)]
    np.testing.assert_array_equal(np.isnan(found.f1[:, 0]), with_first)
    assert f"{sum(with_first)} of 40 half-samples are left out of the intervals: the first class is here" in caplog.text
    whole = with_intervals(Scores(rows=(make_score(2, 0.75),), n_draws=99), found)
    assert whole.n_half_samples == 40 - sum(with_first)


def test_without_one_half_sample_that_can_be_clustered_there_are_no_intervals(
    kingdoms: Taxonomy, caplog: pytest.LogCaptureFixture
) -> None:
    never = Fussy(refused=class_ids())
    assert resample(planted(QUARTERS, 0.4), never, kingdoms.extents(class_ids()), (2,), 10, seed=0) is None
    assert "10 of 10 half-samples are left out of the intervals" in caplog.text


def test_a_warning_says_so_where_half_samples_differ_in_the_affinity(
    kingdoms: Taxonomy, caplog: pytest.LogCaptureFixture
) -> None:
    values = planted(QUARTERS, 0.4).values.copy()
    values[0, 1] = values[1, 0] = -0.1  # with both of these classes, similarities are no affinities
    similarity = replace(planted(QUARTERS, 0.4), values=values)
    with caplog.at_level(logging.WARNING):
        resample(similarity, Spectral(seeds=[0], neighbours=3), kingdoms.extents(class_ids()), (2,), 20, seed=0)
    assert "half-samples of the classes were clustered by different affinities" in caplog.text


def test_intervals_made_by_hand() -> None:
    rows = (make_score(2, 0.75), make_score(3, 0.97, 0.5), make_score(4, 0.5))
    f1 = [[0.5, 0.5, np.nan], [0.6, 0.7, np.nan]] * 5
    over = [[0.1, 0.3, np.nan], [0.3, 0.3, np.nan]] * 5
    found = with_intervals(Scores(rows=rows, n_draws=99), samples_of(f1, over))
    half = t.ppf(0.975, 9) * np.sqrt(10 / 9) * 0.05
    two, three, four = found.rows
    assert [two.f1_low, two.f1_high] == pytest.approx([0.75 - half, 0.75 + half])
    assert two.f1_adjusted_low == pytest.approx(0.5 - 2 * half)
    assert three.f1_high == 1.0  # no F1 is above 1
    assert three.f1_adjusted_low == pytest.approx(0.94)
    assert np.isnan([four.f1_low, four.f1_high, four.f1_adjusted_low, four.f1_adjusted_high]).all()
    assert found.n_half_samples == 10
    assert np.isnan(found.mean_margin)  # half of the classes cannot make 4 clusters, so no half-sample has that mean
    whole = with_intervals(Scores(rows=rows[:2], n_draws=99), samples_of([r[:2] for r in f1], [r[:2] for r in over]))
    assert whole.mean_margin == pytest.approx(half)  # of (.1 + .3) / 2 and (.3 + .3) / 2
    assert whole.mean_interval == interval_cell(0.72 - half, 0.72 + half)
    assert f"mean over k 0.72 {whole.mean_interval}." in whole.headline()
    assert whole.intervals().endswith("on average (10 half-samples of the classes).")
    assert found.intervals().endswith("for k up to 3, with 10 classes or more for each cluster).")


def test_scores_of_half_samples_survive_their_file(tmp_path: Path) -> None:
    made = samples_of([[0.5, np.nan]] * 10, [[0.1, np.nan]] * 10, seed=3, provenance={"metric": "cosine"})
    made.save(tmp_path / "half_samples.npz")
    found = ResampledScores.load(tmp_path / "half_samples.npz")
    assert (found.k, found.classes, found.seed) == (made.k, made.classes, 3)
    np.testing.assert_array_equal(found.f1, made.f1)
    np.testing.assert_array_equal(found.f1_adjusted, made.f1_adjusted)
    with pytest.raises(InputError, match="truncated or was not written by classvec"):
        ResampledScores.load(Path(__file__))


def test_the_ontology_clustered_finds_its_own_concepts(kingdoms: Taxonomy) -> None:
    extents, classes = kingdoms.extents(class_ids()), class_ids()
    path = path_similarity(kingdoms, classes)
    np.testing.assert_array_equal(path, similarities(kingdoms, classes)["path"])
    scores = score(ConceptNaming(extents), cluster(SINGLE, planted(HALVES, 0.4), k=[2, 4]), 20)
    found = with_ontology(scores, path, SINGLE, ConceptNaming(extents), [0, 1])
    assert [row.f1_ontology for row in found.rows] == [1.0, 1.0]  # animals and tools; fish, birds, saws and axes
    assert [row.f1_ontology_adjusted for row in found.rows] == [1.0, 1.0]
    assert [row.f1_mean for row in found.rows] == [row.f1_mean for row in scores.rows]


def test_an_ontology_that_cannot_be_clustered_is_left_out_with_a_warning(
    kingdoms: Taxonomy, caplog: pytest.LogCaptureFixture
) -> None:
    extents = kingdoms.extents(class_ids())
    scores = score(ConceptNaming(extents), cluster(SINGLE, planted(HALVES, 0.4), k=[2]), 20)
    assert with_ontology(scores, np.eye(N), Fussy(), ConceptNaming(extents), [0]) == scores
    assert "the ontology's own similarity is not clustered: the first class is here" in caplog.text


def curve(n_half_samples: int = 0, ontology: float = 0.9, low: float = 0.6) -> Scores:
    rows = [replace(make_score(k, 0.75), f1_ontology=ontology, f1_ontology_adjusted=ontology) for k in (2, 3)]
    if n_half_samples:
        rows = [replace(row, f1_low=low, f1_high=0.8) for row in rows]
    return Scores(rows=tuple(rows), n_draws=99, n_half_samples=n_half_samples)


def test_the_picture_says_what_its_bands_are_and_draws_what_curves_share_once() -> None:
    figure = figures.f1_curves({"one": curve(50), "two": curve(50, low=0.5)}, "title", ["two"])
    (names,) = [[text.get_text().replace("\n", " ") for text in legend.get_texts()] for legend in figure.legends]
    assert names == [
        "chance, same cluster sizes, range of all curves", "the ontology's own path similarity, clustered", "one", "two"
    ]  # fmt: skip
    words = str(figure.get_supxlabel())
    assert words.startswith(
        "Coloured bands are 95% intervals over the choice of classes: what other classes of this kind give on average"
    )
    assert ".\nDotted: controls" in words
    assert "bands overlap may differ all the same" in words
    bands = [np.asarray(band.get_paths()[0].vertices) for band in figure.axes[0].collections]
    assert len(bands) == 3  # one grey for chance, and one for each curve
    assert [float(band[:, 1].min()) for band in bands] == [0.4, 0.6, 0.5]


def test_levels_that_differ_are_both_drawn_and_a_picture_without_intervals_says_how_to_get_some() -> None:
    figure = figures.f1_curves({"one": curve(), "two": curve(ontology=0.8)}, "title")
    dashed = [line for line in figure.axes[0].get_lines() if line.get_linestyle() == "-."]
    assert [float(np.asarray(line.get_ydata())[0]) for line in dashed] == [0.9, 0.8]
    (names,) = [[text.get_text().replace("\n", " ") for text in legend.get_texts()] for legend in figure.legends]
    own = "the ontology's own path similarity, clustered as"
    assert names[1:3] == [f"{own} one", f"{own} two"]
    said = "No 95% intervals over classes: analysis.half_samples=50 adds them to runs of 20 to 3,000 classes."
    assert figure.get_supxlabel() == said


def test_cells_of_intervals() -> None:
    assert interval_cell(0.5, 0.625) == "[0.50, 0.62]"
    assert interval_cell(-0.001, 1.0) == "[0.00, 1.00]"
    assert interval_cell(float("nan"), float("nan")) == ""
