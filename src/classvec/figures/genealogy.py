"""How clusters split, and the tree that they make, as pictures."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from classvec.artifacts import TABLE3_K, ConceptLabels, Float64, Flow, Genealogy
from classvec.figures.canvas import COLOURS, INK, sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GAP = 0.02
BAR = 0.08
Places = dict[int, tuple[float, float]]
"""Cluster to where it begins and how high it is, as shares of the picture."""


def genealogy(found: Genealogy, labels: ConceptLabels, title: str) -> "Figure":
    """Draws the flow of classes from the clusters of one k to those of the next, each under its name.

    Args:
        found: What clusters share.
        labels: The names of the clusters.
        title: What it is about.
    """
    shown = [k for k in sorted(labels.clusters) if k <= TABLE3_K] or [min(labels.clusters)]
    figure = sheet(1.75 * len(shown) + 1.2, 6.4)
    axes = figure.subplots()
    places = _places(found.flows, labels, shown)
    colours = _colours(found.flows, labels, shown)
    for x, k in enumerate(shown):
        for label in labels.clusters[k]:
            start, height = places[k][label.cluster]
            axes.bar(x, height, BAR, bottom=start, color=colours[k][label.cluster])
            axes.text(x + BAR, start + height / 2, f"{label.best.name}\n{len(label.members)}, F1 {label.best.f1:.2f}",
                      fontsize=6.5, va="center", color=INK, zorder=3)  # fmt: skip
    for x, k in enumerate(shown[:-1]):
        _bands(axes, x, [flow for flow in found.flows if flow.k == k], places, colours[k], len(labels.classes))
    axes.set_xlim(-0.2, len(shown) - 0.3)
    axes.set_xticks(range(len(shown)), [f"k = {k}" for k in shown])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, colors=INK)
    axes.set_title(title, fontsize=11, color=INK)
    return figure


def _places(flows: Sequence[Flow], labels: ConceptLabels, shown: Sequence[int]) -> dict[int, Places]:
    """Stacks the clusters of each k, in the order of where their classes lay before, so that few bands cross."""
    places: dict[int, Places] = {}
    for k, clusters in ((k, labels.clusters[k]) for k in shown):
        before = places.get(shown[shown.index(k) - 1], {}) if places else {}
        centre = _centres([flow for flow in flows if flow.next_k == k], before)
        order = sorted(clusters, key=lambda label: (centre.get(label.cluster, 0.0), -len(label.members)))
        scale = (1.0 - GAP * (shown[-1] - 1)) / len(labels.classes)
        gap = (1.0 - scale * len(labels.classes)) / max(len(clusters) - 1, 1)
        at, places[k] = 0.0, {}
        for label in order:
            places[k][label.cluster] = (at, scale * len(label.members))
            at += scale * len(label.members) + gap
    return places


def _centres(flows: Sequence[Flow], before: Places) -> dict[int, float]:
    """Returns where the classes of each cluster lay before, on average."""
    moments: dict[int, list[tuple[float, int]]] = {}
    for flow in flows:
        if flow.cluster in before:
            start, height = before[flow.cluster]
            moments.setdefault(flow.next_cluster, []).append((start + height / 2, flow.n_classes))
    return {c: float(np.average([m for m, _ in of_c], weights=[n for _, n in of_c])) for c, of_c in moments.items()}


def _colours(flows: Sequence[Flow], labels: ConceptLabels, shown: Sequence[int]) -> dict[int, dict[int, str]]:
    """Gives a cluster the colour of the one that most of its classes come from; of several, the largest keeps it."""
    used = iter(COLOURS * 4)
    colours = {shown[0]: {label.cluster: next(used) for label in labels.clusters[shown[0]]}}
    for k, next_k in zip(shown, shown[1:], strict=False):
        of_step = sorted((flow for flow in flows if flow.k == k), key=lambda flow: -flow.n_classes)
        heirs: dict[int, int] = {}
        for flow in of_step:
            if flow.cluster not in heirs.values() and flow.next_cluster not in heirs:
                heirs[flow.next_cluster] = flow.cluster
        colours[next_k] = {
            label.cluster: colours[k][heirs[label.cluster]] if label.cluster in heirs else next(used)
            for label in labels.clusters[next_k]
        }
    return colours


def _bands(
    axes: "Axes",
    x: int,
    flows: Sequence[Flow],
    places: Mapping[int, Places],
    colours: Mapping[int, str],
    n_classes: int,
) -> None:
    share = sum(height for _, height in places[flows[0].k].values()) / n_classes
    left = {cluster: start for cluster, (start, _) in places[flows[0].k].items()}
    right = {cluster: start for cluster, (start, _) in places[flows[0].next_k].items()}
    target = places[flows[0].next_k]
    t = np.linspace(0.0, 1.0, 40)
    ease = t * t * (3.0 - 2.0 * t)
    style: dict[str, Any] = {"alpha": 0.3, "linewidth": 0}
    source = places[flows[0].k]
    for flow in sorted(flows, key=lambda flow: (source[flow.cluster][0], target[flow.next_cluster][0])):
        height = share * flow.n_classes
        low = left[flow.cluster] + (right[flow.next_cluster] - left[flow.cluster]) * ease
        left[flow.cluster] += height
        right[flow.next_cluster] += height
        start, end = x + BAR / 2, x + 1 - BAR / 2
        axes.fill_between(start + (end - start) * t, low, low + height, color=colours[flow.cluster], **style)


def dendrogram(found: Genealogy, title: str) -> "Figure":
    """Draws the tree of the clusters by the network beside their tree by WordNet, with a line for each cluster.

    Args:
        found: The two trees over the same clusters.
        title: What it is about.
    """
    from scipy.cluster.hierarchy import dendrogram as tree

    figure = sheet(11.0, max(3.2, 0.3 * len(found.leaves) + 1.4))
    left, between, right = figure.subplots(1, 3, width_ratios=(3, 3, 3))
    style: dict[str, Any] = {"no_labels": True, "color_threshold": 0.0, "above_threshold_color": INK}
    orders = [tree(found.network, orientation="left", ax=left, **style)["leaves"]]
    beside = _turned(found.wordnet, np.argsort(orders[0]))
    orders.append(tree(beside, orientation="right", ax=right, **style)["leaves"])
    for axes, words, joins in (
        (left, "as the network sees them (distance)", found.network),
        (right, "as WordNet has them (1 - path)", beside),
    ):
        low, high = 0.95 * joins[:, 2].min(), 1.02 * joins[:, 2].max()
        axes.set_xlim(*((high, low) if axes is left else (low, high)))
        axes.set_title(words, fontsize=9, color=INK)
        axes.spines[["top", "left", "right"]].set_visible(False)
        axes.tick_params(colors=INK, labelsize=8)
        axes.set_ylim(0.0, 10.0 * len(found.leaves))
    between.set_ylim(0.0, len(found.leaves))
    between.set_xlim(0.0, 1.0)
    between.axis("off")
    places = [{leaf: place + 0.5 for place, leaf in enumerate(order)} for order in orders]
    for leaf, name in enumerate(found.leaves):
        ends = [place[leaf] for place in places]
        between.plot([0.36, 0.64], ends, color=COLOURS[leaf % len(COLOURS)], linewidth=1.2)
        between.text(0.35, ends[0], name, ha="right", va="center", fontsize=7.5, color=INK)
        between.text(0.65, ends[1], name, ha="left", va="center", fontsize=7.5, color=INK)
    figure.suptitle(title, fontsize=11, color=INK)
    figure.supxlabel(f"rank correlation of the heights at which two clusters meet: {found.spearman:.2f}", fontsize=8)
    return figure


def _turned(joins: Float64, places: np.ndarray) -> Float64:
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
