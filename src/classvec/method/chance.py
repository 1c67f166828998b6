"""What chance reaches: the same cluster sizes, or a single cluster or concept, with the classes permuted.

Choosing the best among many concepts inflates F1, so no F1 is given without the level that permuted classes reach.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from classvec.artifacts import Float64
from classvec.method.naming import ClusterColumns, ConceptNaming

BLOCK_VALUES = 500_000
"""Values of F1 that are computed at a time: several draws of few classes, which fit into a processor's cache."""


def permuted_best_f1(
    naming: ConceptNaming, members: NDArray[np.float32], n_draws: int, seed: int
) -> NDArray[np.float32]:
    """Draws the best F1 of some clusters, over all concepts, when the classes are permuted.

    Each permutation serves all the clusters, so that what they share is kept in every draw.

    Args:
        naming: The concepts over the classes.
        members: Whether each class is in each cluster, of shape (n_classes, n_clusters), float32.
        n_draws: Number of permutations.
        seed: Seed of the permutations.

    Returns:
        Of shape (n_draws, n_clusters), float32; 0 for an empty cluster.
    """
    # Of concepts with one class it only counts whether the cluster has any: all have the same F1. They are most of an
    # ontology's concepts, so they share a row.
    several = naming.sizes > 1
    single = np.asarray(naming.matrix[~several].sum(axis=0) > 0, dtype=np.float32)
    matrix = sparse.vstack([naming.matrix[several], sparse.csr_array(single[None])], format="csr")
    members, sizes = np.ascontiguousarray(members), members.sum(axis=0)
    scale = (2.0 / (np.append(naming.sizes[several], 1)[:, None] + sizes)).astype(np.float32)
    at_once = max(1, BLOCK_VALUES // max(1, scale.size))
    rng = np.random.default_rng(seed)
    best = np.empty((n_draws, members.shape[1]), dtype=np.float32)
    for start in range(0, n_draws, at_once):
        orders = [rng.permutation(members.shape[0]) for _ in range(min(at_once, n_draws - start))]
        both = _stacked(matrix, orders) @ members
        both = both.reshape(len(orders), *scale.shape)
        np.minimum(both[:, -1], 1.0, out=both[:, -1])
        both *= scale
        best[start : start + len(orders)] = both.max(axis=1)
    return best


def _stacked(matrix: sparse.csr_array, orders: Sequence[NDArray[np.intp]]) -> sparse.csr_array:
    """Stacks a matrix with its columns in several orders, one below the other."""
    indices = np.concatenate([order[matrix.indices] for order in orders])
    starts = matrix.indptr[:-1] + matrix.nnz * np.arange(len(orders))[:, None]
    shape = (len(orders) * matrix.shape[0], matrix.shape[1])
    data = np.tile(matrix.data, len(orders))
    return sparse.csr_array((data, indices, np.append(starts.ravel(), len(indices))), shape=shape)


def chance_draws(naming: ConceptNaming, labels: NDArray[np.int64], n_draws: int, seed: int) -> Float64:
    """Draws the mean best F1 that these clusterings reach when the classes are permuted.

    One permutation serves all the clusterings of a draw, so a draw has the form of the whole result: a mean over seeds
    for each k, and a curve over k whose points belong together.

    Args:
        naming: The concepts over the classes.
        labels: Of shape (n_k, n_seeds, n_classes); every clustering numbered from 0 without gaps.
        n_draws: Number of permutations.
        seed: Seed of the permutations.

    Returns:
        Of shape (n_draws, n_k), float64.
    """
    columns = ClusterColumns.of(labels)
    first, which = _distinct(columns.members)
    best = permuted_best_f1(naming, columns.members[:, first], n_draws, seed).astype(np.float64)
    draws = np.empty((n_draws, len(labels)))
    for draw, of_draw in enumerate(best):
        draws[draw] = columns.over_seeds(np.add.reduceat(of_draw[which], columns.starts) / columns.counts)
    return draws


def _distinct(members: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Finds clusters that are equal: where each first stands, and for every cluster which of these it equals."""
    place: dict[bytes, int] = {}
    packed = np.packbits(members > 0, axis=0)
    which = np.array([place.setdefault(column.tobytes(), len(place)) for column in packed.T], dtype=np.intp)
    return np.unique(which, return_index=True)[1], which


def best_f1_of_size(naming: ConceptNaming, sizes: Sequence[int], n_draws: int, seed: int) -> NDArray[np.float32]:
    """Draws the best F1 of a cluster of random classes, by its size: chance knows nothing else of a single cluster.

    Args:
        naming: The concepts over the classes.
        sizes: Numbers of classes.
        n_draws: Number of permutations of the classes; each gives a cluster of every size.
        seed: Seed of the permutations.

    Returns:
        Of shape (n_draws, n_sizes), float32; 0 for the empty cluster.
    """
    first = np.arange(len(naming.extents.classes))[:, None] < np.asarray(sizes)
    return permuted_best_f1(naming, first.astype(np.float32), n_draws, seed)


def expected_best_f1(naming: ConceptNaming, n_draws: int, seed: int) -> Float64:
    """Returns the best F1 to expect of a cluster of random classes, by its size.

    Args:
        naming: The concepts over the classes.
        n_draws: Number of permutations of the classes; each gives a cluster of every size.
        seed: Seed of the permutations.

    Returns:
        Of shape (n_classes + 1,), float64; 0 for the empty cluster.
    """
    sizes = range(len(naming.extents.classes) + 1)
    mean: Float64 = best_f1_of_size(naming, sizes, n_draws, seed).mean(axis=0, dtype=np.float64)
    return mean


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
