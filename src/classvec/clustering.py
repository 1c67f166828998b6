"""Spectral clustering of a similarity matrix for every k, from one eigendecomposition (paper, section 4.2).

Ng, Jordan, Weiss: On spectral clustering: analysis and an algorithm, NIPS 2001; as scikit-learn does it, whose labels
these equal. The first k eigenvectors do not depend on k, so one decomposition serves all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts import Clusterings, Float64, Similarity
from classvec.errors import InputError

DENSE_UP_TO = 4000
"""Number of classes up to which all of the matrix is decomposed; above, an iterative solver finds the few vectors."""


@dataclass(frozen=True, kw_only=True)
class Spectral:
    """Normalised spectral clustering with k-means.

    Attributes:
        k: Numbers of clusters.
        seeds: Seeds of the k-means starts; each gives one clustering for every k.
        n_init: Number of k-means starts for each clustering, the best of which counts.
    """

    k: Sequence[int]
    seeds: Sequence[int]
    n_init: int = 10

    def __call__(self, similarity: Similarity) -> Clusterings:
        """Clusters the classes for every k and seed.

        Args:
            similarity: Similarities of shape (n_classes, n_classes), not negative.

        Raises:
            InputError: If a k is below 2 or not below the number of classes, no k or seed is given, or a similarity is
                negative or not a number.
        """
        affinity = similarity.values
        n_classes = len(similarity.classes)
        self.check(n_classes)
        _check_affinity(affinity)
        embedding = spectral_embedding(affinity, max(self.k))
        labels = np.empty((len(self.k), len(self.seeds), n_classes), dtype=np.int64)
        for row, k in enumerate(self.k):
            for column, seed in enumerate(self.seeds):
                labels[row, column] = _kmeans(embedding[:, :k], k, seed, self.n_init)
        return Clusterings(
            labels=labels,
            k=tuple(self.k),
            seeds=tuple(self.seeds),
            classes=similarity.classes,
            agreement=np.stack([_agreement(rows) for rows in labels]),
            provenance={**similarity.provenance, "clustering": "spectral", "affinity": "raw similarity"},
        )

    def check(self, n_classes: int) -> None:
        """Refuses what cannot be done with so many classes, before anything is computed.

        Raises:
            InputError: If no k or seed is given, or a k is below 2 or not below the number of classes.
        """
        if not self.k or not self.seeds:
            raise InputError("clustering.k and clustering.seeds need at least one value each")
        if min(self.k) < 2 or max(self.k) >= n_classes:
            raise InputError(
                f"clustering.k = {min(self.k)}..{max(self.k)} does not fit {n_classes} classes: "
                f"k goes from 2 to {n_classes - 1}"
            )


def _check_affinity(affinity: Float64) -> None:
    if not np.isfinite(affinity).all():
        raise InputError("the similarity matrix has values that are not finite numbers")
    if affinity.min() < 0.0:
        raise InputError(
            f"spectral clustering needs similarities that are not negative, found {affinity.min():.3f}: cosines of "
            "activations after a ReLU are; choose such layers"
        )


def spectral_embedding(affinity: Float64, n_components: int) -> Float64:
    """Embeds the classes by the leading eigenvectors of the normalised affinity D^-1/2 A D^-1/2, scaled by D^-1/2.

    Args:
        affinity: Of shape (n_classes, n_classes), symmetric, not negative; the diagonal does not count.
        n_components: Number of eigenvectors; a smaller embedding is a prefix of a larger one.

    Returns:
        Of shape (n_classes, n_components), float64; the largest entry of every column is positive.
    """
    n_classes = len(affinity)
    normalised = affinity.copy()
    np.fill_diagonal(normalised, 0.0)
    degree = normalised.sum(axis=0)
    scale = np.sqrt(np.where(degree == 0.0, 1.0, degree))
    normalised /= scale
    normalised /= scale[:, None]
    if n_classes <= DENSE_UP_TO:
        from scipy.linalg import eigh

        _, vectors = eigh(normalised, subset_by_index=(n_classes - n_components, n_classes - 1))
        vectors = vectors[:, ::-1]
    else:
        from scipy.sparse.linalg import eigsh

        values, vectors = eigsh(normalised, k=n_components, which="LA", v0=np.ones(n_classes))
        vectors = vectors[:, np.argsort(-values)]
    embedding = vectors / scale[:, None]
    signs = np.sign(embedding[np.abs(embedding).argmax(axis=0), np.arange(n_components)])
    return np.ascontiguousarray(embedding * signs)


def _kmeans(embedding: Float64, k: int, seed: int, n_init: int) -> NDArray[np.int64]:
    from sklearn.cluster import k_means

    state = np.random.RandomState(seed)
    state.uniform(-1, 1, len(embedding))  # scikit-learn draws its solver's start here, before the k-means centres
    _, labels, _ = k_means(np.ascontiguousarray(embedding), k, random_state=state, n_init=n_init)
    return np.asarray(labels, dtype=np.int64)


def _agreement(labels: NDArray[np.int64]) -> Float64:
    """Computes the adjusted Rand index between every two clusterings, of shape (n_seeds, n_seeds)."""
    from sklearn.metrics import adjusted_rand_score

    agreement = np.eye(len(labels))
    for i, one in enumerate(labels):
        for j in range(i):
            agreement[i, j] = agreement[j, i] = adjusted_rand_score(one, labels[j])
    return agreement
