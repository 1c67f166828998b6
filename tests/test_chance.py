"""Labels and curves against chance: plain loops, exact numbers, and calibration on data without structure."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import pytest
from numpy.typing import NDArray

from classvec import settings
from classvec.artifacts import Clusterings, ClusterLabel
from classvec.method.chance import best_f1_of_size, chance_draws, permuted_best_f1
from classvec.method.distinct_names import tell_apart
from classvec.method.labels import false_discovery_rates, name_clusters
from classvec.method.naming import ConceptNaming
from classvec.method.scores import score
from classvec.ontology import wordnet
from classvec.ontology.taxonomy import Concept, Taxonomy
from tests.artifacts import CLASSES, N, class_ids, clusterings


def leaves(n: int) -> tuple[str, ...]:
    """Ids of n concepts of WordNet that have none below them among those embedded, spread over all of them."""
    taxonomy = wordnet.embedded()
    above = {parent for concept in taxonomy.concepts.values() for parent in concept.parents}
    found = sorted(set(taxonomy.concepts) - above)
    return tuple(found[i] for i in np.linspace(0, len(found) - 1, n).astype(int))


def random_labels(n_classes: int, k: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Clusters of random classes, of sizes that differ."""
    labels = np.concatenate([np.arange(k), rng.choice(k, n_classes - k, p=rng.dirichlet(np.full(k, 2.0)))])
    return rng.permutation(labels)


def of_labels(labels: Sequence[Sequence[NDArray[np.int64]]], classes: Sequence[str] | None = None) -> Clusterings:
    """Clusterings from labels for every k and seed."""
    rows = [[seed.tolist() for seed in seeds] for seeds in labels]
    return clusterings(rows, class_ids(len(rows[0][0])) if classes is None else classes)


def test_permuted_f1_is_that_of_a_plain_loop(taxonomy: Taxonomy, kingdoms: Taxonomy) -> None:
    # "dog" is a class and the concept above "robodog", so there are classes without a concept of their own.
    for naming, sizes in (
        (ConceptNaming(taxonomy.extents(CLASSES)), (1, 2, 3)),
        (ConceptNaming(kingdoms.extents(class_ids())), (1, 5, 17, 24)),
    ):
        n = len(naming.extents.classes)
        rng = np.random.default_rng(5)
        members = np.zeros((n, len(sizes)), dtype=np.float32)
        for column, size in enumerate(sizes):
            members[rng.permutation(n)[:size], column] = 1.0
        found = permuted_best_f1(naming, members, 40, seed=7)
        orders = np.random.default_rng(7)
        for draw in found:
            order = orders.permutation(n)
            for column, size in enumerate(sizes):
                cluster = set(np.flatnonzero(members[order, column]))
                best = max(2 * len(cluster & set(u)) / (len(u) + size) for u in map(tuple, naming.extents.under))
                assert draw[column] == pytest.approx(best, abs=1e-6)


def test_draws_are_the_same_however_many_are_computed_at_a_time(
    kingdoms: Taxonomy, monkeypatch: pytest.MonkeyPatch
) -> None:
    naming = ConceptNaming(kingdoms.extents(class_ids()))
    together = best_f1_of_size(naming, [2, 9], 50, 0)
    monkeypatch.setattr("classvec.method.chance.BLOCK_VALUES", 1)
    np.testing.assert_array_equal(best_f1_of_size(naming, [2, 9], 50, 0), together)


def test_clusters_of_one_size_have_the_chance_of_all_their_choices(taxonomy: Taxonomy) -> None:
    naming = ConceptNaming(taxonomy.extents(CLASSES))
    for size in range(1, 6):
        exact = []
        for chosen in combinations(range(5), size):
            labels = np.isin(np.arange(5), chosen).astype(np.int64)
            exact.append(naming.f1(labels)[:, 1].max())
        draws = best_f1_of_size(naming, [size], 4000, 3)[:, 0]
        assert draws.mean() == pytest.approx(np.mean(exact), abs=0.01), size
        for value in set(np.round(exact, 6)):
            share = np.mean(np.asarray(exact) >= value - 1e-6)
            assert np.mean(draws >= value - 1e-6) == pytest.approx(share, abs=0.04), (size, value)


def test_equal_clusters_are_drawn_once_and_count_as_often_as_there_are(kingdoms: Taxonomy) -> None:
    naming = ConceptNaming(kingdoms.extents(class_ids()))
    rng = np.random.default_rng(0)
    labels = np.stack([np.stack([random_labels(N, k, rng)] * 2 + [random_labels(N, k, rng)]) for k in (2, 5)])
    found = chance_draws(naming, labels, 30, 4)
    orders = np.random.default_rng(4)
    for draw in found:
        order = orders.permutation(N)
        exact = [np.mean([naming.best_f1(seed[order]).mean() for seed in seeds]) for seeds in labels]
        np.testing.assert_allclose(draw, exact, atol=1e-6)


def test_a_label_by_hand(taxonomy: Taxonomy) -> None:
    # saw, axe and robodog are all the tools: of the 10 choices of three classes one alone has an F1 of 1.
    named = name_clusters(ConceptNaming(taxonomy.extents(CLASSES)), clusterings([[[0, 0, 1, 1, 1]]]))
    tool, being = named.clusters[2]
    assert (tool.name, being.name) == ("tool", "being")
    assert tool.p == pytest.approx(0.2, abs=0.015)  # tools, or the three beings dog, cat and robodog
    assert being.f1_adjusted == pytest.approx((0.8 - being.f1_chance) / (1.0 - being.f1_chance))
    assert being.p > 0.2
    assert tool.q == pytest.approx(min(2 * tool.p, being.p))
    assert not tool.stands_out
    assert tool.shown == "[tool]"
    assert named.brackets().endswith("adjusted F1 < 0.1); 2 of 2 labels.")


def test_a_single_class_has_no_p_and_is_no_test(kingdoms: Taxonomy) -> None:
    labels = np.array([0] * 6 + [1] * 17 + [2])
    named = name_clusters(ConceptNaming(kingdoms.extents(class_ids())), of_labels([[labels]]))
    many, fish, alone = named.clusters[3]
    assert (fish.name, len(alone.members)) == ("fish", 1)
    assert (alone.best.f1, alone.f1_chance) == (1.0, 1.0)
    assert all(np.isnan(value) for value in (alone.f1_adjusted, alone.p, alone.q))
    assert fish.q == pytest.approx(min(2 * fish.p, many.p))  # of two tests
    assert fish.stands_out
    assert not alone.stands_out
    assert "or chance leaves nothing to gain, as for a single class); " in named.brackets()


def test_too_few_draws_are_told(kingdoms: Taxonomy, caplog: pytest.LogCaptureFixture) -> None:
    naming, labels = ConceptNaming(kingdoms.extents(class_ids())), np.repeat(np.arange(4), 6)
    name_clusters(naming, of_labels([[labels]]), chance=settings.Chance(label_draws=78))
    assert "78 random clusters are too few" in caplog.text
    assert "set chance.label_draws to 80 or more" in caplog.text
    caplog.clear()
    name_clusters(naming, of_labels([[labels]]), chance=settings.Chance(label_draws=80))
    assert not caplog.text
    few = score(naming, of_labels([[labels]]), n_draws=18)
    assert few.caveat() == "18 draws are too few to tell the curve from chance: set chance.draws to 19 or more."
    assert score(naming, of_labels([[labels]]), n_draws=19).caveat() == ""


def test_false_discovery_rates_by_hand() -> None:
    found = false_discovery_rates(np.array([0.01, np.nan, 0.04, 0.03]))
    np.testing.assert_allclose(found, [0.03, np.nan, 0.04, 0.04])
    assert np.isnan(false_discovery_rates(np.array([np.nan]))).all()


def test_labels_do_not_depend_on_the_order_of_the_clusters_or_of_k(kingdoms: Taxonomy) -> None:
    naming = ConceptNaming(kingdoms.extents(class_ids()))
    rng = np.random.default_rng(3)
    two, four = random_labels(N, 2, rng), random_labels(N, 4, rng)

    def tests(*labels: NDArray[np.int64]) -> list[tuple[object, ...]]:
        named = name_clusters(naming, of_labels([[row] for row in labels]))
        rows = [label for k in sorted(named.clusters) for label in named.clusters[k]]
        return [(label.members, label.f1_chance, label.p, label.q) for label in rows]

    assert tests(two, four) == tests(1 - two, 3 - four)
    assert sorted(tests(two, four)) == sorted(tests(four, two))


def test_the_curve_is_tested_by_its_largest_adjusted_f1(taxonomy: Taxonomy) -> None:
    naming = ConceptNaming(taxonomy.extents(CLASSES))
    labels = [[0, 0, 1, 1, 1], [0, 0, 1, 2, 1]]
    found = score(naming, clusterings([[row] for row in labels]), n_draws=5000)
    exact = np.array(
        [
            [naming.best_f1(np.array(row)[list(order)]).mean() for row in labels]
            for order in permutations(range(5))
        ]
    )  # fmt: skip
    chance = exact.mean(axis=0)
    observed = np.array([naming.best_f1(np.array(row)).mean() for row in labels])
    largest = ((exact - chance) / (1 - chance)).max(axis=1)
    p = np.mean(largest >= ((observed - chance) / (1 - chance)).max() - 1e-6)
    assert found.curve_p == pytest.approx(p, abs=0.03)
    for row, of_k, one in zip(found.rows, exact.T, observed, strict=True):
        assert row.p == pytest.approx(np.mean(of_k >= one - 1e-6), abs=0.03)
    assert found.curve_p >= min(row.p for row in found.rows) - 0.03
    assert found.mean_adjusted == pytest.approx(np.mean([row.f1_adjusted for row in found.rows]))


def test_a_curve_without_an_adjusted_f1_has_no_p() -> None:
    classes = leaves(150)
    labels = np.append(np.zeros(149, dtype=np.int64), 1)
    naming = ConceptNaming(wordnet.embedded().extents(classes))
    found = score(naming, of_labels([[labels]], classes), n_draws=20)
    assert np.isnan(found.at(2).f1_adjusted)
    assert np.isnan(found.curve_p)
    assert np.isnan(found.mean_adjusted)
    assert "defined for no k" in found.caveat()
    assert found.headline() == ""


def test_what_a_reader_should_know_first(kingdoms: Taxonomy) -> None:
    naming = ConceptNaming(kingdoms.extents(class_ids()))
    quarters = np.repeat(np.arange(4), 6)
    clear = score(naming, of_labels([[quarters]]), n_draws=200)
    assert clear.caveat() == ""
    assert clear.headline() == "Adjusted F1 1.00, p <= 0.005."
    order = np.random.default_rng(1).permutation(N)
    nothing = score(naming, of_labels([[quarters[order]]]), n_draws=200)
    assert nothing.curve_p > 0.05
    assert nothing.caveat().startswith("Permuted classes reach the best adjusted F1 of this curve too: p = 0.")
    both = score(naming, of_labels([[(quarters // 2)[order]], [quarters]]), n_draws=200)
    assert both.caveat() == "At k = 2 F1 cannot be told from chance (p > 0.05)."
    assert both.headline().startswith("Best adjusted F1 1.00 at k = 4, p <= 0.005 (of the largest over all k); mean")


def animals_and_tools() -> ConceptNaming:
    """Tools are saws and axes, 6 each; "tool" has two more classes, of no kind."""
    rows = [("thing", ()), ("animal", ("thing",)), ("tool", ("thing",)), ("saw", ("tool",)), ("axe", ("tool",))]
    kinds = np.repeat(["animal", "saw", "axe", "tool"], [3, 6, 6, 2])
    classes = [(f"n{i:08d}", (str(kind),)) for i, kind in enumerate(kinds)]
    concepts = (Concept(i, f"{i}.n.01", i, tuple(above)) for i, above in [*rows, *classes])
    return ConceptNaming(Taxonomy(concepts, source="hand-made").extents(class_ids(17)))


def renamed(labels: tuple[ClusterLabel, ...], name: str) -> list[ClusterLabel]:
    """Gives every cluster the same concept."""
    match = next(match for label in labels for match in label.matches if match.name == name)
    return [replace(label, matches=(match, *label.matches)) for label in labels]


def test_clusters_of_one_concept_are_told_apart_by_what_lies_below_it() -> None:
    naming = animals_and_tools()
    labels = np.array([0] * 3 + [1] * 5 + [2] + [2] * 6 + [1, 2])
    animals, *tools = sorted(naming.name(labels), key=lambda label: label.members)
    same = renamed(tuple(tools), "tool")
    found = tell_apart(naming, [animals, *same])
    assert [label.name for label in found] == ["animal", "tool (saw)", "tool (axe)"]
    assert [label.members for label in found] == [animals.members, *(label.members for label in same)]
    again = tell_apart(naming, [*same[::-1], animals])
    assert [label.name for label in again] == ["tool (axe)", "tool (saw)", "animal"]


def test_three_clusters_of_one_concept_get_three_words() -> None:
    naming = animals_and_tools()
    labels = np.array([0] * 3 + [1] * 6 + [2] * 3 + [3] * 3 + [1, 2])
    _, *tools = sorted(naming.name(labels), key=lambda label: label.members)
    found = [label.apart for label in tell_apart(naming, renamed(tuple(tools), "tool"))]
    assert len(set(found)) == 3
    assert "saw" in found
    assert "axe" in found
    assert "" not in found


def test_words_lie_beside_one_another_and_not_below() -> None:
    # Both clusters have saws and axes; what differs most lies below neither.
    naming = animals_and_tools()
    labels = np.array([0] * 3 + [1] * 4 + [2] * 2 + [1] * 2 + [2] * 4 + [1, 2])
    _, *tools = sorted(naming.name(labels), key=lambda label: label.members)
    assert [label.apart for label in tell_apart(naming, renamed(tuple(tools), "tool"))] == ["saw", "axe"]


def test_different_concepts_with_the_same_words_are_told_apart_by_their_synsets() -> None:
    naming = animals_and_tools()
    labels = naming.name(np.array([0] * 3 + [1] * 14))
    same = [replace(label, matches=(replace(label.best, name="crane"),)) for label in labels]
    assert [label.name for label in tell_apart(naming, same)] == ["crane (tool.n.01)", "crane (animal.n.01)"]


def some(n_classes: int, ks: range, rng: np.random.Generator) -> list[list[NDArray[np.int64]]]:
    """Random clusterings for every k, of three seeds that agree in part."""
    found = []
    for k in ks:
        first = random_labels(n_classes, k, rng)
        others = [np.where(rng.random(n_classes) < 0.7, first, random_labels(n_classes, k, rng)) for _ in range(2)]
        found.append([np.unique(seed, return_inverse=True)[1] for seed in (first, *others)])
    return found


@pytest.mark.slow
def test_labels_and_curves_of_permuted_classes_are_calibrated() -> None:
    n_sets, classes = 200, leaves(150)
    naming = ConceptNaming(wordnet.embedded().extents(classes))
    rng = np.random.default_rng(0)
    base = some(len(classes), range(2, 13), rng)
    any_q, p = 0, []
    for _ in range(n_sets):
        order = rng.permutation(len(classes))
        permuted = of_labels([[seed[order] for seed in seeds] for seeds in base], classes)
        named = name_clusters(naming, permuted, chance=settings.Chance(label_draws=10_000))
        any_q += any(label.q < 0.05 for labels in named.clusters.values() for label in labels)
        p.append(score(naming, permuted, n_draws=500, seed=int(rng.integers(1 << 30))).curve_p)
    print(f"data sets with any q < .05: {any_q} of {n_sets}; p of the curve at .05, .1, .2:",
          *(float(np.mean(np.array(p) <= a)) for a in (0.05, 0.1, 0.2)))  # fmt: skip
    assert any_q / n_sets <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / n_sets)
    for a in (0.05, 0.1, 0.2):
        margin = 2 * np.sqrt(a * (1 - a) / n_sets)
        assert a / 2 - margin <= np.mean(np.array(p) <= a) <= a + margin, a


@pytest.mark.slow
def test_a_planted_cluster_is_found_among_chance() -> None:
    n_sets, classes = 100, leaves(300)
    naming = ConceptNaming(wordnet.embedded().extents(classes))
    fit = [row for row in range(len(naming.leaders)) if 30 <= naming.sizes[row] <= 60]
    rng = np.random.default_rng(1)
    found = 0
    for _ in range(n_sets):
        under = naming.extents.under[naming.leaders[rng.choice(fit)]]
        n_both = round(0.8 * len(under))
        others = np.setdiff1d(np.arange(300), under)
        planted = np.concatenate([rng.permutation(under)[:n_both], rng.permutation(others)[: len(under) - n_both]])
        base = some(300, range(2, 20), rng)
        seed = 1 + random_labels(300, 4, rng)
        seed[planted] = 0
        base[3] = [np.unique(seed, return_inverse=True)[1]] * 3  # k = 5
        named = name_clusters(naming, of_labels(base, classes))
        label = next(label for label in named.clusters[5] if set(label.members) == set(planted))
        assert label.best.f1 >= 2 * n_both / (2 * len(under)) - 1e-9
        found += label.q < 0.05
    print(f"a planted cluster with F1 .8 has q < .05 in {found} of {n_sets}")
    assert found >= 95
