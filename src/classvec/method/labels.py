"""Names for the clusters of a run, told apart and tested: each label against random clusters of its size.

Benjamini, Hochberg: Controlling the false discovery rate, Journal of the Royal Statistical Society B 1995.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from classvec import settings
from classvec.artifacts import SIGNIFICANT, Clusterings, ClusterLabel, ConceptLabels, Float64, p_value
from classvec.method.chance import best_f1_of_size
from classvec.method.distinct_names import tell_apart
from classvec.method.naming import ConceptNaming, check_classes
from classvec.method.scores import TOLERANCE, adjusted

log = logging.getLogger(__name__)


def name_clusters(
    naming: ConceptNaming, clusterings: Clusterings, runners_up: int = 4, chance: settings.Chance | None = None
) -> ConceptLabels:
    """Names the clusters for every k; of several seeds, the one that agrees best with the others is named.

    Args:
        naming: The concepts over the clusterings' classes.
        clusterings: The clusters.
        runners_up: How many further concepts to keep for each cluster.
        chance: Number and seed of the random clusters; None for the defaults.
    """
    check_classes(naming, clusterings)
    chance = chance or settings.Chance()
    seeds = {k: clusterings.medoid(k) for k in clusterings.k}
    named = {
        k: tell_apart(naming, naming.name(clusterings.labels[row, seeds[k]], runners_up))
        for row, k in enumerate(clusterings.k)
    }
    return ConceptLabels(
        clusters=against_chance(naming, named, chance.label_draws, chance.seed),
        seeds={k: clusterings.seeds[position] for k, position in seeds.items()},
        classes=clusterings.classes,
        class_names=naming.extents.class_names,
        n_draws=chance.label_draws,
        provenance={**clusterings.provenance, "ontology": naming.extents.source},
    )


def against_chance(
    naming: ConceptNaming, clusters: Mapping[int, tuple[ClusterLabel, ...]], n_draws: int, seed: int
) -> dict[int, tuple[ClusterLabel, ...]]:
    """Adds chance, adjusted F1, p and q to every label.

    Args:
        naming: The concepts over the classes.
        clusters: k to its named clusters.
        n_draws: Number of random clusters of each size.
        seed: Their seed.

    Returns:
        The same clusters. p is that of the best F1 over all concepts; q is over all labels, for all k. Where chance
        leaves nothing to gain, as for a cluster of one class, all but chance are NaN.
    """
    labels = [(k, label) for k, of_k in clusters.items() for label in of_k]
    sizes, which = np.unique([len(label.members) for _, label in labels], return_inverse=True)
    draws = best_f1_of_size(naming, sizes.tolist(), n_draws, seed)
    chance = draws.mean(axis=0, dtype=np.float64)[which]
    f1 = np.array([label.best.f1 for _, label in labels])
    over = np.array([adjusted(one, level) for one, level in zip(f1, chance, strict=True)])
    reached = np.array([(draws[:, size] >= one - TOLERANCE).sum() for size, one in zip(which, f1, strict=True)])
    p = np.where(np.isnan(over), np.nan, p_value(reached, n_draws))
    q = false_discovery_rates(p)
    n_tests = int((~np.isnan(p)).sum())
    if n_tests * p_value(0, n_draws) > SIGNIFICANT:
        log.warning(
            "%d random clusters are too few for a single one of %d labels to stand out from chance: set "
            "chance.label_draws to %d or more", n_draws, n_tests, round(n_tests / SIGNIFICANT),
        )  # fmt: skip
    tested: dict[int, list[ClusterLabel]] = {k: [] for k in clusters}
    for row, (k, label) in enumerate(labels):
        level, above = float(chance[row]), float(over[row])
        tested[k].append(replace(label, f1_chance=level, f1_adjusted=above, p=float(p[row]), q=float(q[row])))
    return {k: tuple(of_k) for k, of_k in tested.items()}


def false_discovery_rates(p: Float64) -> Float64:
    """Returns q for every p (Benjamini and Hochberg); NaN stays NaN, and does not count as a test."""
    from scipy.stats import false_discovery_control

    q, known = np.full(len(p), np.nan), ~np.isnan(p)
    if known.any():
        q[known] = false_discovery_control(p[known])
    return q
