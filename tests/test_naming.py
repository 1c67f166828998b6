"""F1 by hand, against a plain loop over closures, and the chance levels that are known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from classvec.artifacts import Extents
from classvec.errors import InputError
from classvec.method.chance import chance_draws, concept_chance, expected_best_f1
from classvec.method.labels import name_clusters
from classvec.method.naming import ConceptNaming
from classvec.method.scores import adjusted, score
from classvec.ontology import wordnet
from classvec.ontology.taxonomy import Taxonomy
from tests.artifacts import CLASSES, N, class_ids, clusterings


def real_extents(real_data: Path) -> Extents:
    classes = sorted(path.name for path in (real_data / "data" / "imagenet-sample").iterdir())
    return wordnet.load(classes).extents(classes)


def test_f1_by_hand(taxonomy: Taxonomy) -> None:
    naming = ConceptNaming(taxonomy.extents(CLASSES))
    first, second = naming.name(np.array([0, 0, 1, 1, 1]))
    assert first.best.name == "tool"  # saw, axe, robodog: all of the cluster, all of the tools
    assert (first.best.precision, first.best.recall, first.best.f1) == (1.0, 1.0, 1.0)
    assert first.members == (2, 3, 4)
    assert second.best.name == "being"  # dog, cat of the three beings dog, cat, robodog
    assert second.best.precision == 1.0
    assert second.best.recall == 2.0 / 3
    assert second.best.f1 == 4.0 / 5
    assert second.best.same_extent == ("creature",)
    assert [match.f1 for match in second.matches] == sorted((match.f1 for match in second.matches), reverse=True)
    assert "creature" not in [match.name for match in second.matches]


def test_the_papers_example() -> None:
    # Precision .85 and recall .90 give .874: 153 classes under the concept and in the cluster, of 170 and of 180.
    extents = Extents(
        under=(np.arange(170),), concepts=("c",), synsets=("c",), names=("c",), source="x",
        classes=tuple(map(str, range(400))), class_names=tuple(map(str, range(400))),
    )  # fmt: skip
    labels = np.ones(400, dtype=np.int64)
    labels[:153] = 0
    labels[373:] = 0
    match = next(label for label in ConceptNaming(extents).name(labels) if label.cluster == 0).best
    assert (match.precision, match.recall) == (0.85, 0.9)
    assert round(match.f1, 3) == 0.874


def test_ties_go_to_the_more_general_concept_then_to_the_name(taxonomy: Taxonomy) -> None:
    naming = ConceptNaming(taxonomy.extents(["dog", "saw"]))
    label = naming.name(np.array([0, 0]))[0]
    assert label.best.name == "thing"
    assert [match.name for match in label.matches[1:]] == ["being", "tool"]  # both 2/3, in the order of their names


def test_f1_equals_a_plain_loop_over_closures() -> None:
    taxonomy = wordnet.embedded()
    classes = sorted(c for c in taxonomy.concepts if taxonomy.depth[c] > 8)[::9]
    labels = np.random.default_rng(0).integers(0, 6, len(classes))
    naming = ConceptNaming(taxonomy.extents(classes))
    for cluster in range(6):
        members = {c for c, label in zip(classes, labels, strict=True) if label == cluster}
        best = 0.0
        for concept in {above for c in classes for above in taxonomy.closure(c)}:
            under = {c for c in classes if concept in taxonomy.closure(c)}
            both = len(under & members)
            if both:
                precision, recall = both / len(members), both / len(under)
                best = max(best, 2 * precision * recall / (precision + recall))
        assert naming.best_f1(labels)[cluster] == pytest.approx(best, abs=1e-15)


def test_renaming_clusters_and_permuting_classes_change_nothing(taxonomy: Taxonomy) -> None:
    labels = np.array([0, 1, 2, 2, 0])
    order = np.array([4, 2, 0, 1, 3])
    one = ConceptNaming(taxonomy.extents(CLASSES)).best_f1(labels)
    other = ConceptNaming(taxonomy.extents([CLASSES[i] for i in order])).best_f1((2 - labels)[order])
    np.testing.assert_array_equal(one, other[::-1])


def test_chance_is_the_mean_over_permutations_of_the_classes(taxonomy: Taxonomy) -> None:
    from itertools import permutations

    naming = ConceptNaming(taxonomy.extents(CLASSES))
    labels = np.array([[[0, 0, 1, 1, 1]]])
    exact = np.mean([naming.best_f1(labels[0, 0][list(order)]).mean() for order in permutations(range(5))])
    draws = chance_draws(naming, labels, 4000, seed=1)
    assert draws.shape == (4000, 1)
    assert draws.mean() == pytest.approx(exact, abs=0.005)


def test_score_by_hand(taxonomy: Taxonomy) -> None:
    naming = ConceptNaming(taxonomy.extents(CLASSES))
    found = score(naming, clusterings([[[0, 0, 1, 1, 1], [1, 1, 0, 0, 0], [0, 1, 1, 1, 1]]]), n_draws=50, seed=3)
    row = found.at(2)
    # dog and cat .8 with saw, axe, robodog 1: .9; dog alone 2/3 with the rest: tool 6/7
    assert row.f1_max == pytest.approx(0.9)
    assert row.f1_min == pytest.approx((2.0 / 3 + 8.0 / 9) / 2)
    assert row.f1_mean == pytest.approx((0.9 + 0.9 + row.f1_min) / 3)
    assert row.f1_weighted == pytest.approx((2 * (2 * 0.8 + 3 * 1.0) / 5 + (1 * 2.0 / 3 + 4 * 8.0 / 9) / 5) / 3)
    assert row.smallest == 1
    assert row.f1_chance_low <= row.f1_chance <= row.f1_chance_high
    assert row.f1_adjusted == pytest.approx((row.f1_mean - row.f1_chance) / (1 - row.f1_chance))
    assert 1 / 51 <= row.p <= 1


def test_adjusted_is_undefined_where_chance_leaves_nothing() -> None:
    assert adjusted(0.75, 0.5) == 0.5
    assert np.isnan(adjusted(0.9998, 0.9997))


def test_the_seed_that_agrees_best_is_named(taxonomy: Taxonomy) -> None:
    found = clusterings([[[0, 0, 1, 1, 1], [0, 1, 0, 1, 0]]])
    seeds_ari = np.array([[[1.0, 0.2], [0.2, 1.0]]])
    seeds_ari[0, 1, 1] = 1.5
    named = name_clusters(ConceptNaming(taxonomy.extents(CLASSES)), replace(found, seeds_ari=seeds_ari))
    assert named.seeds == {2: 1}
    assert {label.members for label in named.clusters[2]} == {(0, 2, 4), (1, 3)}


def test_no_draws_and_other_classes_are_errors(taxonomy: Taxonomy) -> None:
    naming = ConceptNaming(taxonomy.extents(CLASSES))
    with pytest.raises(InputError, match="at least one draw"):
        score(naming, clusterings([[[0, 0, 1, 1, 1]]]), n_draws=0)
    with pytest.raises(InputError, match="different classes"):
        score(naming, clusterings([[[0, 0, 1, 1, 1]]], CLASSES[::-1]))


def balanced(k: int) -> NDArray[np.int64]:
    return np.arange(1000) % k


def test_chance_levels_of_balanced_partitions(real_data: Path) -> None:
    naming = ConceptNaming(real_extents(real_data))
    known = {2: 0.667, 3: 0.501, 4: 0.401, 5: 0.335, 8: 0.225, 10: 0.186, 15: 0.138, 19: 0.123}
    for k, level in known.items():
        draws = chance_draws(naming, balanced(k)[None, None], 100, seed=0)
        assert draws.mean() == pytest.approx(level, abs=0.0015), k
        if k == 2:
            assert draws.std() == pytest.approx(0.0003, abs=0.0002)


def test_a_degenerate_clustering_is_not_praised(real_data: Path) -> None:
    naming = ConceptNaming(real_extents(real_data))
    labels = np.zeros(1000, dtype=np.int64)
    labels[7] = 1
    found = score(naming, clusterings([[labels.tolist()]], list(naming.extents.classes))).at(2)
    assert found.f1_mean == pytest.approx(0.9997, abs=1e-4)
    assert np.isnan(found.f1_adjusted)
    assert found.smallest == 1


def test_f1_of_concepts_and_its_chance_equal_plain_loops(kingdoms: Taxonomy) -> None:
    extents = kingdoms.extents(class_ids())
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
    rng = np.random.default_rng(0)
    draws = [naming.concept_f1(labels[:, :, rng.permutation(N)]).max(axis=0) for _ in range(30)]
    np.testing.assert_array_equal(concept_chance(naming, labels, 30, 0), draws)


def test_expected_f1_by_size_is_what_draws_reach(kingdoms: Taxonomy) -> None:
    naming = ConceptNaming(kingdoms.extents(class_ids()))
    table = expected_best_f1(naming, 600, 0)
    assert table[0] == 0.0
    assert table[N] == pytest.approx(1.0)  # all classes are the things
    labels = np.repeat([0, 1, 2], [3, 8, 13])
    drawn = chance_draws(naming, labels[None, None], 600, 1).mean()
    assert table[[3, 8, 13]].mean() == pytest.approx(drawn, abs=0.02)


def test_best_f1_of_parts_ignores_empty_clusters(kingdoms: Taxonomy) -> None:
    part = kingdoms.extents(class_ids()).of_classes(np.arange(12))
    assert part.classes == class_ids(12)
    assert "tool" not in part.names
    labels = np.repeat([0, 1, 2], [6, 6, 12])[:12]
    ((best, sizes),) = ConceptNaming(part).best_and_sizes(labels[None, None])
    np.testing.assert_array_equal(sizes, [6, 6])
    np.testing.assert_array_equal(best, [1.0, 1.0])


def test_extents_of_a_part_are_those_of_the_taxonomy(kingdoms: Taxonomy) -> None:
    rows = np.array([0, 5, 6, 20])
    part = kingdoms.extents(class_ids()).of_classes(rows)

    def plain(extents: Extents) -> dict[str, list[int]]:
        return {c: under.tolist() for c, under in zip(extents.concepts, extents.under, strict=True)}

    assert plain(part) == plain(kingdoms.extents([class_ids()[i] for i in rows]))
