"""Do two layers, networks or halves of the images find the same classes similar? Mantel's correlation, CKA, ARI.

Two runs of one network may have layers in common, and of these they agree by construction: the layers are named, so
that nobody takes agreement of a part with the whole for a result. p is that of a pair alone, not of the largest of all
pairs; see `permutation.p_of_largest`.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from classvec.analyses.analysis import AnalysisInput, Chart, Result
from classvec.analyses.permutation import FEWEST_CLASSES, centred_gram, correlate, ranks
from classvec.artifacts import SIGNIFICANT, Clusterings, Float64, Similarity
from classvec.errors import InputError
from classvec.figures.canvas import FAINT, INK, sheet, short_layer
from classvec.method.clustering import adjusted_rand_index
from classvec.method.similarity import shared_layers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

log = logging.getLogger(__name__)
LONGEST_LINE = 24
"""Characters of a name in a line of a picture."""
NUMBERED = 14
"""Most names in a picture in which every cell has its number."""
SHARED = "="
"""Mark of two that share layers, in a picture without numbers."""
LISTED = 9
"""Most shared layers that are named in a line."""


@dataclass(frozen=True, kw_only=True)
class PairComparison:
    """How well two layers, networks or halves of the images agree on which classes are similar.

    Attributes:
        one: Name of the first.
        other: Name of the second.
        n_classes: Number of classes that both have.
        shared_layers: Layers that both have, as the first calls them; see `similarity.shared_layers`.
        n_permutations: Permutations of the classes behind each p.
        mantel: Rank correlation of their similarities over the upper triangle.
        mantel_p: Its p, over permutations of the classes.
        cka: Debiased linear CKA.
        cka_p: Its p.
        ari: k to the adjusted Rand index of their clusterings; empty where there are none.
    """

    one: str
    other: str
    n_classes: int
    shared_layers: tuple[str, ...]
    n_permutations: int
    mantel: float
    mantel_p: float
    cka: float
    cka_p: float
    ari: Mapping[int, float]

    @property
    def shares(self) -> str:
        """The shared layers in words; empty if there are none."""
        more = f" and {len(self.shared_layers) - LISTED} more" if len(self.shared_layers) > LISTED else ""
        return ", ".join(map(short_layer, self.shared_layers[:LISTED])) + more


def layer_similarity(run: AnalysisInput) -> Result | None:
    """Compares every two layers of a run."""
    if not run.compares_matrices:
        return None
    clusterings = run.layer_clusterings if run.settings.depth else {}
    rows = compare_pairs(run.layers, clusterings, run.settings.permutations, run.settings.seed)
    name, title = "layer_similarity", "Layers against layers"
    if not rows:
        return None
    chart = Chart(figure=draw(rows, f"{run.name}: layers against layers"), caption="Similarity of every two layers")
    return Result(name=name, title=title, tables={name: table(rows)}, charts={name: chart})


def compare_pairs(
    similarities: Mapping[str, Similarity],
    clusterings: Mapping[str, Clusterings] | None = None,
    n_permutations: int = 199,
    seed: int = 0,
) -> tuple[PairComparison, ...]:
    """Compares every two layers or networks with each other, over the classes that both have.

    Args:
        similarities: Name to similarities or distances of classes, which are matched by id.
        clusterings: The same names to their clusterings, for those that have some.
        n_permutations: Permutations behind p.
        seed: Their seed.

    Returns:
        A row for each pair; two with fewer than four classes in common are skipped, with a warning.

    Raises:
        InputError: If no two have four classes in common.
    """
    compared = {}
    for classes, pairs in _by_common_classes(similarities).items():
        names = list(dict.fromkeys(name for pair in pairs for name in pair))
        parts = [similarities[name].of_classes(classes) for name in names]
        ranked, grams = [ranks(part.likeness) for part in parts], [centred_gram(part.gram) for part in parts]
        mantel, mantel_p = correlate(ranked, ranked, n_permutations, seed)
        cka, cka_p = correlate(grams, grams, n_permutations, seed)
        for one, other in pairs:
            at = names.index(one), names.index(other)
            compared[one, other] = PairComparison(
                one=one,
                other=other,
                n_classes=len(classes),
                shared_layers=shared_layers(similarities[one], similarities[other]),
                n_permutations=n_permutations,
                mantel=float(mantel[at]),
                mantel_p=float(mantel_p[at]),
                cka=float(cka[at]),
                cka_p=float(cka_p[at]),
                ari=compare_clusters(clusterings or {}, one, other),
            )
    return tuple(compared[pair] for pair in combinations(similarities, 2) if pair in compared)


def _by_common_classes(similarities: Mapping[str, Similarity]) -> dict[tuple[str, ...], list[tuple[str, str]]]:
    """Groups the pairs of names by the classes that both have: those of a group share their permutations."""
    groups: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    few = ""
    for one, other in combinations(similarities, 2):
        common = set(similarities[one].classes) & set(similarities[other].classes)
        if len(common) < FEWEST_CLASSES:
            few = f"{one} and {other} have {len(common)} classes in common: expected {FEWEST_CLASSES} or more"
            log.warning("not compared: %s", few)
            continue
        groups.setdefault(tuple(sorted(common)), []).append((one, other))
    if few and not groups:
        raise InputError(few)
    return groups


def compare_clusters(clusterings: Mapping[str, Clusterings], one: str, other: str) -> dict[int, float]:
    """Compares the clusterings of two, for every k that both have, over the classes that both have.

    Args:
        clusterings: Name to clusterings.
        one: Name of the first.
        other: Name of the second.

    Returns:
        k to the adjusted Rand index of the seeds that agree best with the others; empty where one has no clusterings.
    """
    if one not in clusterings or other not in clusterings:
        return {}
    a, b = clusterings[one], clusterings[other]
    common = sorted(set(a.classes) & set(b.classes))
    rows = [[c.classes.index(class_id) for class_id in common] for c in (a, b)]
    return {
        k: adjusted_rand_index(*(c.labels[c.k.index(k), c.medoid(k)][row] for c, row in zip((a, b), rows, strict=True)))
        for k in a.k
        if k in b.k
    }


def table(rows: Sequence[PairComparison]) -> list[dict[str, Any]]:
    """Returns comparisons as a table: a row for each pair, with a column for each k that any pair has."""
    k = sorted({k for row in rows for k in row.ari})
    return [
        {
            **{name: value for name, value in asdict(row).items() if name != "ari"},
            "shared_layers": "; ".join(row.shared_layers),
            **{f"ari_{i}": row.ari.get(i, "") for i in k},
        }
        for row in rows
    ]


def draw(rows: Sequence[PairComparison], title: str) -> "Figure":
    """Draws how well every two agree: rank correlation of similarities, and debiased CKA.

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
        ("rank correlation of similarities (Mantel)", "debiased linear CKA"),
        strict=True,
    ):
        values, styles = np.eye(len(names)), {}
        for row in rows:
            i, j = names.index(row.one), names.index(row.other)
            values[i, j] = values[j, i] = getattr(row, what)
            styles[i, j] = styles[j, i] = (getattr(row, f"{what}_p") <= SIGNIFICANT, bool(row.shared_layers))
        _draw_matrix(axes, values, styles, names)
        axes.set_title(words, fontsize=9, color=INK)
    figure.suptitle(title, fontsize=11, color=INK)
    figure.supxlabel("; ".join(_legend(rows, numbered=len(names) <= NUMBERED)), fontsize=8, color=INK)
    return figure


def _legend(rows: Sequence[PairComparison], *, numbered: bool) -> list[str]:
    """Returns what explains the marks of a picture, as far as it has any."""
    words = []
    if numbered and not all(row.mantel_p <= SIGNIFICANT and row.cka_p <= SIGNIFICANT for row in rows):
        words.append(f"grey number: p > {SIGNIFICANT:g} (permutation test)")
    if any(row.shared_layers for row in rows):
        words.append(f"{'italic number' if numbered else SHARED}: the two share layers, which agree by construction")
    return words


def _draw_matrix(
    axes: "Axes", values: Float64, styles: Mapping[tuple[int, int], tuple[bool, bool]], names: Sequence[str]
) -> None:
    """Draws one matrix; styles say of a cell whether it is significant, and whether the two share layers."""
    axes.imshow(values, vmin=0.0, vmax=1.0, cmap="Blues")
    short = [fill(short_layer(name), LONGEST_LINE) for name in names]
    axes.set_xticks(range(len(names)), short, rotation=45, ha="right", fontsize=8)
    axes.set_yticks(range(len(names)), short, fontsize=8)
    axes.tick_params(length=0, colors=INK)
    axes.spines[:].set_visible(False)
    for (i, j), (sure, shared) in styles.items():
        value, numbered = values[i, j], len(names) <= NUMBERED
        colour = FAINT if numbered and not sure else "white" if value > 0.6 else INK
        words = f"{value:.2f}".replace("0.", ".") if numbered else SHARED if shared else ""
        style = "italic" if numbered and shared else "normal"
        axes.text(j, i, words, ha="center", va="center", fontsize=8, fontstyle=style, color=colour)
