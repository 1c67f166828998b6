"""How well concepts describe the clusters: mean best F1 for every k (paper, section 4.2), against chance."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts import Clusterings, Float64, Score, Scores, p_value
from classvec.errors import InputError
from classvec.method.chance import chance_draws
from classvec.method.naming import ConceptNaming, check_classes

UNDEFINED_ABOVE = 0.99
"""Chance level above which an adjusted score says nothing (a singleton and the rest reach .9997 at k = 2)."""
TOLERANCE = 1e-6
"""F1 of draws is computed in float32."""


def score(naming: ConceptNaming, clusterings: Clusterings, n_draws: int = 1000, seed: int = 0) -> Scores:
    """Measures how well concepts describe the clusters, against chance, for every k and for the curve over k.

    Args:
        naming: The concepts over the clusterings' classes.
        clusterings: The clusters.
        n_draws: Number of chance draws; each permutes the classes once, for all clusters of all k and seeds.
        seed: Seed of the draws.

    Raises:
        InputError: If there are no draws, or the classes differ.
    """
    if n_draws < 1:
        raise InputError(f"the chance level needs at least one draw, found {n_draws}: set chance.draws")
    check_classes(naming, clusterings)
    draws = chance_draws(naming, clusterings.labels, n_draws, seed)
    rows = tuple(
        _score(
            k,
            [naming.best_f1(labels) for labels in clusterings.labels[row]],
            draws[:, row],
            [np.bincount(labels) for labels in clusterings.labels[row]],
            clusterings.seeds_ari[row],
        )
        for row, k in enumerate(clusterings.k)
    )
    provenance = {**clusterings.provenance, "ontology": naming.extents.source, "chance_seed": seed}
    return Scores(rows=rows, n_draws=n_draws, curve_p=_curve_p(rows, draws), provenance=provenance)


def _curve_p(rows: Sequence[Score], draws: Float64) -> float:
    """Returns the share of draws whose largest adjusted F1 over k is at least that of the curve; NaN if undefined.

    The best k is chosen among all; a draw chooses its own among the same.
    """
    defined = [i for i, row in enumerate(rows) if not np.isnan(row.f1_adjusted)]
    if not defined:
        return float("nan")
    chance = np.array([rows[i].f1_chance for i in defined])
    largest = ((draws[:, defined] - chance) / (1.0 - chance)).max(axis=1)
    return _p(largest, max(rows[i].f1_adjusted for i in defined))


def _p(draws: Float64, observed: float) -> float:
    return p_value(int((draws >= observed - TOLERANCE).sum()), len(draws))


def _score(
    k: int, best: Sequence[Float64], draws: Float64, sizes: Sequence[NDArray[np.intp]], seeds_ari: Float64
) -> Score:
    f1 = [float(values.mean()) for values in best]
    weighted = [float(np.average(values, weights=size)) for values, size in zip(best, sizes, strict=True)]
    mean, chance = float(np.mean(f1)), float(draws.mean())
    low, high = np.percentile(draws, [2.5, 97.5])
    pairs = seeds_ari[np.triu_indices(len(seeds_ari), 1)]
    return Score(
        k=k,
        f1_mean=mean,
        f1_min=min(f1),
        f1_max=max(f1),
        f1_weighted=float(np.mean(weighted)),
        f1_chance=chance,
        f1_chance_low=float(low),
        f1_chance_high=float(high),
        f1_adjusted=adjusted(mean, chance),
        p=_p(draws, mean),
        smallest=min(int(size.min()) for size in sizes),
        seeds_ari=float(pairs.mean()) if len(pairs) else 1.0,
        seeds_ari_min=float(pairs.min()) if len(pairs) else 1.0,
    )


def adjusted(f1: float, chance: float) -> float:
    """Returns (f1 - chance) / (1 - chance): 0 at chance, 1 for perfect; NaN where chance leaves less than .01."""
    return (f1 - chance) / (1.0 - chance) if chance <= UNDEFINED_ABOVE else float("nan")
