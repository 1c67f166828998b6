"""How do clusters split from one k to the next? The paper says that this has not been explored.

Clusterings for different k are made independently, so a cluster need not lie within one of the coarser clustering: the
classes that flow from one to the other are counted. Few or large clusters share many classes whatever they are, so the
share of classes that only split stands beside that of the same sizes with the classes permuted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from classvec.analyses.analysis import AnalysisInput, Chart, Result
from classvec.artifacts import TABLE3_K, ConceptLabels, p_value, p_words
from classvec.figures.canvas import COLOURS, INK, label_ink, sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GAP = 0.02
BAR = 0.08
Places = dict[int, tuple[float, float]]
"""Cluster to where it begins and how high it is, as shares of the picture."""


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Classes that two clusters of successive clusterings share.

    Attributes:
        k: Number of clusters of the first.
        cluster: Cluster of the first.
        next_k: Number of clusters of the second.
        next_cluster: Cluster of the second.
        n_classes: Number of classes in both.
    """

    k: int
    cluster: int
    next_k: int
    next_cluster: int
    n_classes: int


@dataclass(frozen=True, kw_only=True)
class Split:
    """How nearly the clusters of one k only split into those of the next.

    Attributes:
        k: Number of clusters of the first.
        next_k: Number of clusters of the second.
        share: Share of classes whose cluster of the second comes from the cluster of the first that gives it most; 1
            where every cluster lies within one of the first.
        chance: The same with the classes of one of the two permuted, mean over permutations.
        p: Share of permutations that reach it, the observed order among them.
    """

    k: int
    next_k: int
    share: float
    chance: float
    p: float


def genealogy(run: AnalysisInput) -> Result | None:
    """Counts the classes that clusters of successive k share, and asks whether clusters split more than by chance."""
    labels = run.evaluation.labels
    flows = count_flows(labels)
    if not flows:
        return None
    name, title = "genealogy", "Classes that clusters of successive k share"
    chart = Chart(figure=draw(flows, labels, run.name), caption="Flow of classes from k to k", on_page=False)
    splits = only_split(labels, run.settings.permutations, run.settings.seed)
    return Result(
        name=name,
        title=title,
        tables={name: _rows(flows, labels), "genealogy_splits": [asdict(split) for split in splits]},
        charts={name: chart},
        lines=_words(splits, run.settings.permutations),
    )


def _words(splits: Sequence[Split], n_permutations: int) -> list[str]:
    share, chance = (float(np.mean([getattr(split, what) for split in splits])) for what in ("share", "chance"))
    least = min(splits, key=lambda split: split.share - split.chance)
    return [
        f"Do clusters only split from k to k? For {share:.2f} of the classes on average, {chance:.2f} by chance.",
        f"Least above chance from k = {least.k} to {least.next_k}: {least.share:.2f}, {least.chance:.2f} by chance "
        f"({p_words(least.p, n_permutations)} of this step alone).",
    ]


def count_flows(labels: ConceptLabels) -> tuple[Flow, ...]:
    """Counts the classes that every two clusters of successive k share; pairs that share none are not listed."""
    k, numbers = sorted(labels.clusters), _numbers(labels)
    counts = _counts(numbers[:-1], numbers[1:], max(k))
    return tuple(
        Flow(k=k[i], cluster=int(one), next_k=k[i + 1], next_cluster=int(other), n_classes=int(counts[i, one, other]))
        for i, one, other in np.argwhere(counts)
    )


def _numbers(labels: ConceptLabels) -> NDArray[np.int64]:
    """Returns the cluster of every class, of shape (n_k, n_classes), by rising k."""
    numbers = np.empty((len(labels.clusters), len(labels.classes)), dtype=np.int64)
    for row, k in zip(numbers, sorted(labels.clusters), strict=True):
        for label in labels.clusters[k]:
            row[list(label.members)] = label.cluster
    return numbers


def _counts(numbers: NDArray[np.int64], next_numbers: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Counts the classes of every two clusters, from arrays of shape (n_steps, n_classes); (n_steps, size, size)."""
    cells = (np.arange(len(numbers))[:, None] * size + numbers) * size + next_numbers
    return np.bincount(cells.ravel(), minlength=len(numbers) * size * size).reshape(-1, size, size)


def only_split(labels: ConceptLabels, n_permutations: int, seed: int) -> tuple[Split, ...]:
    """Measures the share of classes that only split, from each k to the next, against permuted classes.

    Args:
        labels: The named clusters.
        n_permutations: Permutations of the classes; each serves all k.
        seed: Their seed.
    """
    k, numbers, rng = sorted(labels.clusters), _numbers(labels), np.random.default_rng(seed)
    n = numbers.shape[1]

    def largest(order: NDArray[np.int64]) -> NDArray[np.int64]:
        """Counts the classes in the largest flow into each cluster of the next k, of shape (n_steps,)."""
        counts: NDArray[np.int64] = _counts(numbers[:-1, order], numbers[1:], max(k)).max(axis=1).sum(axis=1)
        return counts

    observed, draws = largest(np.arange(n)), np.stack([largest(rng.permutation(n)) for _ in range(n_permutations)])
    p = p_value((draws >= observed).sum(axis=0), n_permutations)
    return tuple(
        Split(k=one, next_k=other, share=float(observed[i] / n), chance=float(draws[:, i].mean() / n), p=float(p[i]))
        for i, (one, other) in enumerate(pairwise(k))
    )


def _rows(flows: Sequence[Flow], labels: ConceptLabels) -> list[dict[str, Any]]:
    names = {(k, label.cluster): label.name for k, of_k in labels.clusters.items() for label in of_k}
    return [
        {
            "k": flow.k,
            "cluster": flow.cluster,
            "name": names[flow.k, flow.cluster],
            "next_k": flow.next_k,
            "next_cluster": flow.next_cluster,
            "next_name": names[flow.next_k, flow.next_cluster],
            "n_classes": flow.n_classes,
        }
        for flow in flows
    ]


def draw(flows: Sequence[Flow], labels: ConceptLabels, name: str) -> "Figure":
    """Draws the flow of classes from the clusters of one k to those of the next, each under its name.

    Args:
        flows: What clusters of successive k share.
        labels: The names of the clusters.
        name: Name of the run.
    """
    shown = [k for k in sorted(labels.clusters) if k <= TABLE3_K] or [min(labels.clusters)]
    figure = sheet(1.75 * len(shown) + 1.2, 6.4)
    axes = figure.subplots()
    places = _places(flows, labels, shown)
    colours = _colours(flows, labels, shown)
    for x, k in enumerate(shown):
        for label in labels.clusters[k]:
            start, height = places[k][label.cluster]
            axes.bar(x, height, BAR, bottom=start, color=colours[k][label.cluster])
            axes.text(x + BAR, start + height / 2, f"{label.shown}\n{len(label.members)}, F1 {label.best.f1:.2f}",
                      fontsize=6.5, va="center", color=label_ink(label), zorder=3)  # fmt: skip
    for x, k in enumerate(shown[:-1]):
        _bands(axes, x, [flow for flow in flows if flow.k == k], places, colours[k])
    axes.set_xlim(-0.2, len(shown) - 0.3)
    axes.set_xticks(range(len(shown)), [f"k = {k}" for k in shown])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, colors=INK)
    axes.set_title(f"{name}: how the clusters split", fontsize=11, color=INK)
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
    axes: "Axes", x: int, flows: Sequence[Flow], places: Mapping[int, Places], colours: Mapping[int, str]
) -> None:
    source, target = places[flows[0].k], places[flows[0].next_k]
    share = sum(height for _, height in source.values()) / sum(flow.n_classes for flow in flows)
    left, right = ({cluster: start for cluster, (start, _) in of_k.items()} for of_k in (source, target))
    t = np.linspace(0.0, 1.0, 40)
    ease = t * t * (3.0 - 2.0 * t)
    style: dict[str, Any] = {"alpha": 0.3, "linewidth": 0}
    for flow in sorted(flows, key=lambda flow: (source[flow.cluster][0], target[flow.next_cluster][0])):
        height = share * flow.n_classes
        low = left[flow.cluster] + (right[flow.next_cluster] - left[flow.cluster]) * ease
        left[flow.cluster] += height
        right[flow.next_cluster] += height
        start, end = x + BAR / 2, x + 1 - BAR / 2
        axes.fill_between(start + (end - start) * t, low, low + height, color=colours[flow.cluster], **style)
