"""All subsets of some layers, ranked by how well concepts describe their clusters.

No layer is read twice: the similarity over a subset follows from one matrix per layer. The best of hundreds looks
better than it would on other classes: how much is measured by choosing it on one half of the classes and measuring it
on the other. Each half is clustered and named by itself, or both would have seen the classes of the other: halves of
common clusters make the choice look as if it cost nothing. They are clustered with the first seed alone, since splits
differ more than seeds do. (A centred similarity stays centred over all classes.)
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from classvec import settings
from classvec.analyses.analysis import AnalysisInput, Chart, Result
from classvec.analyses.subset_scores import Judge, Kept, SubsetScores
from classvec.artifacts import Clusterings, Extents, Provenance, Similarity, content_key
from classvec.errors import InputError
from classvec.figures.canvas import COLOURS, FAINT, INK, plain, sheet, short_layer
from classvec.method.clustering import cluster, one_thread, warn_of_affinities
from classvec.method.matrix_cache import described
from classvec.progress import ImageBar
from classvec.sources import package_hash

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = logging.getLogger(__name__)
MOST_LAYERS = 12
PICTURED = 20
NAMED = 5
"""Subsets named in the lines of text."""


@dataclass(frozen=True, kw_only=True)
class SubsetRanking(settings.Subsets):
    """Ranks all subsets of the layers of a run."""

    def check(self, layers: Sequence[str], n_classes: int) -> None:
        """Refuses what cannot be ranked, before anything is computed.

        Raises:
            InputError: If there are too many layers, or a k does not fit the number of classes.
        """
        if len(layers) > MOST_LAYERS:
            raise InputError(
                f"all subsets of {len(layers)} layers are {2 ** len(layers) - 1:,} subsets: expected at most "
                f"{MOST_LAYERS} layers; name fewer with layers.names=[...]"
            )
        if max(self.k) >= n_classes // 2:
            raise InputError(
                f"{self.key_name('k')}={list(self.k)}: expected numbers from 2 to {n_classes // 2 - 1}, since each "
                f"half of the {n_classes} classes is clustered alone"
            )

    def __call__(self, run: AnalysisInput) -> Result:
        """Ranks all subsets; the scores are kept beside the class vectors, so that an interrupted ranking resumes.

        Raises:
            InputError: If there are too many layers, a k does not fit, or no subset can be clustered.
        """
        self.check(run.method.layers, len(run.classes))
        scores = self.rank(run)
        chart = Chart(figure=draw(scores, run.name), caption="All subsets of the layers, by rank")
        values = {name: getattr(scores, name) for name in ("chosen", "held_out", "typical", "failed")}
        return Result(
            name="subsets",
            title="All subsets of the layers",
            tables={"subsets": _rows(scores)},
            charts={"subsets": chart},
            metrics=[("summary/chosen_subset_held_out", scores.held_out, 0)],
            lines=_lines(scores),
            values={"subsets": values},
        )

    def rank(self, run: AnalysisInput) -> SubsetScores:
        """Clusters and scores every subset that was not scored before.

        Raises:
            InputError: If no subset can be clustered.
        """
        layers, vectors = run.method.layers, run.evaluation.vectors
        extents = run.taxonomy.extents(run.classes)
        judge = Judge.of(extents, self)
        members = np.array([[name in chosen for name in layers] for chosen in _subsets(layers)])
        kept = Kept(vectors.folders, self._content(run, extents), (len(members), judge.width))
        warned, rules = 0, set()
        with one_thread(), ImageBar(f"all subsets of {len(layers)} layers", len(members), "subsets") as bar:
            bar.advance(int((kept.state != 0).sum()))
            for row in np.flatnonzero(kept.state == 0):
                names = [name for name, has in zip(layers, members[row], strict=True) if has]
                try:
                    similarity = run.method.compare(run.matrices, vectors, names)
                    whole, *halves = self._cluster(run, similarity, judge.parts)
                    kept.put(int(row), judge([part.labels for part in (whole, *halves)]))
                    warned += "warning" in whole.provenance
                    rules |= {part.provenance.get("affinity", "") for part in (whole, *halves)}
                except InputError as error:
                    log.warning("%s left out: %s", "+".join(names), error)
                    kept.leave_out(int(row))
                bar.advance(1, "+".join(names))
        kept.save()
        if warned:
            log.warning("%d of %d subsets were clustered with a warning: one alone shows it", warned, len(members))
        warn_of_affinities("subsets, or halves of the classes,", rules)
        if not (kept.state > 0).any():
            raise InputError("no subset of the layers can be clustered: try clustering.affinity=knn or metric=centred")
        return judge.ranked(members[kept.state > 0], kept.values[kept.state > 0], layers, run.layer_groups)

    def _cluster(
        self, run: AnalysisInput, similarity: Similarity, parts: Sequence[NDArray[np.intp]]
    ) -> Iterator[Clusterings]:
        """Clusters all classes with every seed, and each half alone with the first one; see `Judge.parts`."""
        for part in parts:
            classes = [run.classes[i] for i in part]
            seeds = self.seeds if len(part) == len(run.classes) else self.seeds[:1]
            yield cluster(run.method.clustering, similarity.of_classes(classes), k=self.k, seeds=seeds, quiet=True)

    def _content(self, run: AnalysisInput, extents: Extents) -> Provenance:
        """Returns everything that the scores depend on, as JSON values."""
        return {
            "metric": described(run.method.metric),
            "weights": run.method.layer_weights,
            "clustering": described(run.method.clustering, without=("k", "seeds")),  # the ranking has its own
            "subsets of": list(run.method.layers),
            "k": list(self.k),
            "seeds": list(self.seeds),
            "draws": [self.draws, self.splits, self.seed],
            "classes": list(extents.classes),
            "concepts": content_key([extents.concepts, extents.names, [rows.tolist() for rows in extents.under]]),
            "code": package_hash(),
        }


def _subsets(layers: Sequence[str]) -> list[tuple[str, ...]]:
    return [chosen for size in range(1, len(layers) + 1) for chosen in combinations(layers, size)]


def _over(k: Sequence[int]) -> str:
    """Returns numbers of clusters in words: a range, or all of them."""
    return f"{k[0]}..{k[-1]}" if list(k) == list(range(k[0], k[-1] + 1)) else ", ".join(map(str, k))


def _rows(scores: SubsetScores) -> list[dict[str, Any]]:
    return [
        {
            "place": row + 1,
            "layers": scores.name(row),
            "adjusted": float(scores.mean[row]),
            **{f"adjusted_{k}": float(scores.adjusted[row, i]) for i, k in enumerate(scores.k)},
            **{f"f1_{k}": float(scores.f1[row, i]) for i, k in enumerate(scores.k)},
        }
        for row in range(len(scores.members))
    ]


def _lines(scores: SubsetScores) -> list[str]:
    """Returns the best subsets, the places of the groups, and what choosing the best of so many is worth."""
    n, mean = len(scores.members), scores.mean
    lines = [f"Subsets of {len(scores.layers)} layers, adjusted F1 (mean over k = {_over(scores.k)}):"]
    lines += [f"  {i + 1:4d}  {mean[i]:.3f}  {scores.name(i)}" for i in range(min(NAMED, n))]
    lines += [
        f"  {place + 1:4d}  {mean[place]:.3f}  group {name}"
        for name, place in sorted(scores.groups.items(), key=lambda group: group[1])
    ]
    lines.append(
        f"The best of {n} is chosen, and so looks better than it is: with each half of the classes clustered alone, "
        f"the best on one half has {scores.chosen:.3f} there and {scores.held_out:.3f} on the other, where the middle "
        f"subset has {scores.typical:.3f}."
    )
    return lines + ([f"{scores.failed} subsets could not be clustered and are left out."] if scores.failed else [])


def draw(scores: SubsetScores, name: str) -> "Figure":
    """Draws all subsets by rank, the layers of the best ones, and what a layer adds on average.

    Args:
        scores: The subsets, best first.
        name: Name of the run.
    """
    figure = sheet(11.0, 5.4)
    left, above, below = figure.subplot_mosaic([["rank", "best"], ["rank", "layer"]], height_ratios=(3, 1)).values()
    mean = scores.mean
    left.plot(np.arange(1, len(mean) + 1), mean, color=COLOURS[0])
    for colour, (group, place) in zip(
        COLOURS[1:], sorted(scores.groups.items(), key=lambda item: item[1]), strict=False
    ):
        left.plot([place + 1], [mean[place]], "o", color=colour, label=f"{group}: place {place + 1}")
    left.set_xlabel(f"place among {len(mean)} subsets")
    left.set_ylabel(f"adjusted F1, mean over k = {_over(scores.k)}")
    plain(left)
    if scores.groups:
        left.legend(frameon=False, fontsize=9)
    best = scores.members[:PICTURED]
    names = [short_layer(layer) for layer in scores.layers]
    above.imshow(best, cmap="Blues", vmin=0.0, vmax=1.3, aspect="auto")
    above.set_xticks([])
    above.set_yticks(
        range(len(best)), [f"{i + 1}: {value:.3f}" for i, value in enumerate(mean[: len(best)])], fontsize=7
    )
    above.set_title(f"layers of the best {len(best)}", fontsize=9, color=INK)
    gain = [mean[has].mean() - mean[~has].mean() if 0 < has.sum() < len(has) else 0.0 for has in scores.members.T]
    below.bar(range(len(gain)), gain, color=COLOURS[0])
    below.axhline(0.0, color=FAINT, linewidth=1.0)
    below.set_xlim(-0.5, len(gain) - 0.5)
    below.set_xticks(range(len(names)), names, rotation=45, fontsize=8)
    below.set_ylabel("mean with\nminus without", fontsize=8)
    plain(below)
    figure.suptitle(f"{name}, ranked", fontsize=11, color=INK)
    figure.supxlabel(
        f"each half of the classes clustered alone, the best on one has {scores.chosen:.3f} there and "
        f"{scores.held_out:.3f} on the other; the middle subset {scores.typical:.3f}", fontsize=8, color=INK,
    )  # fmt: skip
    return figure
