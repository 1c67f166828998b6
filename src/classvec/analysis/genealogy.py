"""How clusters split from one k to the next, of which the paper says that it has not been explored; and their tree.

Clusterings for different k are made independently, so a cluster need not lie within one of the coarser clustering:
what flows from one to the other is counted, and the share that stays together is told.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import cophenet
from scipy.stats import spearmanr

from classvec.artifacts import ClusterLabel, ConceptLabels, Float64, Flow, Genealogy, Similarity, largest_k


def genealogy(labels: ConceptLabels, similarity: Similarity, path: Float64, most_leaves: int = 19) -> Genealogy:
    """Counts what clusters of successive k share, and makes a tree of the finest clusters.

    Args:
        labels: The named clusters.
        similarity: Likeness of the classes.
        path: WordNet's path similarity of the classes, of shape (n_classes, n_classes).
        most_leaves: Largest k whose clusters can be leaves of the trees.
    """
    of_k = {k: _numbers(labels.clusters[k], len(labels.classes)) for k in sorted(labels.clusters)}
    flows = tuple(flow for k, next_k in pairwise(of_k) for flow in _flows(k, of_k[k], next_k, of_k[next_k]))
    k = largest_k(of_k, most_leaves)
    clusters = labels.clusters[k]
    network = _tree(similarity.distances, clusters)
    wordnet = _tree(1.0 - (path + path.T) / 2.0, clusters)
    return Genealogy(
        flows=flows,
        k=k,
        leaves=tuple(f"{label.best.name} ({len(label.members)})" for label in clusters),
        network=network,
        wordnet=wordnet,
        spearman=_same_heights(network, wordnet),
        split={k: _kept(flows, k, len(labels.classes)) for k, _ in pairwise(of_k)},
    )


def _numbers(clusters: tuple[ClusterLabel, ...], n_classes: int) -> NDArray[np.int64]:
    numbers = np.empty(n_classes, dtype=np.int64)
    for label in clusters:
        numbers[list(label.members)] = label.cluster
    return numbers


def _flows(k: int, labels: NDArray[np.int64], next_k: int, next_labels: NDArray[np.int64]) -> list[Flow]:
    pairs, counts = np.unique(np.stack([labels, next_labels], axis=1), axis=0, return_counts=True)
    return [
        Flow(k=k, cluster=int(one), next_k=next_k, next_cluster=int(other), n_classes=int(n))
        for (one, other), n in zip(pairs, counts, strict=True)
    ]


def _kept(flows: tuple[Flow, ...], k: int, n_classes: int) -> float:
    """Returns the share of classes whose cluster of the next k comes from the cluster of k that gives it most."""
    largest: dict[int, int] = {}
    for flow in flows:
        if flow.k == k:
            largest[flow.next_cluster] = max(largest.get(flow.next_cluster, 0), flow.n_classes)
    return sum(largest.values()) / n_classes


def _tree(distances: Float64, clusters: tuple[ClusterLabel, ...]) -> Float64:
    """Joins clusters by the average distance of their classes (UPGMA), from clusters that are there already.

    Returns:
        Of shape (n_clusters - 1, 4), as SciPy's linkages.
    """
    sizes = [len(label.members) for label in clusters]
    members = np.zeros((len(clusters), len(distances)))
    for row, label, size in zip(members, clusters, sizes, strict=True):
        row[list(label.members)] = 1.0 / size
    between = members @ distances @ members.T
    between = np.maximum((between + between.T) / 2.0, 0.0)
    np.fill_diagonal(between, np.inf)
    numbers, leaves, joins = list(range(len(clusters))), [1] * len(clusters), []
    while len(numbers) > 1:
        i, j = sorted(map(int, np.unravel_index(between.argmin(), between.shape)))
        height, both = between[i, j], sizes[i] + sizes[j]
        joins.append([*sorted((numbers[i], numbers[j])), height, leaves[i] + leaves[j]])
        between[i] = between[:, i] = (sizes[i] * between[i] + sizes[j] * between[j]) / both
        between[i, i] = np.inf
        between = np.delete(np.delete(between, j, 0), j, 1)
        numbers[i], sizes[i], leaves[i] = len(clusters) + len(joins) - 1, both, leaves[i] + leaves[j]
        for values in (numbers, sizes, leaves):
            values.pop(j)
    return np.array(joins, dtype=np.float64)


def _same_heights(one: Float64, other: Float64) -> float:
    """Correlates the heights at which two leaves meet in two trees (Sokal and Rohlf 1962); NaN below three leaves."""
    heights = cophenet(one), cophenet(other)
    if any(np.ptp(values) == 0.0 for values in heights):
        return float("nan")
    return float(spearmanr(*heights).statistic)
