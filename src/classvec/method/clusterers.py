"""The clusterings that come with the package.

- spectral (paper, section 4.2): Ng, Jordan, Weiss: On spectral clustering: analysis and an algorithm, NIPS 2001; as
  scikit-learn does it, whose labels these equal. One eigendecomposition serves all k.
- kmeans: in the space whose inner products the matrix gives (classical scaling; Torgerson 1952), so on class vectors
  themselves without ever holding them. MacQueen 1967, Lloyd 1982.
- agglomerative: average linkage (UPGMA; Sokal and Michener 1958). One tree serves all k.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from classvec import settings
from classvec.artifacts import Float64, Similarity
from classvec.errors import InputError
from classvec.method.embedding import affinity, classical_scaling, spectral_embedding


@dataclass(frozen=True, kw_only=True)
class Spectral(settings.SeededClustering):
    """Normalised spectral clustering with k-means.

    The affinity is a similarity as it is (an error where it is negative), a centred similarity clipped at 0, and of a
    distance d the Gaussian exp(-d^2 / median(d)^2).
    """

    name = "spectral"

    def labels(
        self, similarity: Similarity, k: Sequence[int], seeds: Sequence[int]
    ) -> tuple[NDArray[np.int64], dict[str, str]]:
        """Clusters the classes for every k and seed; see `Clustering.labels`.

        Raises:
            InputError: If a similarity that is not centred is negative.
        """
        matrix, rule = affinity(similarity)
        embedding = spectral_embedding(matrix, max(k))

        def one(n_clusters: int, seed: int) -> NDArray[np.int64]:
            state = np.random.RandomState(seed)
            state.uniform(-1, 1, len(embedding))  # scikit-learn draws its solver's start here, before the centres
            return _kmeans(embedding[:, :n_clusters], n_clusters, state, self.n_init)

        return np.array([[one(n_clusters, seed) for seed in seeds] for n_clusters in k]), {"affinity": rule}


@dataclass(frozen=True, kw_only=True)
class KMeans(settings.SeededClustering):
    """k-means in the space that the matrix spans."""

    name = "kmeans"

    def labels(
        self, similarity: Similarity, k: Sequence[int], seeds: Sequence[int]
    ) -> tuple[NDArray[np.int64], dict[str, str]]:
        """Clusters the classes for every k and seed; see `Clustering.labels`."""
        points = classical_scaling(similarity)

        def one(n_clusters: int, seed: int) -> NDArray[np.int64]:
            return _kmeans(points, n_clusters, np.random.RandomState(seed), self.n_init)

        return np.array([[one(n_clusters, seed) for seed in seeds] for n_clusters in k]), {}


@dataclass(frozen=True, kw_only=True)
class Agglomerative(settings.Clustering):
    """Average linkage. It has no random start: there is one clustering for every k."""

    name = "agglomerative"
    seeds: ClassVar[tuple[int, ...]] = ()

    def labels(
        self, similarity: Similarity, k: Sequence[int], seeds: Sequence[int]
    ) -> tuple[NDArray[np.int64], dict[str, str]]:
        """Clusters the classes for every k; see `Clustering.labels`."""
        from scipy.cluster.hierarchy import cut_tree, linkage
        from scipy.spatial.distance import squareform

        distances = np.maximum(similarity.distances, 0.0)
        np.fill_diagonal(distances, 0.0)
        tree = linkage(squareform(distances, checks=False), method="average")
        labels = cut_tree(tree, n_clusters=list(k)).T.astype(np.int64)
        return labels[:, None], {"linkage": "average"}


def _kmeans(points: Float64, k: int, state: np.random.RandomState, n_init: int) -> NDArray[np.int64]:
    from sklearn.cluster import k_means

    _, labels, _ = k_means(np.ascontiguousarray(points), k, random_state=state, n_init=n_init)
    if len(np.unique(labels)) != k:
        raise InputError(
            f"k-means finds fewer than {k} clusters: too many classes are alike; choose a smaller clustering.k"
        )
    return np.asarray(labels, dtype=np.int64)
