"""The tree of the clusters by the network, beside their tree by the ontology.

Do the same leaves meet low in both? The heights at which two leaves meet are correlated (Sokal and Rohlf 1962), and p
comes from permuting the leaves of one tree (Mantel), one-sided. A few leaves have few orders, and each tree looks the
same in two of them at least: of three leaves (six orders) p is about 1/3 at best however well the trees agree, of four
1/12; from five leaves on it can fall below .05.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.cluster.hierarchy import cophenet
from scipy.spatial.distance import squareform

from classvec.analyses.analysis import AnalysisInput, Chart, Result
from classvec.analyses.permutation import correlate, ranks
from classvec.artifacts import ClusterLabel, Float64, json_number, largest_k, p_words
from classvec.figures.canvas import COLOURS, INK, sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_LEAVES = 19
"""Largest k whose clusters can be the leaves of a tree."""


@dataclass(frozen=True, kw_only=True)
class ClusterTrees:
    """Two trees over the same clusters, by average linkage.

    Attributes:
        k: The clustering whose clusters are the leaves.
        leaves: Names of these clusters, with their numbers of classes.
        network: The tree by the class vectors, of shape (n_leaves - 1, 4), in SciPy's format.
        ontology: The tree by the ontology's path similarity.
        spearman: Rank correlation of the heights at which two clusters meet in the two trees; NaN where one tree joins
            all of them at one height.
        p: Share of permutations of the leaves of one tree that reach it, the observed order among them; NaN with it.
        n_permutations: Number of permutations.
    """

    k: int
    leaves: tuple[str, ...]
    network: Float64
    ontology: Float64
    spearman: float
    p: float
    n_permutations: int

    @property
    def words(self) -> str:
        """How well the trees agree."""
        if math.isnan(self.spearman):
            return "one of the trees joins all clusters at one height: they cannot be compared"
        how = f"{self.spearman:.2f} ({p_words(self.p, self.n_permutations)})"
        return f"rank correlation of the heights at which two clusters meet: {how}"


def cluster_tree(run: AnalysisInput) -> Result | None:
    """Builds the two trees and correlates them."""
    if not run.compares_matrices:
        return None
    trees = build(run)
    if len(trees.leaves) < 3:
        return None
    chart = Chart(figure=draw(trees, run.name), caption="The clusters as a tree, beside WordNet's")
    return Result(
        name="cluster_tree",
        title="The tree of the clusters",
        charts={"dendrogram": chart},
        lines=[f"Tree of the {len(trees.leaves)} clusters and WordNet's: {trees.words}"],
        values={"trees_spearman": json_number(trees.spearman), "trees_p": json_number(trees.p)},
    )


def build(run: AnalysisInput) -> ClusterTrees:
    """Joins the clusters of the finest clustering with up to `MOST_LEAVES`, by the network and by the ontology."""
    labels = run.evaluation.labels
    k = largest_k(labels.clusters, MOST_LEAVES)
    clusters, path = labels.clusters[k], run.references["path"]
    network = join(run.evaluation.similarity.distances, clusters)
    ontology = join(1.0 - (path + path.T) / 2.0, clusters)
    spearman, p = compare_heights(network, ontology, run.settings.permutations, run.settings.seed)
    return ClusterTrees(
        k=k,
        leaves=tuple(f"{label.shown} ({len(label.members)})" for label in clusters),
        network=network,
        ontology=ontology,
        spearman=spearman,
        p=p,
        n_permutations=run.settings.permutations,
    )


def join(distances: Float64, clusters: tuple[ClusterLabel, ...]) -> Float64:
    """Joins clusters by the average distance of their classes (UPGMA), starting from given clusters.

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


def compare_heights(one: Float64, other: Float64, n_permutations: int, seed: int) -> tuple[float, float]:
    """Correlates the heights at which two leaves meet in two trees, and tests it.

    Args:
        one: A tree in SciPy's format.
        other: Another over the same leaves.
        n_permutations: Permutations of the leaves.
        seed: Their seed.

    Returns:
        Rank correlation and p; NaN where a tree joins all leaves at one height, as every tree of two leaves does.
    """
    heights = [cophenet(tree) for tree in (one, other)]
    if any(np.ptp(values) == 0.0 for values in heights):
        return float("nan"), float("nan")
    prepared = [[ranks(squareform(values))] for values in heights]
    spearman, p = correlate(prepared[0], prepared[1], n_permutations, seed)
    return float(spearman[0, 0]), float(p[0, 0])


def draw(trees: ClusterTrees, name: str) -> "Figure":
    """Draws the tree of the clusters by the network beside their tree by WordNet, with a line for each cluster.

    Args:
        trees: The two trees over the same clusters.
        name: Name of the run.
    """
    from scipy.cluster.hierarchy import dendrogram

    figure = sheet(11.0, max(3.2, 0.3 * len(trees.leaves) + 1.4))
    left, between, right = figure.subplots(1, 3, width_ratios=(3, 3, 3))
    style: dict[str, Any] = {"no_labels": True, "color_threshold": 0.0, "above_threshold_color": INK}
    orders = [dendrogram(trees.network, orientation="left", ax=left, **style)["leaves"]]
    beside = turned(trees.ontology, np.argsort(orders[0]))
    orders.append(dendrogram(beside, orientation="right", ax=right, **style)["leaves"])
    for axes, words, joins in (
        (left, "as the network sees them (distance)", trees.network),
        (right, "as WordNet has them (1 - path)", beside),
    ):
        low, high = 0.95 * joins[:, 2].min(), 1.02 * joins[:, 2].max()
        axes.set_xlim(*((high, low) if axes is left else (low, high)))
        axes.set_title(words, fontsize=9, color=INK)
        axes.spines[["top", "left", "right"]].set_visible(False)
        axes.tick_params(colors=INK, labelsize=8)
        axes.set_ylim(0.0, 10.0 * len(trees.leaves))
    between.set_ylim(0.0, len(trees.leaves))
    between.set_xlim(0.0, 1.0)
    between.axis("off")
    places = [{leaf: place + 0.5 for place, leaf in enumerate(order)} for order in orders]
    for leaf, words in enumerate(trees.leaves):
        ends = [place[leaf] for place in places]
        between.plot([0.36, 0.64], ends, color=COLOURS[leaf % len(COLOURS)], linewidth=1.2)
        between.text(0.35, ends[0], words, ha="right", va="center", fontsize=7.5, color=INK)
        between.text(0.65, ends[1], words, ha="left", va="center", fontsize=7.5, color=INK)
    figure.suptitle(f"{name}: {trees.k} clusters as a tree", fontsize=11, color=INK)
    figure.supxlabel(trees.words, fontsize=8)
    return figure


def turned(joins: Float64, places: np.ndarray) -> Float64:
    """Turns the branches of a tree so that its leaves come as near as they can to given places: fewer lines cross."""
    n_leaves = len(joins) + 1
    centre, size = [*map(float, places)], [1] * n_leaves
    turned = joins.copy()
    for row, (one, other) in enumerate(joins[:, :2].astype(int)):
        if centre[one] > centre[other]:
            turned[row, :2] = other, one
        both = size[one] + size[other]
        centre.append((centre[one] * size[one] + centre[other] * size[other]) / both)
        size.append(both)
    return turned
