"""Subsets of layers: planted structure, against the ordinary scores, and a ranking that was killed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from classvec.analyses.subsets import SubsetRanking
from classvec.artifacts import ClassVectors, Float64, Similarity
from classvec.errors import InputError
from classvec.method.chance import expected_best_f1
from classvec.method.clusterers import Spectral
from classvec.method.metrics import Cosine
from classvec.method.naming import ConceptNaming
from classvec.method.scores import adjusted, score
from classvec.ontology.taxonomy import Taxonomy
from classvec.settings import Affinity
from tests.artifacts import HALVES, QUARTERS, N, analysed, class_ids, planted, similarity, spectral

RANKING = SubsetRanking(k=[2, 3, 4], seeds=[0], draws=20, splits=2)


@pytest.fixture
def combined(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The layers of every similarity that is made, in their order."""
    names: list[str] = []
    combine = Cosine.combine

    def watched(
        metric: Cosine, matrices: Mapping[str, Float64], vectors: ClassVectors, weights: Mapping[str, float]
    ) -> Float64:
        names.append("+".join(matrices))
        return combine(metric, matrices, vectors, weights)

    monkeypatch.setattr(Cosine, "combine", watched)
    return names


def test_subsets_are_ranked_by_what_was_planted(kingdoms: Taxonomy, tmp_path: Path, combined: list[str]) -> None:
    layers = {"low": planted([], 0.0, 7), "mid": planted(HALVES, 0.1, 8), "top": planted([*QUARTERS, *HALVES], 0.2, 9)}
    run = analysed(kingdoms, layers, tmp_path, groups={"top": ["top"], "all": list(layers)})
    combined.clear()
    found = RANKING.rank(run)
    assert len(found.members) == 7
    assert combined == ["+".join(c) for size in (1, 2, 3) for c in combinations(layers, size)]
    assert found.name(6) == "low"
    assert (np.diff(found.mean) <= 0).all()
    assert found.name(found.groups["top"]) == "top"
    assert found.members[found.groups["all"]].all()
    # the score of a subset is that of the ordinary way, chance from draws of its own
    naming = ConceptNaming(kingdoms.extents(class_ids()))
    alone = score(naming, spectral(run.layers["top"], seeds=[0]), 400)
    row = found.groups["top"]
    np.testing.assert_allclose(found.f1[row], [r.f1_mean for r in alone.rows])
    np.testing.assert_allclose(found.adjusted[row], [r.f1_adjusted for r in alone.rows], atol=0.05)


def test_the_result_says_what_the_choice_is_worth(kingdoms: Taxonomy, tmp_path: Path) -> None:
    layers = {"low": planted(HALVES, 0.4), "top": planted(QUARTERS, 0.4)}
    run = analysed(kingdoms, layers, tmp_path, groups={"top": ["top"]})
    result, found = RANKING(run), RANKING.rank(run)
    rows = result.tables["subsets"]
    assert [row["place"] for row in rows] == [1, 2, 3]
    assert [row["layers"] for row in rows] == [found.name(i) for i in range(3)]
    assert [row["adjusted"] for row in rows] == found.mean.tolist()
    assert result.values["subsets"]["held_out"] == found.held_out
    assert result.metrics == [("summary/chosen_subset_held_out", found.held_out, 0)]
    text = "\n".join(result.lines)
    assert "(mean over k = 2..4)" in text
    assert "The best of 3 is chosen, and so looks better than it is" in text
    assert f"{found.groups['top'] + 1:4d}  {found.mean[found.groups['top']]:.3f}  group top" in text


def test_a_ranking_that_was_killed_goes_on(
    kingdoms: Taxonomy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, combined: list[str]
) -> None:
    monkeypatch.setattr("classvec.analyses.subset_scores.SAVE_SECONDS", 0.0)
    layers = {"a": planted([], 0.0, 1), "b": planted(HALVES, 0.3, 2), "c": planted(QUARTERS, 0.3, 3)}
    whole = RANKING.rank(analysed(kingdoms, layers, tmp_path / "whole"))
    run = analysed(kingdoms, layers, tmp_path / "killed")
    combined.clear()
    with monkeypatch.context() as patch:
        adjusted_so_far = iter(range(1000))

        def killed(f1: float, chance: float) -> float:
            if next(adjusted_so_far) > 50:
                raise KeyboardInterrupt
            return adjusted(f1, chance)

        patch.setattr("classvec.analyses.subset_scores.adjusted", killed)
        with pytest.raises(KeyboardInterrupt):
            RANKING.rank(run)
    assert 1 < len(combined) < 7
    again = RANKING.rank(run)
    assert len(combined) == 7 + 1  # the one that was interrupted was done again
    np.testing.assert_array_equal(again.f1, whole.f1)
    assert again.held_out == whole.held_out
    RANKING.rank(run)
    assert len(combined) == 8
    replace(RANKING, seed=1).rank(run)
    assert len(combined) == 15  # other settings are another ranking


def test_subsets_that_cannot_be_clustered_are_left_out(
    kingdoms: Taxonomy, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad = planted([*QUARTERS, *HALVES], 0.2), similarity(1.001 * np.eye(N) - 0.001)
    both = analysed(kingdoms, {"bad": bad, "good": good}, tmp_path, groups={"all": ["bad", "good"]})
    RANKING.rank(both)
    signed = [f"graph of {n} nearest neighbours, since some similarities are negative" for n in (10, 5)]
    found = "; ".join([*signed, "similarity as it is"])  # 5: of the 12 classes of a half, at most half of the others
    words = f"subsets, or halves of the classes, were clustered by different affinities ({found})"
    assert words in caplog.text
    strict = Spectral(k=[2, 3, 4], seeds=[0, 1], affinity=Affinity.similarity)
    both = replace(both, method=replace(both.method, clustering=strict))
    result = RANKING(both)
    assert {row["layers"] for row in result.tables["subsets"]} == {"good", "bad+good"}
    assert result.values["subsets"]["failed"] == 1
    assert result.lines[-1] == "1 subsets could not be clustered and are left out."
    assert "bad left out: clustering.affinity=similarity needs similarities that are not negative" in caplog.text
    alone = replace(both, method=replace(both.method, layers=["bad"]))
    with pytest.raises(InputError, match="no subset of the layers can be clustered"):
        RANKING.rank(alone)


def halves_of(seed: int) -> list[NDArray[np.intp]]:
    """The two halves of the first split."""
    order = np.random.default_rng(seed).permutation(N)
    return [np.sort(order[: N // 2]), np.sort(order[N // 2 :])]


def within(groups: Sequence[Sequence[int]], part: NDArray[np.intp], seed: int) -> Similarity:
    """Classes of one half that are alike within groups; those of the other half are noise."""
    return planted([sorted(set(group) & set(part.tolist())) for group in groups], 0.6, seed)


def test_each_half_is_clustered_named_and_scored_alone(kingdoms: Taxonomy, tmp_path: Path) -> None:
    """Two layers, each of which knows one half of the classes: the best on one half is not the best on the other."""
    parts = halves_of(4)
    layers = {name: within(QUARTERS, part, i) for i, (name, part) in enumerate(zip("ab", parts, strict=True))}
    run = analysed(kingdoms, layers, tmp_path)
    ranking = SubsetRanking(k=[2, 3, 4], seeds=[7, 8], draws=50, splits=1, seed=4)
    found = ranking.rank(run)
    values = np.empty((3, 2))
    for row, names in enumerate((["a"], ["b"], ["a", "b"])):
        mean = np.mean([run.layers[name].values for name in names], axis=0)
        for half, part in enumerate(parts):
            naming = ConceptNaming(kingdoms.extents([class_ids()[i] for i in part]))
            alone = replace(similarity(mean[np.ix_(part, part)]), classes=tuple(class_ids()[i] for i in part))
            expected = expected_best_f1(naming, 50, 4)
            over = []
            for labels in spectral(alone, k=[2, 3, 4], seeds=[7]).labels[:, 0]:
                f1, chance = naming.best_f1(labels).mean(), expected[np.bincount(labels)].mean()
                over.append((f1 - chance) / (1 - chance))
            values[row, half] = np.mean(over)
    best = values.argmax(axis=0)
    assert best.tolist() == [0, 1]
    assert found.chosen == pytest.approx((values[0, 0] + values[1, 1]) / 2, abs=1e-6)
    assert found.held_out == pytest.approx((values[0, 1] + values[1, 0]) / 2, abs=1e-6)
    assert found.typical == pytest.approx(np.median(values, axis=0).mean(), abs=1e-6)
    assert found.held_out < found.chosen - 0.3


def test_what_a_half_says_does_not_depend_on_the_other(kingdoms: Taxonomy, tmp_path: Path) -> None:
    """Only the similarities between the two halves differ: all classes have other clusters, each half the same."""
    one, other = halves_of(0)
    apart, mixed = (planted(QUARTERS, 0.4, 3) for _ in range(2))
    for rows, columns in ((one, other), (other, one)):
        apart.values[np.ix_(rows, columns)] *= 0.1
    ranking = SubsetRanking(k=[2, 3, 4], seeds=[0], draws=20, splits=1)
    first, second = (
        ranking.rank(analysed(kingdoms, {"a": layer}, tmp_path / name))
        for name, layer in (("apart", apart), ("mixed", mixed))
    )
    assert not np.allclose(first.f1, second.f1)
    assert (first.chosen, first.held_out, first.typical) == (second.chosen, second.held_out, second.typical)


def test_choosing_among_noise_is_worth_nothing_on_other_classes(kingdoms: Taxonomy, tmp_path: Path) -> None:
    ranking = SubsetRanking(k=[2, 3, 4], seeds=[0], draws=50, splits=3)
    lost = []
    for trial in range(6):
        layers = {name: planted([], 0.0, 10 * trial + i) for i, name in enumerate("abc")}
        found = ranking.rank(analysed(kingdoms, layers, tmp_path / str(trial)))
        lost.append(found.chosen - found.held_out)
        assert abs(found.held_out) < 0.15
    print(f"chosen minus held out: {np.mean(lost):.3f}, standard error {np.std(lost, ddof=1) / np.sqrt(6):.3f}")
    assert np.mean(lost) > 3 * np.std(lost, ddof=1) / np.sqrt(6)


def test_a_part_of_a_group_does_not_pass_for_it(kingdoms: Taxonomy, tmp_path: Path) -> None:
    layers = {"a": planted(HALVES, 0.3), "b": planted(QUARTERS, 0.3)}
    run = analysed(kingdoms, layers, tmp_path, groups={"top": ["b"], "all": ["a", "b", "c"]})
    assert list(replace(RANKING, k=[2, 3], draws=5, splits=1).rank(run).groups) == ["top"]


def test_a_run_without_groups_has_a_picture_too(kingdoms: Taxonomy, tmp_path: Path) -> None:
    result = RANKING(analysed(kingdoms, {"a": planted(HALVES, 0.3)}, tmp_path))
    assert result.charts["subsets"].figure.axes[0].get_legend() is None


def test_rankings_that_make_no_sense_are_refused() -> None:
    ranking = SubsetRanking(k=[2, 8], seeds=[0])
    ranking.check(["a"] * 12, 18)
    with pytest.raises(InputError, match="all subsets of 13 layers are 8,191 subsets: expected at most 12"):
        ranking.check(["a"] * 13, 18)
    for n_classes in (16, 17):
        words = (
            rf"layers\.subsets\.k=\[2, 8\]: expected numbers from 2 to 7, since each half of the {n_classes} classes"
        )
        with pytest.raises(InputError, match=words):
            ranking.check(["a"], n_classes)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"seeds": []}, r"seeds=\[\]: expected one or more values, each once"),
        ({"seeds": [0, 0]}, r"seeds=\[0, 0\]: expected one or more values, each once"),
        ({"k": []}, r"k=\[\]: expected one or more values, each once"),
        ({"k": [2, 2]}, r"k=\[2, 2\]: expected one or more values, each once"),
        ({"k": [1, 2]}, r"k=\[1, 2\]: expected at least 2"),
        ({"draws": 0}, "draws=0: expected at least 1"),
        ({"splits": 0}, "splits=0: expected at least 1"),
    ]
    for keys, words in wrong:
        with pytest.raises(InputError, match=rf"layers\.subsets\.{words}"):
            replace(ranking, **keys)


def test_a_run_that_cannot_be_ranked_is_refused(kingdoms: Taxonomy, tmp_path: Path) -> None:
    run = analysed(kingdoms, {"a": planted(HALVES, 0.3)}, tmp_path)
    with pytest.raises(InputError, match="expected numbers from 2 to 11, since each half of the 24 classes"):
        replace(RANKING, k=[12])(run)
