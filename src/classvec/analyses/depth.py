"""Which concept becomes a cluster at which depth? F1 of every concept over the clusters of every single layer.

F1 is that of the paper's section 4.2, but asked the other way round: of a concept, how well the best cluster matches
it. That is a maximum over layers, k and clusters, so it is tested against the same maximum with the classes permuted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from classvec.analyses.analysis import AnalysisInput, Chart, Result
from classvec.artifacts import SIGNIFICANT, Clusterings, Float64, p_value, p_words
from classvec.figures.canvas import INK, sheet, short_layer
from classvec.method.chance import concept_chance
from classvec.method.naming import ConceptNaming
from classvec.method.scores import TOLERANCE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PICTURED = 40
"""Most concepts in the picture."""
FEWEST_LISTED = 20
"""Where fewer concepts become a cluster, table and picture list the best others too, up to this number."""
NAMED = 8
"""Concepts named in a line of text."""


@dataclass(frozen=True, kw_only=True)
class ConceptDepth:
    """One concept through the layers.

    Attributes:
        concept: Id of the concept.
        synset: Its synset name.
        name: Its words.
        n_concept: Number of classes under it.
        f1: The best F1 over the clusters of each layer and k, mean over seeds, of shape (n_layers, n_k).
        chance: The largest F1 of each draw, over all layers, k and clusters, of shape (n_draws,).
        is_cluster: Whether it is a cluster in each layer, of shape (n_layers,).
    """

    concept: str
    synset: str
    name: str
    n_concept: int
    f1: Float64
    chance: Float64
    is_cluster: NDArray[np.bool_]

    @property
    def by_layer(self) -> Float64:
        """The best F1 over k in each layer, of shape (n_layers,)."""
        return np.asarray(self.f1.max(axis=1))

    @property
    def p(self) -> float:
        """Share of the draws that reach the best F1, the observed one counted as a draw; of this concept alone."""
        reached = int((self.chance >= self.f1.max() - TOLERANCE).sum())
        return p_value(reached, len(self.chance))

    @property
    def first_layer(self) -> int | None:
        """Position of the lowest layer in which the concept is a cluster; None if it is in none."""
        layers = np.flatnonzero(self.is_cluster)
        return int(layers[0]) if len(layers) else None


@dataclass(frozen=True, kw_only=True)
class Depth:
    """The concepts, and where they become clusters.

    Attributes:
        concepts: Those that become a cluster, by the lowest layer where they do and by falling extent; then the others,
            by falling F1.
        layers: Names of the layers, low to top.
        k: Numbers of clusters.
        least: F1 that a concept must reach to count as a cluster.
        n_draws: Number of chance draws.
    """

    concepts: tuple[ConceptDepth, ...]
    layers: tuple[str, ...]
    k: tuple[int, ...]
    least: float
    n_draws: int

    @property
    def clusters(self) -> tuple[ConceptDepth, ...]:
        """The concepts that become a cluster in some layer."""
        return tuple(concept for concept in self.concepts if concept.first_layer is not None)


def depth(run: AnalysisInput) -> Result | None:
    """Clusters every layer alone, and finds the concepts that become clusters."""
    if not run.compares_matrices or not run.layer_clusterings:
        return None
    naming, keys = ConceptNaming(run.taxonomy.extents(run.classes)), run.settings
    by_depth = concepts_by_depth(naming, run.layer_clusterings, keys.draws, keys.seed, keys.least)
    return Result(
        name="depth",
        title="Concepts by depth",
        tables={"depth": _rows(by_depth)},
        charts={"depth": Chart(figure=draw(by_depth, run.name), caption="Where a concept becomes a cluster")},
        metrics=[("summary/concepts_found", float(len(by_depth.clusters)), 0)],
        lines=_lines(by_depth),
    )


def concepts_by_depth(
    naming: ConceptNaming, clusterings: Mapping[str, Clusterings], n_draws: int, seed: int, least: float
) -> Depth:
    """Finds the concepts that become clusters, and where.

    A concept is a cluster in a layer if its F1 there reaches ``least`` and exceeds that of every chance draw, each of
    them a maximum over all layers, k and clusters too.

    Args:
        naming: The concepts over the clusterings' classes.
        clusterings: Layer, low to top, to its clusters; all with the same k.
        n_draws: Number of permutations of the classes.
        seed: Their seed.
        least: F1 that a concept must reach.
    """
    labels = np.concatenate([of_layer.labels for of_layer in clusterings.values()])  # (n_layers * n_k, n_seeds, ...)
    f1 = naming.concept_f1(labels).reshape(len(clusterings), -1, len(naming.leaders))
    chance = concept_chance(naming, labels, n_draws, seed)
    concepts = [_concept(naming, row, f1[:, :, row], chance[:, row], least) for row in range(len(naming.leaders))]
    return Depth(
        concepts=tuple(sorted(concepts, key=_order)),
        layers=tuple(clusterings),
        k=next(iter(clusterings.values())).k,
        least=least,
        n_draws=n_draws,
    )


def _concept(naming: ConceptNaming, row: int, f1: Float64, chance: Float64, least: float) -> ConceptDepth:
    extents, at, best = naming.extents, naming.leaders[row], f1.max(axis=1)
    return ConceptDepth(
        concept=extents.concepts[at],
        synset=extents.synsets[at],
        name=extents.names[at],
        n_concept=len(extents.under[at]),
        f1=f1,
        chance=chance,
        is_cluster=(best >= least - TOLERANCE) & (best > chance.max() + TOLERANCE),
    )


def _order(concept: ConceptDepth) -> tuple[bool, float, int, str]:
    first = concept.first_layer
    return first is None, -concept.f1.max() if first is None else first, -concept.n_concept, concept.name


def _rows(by_depth: Depth) -> list[dict[str, Any]]:
    return [
        {
            "concept": concept.concept,
            "synset": concept.synset,
            "name": concept.name,
            "n_concept": concept.n_concept,
            "chance": float(concept.chance.max()),
            "p": concept.p,
            "first_layer": "" if concept.first_layer is None else by_depth.layers[concept.first_layer],
            "layer": layer,
            "is_cluster": bool(concept.is_cluster[row]),
            "k": k,
            "f1": float(concept.f1[row, column]),
        }
        for concept in by_depth.concepts[: max(FEWEST_LISTED, len(by_depth.clusters))]
        for row, layer in enumerate(by_depth.layers)
        for column, k in enumerate(by_depth.k)
    ]


def _lines(by_depth: Depth) -> list[str]:
    clusters, n, n_draws = by_depth.clusters, len(by_depth.concepts), by_depth.n_draws
    lines = [
        f"Concepts that become a cluster (F1 of {by_depth.least:g} or more, above all {n_draws} chance draws, "
        f"{p_words(0.0, n_draws)}): {len(clusters)} of {n}, at most {n / (n_draws + 1):.3g} expected by chance"
        + (", by the lowest layer where they do:" if clusters else "")
    ]
    for position, layer in enumerate(by_depth.layers):
        if names := [f"{c.name} {c.by_layer[position]:.2f}" for c in clusters if c.first_layer == position]:
            lines.append(f"  {layer}: {_listed(names)}")
    others = [f"{c.name} {c.f1.max():.2f} ({p_words(c.p, n_draws)})" for c in by_depth.concepts[len(clusters) :]]
    return [*lines, *([f"  no cluster, best F1 first: {_listed(others)}"] if others else []), f"  {_about_p(n)}"]


def _about_p(n: int) -> str:
    by_chance = f"{SIGNIFICANT * n:.3g} of them at most are expected to have p <= {SIGNIFICANT:g} by chance"
    return f"p is that of a concept's best F1 over layers, k and clusters, not over the {n} concepts: {by_chance}"


def _listed(names: Sequence[str]) -> str:
    more = f", and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def draw(by_depth: Depth, name: str) -> "Figure":
    """Draws concepts against layers: filled with the best F1 where the concept is a cluster, hollow where it is not.

    Args:
        by_depth: The concepts; of many, those with the best F1 are drawn.
        name: Name of the run.
    """
    n = len(by_depth.clusters)
    best = sorted(range(n), key=lambda i: -by_depth.concepts[i].f1.max())[:PICTURED]
    concepts = [by_depth.concepts[i] for i in sorted(best)] + list(by_depth.concepts[n : max(n, FEWEST_LISTED)])
    figure = sheet(max(6.0, 0.62 * len(by_depth.layers) + 3.6), max(3.0, 0.24 * len(concepts) + 1.8))
    axes = figure.subplots()
    values = np.stack([np.where(c.is_cluster, c.by_layer, np.nan) for c in concepts])
    image = axes.imshow(values, vmin=0.0, vmax=1.0, cmap="Blues", aspect="auto")
    names = [f"{c.name} ({c.n_concept}), {p_words(c.p, by_depth.n_draws)}" for c in concepts]
    axes.set_yticks(range(len(concepts)), names, fontsize=8)
    axes.set_xticks(range(len(by_depth.layers)), map(short_layer, by_depth.layers), rotation=45, fontsize=8)
    axes.tick_params(length=0, colors=INK)
    axes.spines[:].set_visible(False)
    for row, concept in enumerate(concepts):
        for column in range(len(by_depth.layers)):
            _draw_cell(axes, row, column, concept, by_depth.k)
    figure.colorbar(image, ax=axes, label="best F1 over clusters and k", shrink=0.8)
    axes.set_title(f"{name}: which concept becomes a cluster in which layer\n", fontsize=11, color=INK)
    more = len(by_depth.concepts) - len(concepts)
    words = (
        f"filled: k of the best cluster, F1 at least {by_depth.least:g} and above all {by_depth.n_draws} chance draws; "
        f"hollow: best F1 of the others{f'; {more} more concepts' if more else ''}"
    )
    parts = [fill(part, int(14 * figure.get_figwidth())) for part in (words, _about_p(len(by_depth.concepts)))]
    figure.supxlabel("\n".join(parts), fontsize=8, color=INK)
    return figure


def _draw_cell(axes: "Axes", row: int, column: int, concept: ConceptDepth, k: Sequence[int]) -> None:
    from matplotlib.patches import Rectangle

    value, filled = concept.by_layer[column], concept.is_cluster[column]
    if not filled:
        edge = (*[0.75 - 0.6 * value] * 2, 0.8)  # bluer for a larger F1
        axes.add_patch(Rectangle((column - 0.44, row - 0.4), 0.88, 0.8, fill=False, edgecolor=edge, linewidth=1.0))
    words = str(k[int(concept.f1[column].argmax())]) if filled else f"{value:.2f}".replace("0.", ".")
    axes.text(column, row, words, ha="center", va="center", fontsize=7 if filled else 6,
              color="white" if filled and value > 0.6 else INK)  # fmt: skip
