"""What several curves are read against, for pictures and pages: chance, the ontology itself, and what bands mean."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from classvec.artifacts.scores import BANDS, Scores


@dataclass(frozen=True, kw_only=True)
class OntologyLevel:
    """What the ontology's own similarity reaches, once for all curves that have the same.

    Attributes:
        words: What it is; with the name of a curve where curves have different levels.
        f1: k to `Score.f1_ontology`.
        adjusted: k to `Score.f1_ontology_adjusted`; NaN where that is undefined.
    """

    words: str
    f1: Mapping[int, float]
    adjusted: Mapping[int, float]


def ontology_levels(curves: Mapping[str, Scores]) -> list[OntologyLevel]:
    """Returns the different levels of some curves, name to scores; none where the ontology was not clustered."""
    found: list[OntologyLevel] = []
    for name, scores in curves.items():
        known = [row for row in scores.rows if not math.isnan(row.f1_ontology)]
        f1 = {row.k: row.f1_ontology for row in known}
        if f1 and not any(f1.items() <= level.f1.items() for level in found):
            found.append(OntologyLevel(words=name, f1=f1, adjusted={row.k: row.f1_ontology_adjusted for row in known}))
    words = "the ontology's own path similarity, clustered"
    return [
        OntologyLevel(words=f"{words} as {one.words}" if len(found) > 1 else words, f1=one.f1, adjusted=one.adjusted)
        for one in found
    ]


def chance_range(curves: Collection[Scores]) -> dict[int, tuple[float, float]]:
    """Returns k, ascending, to the range that holds the chance levels of all curves."""
    found: dict[int, tuple[float, float]] = {}
    for row in sorted((row for scores in curves for row in scores.rows), key=lambda row: row.k):
        low, high = found.get(row.k, (math.inf, -math.inf))
        found[row.k] = min(low, row.f1_chance_low), max(high, row.f1_chance_high)
    return found


def bands(curves: Collection[Scores]) -> str:
    """Returns what the bands of some curves mean, or how to get some, in a sentence."""
    return max(curves, key=lambda scores: scores.n_half_samples).intervals(BANDS)
