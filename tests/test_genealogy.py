"""How clusters split: flows and chance by hand and by a plain loop, and pictures of any list of k."""

import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from classvec.analyses.genealogy import count_flows, draw, genealogy, only_split
from classvec.artifacts import Clusterings, ClusterLabel, ConceptLabels
from classvec.method.clusterers import Spectral
from classvec.method.labels import name_clusters
from classvec.method.naming import ConceptNaming
from classvec.ontology.taxonomy import Taxonomy
from tests.artifacts import HALVES, QUARTERS, N, analysed, class_ids, clusterings, planted


def named(found: Clusterings, taxonomy: Taxonomy) -> ConceptLabels:
    return name_clusters(ConceptNaming(taxonomy.extents(found.classes)), found)


def test_flows_by_hand(kingdoms: Taxonomy) -> None:
    first = np.repeat([0, 1], 12)
    second = np.repeat([2, 0, 1], [6, 6, 12])  # the animals split
    third = second.copy()
    third[[0, 23]] = 3  # a cluster from two others
    found = clusterings([[rows.tolist()] for rows in (first, second, third)], class_ids())
    labels = named(found, kingdoms)
    flows = count_flows(labels)
    counts = {(f.k, f.cluster, f.next_cluster): f.n_classes for f in flows}
    assert counts == {
        (2, 0, 0): 6, (2, 0, 2): 6, (2, 1, 1): 12, (3, 0, 0): 6, (3, 1, 1): 11, (3, 2, 2): 5,
        (3, 1, 3): 1, (3, 2, 3): 1,
    }  # fmt: skip
    assert [split.share for split in only_split(labels, 3, 0)] == [1.0, pytest.approx(23 / 24)]
    assert sum(f.n_classes for f in flows if f.k == 3) == N


def test_chance_and_p_equal_a_plain_loop_over_permutations(kingdoms: Taxonomy) -> None:
    rng = np.random.default_rng(1)
    coarse = np.repeat([0, 1, 2], 8)
    fine = np.where(rng.random(N) < 0.4, rng.permutation(N) % 5, coarse + 2)  # in part those, in part any
    fine[[0, 5, 10, 15, 20]] = range(5)
    finest = np.append(rng.permutation(N - 1) % 7, 6)
    found = clusterings([[rows.tolist()] for rows in (coarse, fine, finest)], class_ids())

    def share(one: list[int], other: list[int]) -> float:
        kept = 0
        for cluster in set(other):
            members = [one[i] for i in range(N) if other[i] == cluster]
            kept += max(members.count(c) for c in set(members))
        return kept / N

    steps = list(pairwise(rows.tolist() for rows in (coarse, fine, finest)))
    rng = np.random.default_rng(5)
    draws = []
    for _ in range(40):
        order = rng.permutation(N)
        draws.append([share([one[i] for i in order], other) for one, other in steps])
    splits = only_split(named(found, kingdoms), 40, 5)
    assert [(split.k, split.next_k) for split in splits] == [(3, 5), (5, 7)]
    for i, (split, (one, other)) in enumerate(zip(splits, steps, strict=True)):
        assert split.share == pytest.approx(share(one, other))
        assert split.chance == pytest.approx(np.mean([draw[i] for draw in draws]))
        assert split.p == (1 + sum(draw[i] >= share(one, other) for draw in draws)) / 41


def test_what_only_splits_by_chance_is_not_significant(kingdoms: Taxonomy) -> None:
    """Of clusterings that have nothing in common, p is .05 or below no more often than it should be."""
    rng = np.random.default_rng(0)
    p = []
    for _ in range(200):
        found = clusterings([[(rng.permutation(N) % k).tolist()] for k in (2, 4)], class_ids())
        p += [split.p for split in only_split(named(found, kingdoms), 19, 0)]
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 200)
    halves = clusterings([[np.repeat([0, 1], 12).tolist()], [np.repeat([0, 1, 2, 3], 6).tolist()]], class_ids())
    assert only_split(named(halves, kingdoms), 19, 0)[0].p == 0.05


def test_a_thousand_classes_and_all_k_take_no_time() -> None:
    rng, k = np.random.default_rng(0), range(2, 20)
    labels = ConceptLabels(
        clusters={
            n: tuple(
                ClusterLabel(cluster=c, members=tuple(np.flatnonzero(of_k == c).tolist()), matches=())
                for c in range(n)
            )
            for n, of_k in ((n, rng.permutation(1000) % n) for n in k)
        },
        seeds=dict.fromkeys(k, 0), classes=class_ids(1000), class_names=class_ids(1000), provenance={},
    )  # fmt: skip
    started = time.perf_counter()
    assert len(only_split(labels, 199, 0)) == 17
    assert time.perf_counter() - started < 1.0


def test_clusters_split_upwards_in_whatever_order_k_was_given(kingdoms: Taxonomy, tmp_path: Path) -> None:
    layers = {"a": planted([*QUARTERS, *HALVES], 0.2)}
    run = analysed(kingdoms, layers, tmp_path, clustering=Spectral(k=[2, 9, 4], seeds=[0]))
    result = genealogy(run)
    assert result is not None
    rows = result.tables["genealogy"]
    assert {(row["k"], row["next_k"]) for row in rows} == {(2, 4), (4, 9)}
    splits = result.tables["genealogy_splits"]
    assert [(row["k"], row["next_k"]) for row in splits] == [(2, 4), (4, 9)]
    assert splits[0]["share"] == 1.0 > splits[0]["chance"]
    mean = sum(row["share"] for row in splits) / 2
    assert f"For {mean:.2f} of the classes on average" in result.lines[0]
    assert "p <= 0.1 of this step alone" in result.lines[1]
    assert {row["name"] for row in rows if row["k"] == 2} == {"animal", "tool"}
    assert {row["next_name"] for row in rows if row["k"] == 2} == {"fish", "bird", "saw", "axe"}
    assert result.charts["genealogy"].figure.axes


def test_a_picture_of_one_k_needs_no_bands(kingdoms: Taxonomy, tmp_path: Path) -> None:
    run = analysed(kingdoms, {"a": planted(QUARTERS, 0.4)}, tmp_path, clustering=Spectral(k=[9], seeds=[0]))
    assert count_flows(run.evaluation.labels) == ()
    assert genealogy(run) is None
    assert draw((), run.evaluation.labels, "one").axes
