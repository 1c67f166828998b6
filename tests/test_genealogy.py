"""How clusters split: flows by hand, and pictures of any list of k."""

from pathlib import Path

import numpy as np
import pytest

from classvec.analyses.genealogy import count_flows, draw, genealogy, kept_together
from classvec.method.clusterers import Spectral
from classvec.method.labels import name_clusters
from classvec.method.naming import ConceptNaming
from classvec.ontology.taxonomy import Taxonomy
from tests.artifacts import HALVES, QUARTERS, N, analysed, class_ids, clusterings, planted


def test_flows_by_hand(kingdoms: Taxonomy) -> None:
    first = np.repeat([0, 1], 12)
    second = np.repeat([2, 0, 1], [6, 6, 12])  # the animals split
    third = second.copy()
    third[[0, 23]] = 3  # a cluster from two others
    found = clusterings([[rows.tolist()] for rows in (first, second, third)], class_ids())
    flows = count_flows(name_clusters(ConceptNaming(kingdoms.extents(class_ids())), found))
    counts = {(f.k, f.cluster, f.next_cluster): f.n_classes for f in flows}
    assert counts == {
        (2, 0, 0): 6, (2, 0, 2): 6, (2, 1, 1): 12, (3, 0, 0): 6, (3, 1, 1): 11, (3, 2, 2): 5,
        (3, 1, 3): 1, (3, 2, 3): 1,
    }  # fmt: skip
    assert kept_together(flows, 2, N) == 1.0
    assert kept_together(flows, 3, N) == pytest.approx(23 / 24)
    assert sum(f.n_classes for f in flows if f.k == 3) == N


def test_clusters_split_upwards_in_whatever_order_k_was_given(kingdoms: Taxonomy, tmp_path: Path) -> None:
    layers = {"a": planted([*QUARTERS, *HALVES], 0.2)}
    run = analysed(kingdoms, layers, tmp_path, clustering=Spectral(k=[2, 9, 4], seeds=[0]))
    result = genealogy(run)
    assert result is not None
    rows = result.tables["genealogy"]
    assert {(row["k"], row["next_k"]) for row in rows} == {(2, 4), (4, 9)}
    assert set(result.values["only_split"]) == {"2", "4"}
    assert {row["name"] for row in rows if row["k"] == 2} == {"animal", "tool"}
    assert {row["next_name"] for row in rows if row["k"] == 2} == {"fish", "bird", "saw", "axe"}
    assert result.charts["genealogy"].figure.axes


def test_a_picture_of_one_k_needs_no_bands(kingdoms: Taxonomy, tmp_path: Path) -> None:
    run = analysed(kingdoms, {"a": planted(QUARTERS, 0.4)}, tmp_path, clustering=Spectral(k=[9], seeds=[0]))
    assert count_flows(run.evaluation.labels) == ()
    assert genealogy(run) is None
    assert draw((), run.evaluation.labels, "one").axes
