"""Stability, depth, genealogy, subsets: plain loops, hand-made trees, planted structure, a ranking that was killed."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from classvec.analysis.analyst import Analyst
from classvec.analysis.depth import concepts_by_depth
from classvec.analysis.genealogy import genealogy
from classvec.analysis.stability import over_seeds, stability
from classvec.analysis.subsets import SubsetRanking
from numpy.typing import NDArray

from classvec import figures, findings
from classvec.artifacts import Clusterings, Evaluation, Extents, Neighbours, RunCard, Similarity, SubsetScores
from classvec.errors import InputError
from classvec.method.clusterers import Agglomerative, Spectral
from classvec.method.clustering import Clustering, cluster
from classvec.method.naming import ConceptNaming, name_clusters
from classvec.method.scores import adjusted, score
from classvec.ontology.taxonomy import Concept, Taxonomy
from tests.test_agreement import similarity
from tests.test_labelling import clusterings
from tests.test_similarity import vectors

N = 24


@pytest.fixture
def kingdoms() -> Taxonomy:
    """Animals (fish, birds) and tools (saws, axes), six classes of each kind."""
    kinds = {"fish": "animal", "bird": "animal", "saw": "tool", "axe": "tool"}
    rows = [("thing", ()), ("animal", ("thing",)), ("tool", ("thing",)), *((k, (p,)) for k, p in kinds.items())]
    classes = [(class_id, (kind,)) for class_id, kind in zip(names(), np.repeat(list(kinds), 6), strict=True)]
    concepts = (Concept(i, f"{i}.n.01", i, tuple(map(str, above))) for i, above in [*rows, *classes])
    return Taxonomy(concepts, source="hand-made")


def names() -> tuple[str, ...]:
    return tuple(f"n{i:08d}" for i in range(N))


def planted(groups: Sequence[Sequence[int]], strength: float, seed: int = 0) -> Similarity:
    """Classes that are alike within groups, with noise."""
    rng = np.random.default_rng(seed)
    values = rng.uniform(0.0, 0.2, size=(N, N))
    for members in groups:
        values[np.ix_(members, members)] += strength
    values = (values + values.T) / 2.0
    np.fill_diagonal(values, 1.0)
    return similarity(values)


HALVES = [range(12), range(12, 24)]
QUARTERS = [range(i, i + 6) for i in range(0, 24, 6)]
SPECTRAL = Spectral(k=[2, 3, 4], seeds=[0, 1])
spectral = partial(cluster, SPECTRAL)


def test_stability_over_seeds_is_the_mean_over_pairs() -> None:
    found = clusterings([[[0, 0, 1, 1, 1]] * 3])
    matrix = np.array([[[1.0, 0.2, 0.4], [0.2, 1.0, 0.9], [0.4, 0.9, 1.0]]])
    assert over_seeds(replace(found, agreement=matrix)) == {2: pytest.approx(1.5 / 3)}
    alone = clusterings([[[0, 0, 1, 1, 1]]])
    assert np.isnan(over_seeds(alone)[2])
    assert over_seeds(replace(alone, has_seeds=False)) == {2: 1.0}
    assert over_seeds(cluster(Agglomerative(k=[2]), planted(HALVES, 0.5))) == {2: 1.0}


def test_halves_tell_structure_from_noise() -> None:
    whole = spectral(planted(QUARTERS, 0.5))
    alike = stability(whole, (planted(QUARTERS, 0.5, 1), planted(QUARTERS, 0.5, 2)), spectral, 19)
    unlike = stability(whole, (planted([], 0.0, 1), planted([], 0.0, 2)), spectral, 19)
    assert alike.halves is not None
    assert unlike.halves is not None
    assert alike.halves.ari[4] == 1.0
    assert abs(unlike.halves.ari[4]) < 0.3
    assert alike.halves.mantel_p == 1.0 / 20
    r = alike.halves.mantel
    assert alike.reliability == pytest.approx(2 * r / (1 + r))
    assert stability(whole, None, spectral).halves is None
    few = replace(planted([], 0.0), values=np.eye(5), classes=names()[:5])
    part = stability(whole, (few, few), spectral, 5)
    assert part.left_out == N - 5


def test_f1_of_concepts_equals_a_plain_loop(kingdoms: Taxonomy) -> None:
    extents = kingdoms.extents(names())
    naming = ConceptNaming(extents)
    labels = np.random.default_rng(0).integers(4, size=(3, 2, N))
    found = naming.concept_f1(labels)
    for row, at in enumerate(naming.leaders):
        concept = set(extents.under[at].tolist())
        for k in range(3):
            best = []
            for seed in range(2):
                clusters = [set(np.flatnonzero(labels[k, seed] == c).tolist()) for c in range(4)]
                best.append(max(2 * len(concept & c) / (len(concept) + len(c)) for c in clusters))
            assert found[k, row] == pytest.approx(np.mean(best), abs=1e-6)
    bars = naming.concept_chance(labels, 30, 0)
    rng = np.random.default_rng(0)
    draws = [naming.concept_f1(labels[:, :, rng.permutation(N)]).max(axis=0) for _ in range(30)]
    np.testing.assert_array_equal(bars, np.max(draws, axis=0))


def test_concepts_appear_in_the_layer_where_they_were_planted(kingdoms: Taxonomy) -> None:
    layers = {"low": planted([], 0.0), "mid": planted(HALVES, 0.5), "top": planted(QUARTERS, 0.5)}
    naming = ConceptNaming(kingdoms.extents(names()))
    depth = concepts_by_depth(naming, {name: spectral(s) for name, s in layers.items()}, 50, 0, 0.5)
    found = {c.name: depth.layers[int(c.by_layer.argmax())] for c in depth.concepts}
    assert found == {"animal": "mid", "tool": "mid", "fish": "top", "bird": "top", "saw": "top", "axe": "top"}
    first = [depth.first_layer(c) for c in depth.concepts]
    assert first == sorted(first)
    assert 0 not in first  # the lowest layer is noise
    assert next(c for c in depth.concepts if c.name == "animal").f1[1, 0] == 1.0
    assert depth.n_concepts == 7 + N
    noise = {"a": spectral(planted([], 0.0, 5)), "b": spectral(planted([], 0.0, 6))}
    assert concepts_by_depth(naming, noise, 50, 0, 0.5).concepts == ()


def test_flows_and_trees_by_hand(kingdoms: Taxonomy) -> None:
    first = np.repeat([0, 1], 12)
    second = np.repeat([2, 0, 1], [6, 6, 12])  # the animals split
    third = second.copy()
    third[[0, 23]] = 3  # a cluster from two others
    labels = [np.stack([rows])[None] for rows in (first, second, third)]
    found = Clusterings(
        labels=np.concatenate(labels), k=(2, 3, 4), seeds=(0,), classes=names(), agreement=np.ones((3, 1, 1)),
        provenance={},
    )  # fmt: skip
    named = name_clusters(ConceptNaming(kingdoms.extents(names())), found)
    kinds, halves = (np.kron(np.eye(n), np.ones((N // n, N // n))) for n in (4, 2))
    path = (kinds + halves) / 4
    tree = genealogy(named, planted(QUARTERS, 0.5), path)
    counts = {(f.k, f.cluster, f.next_cluster): f.n_classes for f in tree.flows}
    assert counts == {
        (2, 0, 0): 6, (2, 0, 2): 6, (2, 1, 1): 12, (3, 0, 0): 6, (3, 1, 1): 11, (3, 2, 2): 5,
        (3, 1, 3): 1, (3, 2, 3): 1,
    }  # fmt: skip
    assert tree.split == {2: 1.0, 3: pytest.approx(23 / 24)}
    assert sum(f.n_classes for f in tree.flows if f.k == 3) == N
    assert tree.k == 4
    assert tree.network.shape == tree.wordnet.shape == (3, 4)
    assert -1.0 <= tree.spearman <= 1.0


def test_a_tree_counts_classes_not_clusters(kingdoms: Taxonomy) -> None:
    """Clusters of 10, 1 and 13 classes: the third is 2 from the first and 4 from the second, on average 24 / 11."""
    rows = np.repeat([0, 1, 2], [10, 1, 13])
    found = Clusterings(
        labels=rows[None, None], k=(3,), seeds=(0,), classes=names(), agreement=np.ones((1, 1, 1)), provenance={}
    )
    between = np.array([[0.0, 1.0, 2.0], [1.0, 0.0, 4.0], [2.0, 4.0, 0.0]])
    like = replace(planted([], 0.0), values=between[rows][:, rows], kind="distance", power=2)
    tree = genealogy(name_clusters(ConceptNaming(kingdoms.extents(names())), found), like, np.ones((N, N)))
    # leaves are sorted by size: 13, 10, 1
    np.testing.assert_allclose(tree.network, [[1, 2, 1.0, 2], [0, 3, (10 * 2.0 + 4.0) / 11, 3]])


def test_clusters_split_upwards_in_whatever_order_k_was_given(kingdoms: Taxonomy) -> None:
    like = planted([*QUARTERS, *HALVES], 0.3)
    shuffled = evaluated(kingdoms, like, Spectral(k=[2, 9, 4], seeds=[0]))
    tree = genealogy(shuffled.labels, like, like.values)
    assert {(flow.k, flow.next_k) for flow in tree.flows} == {(2, 4), (4, 9)}
    assert tree.k == 9
    assert figures.genealogy(tree, shuffled.labels, "shuffled").axes


def test_what_only_equals_chance_is_no_cluster(kingdoms: Taxonomy) -> None:
    naming = ConceptNaming(kingdoms.extents(names()))
    depth = concepts_by_depth(
        naming, {"a": spectral(planted(QUARTERS, 0.5)), "b": spectral(planted(HALVES, 0.5))}, 5, 0, 0.5
    )
    concept = replace(depth.concepts[0], f1=np.array([[0.8], [0.9]]), bar=0.8)
    assert depth.first_layer(concept) == 1
    assert depth.is_cluster(replace(concept, bar=0.1, f1=np.array([[0.5], [0.4999]]))).tolist() == [True, False]


def test_halves_need_classes_with_two_images(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    from classvec.method.halves import half_similarities
    from classvec.method.method import Method
    from classvec.method.metrics import Centred, Cosine

    whole = vectors({"a": 9}, n=8)
    block = whole.layers["a"]
    assert half_similarities(whole, Method(layers=["a"], metric=Cosine(), clustering=SPECTRAL)) is None
    for n_pairs in (0, 1, 3, 5):
        unit = np.stack([block.unit, block.unit[:, ::-1]]).copy()
        unit[:, n_pairs:] = 0.0
        halved = replace(block, halves=unit, half_norms=np.stack([block.norms] * 2))
        images = np.where(np.arange(8) < n_pairs, 2, 1)
        split = replace(whole, layers={"a": halved}, n_images=images, path=tmp_path / str(n_pairs))
        for metric in (Cosine(), Centred()):
            found = half_similarities(split, Method(layers=["a"], metric=metric, clustering=SPECTRAL))
            assert (found is None) == (n_pairs < 4)
            if found is not None:
                assert [half.values.shape for half in found] == [(5, 5)] * 2
                assert found[0].classes == whole.classes[:5]
    assert "no halves to compare: 1 classes have two images or more, wanted 4" in caplog.text


def test_trees_of_the_same_distances_agree(kingdoms: Taxonomy) -> None:
    quarters = spectral(planted(QUARTERS, 0.5))
    named = name_clusters(ConceptNaming(kingdoms.extents(names())), quarters)
    noisy = planted([*QUARTERS, *HALVES], 0.3)
    tree = genealogy(named, noisy, noisy.values)
    assert tree.spearman == pytest.approx(1.0)
    np.testing.assert_allclose(tree.network, tree.wordnet)


def ranking_over(
    layers: dict[str, Similarity], taxonomy: Taxonomy, folder: Path, seen: list[str] | None = None, **more: int
) -> Callable[[], SubsetScores]:
    def combine(chosen: Sequence[str]) -> Similarity:
        if seen is not None:
            seen.append("+".join(chosen))
        return similarity(np.mean([layers[name].values for name in chosen], axis=0))

    ranking = SubsetRanking(k=[2, 3, 4], seeds=[0], draws=20, splits=2, **more)
    extents = taxonomy.extents(names())
    return lambda: ranking(combine, partial(spectral, seeds=[0]), list(layers), {"top": ["top"], "all": list(layers)},
                           extents, {"metric": "cosine"}, folder)  # fmt: skip


def test_subsets_are_ranked_by_what_was_planted(kingdoms: Taxonomy, tmp_path: Path) -> None:
    layers = {"low": planted([], 0.0, 7), "mid": planted(HALVES, 0.1, 8), "top": planted([*QUARTERS, *HALVES], 0.3, 9)}
    seen: list[str] = []
    found = ranking_over(layers, kingdoms, tmp_path, seen)()
    assert len(found.members) == 7
    assert seen == ["+".join(c) for size in (1, 2, 3) for c in combinations(layers, size)]
    assert found.name(6) == "low"
    assert (np.diff(found.mean) <= 0).all()
    assert found.name(found.groups["top"]) == "top"
    assert found.members[found.groups["all"]].all()
    # the score of a subset is that of the ordinary way, chance from draws of its own
    naming = ConceptNaming(kingdoms.extents(names()))
    alone = score(naming, spectral(layers["top"], seeds=[0]), 400)
    row = found.groups["top"]
    np.testing.assert_allclose(found.f1[row], [r.f1_mean for r in alone.rows])
    np.testing.assert_allclose(found.adjusted[row], [r.f1_adjusted for r in alone.rows], atol=0.05)


def test_a_ranking_that_was_killed_goes_on(kingdoms: Taxonomy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classvec.analyses.subsets.SAVE_SECONDS", 0.0)
    layers = {"a": planted([], 0.0, 1), "b": planted(HALVES, 0.3, 2), "c": planted(QUARTERS, 0.3, 3)}
    whole = ranking_over(layers, kingdoms, tmp_path / "whole")()
    seen: list[str] = []
    with monkeypatch.context() as patch:
        adjusted_so_far = iter(range(1000))

        def killed(f1: float, chance: float) -> float:
            if next(adjusted_so_far) > 50:
                raise KeyboardInterrupt
            return adjusted(f1, chance)

        patch.setattr("classvec.analyses.subsets.adjusted", killed)
        with pytest.raises(KeyboardInterrupt):
            ranking_over(layers, kingdoms, tmp_path / "killed", seen)()
    n_seen = len(seen)
    assert 1 < n_seen < 7
    again = ranking_over(layers, kingdoms, tmp_path / "killed", seen)()
    assert len(seen) == 7 + 1  # the one that was interrupted was done again
    np.testing.assert_array_equal(again.f1, whole.f1)
    assert again.held_out == whole.held_out
    ranking_over(layers, kingdoms, tmp_path / "killed", seen)()
    assert len(seen) == 8
    ranking_over(layers, kingdoms, tmp_path / "killed", seen, seed=1)()
    assert len(seen) == 15  # other settings are another ranking


def test_subsets_that_cannot_be_clustered_are_left_out(kingdoms: Taxonomy, tmp_path: Path) -> None:
    negative = replace(planted([], 0.0), values=np.full((N, N), -1e-4))
    found = ranking_over({"bad": negative, "good": planted(QUARTERS, 5.0)}, kingdoms, tmp_path)()
    assert found.failed == 1
    assert {found.name(i) for i in range(2)} == {"good", "bad+good"}
    with pytest.raises(InputError, match="no subset of the layers can be clustered"):
        ranking_over({"bad": negative}, kingdoms, tmp_path / "none")()


def test_a_part_of_a_group_does_not_pass_for_it(kingdoms: Taxonomy, tmp_path: Path) -> None:
    layers = {"a": planted(HALVES, 0.3), "b": planted(QUARTERS, 0.3)}
    ranking = SubsetRanking(k=[2, 3], seeds=[0], draws=5, splits=1)
    groups = {"top": ["b"], "all": ["a", "b", "c"]}
    found = ranking(lambda names: layers[names[-1]], partial(spectral, k=[2, 3], seeds=[0]), ["a", "b"], groups,
                    kingdoms.extents(names()), {}, tmp_path)  # fmt: skip
    assert list(found.groups) == ["top"]


def test_rankings_that_make_no_sense_are_refused() -> None:
    ranking = SubsetRanking(k=[2, 8], seeds=[0])
    ranking.check(["a"] * 12, 16)
    with pytest.raises(InputError, match="13 layers means 8,191 subsets: wanted at most 12"):
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


def test_expected_f1_by_size_is_what_draws_reach(kingdoms: Taxonomy) -> None:
    naming = ConceptNaming(kingdoms.extents(names()))
    table = naming.expected_best_f1(600, 0)
    assert table[0] == 0.0
    assert table[N] == pytest.approx(1.0)  # all classes are the things
    labels = np.repeat([0, 1, 2], [3, 8, 13])
    drawn = naming.chance(labels[None, None], 600, 1).mean()
    assert table[[3, 8, 13]].mean() == pytest.approx(drawn, abs=0.02)


def test_best_f1_of_parts_ignores_empty_clusters(kingdoms: Taxonomy) -> None:
    extents = kingdoms.extents(names())
    part = extents.of_classes(np.arange(12))
    assert part.classes == names()[:12]
    assert "tool" not in part.names
    labels = np.repeat([0, 1, 2], [6, 6, 12])[:12]
    ((best, sizes),) = ConceptNaming(part).best_and_sizes(np.append(labels, 3)[:12][None, None])
    np.testing.assert_array_equal(sizes, [6, 6])
    np.testing.assert_array_equal(best, [1.0, 1.0])


def evaluated(taxonomy: Taxonomy, like: Similarity, clustering: Clustering = SPECTRAL) -> Evaluation:
    found = cluster(clustering, like)
    naming = ConceptNaming(taxonomy.extents(like.classes))
    index: NDArray[np.int64] = np.zeros((len(like.classes), 1), dtype=np.int64)
    return Evaluation(
        vectors=vectors({"a": 3}, n=len(like.classes)), similarity=like,
        neighbours=Neighbours(index=index, values=np.zeros((len(like.classes), 1))), clusterings=found,
        labels=name_clusters(naming, found), scores=score(naming, found, 5),
    )  # fmt: skip


@pytest.mark.parametrize("clustering", [SPECTRAL, Agglomerative(k=[2, 3, 4])])
def test_everything_that_is_found_is_written(clustering: Clustering, kingdoms: Taxonomy, tmp_path: Path) -> None:
    like = planted([*QUARTERS, *HALVES], 0.3)
    layers = {"low": planted(HALVES, 0.4), "top": planted(QUARTERS, 0.4)}
    evaluation = evaluated(kingdoms, like, clustering)
    halves = planted(QUARTERS, 0.4, 1), planted(QUARTERS, 0.4, 2)
    analyst = Analyst(depth=True, permutations=9, draws=5)
    found = analyst(evaluation, layers, halves, clustering, kingdoms)
    found = replace(found, subsets=ranking_over(layers, kingdoms, tmp_path / "subsets")())
    card = RunCard(name="run", sweep_id="", choices={}, data="", data_source="", config="")
    pictures = findings.write(found, evaluation, card, tmp_path)
    assert set(pictures) == {"agreement", "layers", "stability", "genealogy", "dendrogram", "depth", "subsets"}
    for name, path in pictures.items():
        assert path.read_bytes().startswith(b"\x89PNG")
        if name != "dendrogram":
            assert len((tmp_path / f"{name}.csv").read_text().splitlines()) > 1
    metrics = findings.metrics(found)
    assert {n for n, _, _ in metrics} >= {"wordnet/path", "clusters/halves", "summary/wordnet_lin",
                                          "summary/reliability", "summary/chosen_subset_held_out"}  # fmt: skip
    assert [step for name, _, step in metrics if name == "wordnet/path"] == [1, 2]
    text = findings.summary(found)
    assert "whole sets would" in text
    assert "The best of 3 is chosen, and so looks better than it is" in text


def test_analysts_refuse_what_makes_no_sense(tmp_path: Path) -> None:
    for wrong, words in (
        ({"permutations": 0}, r"analysis\.permutations=0: expected at least 1"),
        ({"draws": 0}, r"analysis\.draws=0: expected at least 1"),
        ({"seeds": []}, r"analysis\.seeds=\[\]: expected one or more values, each once"),
        ({"seeds": [0, 0]}, r"analysis\.seeds=\[0, 0\]: expected one or more values, each once"),
        ({"least": 0.0}, r"analysis\.least=0\.0: expected more than 0 and at most 1"),
        ({"least": 1.1}, r"analysis\.least=1\.1: expected more than 0 and at most 1"),
        ({"information": tmp_path / "none.dat"}, "no such file; expected counts"),
    ):
        with pytest.raises(InputError, match=words):
            Analyst(**wrong)


def test_what_is_found_outside_tables_is_kept(kingdoms: Taxonomy, tmp_path: Path) -> None:
    like = planted([*QUARTERS, *HALVES], 0.3)
    evaluation = evaluated(kingdoms, like)
    halves = planted(QUARTERS, 0.4, 1), planted(QUARTERS, 0.4, 2)
    found = Analyst(permutations=9)(evaluation, {"a": like}, halves, SPECTRAL, kingdoms)
    card = RunCard(name="run", sweep_id="", choices={}, data="", data_source="", config="")
    findings.write(found, evaluation, card, tmp_path)
    kept = json.loads((tmp_path / "findings.json").read_text())
    assert kept["halves"]["reliability"] == pytest.approx(found.stability.reliability)  # type: ignore[union-attr]
    assert set(kept["only_split"]) == {"2", "3"}
    opposed = replace(halves[1], values=2.0 - halves[0].values)
    unlike = stability(evaluation.clusterings, (halves[0], opposed), spectral, 5)
    assert np.isnan(unlike.reliability)  # of halves that do not agree nothing can be foretold


def test_many_classes_get_what_grows_with_them_only(
    kingdoms: Taxonomy, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    like = planted(QUARTERS, 0.5)
    evaluation = evaluated(kingdoms, like)
    found = Analyst(most_classes=10)(evaluation, {"a": like}, None, SPECTRAL, kingdoms)
    assert found.agreement == ()
    assert found.genealogy is None
    assert found.stability is not None
    assert "no agreement, depth and genealogy of 24 classes" in caplog.text
    card = RunCard(name="run", sweep_id="", choices={}, data="", data_source="", config="")
    assert set(findings.write(found, evaluation, card, tmp_path)) == {"stability"}


def test_a_layer_that_cannot_be_clustered_is_left_out_of_the_depths(
    kingdoms: Taxonomy, caplog: pytest.LogCaptureFixture
) -> None:
    like = planted(QUARTERS, 0.5)
    layers = {"signed": replace(like, values=like.values - 0.5), "top": like}
    found = Analyst(depth=True, permutations=3, draws=5)(evaluated(kingdoms, like), layers, None, SPECTRAL, kingdoms)
    assert found.depth is not None
    assert found.depth.layers == ("top",)
    assert "layer signed is left out of the concepts by depth" in caplog.text
    assert [row.layer for row in found.agreement][::6] == ["combined", "signed", "top"]


def test_a_tree_is_turned_so_that_few_lines_cross() -> None:
    from classvec.figures.genealogy import _turned

    joins = np.array([[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 2.0, 3.0]])
    np.testing.assert_array_equal(_turned(joins, np.array([0, 1, 2]))[:, :2], [[0, 1], [3, 2]])
    np.testing.assert_array_equal(_turned(joins, np.array([2, 1, 0]))[:, :2], [[1, 0], [2, 3]])


def test_a_picture_of_one_k_needs_no_bands(kingdoms: Taxonomy) -> None:
    evaluation = evaluated(kingdoms, planted(QUARTERS, 0.5), Spectral(k=[9], seeds=[0]))
    tree = genealogy(evaluation.labels, evaluation.similarity, evaluation.similarity.values)
    assert tree.flows == ()
    assert figures.genealogy(tree, evaluation.labels, "one").axes


def test_extents_are_those_of_the_taxonomy(kingdoms: Taxonomy) -> None:
    whole = kingdoms.extents(names())
    rows = np.array([0, 5, 6, 20])
    part, direct = whole.of_classes(rows), kingdoms.extents([names()[i] for i in rows])

    def plain(extents: Extents) -> dict[str, list[int]]:
        return {c: under.tolist() for c, under in zip(extents.concepts, extents.under, strict=True)}

    assert plain(part) == plain(direct)
