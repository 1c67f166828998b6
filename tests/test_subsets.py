"""Subsets of layers: planted structure, against the ordinary scores, and a ranking that was killed."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classvec.analyses.subsets import SubsetRanking
from classvec.artifacts import ClassVectors, Float64
from classvec.errors import InputError
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
    signed = "graph of 10 nearest neighbours, since some similarities are negative"
    words = f"subsets were clustered by different affinities ({signed}; similarity as it is)"
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


def test_a_part_of_a_group_does_not_pass_for_it(kingdoms: Taxonomy, tmp_path: Path) -> None:
    layers = {"a": planted(HALVES, 0.3), "b": planted(QUARTERS, 0.3)}
    run = analysed(kingdoms, layers, tmp_path, groups={"top": ["b"], "all": ["a", "b", "c"]})
    assert list(replace(RANKING, k=[2, 3], draws=5, splits=1).rank(run).groups) == ["top"]


def test_a_run_without_groups_has_a_picture_too(kingdoms: Taxonomy, tmp_path: Path) -> None:
    result = RANKING(analysed(kingdoms, {"a": planted(HALVES, 0.3)}, tmp_path))
    assert result.charts["subsets"].figure.axes[0].get_legend() is None


def test_rankings_that_make_no_sense_are_refused() -> None:
    ranking = SubsetRanking(k=[2, 8], seeds=[0])
    ranking.check(["a"] * 12, 16)
    with pytest.raises(InputError, match="all subsets of 13 layers are 8,191 subsets: expected at most 12"):
        ranking.check(["a"] * 13, 16)
    with pytest.raises(InputError, match=r"layers\.subsets\.k=\[2, 8\]: expected numbers from 2 to half of the 15"):
        ranking.check(["a"], 15)
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
    with pytest.raises(InputError, match="expected numbers from 2 to half of the 24 classes"):
        replace(RANKING, k=[13])(run)
