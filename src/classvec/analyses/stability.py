"""Can the clusters be trusted? They are compared over other seeds of k-means, and over two halves of the images.

The correlation r of two halves predicts that of two whole sets of images, 2 r / (1 + r) (Spearman: Correlation
calculated from faulty data; Brown: Some experimental results in the correlation of mental abilities; both British
Journal of Psychology 1910). It holds for Pearson's correlation of parallel tests; of ranks of cosines it is an
approximation, in simulations too high by up to .05.

Of many splits into halves, r is the median, since that of the predictions is the prediction of the median. Two sides of
an odd number of folds are not equally long. The formula for that (Horst: Estimating total test reliability from parts
of unequal length, Educational and Psychological Measurement 1951) gives up to .007 more for 5 folds, .020 for 3: less
than the approximation is off by, so it is not used. Splits share their images, and their range says how much r depends
on the split; it is no confidence interval.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from classvec.analyses.analysis import AnalysisInput, Chart, Result
from classvec.analyses.layer_similarity import PairComparison, compare_pairs
from classvec.analyses.permutation import correlation, ranks
from classvec.artifacts import HALVES, Clusterings, Point, json_number, p_words
from classvec.errors import InputError
from classvec.figures.canvas import COLOURS, INK, plain, sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

log = logging.getLogger(__name__)
SPLIT_HALF = "split-half r"
"""Column of a sweep's summary: how well the similarities by two halves of the images agree."""


@dataclass(frozen=True, kw_only=True)
class Stability:
    """How much clusters and similarities depend on the seed and on the images.

    Attributes:
        seeds: k to the mean adjusted Rand index between seeds.
        f1: k to mean, least and largest mean best F1 of the seeds.
        halves: How well two random halves of each class's images agree, in the first split; None without halves in the
            store.
        splits: Rank correlation of the similarities by two halves, for each split.
        n_folds: Number of parts that each class's images are kept in.
        left_out: Number of classes with one image, which have no halves.
    """

    seeds: Mapping[int, float]
    f1: Mapping[int, tuple[float, float, float]]
    halves: PairComparison | None = None
    splits: tuple[float, ...] = ()
    n_folds: int = 0
    left_out: int = 0

    @property
    def has_folds(self) -> bool:
        """Whether there are folds, and so many splits, and not two halves alone."""
        return self.n_folds > HALVES

    @property
    def spread(self) -> dict[str, float]:
        """Least, median and largest correlation of the splits."""
        return {"least": min(self.splits), "median": float(np.median(self.splits)), "largest": max(self.splits)}

    @property
    def reliability(self) -> float:
        """Rank correlation to expect of two whole sets of so many images; NaN without halves, or if they disagree."""
        return spearman_brown(float(np.median(self.splits))) if self.splits else float("nan")


def stability(run: AnalysisInput) -> Result:
    """Compares the clusters of several seeds, and those of two halves of every class's images."""
    measured = measure(run)
    name, halves = "stability", measured.halves
    ari = {} if halves is None else halves.ari
    rows = [
        {"k": k, "seeds_ari": seeds_ari, "halves_ari": ari.get(k, ""), "f1_min": least, "f1_max": largest}
        for (k, seeds_ari), (_, least, largest) in zip(measured.seeds.items(), measured.f1.values(), strict=True)
    ]
    tables: dict[str, Sequence[Mapping[str, Any]]] = {name: rows}
    points: list[Point] = [("clusters/halves_ari", value, k) for k, value in ari.items()]
    caption = "Agreement of seeds, and of halves of the images where the store has them; F1 of the seeds"
    if halves is not None:
        points.append(("summary/reliability", measured.reliability, 0))
    if measured.has_folds:
        tables["stability_splits"] = [{"split": i, "spearman": r} for i, r in enumerate(measured.splits)]
        points += [(f"summary/halves_{words}", r, 0) for words, r in measured.spread.items()]
        caption += f"; rank correlation of the similarities by two halves, for {len(measured.splits)} splits"
    return Result(
        name=name,
        title="How stable the clusters are",
        tables=tables,
        charts={name: Chart(figure=draw(measured, run.name), caption=caption)},
        metrics=points,
        lines=[] if halves is None else [_words(measured, halves)],
        values={} if halves is None else {"halves": _values(measured, halves)},
        summary={} if halves is None else {SPLIT_HALF: _cell(measured)},
    )


def measure(run: AnalysisInput) -> Stability:
    """Measures how much the clusters change with the seed, and with the images."""
    seeds = over_seeds(run.evaluation.clusterings)
    f1 = {row.k: (row.f1_mean, row.f1_min, row.f1_max) for row in run.evaluation.scores.rows}
    splits = run.splits if run.compares_matrices else ()  # of many classes, a matrix takes gigabytes
    if not splits:
        return Stability(seeds=seeds, f1=f1)
    named = dict(zip(("first half", "second half"), splits[0], strict=True))
    try:
        clustered = {name: run.cluster(half) for name, half in named.items()}
    except InputError as error:  # fewer classes than clusters, or a signed network
        log.warning("the halves are correlated, but not clustered: %s", error)
        clustered = {}
    (pair,) = compare_pairs(named, clustered, run.settings.permutations, run.settings.seed)
    others = [correlation(ranks(one.likeness), ranks(other.likeness)) for one, other in splits[1:]]
    return Stability(
        seeds=seeds,
        f1=f1,
        halves=pair,
        splits=(pair.mantel, *others),
        n_folds=run.evaluation.vectors.layers[run.method.layers[0]].n_parts,
        left_out=len(run.classes) - pair.n_classes,
    )


def spearman_brown(r: float) -> float:
    """Returns the correlation to expect of two tests of twice the length; NaN unless that of two halves is positive."""
    return 2.0 * r / (1.0 + r) if r > 0.0 else float("nan")


def over_seeds(clusterings: Clusterings) -> dict[int, float]:
    """Returns k to the mean adjusted Rand index between its seeds; of one seed NaN, or 1 where no seed is drawn."""
    pairs = np.triu_indices(len(clusterings.seeds), 1)
    alone = float("nan") if clusterings.has_seeds else 1.0
    return {
        k: float(ari[pairs].mean()) if len(pairs[0]) else alone
        for k, ari in zip(clusterings.k, clusterings.seeds_ari, strict=True)
    }


def _words(measured: Stability, halves: PairComparison) -> str:
    out = f", {measured.left_out} classes of one image left out" if measured.left_out else ""
    whole = "" if math.isnan(measured.reliability) else f"; of whole sets about {measured.reliability:.2f} is expected"
    p = p_words(halves.mantel_p, halves.n_permutations)
    if not measured.has_folds:
        return f"Two halves of each class's images: similarities correlate {halves.mantel:.2f} ({p}){whole}{out}"
    least, median, largest = measured.spread.values()
    return (
        f"Two halves of each class's images, {len(measured.splits)} splits of {measured.n_folds} folds: similarities "
        f"correlate {median:.2f} (median; {least:.2f} to {largest:.2f} over the splits, no confidence interval; {p} in "
        f"the first){whole}{out}"
    )


def _cell(measured: Stability) -> str:
    """Returns the correlation of halves of the images for a table, with its range over splits if there are many."""
    least, median, largest = measured.spread.values()
    return f"{median:.2f} ({least:.2f} to {largest:.2f})" if measured.has_folds else f"{median:.2f}"


def _values(measured: Stability, halves: PairComparison) -> dict[str, Any]:
    without = ("ari", "shared_layers")  # the layers are the same ones, of other images
    values = {name: value for name, value in asdict(halves).items() if name not in without}
    if measured.has_folds:
        values |= {"n_folds": measured.n_folds, "n_splits": len(measured.splits), **measured.spread}
    return {**values, "reliability": json_number(measured.reliability), "left_out": measured.left_out}


def draw(measured: Stability, name: str) -> "Figure":
    """Draws over k how much the clusters change with the seed of k-means, and with the images.

    Args:
        measured: The agreement of seeds and of halves; of folds, the correlations of all splits are drawn beside it.
        name: Name of the run.
    """
    panels = 3 if measured.has_folds else 2
    figure = sheet(1.0 + 4.2 * panels, 4.0)
    axes, of_f1, *beside = figure.subplots(1, panels)
    axes.plot(
        list(measured.seeds), list(measured.seeds.values()), "o-", color=COLOURS[0], markersize=3.5, label="seeds"
    )
    if measured.halves is not None and measured.halves.ari:
        label = f"two halves of each class's images{', first split' if measured.has_folds else ''}"
        ari = measured.halves.ari
        axes.plot(list(ari), list(ari.values()), "s-", color=COLOURS[1], markersize=3.5, label=label)
    mean, least, largest = zip(*measured.f1.values(), strict=True)
    of_f1.fill_between(
        list(measured.f1), least, largest, color=COLOURS[0], alpha=0.2, linewidth=0, label="range of seeds"
    )
    of_f1.plot(list(measured.f1), mean, "o-", color=COLOURS[0], markersize=3.5, label="mean of seeds")
    for panel, words in ((axes, "agreement of clusters (adjusted Rand index)"), (of_f1, "mean best F1")):
        panel.set_ylim(min(0.0, panel.get_ylim()[0]), 1.02)
        panel.set_xlabel("number of clusters k")
        panel.set_ylabel(words)
        panel.xaxis.get_major_locator().set_params(integer=True)
        plain(panel)
        panel.legend(frameon=False, fontsize=9)
    for other in beside:
        _draw_splits(other, measured)
    figure.suptitle(fill(f"{name}: how stable the clusters are", 60), fontsize=11, color=INK)
    return figure


def _draw_splits(axes: "Axes", measured: Stability) -> None:
    """Draws the distribution of the splits' correlations, and what is expected of whole sets."""
    axes.hist(measured.splits, bins=15, orientation="horizontal", color=COLOURS[1], alpha=0.5)
    lines = {"median": (measured.spread["median"], "-"), "expected of whole sets": (measured.reliability, "--")}
    for label, (value, style) in lines.items():
        if not math.isnan(value):
            axes.axhline(value, color=COLOURS[1], linestyle=style, label=f"{label}: {value:.2f}")
    axes.set_xlabel(f"number of splits ({len(measured.splits)} of {measured.n_folds} folds)")
    axes.xaxis.get_major_locator().set_params(integer=True)  # type: ignore[call-arg]
    axes.set_ylabel("rank correlation of similarities by two halves")
    plain(axes)
    axes.margins(y=0.25)
    axes.legend(frameon=False, fontsize=9)
