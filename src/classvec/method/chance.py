"""What chance reaches: the same cluster sizes, or a single cluster or concept, with the classes permuted.

Choosing the best among many concepts inflates F1, so no F1 is given without the level that permuted classes reach.
"""

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts import Float64
from classvec.method.naming import ClusterColumns, ConceptNaming


def chance_draws(naming: ConceptNaming, labels: NDArray[np.int64], n_draws: int, seed: int) -> Float64:
    """Draws the mean best F1 that these cluster sizes reach when the classes are permuted.

    One permutation serves all the clusterings of a draw, so a draw has the statistic's own form: a mean over seeds.

    Args:
        naming: The concepts over the classes.
        labels: Of shape (n_k, n_seeds, n_classes); every clustering numbered from 0 without gaps.
        n_draws: Number of permutations.
        seed: Seed of the permutations.

    Returns:
        Of shape (n_draws, n_k), float64.
    """
    columns = ClusterColumns.of(labels)
    rng = np.random.default_rng(seed)
    draws = np.empty((n_draws, len(labels)))
    for draw in range(n_draws):
        best = naming.f1_of_columns(columns, rng.permutation(labels.shape[2])).max(axis=0).astype(np.float64)
        draws[draw] = columns.over_seeds(np.add.reduceat(best, columns.starts) / columns.counts)
    return draws


def expected_best_f1(naming: ConceptNaming, n_draws: int, seed: int) -> Float64:
    """Returns the best F1 to expect of a cluster of random classes, by its size: chance knows nothing else of it.

    Args:
        naming: The concepts over the classes.
        n_draws: Number of permutations of the classes; each gives a cluster of every size.
        seed: Seed of the permutations.

    Returns:
        Of shape (n_classes + 1,), float64; 0 for the empty cluster.
    """
    under = naming.matrix.toarray()
    n_classes = under.shape[1]
    scale = 2.0 / (naming.sizes[:, None] + np.arange(1.0, n_classes + 1)).astype(np.float32)
    rng = np.random.default_rng(seed)
    total = np.zeros(n_classes + 1)
    for _ in range(n_draws):
        both = under[:, rng.permutation(n_classes)].cumsum(axis=1)
        total[1:] += np.multiply(both, scale, out=both).max(axis=0)
    return total / n_draws


def concept_chance(naming: ConceptNaming, labels: NDArray[np.int64], n_draws: int, seed: int) -> Float64:
    """Draws what `concept_f1` reaches, over all k, when the classes are permuted.

    Args:
        naming: The concepts over the classes.
        labels: Of shape (n_k, n_seeds, n_classes).
        n_draws: Number of permutations.
        seed: Seed of the permutations.

    Returns:
        Of shape (n_draws, n_distinct_concepts), float64.
    """
    columns = ClusterColumns.of(labels)
    rng = np.random.default_rng(seed)
    orders = (rng.permutation(labels.shape[2]) for _ in range(n_draws))
    return np.stack([naming.of_concepts(columns, order).max(axis=0) for order in orders])
