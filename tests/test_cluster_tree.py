"""The two trees of the clusters: linkage by hand, equal trees, turned branches."""

import math
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from scipy.cluster.hierarchy import cophenet, linkage
from scipy.spatial.distance import squareform
from scipy.stats import spearmanr

from classvec.analyses.cluster_tree import build, cluster_tree, compare_heights, join, turned
from classvec.method.clusterers import Spectral
from classvec.method.labels import name_clusters
from classvec.method.naming import ConceptNaming
from classvec.ontology.taxonomy import Taxonomy
from tests.artifacts import HALVES, QUARTERS, N, analysed, class_ids, clusterings, planted, similarity


def test_the_leaves_are_the_clusters_of_the_finest_clustering(kingdoms: Taxonomy, tmp_path: Path) -> None:
    third = np.repeat([2, 0, 1], [6, 6, 12])
    third[[0, 23]] = 3
    found = clusterings([[np.repeat([0, 1], 12).tolist()], [third.tolist()]], class_ids())
    run = analysed(kingdoms, {"a": planted(QUARTERS, 0.4)}, tmp_path)
    labels = name_clusters(ConceptNaming(kingdoms.extents(class_ids())), found)
    trees = build(replace(run, evaluation=replace(run.evaluation, labels=labels)))
    assert trees.k == 4
    assert trees.network.shape == trees.ontology.shape == (3, 4)
    assert -1.0 <= trees.spearman <= 1.0
    assert [leaf.split(" (")[1] for leaf in trees.leaves] == ["11)", "6)", "5)", "2)"]


def test_a_tree_counts_classes_not_clusters(kingdoms: Taxonomy) -> None:
    """Clusters of 10, 1 and 13 classes: the third is 2 from the first and 4 from the second, on average 24 / 11."""
    rows = np.repeat([0, 1, 2], [10, 1, 13])
    found = clusterings([[rows.tolist()]], class_ids())
    labels = name_clusters(ConceptNaming(kingdoms.extents(class_ids())), found)
    between = np.array([[0.0, 1.0, 2.0], [1.0, 0.0, 4.0], [2.0, 4.0, 0.0]])
    # leaves are sorted by size: 13, 10, 1
    expected = [[1, 2, 1.0, 2], [0, 3, (10 * 2.0 + 4.0) / 11, 3]]
    np.testing.assert_allclose(join(between[rows][:, rows], labels.clusters[3]), expected)


def test_k_may_come_in_any_order(kingdoms: Taxonomy, tmp_path: Path) -> None:
    layers = {"a": planted([*QUARTERS, *HALVES], 0.2)}
    trees = build(analysed(kingdoms, layers, tmp_path, clustering=Spectral(k=[2, 9, 4], seeds=[0])))
    assert trees.k == len(trees.leaves) == 9


def test_trees_of_the_same_distances_agree(kingdoms: Taxonomy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = analysed(kingdoms, {"a": planted([*QUARTERS, *HALVES], 0.2)}, tmp_path)
    path = run.evaluation.similarity.values
    monkeypatch.setattr("classvec.analyses.analysis.similarities", lambda *_: {"path": path})
    trees = build(run)
    assert trees.spearman == pytest.approx(1.0)
    np.testing.assert_allclose(trees.network, trees.ontology)


def test_the_network_finds_the_tree_of_the_ontology(kingdoms: Taxonomy, tmp_path: Path) -> None:
    run = analysed(kingdoms, {"a": planted([*QUARTERS, *HALVES], 0.2)}, tmp_path)
    result = cluster_tree(run)
    assert result is not None
    assert result.values["trees_spearman"] > 0.8
    how = (
        f"{result.values['trees_spearman']:.2f} (p = {result.values['trees_p']:.2g})"  # of four leaves above the floor
    )
    assert result.values["trees_p"] > 0.1
    assert result.lines == [
        f"Tree of the 4 clusters and WordNet's: rank correlation of the heights at which two clusters meet: {how}"
    ]
    assert result.charts["dendrogram"].figure.get_supxlabel().endswith(how)
    _, between, _ = result.charts["dendrogram"].figure.axes
    assert {text.get_text() for text in between.texts} == {f"{kind} (6)" for kind in ("fish", "bird", "saw", "axe")}


def test_p_of_the_heights_equals_a_plain_loop_over_leaves() -> None:
    rng = np.random.default_rng(0)
    one, other = (linkage(rng.normal(size=(8, 3)), "average") for _ in range(2))
    matrix = squareform(cophenet(other))
    observed = spearmanr(cophenet(one), cophenet(other)).statistic
    drawn, reached = np.random.default_rng(4), 1
    for _ in range(60):
        order = drawn.permutation(8)
        moved = squareform(matrix[np.ix_(order, order)])
        reached += spearmanr(cophenet(one), moved).statistic >= observed - 1e-6
    spearman, p = compare_heights(one, other, 60, 4)
    assert spearman == pytest.approx(observed)
    assert p == reached / 61
    spearman, p = compare_heights(one, one, 199, 0)
    assert spearman == pytest.approx(1.0)
    assert p == 1 / 200


@pytest.mark.parametrize(("n_leaves", "least"), [(3, 1 / 3), (4, 1 / 12), (5, 1 / 60)])
def test_few_leaves_cannot_have_a_small_p(n_leaves: int, least: float) -> None:
    """All orders of the leaves: how many leave a tree as it is depends on its shape, and two do at least."""
    rng, shares = np.random.default_rng(0), []
    for _ in range(12):
        matrix = squareform(cophenet(linkage(rng.normal(size=(n_leaves, 3)), "average")))
        orders = [list(order) for order in permutations(range(n_leaves))]
        shares.append(np.mean([np.allclose(matrix, matrix[np.ix_(order, order)]) for order in orders]))
    assert min(shares) == pytest.approx(least)
    tree = linkage(np.array([[0.0], [1.0], [3.0], [7.0], [15.0]])[:n_leaves], "average")
    assert compare_heights(tree, tree, 1999, 0)[1] == pytest.approx(least, abs=3 * math.sqrt(least / 2000))


def test_trees_of_one_height_cannot_be_compared(kingdoms: Taxonomy, tmp_path: Path) -> None:
    run = analysed(kingdoms, {"a": similarity(np.full((N, N), 0.3) + 0.7 * np.eye(N))}, tmp_path,
                   clustering=Spectral(k=[2], seeds=[0]))  # fmt: skip
    rows = np.repeat([0, 1, 2], 8)
    labels = name_clusters(ConceptNaming(kingdoms.extents(class_ids())), clusterings([[rows.tolist()]], class_ids()))
    flat = np.full((N, N), 0.3) + 0.7 * np.eye(N)
    run = replace(run, evaluation=replace(run.evaluation, labels=labels, similarity=similarity(flat)))
    result = cluster_tree(run)
    assert result is not None
    assert result.values == {"trees_spearman": None, "trees_p": None}
    assert result.lines[0].endswith("one of the trees joins all clusters at one height: they cannot be compared")


def test_two_clusters_are_no_tree(kingdoms: Taxonomy, tmp_path: Path) -> None:
    run = analysed(kingdoms, {"a": planted(HALVES, 0.4)}, tmp_path, clustering=Spectral(k=[2], seeds=[0]))
    assert cluster_tree(run) is None


def test_a_tree_is_turned_so_that_few_lines_cross() -> None:
    joins = np.array([[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 2.0, 3.0]])
    np.testing.assert_array_equal(turned(joins, np.array([0, 1, 2]))[:, :2], [[0, 1], [3, 2]])
    np.testing.assert_array_equal(turned(joins, np.array([2, 1, 0]))[:, :2], [[1, 0], [2, 3]])
