"""Can the clusters be trusted? They are compared over other seeds of k-means, and over two halves of the images.

The correlation r of two halves predicts that of two whole sets of images, 2 r / (1 + r) (Spearman: Correlation
calculated from faulty data; Brown: Some experimental results in the correlation of mental abilities; both British
Journal of Psychology 1910). It holds for Pearson's correlation of parallel tests; of ranks of cosines it is an
approximation, in simulations too high by up to .05.
"""

import logging
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from classvec.analyses.analysis import AnalysisInput, Chart, Result
from classvec.analyses.layer_similarity import PairComparison, compare_pairs
from classvec.artifacts import Clusterings, Point, json_number, p_words
from classvec.errors import InputError
from classvec.figures.canvas import COLOURS, INK, plain, sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Stability:
    """How much clusters and similarities depend on the seed and on the images.

    Attributes:
        seeds: k to the mean adjusted Rand index between seeds.
        halves: How well two random halves of each class's images agree; None without halves in the store.
        reliability: Rank correlation to expect of two whole sets of so many images; NaN without halves, or where these
            do not agree.
        left_out: Number of classes with one image, which have no halves.
    """

    seeds: Mapping[int, float]
    halves: PairComparison | None = None
    reliability: float = float("nan")
    left_out: int = 0


def stability(run: AnalysisInput) -> Result:
    """Compares the clusters of several seeds, and those of two halves of every class's images."""
    measured = measure(run)
    name, halves = "stability", {} if measured.halves is None else measured.halves.ari
    rows = [{"k": k, "seeds_ari": ari, "halves_ari": halves.get(k, "")} for k, ari in measured.seeds.items()]
    points: list[Point] = [("clusters/halves_ari", ari, k) for k, ari in halves.items()]
    if measured.halves is not None:
        points.append(("summary/reliability", measured.reliability, 0))
    return Result(
        name=name,
        title="How stable the clusters are",
        tables={name: rows},
        charts={
            name: Chart(
                figure=draw(measured, run.name),
                caption="Agreement of seeds, and of halves of the images where the store has them",
            )
        },
        metrics=points,
        lines=[] if measured.halves is None else [_words(measured, measured.halves)],
        values={} if measured.halves is None else {"halves": _values(measured, measured.halves)},
    )


def measure(run: AnalysisInput) -> Stability:
    """Measures how much the clusters change with the seed, and with the images."""
    seeds = over_seeds(run.evaluation.clusterings)
    halves = run.halves if run.compares_matrices else None  # of many classes, a matrix takes gigabytes
    if halves is None:
        return Stability(seeds=seeds)
    named = dict(zip(("first half", "second half"), halves, strict=True))
    try:
        clustered = {name: run.cluster(half) for name, half in named.items()}
    except InputError as error:  # fewer classes than clusters, or a signed network
        log.warning("the halves are correlated, but not clustered: %s", error)
        clustered = {}
    (pair,) = compare_pairs(named, clustered, run.settings.permutations, run.settings.seed)
    return Stability(
        seeds=seeds,
        halves=pair,
        reliability=2.0 * pair.mantel / (1.0 + pair.mantel) if pair.mantel > 0.0 else float("nan"),
        left_out=len(run.classes) - len(halves[0].classes),
    )


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
    words = f"similarities correlate {halves.mantel:.2f} ({p_words(halves.mantel_p, halves.n_permutations)})"
    return f"Two halves of each class's images: {words}{whole}{out}"


def _values(measured: Stability, halves: PairComparison) -> dict[str, Any]:
    without = ("ari", "shared_layers")  # the layers are the same ones, of other images
    values = {name: value for name, value in asdict(halves).items() if name not in without}
    return {**values, "reliability": json_number(measured.reliability), "left_out": measured.left_out}


def draw(measured: Stability, name: str) -> "Figure":
    """Draws over k how much the clusters change with the seed of k-means, and with the images.

    Args:
        measured: The agreement of seeds and of halves.
        name: Name of the run.
    """
    figure = sheet(6.4, 4.0)
    axes = figure.subplots()
    axes.plot(
        list(measured.seeds), list(measured.seeds.values()), "o-", color=COLOURS[0], markersize=3.5, label="seeds"
    )
    if measured.halves is not None and measured.halves.ari:
        ari, label = measured.halves.ari, "two halves of each class's images"
        axes.plot(list(ari), list(ari.values()), "s-", color=COLOURS[1], markersize=3.5, label=label)
    axes.set_ylim(min(0.0, axes.get_ylim()[0]), 1.02)
    axes.set_xlabel("number of clusters k")
    axes.set_ylabel("agreement of clusters (adjusted Rand index)")
    axes.xaxis.get_major_locator().set_params(integer=True)  # type: ignore[call-arg]
    plain(axes)
    axes.legend(frameon=False, fontsize=9)
    axes.set_title(fill(f"{name}: how stable the clusters are", 60), fontsize=11, color=INK)
    return figure
