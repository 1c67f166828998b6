"""Agreement, stability, depth and subsets as pictures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from classvec.artifacts import Accord, Agreement, Depth, Float64, Stability, SubsetScores
from classvec.figures.canvas import COLOURS, FAINT, INK, plain, sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIGNIFICANT = 0.05
PICTURED_CONCEPTS = 40
PICTURED_SUBSETS = 20
NUMBERED = 14
"""Most rows of a table of correlations in which every cell has its number."""


def agreement(rows: Sequence[Agreement], title: str) -> "Figure":
    """Draws how far each layer follows each of WordNet's similarities; hollow where chance would do as well.

    Args:
        rows: The correlations; layers in their order.
        title: What they are about.
    """
    layers = list(dict.fromkeys(row.layer for row in rows))
    place = {layer: i for i, layer in enumerate([*layers[1:], layers[0]])}  # all layers together come last
    figure = sheet(10.0, 4.2)
    for axes, what, words in zip(
        figure.subplots(1, 2, sharey=True),
        ("spearman", "class_spearman"),
        ("over all pairs of classes", "of one class to all others, mean over classes"),
        strict=True,
    ):
        for colour, name in zip(COLOURS, dict.fromkeys(row.similarity for row in rows), strict=False):
            of_name = sorted((row for row in rows if row.similarity == name), key=lambda row: place[row.layer])
            values = [getattr(row, what) for row in of_name]
            axes.plot(range(len(values) - 1), values[:-1], color=colour, linewidth=1.5)
            for x, (row, value) in enumerate(zip(of_name, values, strict=True)):
                face = colour if row.p <= SIGNIFICANT or what != "spearman" else "white"
                axes.plot([x], [value], "o", color=colour, markerfacecolor=face, markersize=5,
                          label=name if x == 0 else None)  # fmt: skip
        axes.axhline(0.0, color=FAINT, linewidth=1.0)
        axes.set_xticks(range(len(place)), [_short(layer) for layer in place], rotation=45 if len(place) > 3 else 0)
        axes.set_title(words, fontsize=9, color=INK)
        plain(axes)
    figure.axes[0].set_ylabel("rank correlation with WordNet")
    figure.axes[0].legend(frameon=False, fontsize=8, ncols=2)
    figure.suptitle(title, fontsize=11, color=INK)
    figure.supxlabel(f"left, hollow: p > {SIGNIFICANT:g} (Mantel's test); right: no test", fontsize=8, color=INK)
    return figure


def accord(rows: Sequence[Accord], title: str) -> "Figure":
    """Draws how far every two layers or networks agree: rank correlation of likeness, and debiased CKA.

    Args:
        rows: The comparisons.
        title: What they are about.
    """
    names = list(dict.fromkeys(name for row in rows for name in (row.one, row.other)))
    side = max(3.2, 0.55 * len(names) + 1.6)
    figure = sheet(2.0 * side + 1.0, side + 0.6)
    for axes, what, words in zip(
        figure.subplots(1, 2),
        ("mantel", "cka"),
        ("rank correlation of likeness (Mantel)", "debiased linear CKA"),
        strict=True,
    ):
        values, sure = np.eye(len(names)), np.ones((len(names), len(names)), dtype=bool)
        for row in rows:
            i, j = names.index(row.one), names.index(row.other)
            values[i, j] = values[j, i] = getattr(row, what)
            sure[i, j] = sure[j, i] = getattr(row, f"{what}_p") <= SIGNIFICANT
        _table(axes, values, sure, names)
        axes.set_title(words, fontsize=9, color=INK)
    figure.suptitle(title, fontsize=11, color=INK)
    if not all(row.mantel_p <= SIGNIFICANT and row.cka_p <= SIGNIFICANT for row in rows):
        figure.supxlabel(f"grey number: p > {SIGNIFICANT:g} (permutation test)", fontsize=8, color=INK)
    return figure


def _table(axes: "Axes", values: Float64, sure: np.ndarray, names: Sequence[str]) -> None:
    axes.imshow(values, vmin=0.0, vmax=1.0, cmap="Blues")
    short = [_short(name) for name in names]
    axes.set_xticks(range(len(names)), short, rotation=45, ha="right", fontsize=8)
    axes.set_yticks(range(len(names)), short, fontsize=8)
    axes.tick_params(length=0, colors=INK)
    axes.spines[:].set_visible(False)
    for (i, j), value in np.ndenumerate(values):
        if len(names) <= NUMBERED and i != j:
            colour = FAINT if not sure[i, j] else "white" if value > 0.6 else INK
            axes.text(j, i, f"{value:.2f}".replace("0.", "."), ha="center", va="center", fontsize=8, color=colour)


def _short(name: str) -> str:
    """Shortens a layer's name to what tells it from the others; others stay."""
    return name.removeprefix("inception_")


def stability(found: Stability, title: str) -> "Figure":
    """Draws over k how far clusters change with the seed of k-means, and with the images.

    Args:
        found: The agreement of seeds and of halves.
        title: What it is about.
    """
    figure = sheet(6.4, 4.0)
    axes = figure.subplots()
    axes.plot(list(found.seeds), list(found.seeds.values()), "o-", color=COLOURS[0], markersize=3.5, label="seeds")
    if found.halves is not None and found.halves.ari:
        label = "two halves of each class's images"
        axes.plot(list(found.halves.ari), list(found.halves.ari.values()), "s-", color=COLOURS[1], markersize=3.5,
                  label=label)  # fmt: skip
    axes.set_ylim(min(0.0, axes.get_ylim()[0]), 1.02)
    axes.set_xlabel("number of clusters k")
    axes.set_ylabel("agreement of clusters (adjusted Rand index)")
    axes.xaxis.get_major_locator().set_params(integer=True)  # type: ignore[call-arg]
    plain(axes)
    axes.legend(frameon=False, fontsize=9)
    axes.set_title(title, fontsize=11, color=INK)
    return figure


def depth(found: Depth, title: str) -> "Figure":
    """Draws the concepts that become clusters against the layers: F1, and in each cell the k of the best cluster.

    Args:
        found: The concepts; of many, those with the best F1 are drawn.
        title: What it is about.
    """
    shown = set(sorted(range(len(found.concepts)), key=lambda i: -found.concepts[i].f1.max())[:PICTURED_CONCEPTS])
    concepts = [concept for i, concept in enumerate(found.concepts) if i in shown]
    figure = sheet(max(6.0, 0.62 * len(found.layers) + 3.6), max(3.0, 0.24 * len(concepts) + 1.8))
    axes = figure.subplots()
    values = np.stack([concept.by_layer for concept in concepts])
    image = axes.imshow(values, vmin=0.0, vmax=1.0, cmap="Blues", aspect="auto")
    axes.set_yticks(range(len(concepts)), [f"{c.name} ({c.n_concept})" for c in concepts], fontsize=8)
    axes.set_xticks(range(len(found.layers)), [_short(name) for name in found.layers], rotation=45, fontsize=8)
    axes.tick_params(length=0, colors=INK)
    axes.spines[:].set_visible(False)
    for row, concept in enumerate(concepts):
        for column, value in enumerate(concept.by_layer):
            if found.is_cluster(concept)[column]:
                k = found.k[int(concept.f1[column].argmax())]
                colour = "white" if value > 0.6 else INK
                axes.text(column, row, str(k), ha="center", va="center", fontsize=7, color=colour)
    figure.colorbar(image, ax=axes, label="best F1 over clusters and k", shrink=0.8)
    left_out = (
        f"; {len(found.concepts) - len(concepts)} more in depth.csv" if len(concepts) < len(found.concepts) else ""
    )
    axes.set_title(f"{title}\n", fontsize=11, color=INK)
    figure.supxlabel(
        f"number: k of the best cluster, where F1 is at least {found.least:g} and above all chance draws{left_out}",
        fontsize=8, color=INK,
    )  # fmt: skip
    return figure


def over(k: Sequence[int]) -> str:
    """Returns numbers of clusters in words: a range, or all of them."""
    return f"{k[0]}..{k[-1]}" if list(k) == list(range(k[0], k[-1] + 1)) else ", ".join(map(str, k))


def subsets(found: SubsetScores, title: str) -> "Figure":
    """Draws all subsets by rank, the layers of the best ones, and what a layer adds on average.

    Args:
        found: The subsets, best first.
        title: What it is about.
    """
    figure = sheet(11.0, 5.4)
    left, above, below = figure.subplot_mosaic([["rank", "best"], ["rank", "layer"]], height_ratios=(3, 1)).values()
    mean = found.mean
    left.plot(np.arange(1, len(mean) + 1), mean, color=COLOURS[0])
    for colour, (name, place) in zip(COLOURS[1:], sorted(found.groups.items(), key=lambda item: item[1]), strict=False):
        left.plot([place + 1], [mean[place]], "o", color=colour, label=f"{name}: place {place + 1}")
    left.set_xlabel(f"place among {len(mean)} subsets")
    left.set_ylabel(f"adjusted F1, mean over k = {over(found.k)}")
    plain(left)
    left.legend(frameon=False, fontsize=9)
    best = found.members[:PICTURED_SUBSETS]
    names = [_short(name) for name in found.layers]
    above.imshow(best, cmap="Blues", vmin=0.0, vmax=1.3, aspect="auto")
    above.set_xticks([])
    above.set_yticks(
        range(len(best)), [f"{i + 1}: {value:.3f}" for i, value in enumerate(mean[: len(best)])], fontsize=7
    )
    above.set_title(f"layers of the best {len(best)}", fontsize=9, color=INK)
    gain = [mean[has].mean() - mean[~has].mean() if 0 < has.sum() < len(has) else 0.0 for has in found.members.T]
    below.bar(range(len(gain)), gain, color=COLOURS[0])
    below.axhline(0.0, color=FAINT, linewidth=1.0)
    below.set_xlim(-0.5, len(gain) - 0.5)
    below.set_xticks(range(len(names)), names, rotation=45, fontsize=8)
    below.set_ylabel("mean with\nminus without", fontsize=8)
    plain(below)
    figure.suptitle(title, fontsize=11, color=INK)
    figure.supxlabel(
        f"chosen on half of the classes the best has {found.chosen:.3f} there and {found.held_out:.3f} on the other "
        f"half; the middle subset {found.typical:.3f}", fontsize=8, color=INK,
    )  # fmt: skip
    return figure
