"""The clusterings that come with the package.

- spectral (paper, section 4.2): normalised cuts (Shi, Malik: Normalized cuts and image segmentation, PAMI 2000; von
  Luxburg: A tutorial on spectral clustering, Statistics and Computing 2007) with k-means, as scikit-learn does it,
  whose labels these equal. One eigendecomposition serves all k. Where the graph of affinities is not connected, average
  linkage makes fewer clusters than it has pieces.
- kmeans: in the space whose squared distances the matrix gives (classical scaling), so on class vectors themselves
  without ever holding them. MacQueen 1967, Lloyd 1982.
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
from classvec.method.affinities import CLIPPED, affinity, check_affinity
from classvec.method.embedding import graph_pieces, spectral_embedding
from classvec.scaling import classical_scaling


@dataclass(frozen=True, kw_only=True)
class Spectral(settings.SpectralClustering):
    """Normalised spectral clustering with k-means.

    The affinity is a choice (see `affinities`): similarities as they are (an error where one is negative), a centred
    similarity clipped at 0; the graph of each class's nearest neighbours; the Gaussian exp(-d^2 / median(d)^2) of a
    distance d, which of a similarity s is sqrt(2 - 2 s).

    A graph of more pieces than k has no spectral clustering into k: all its pieces have the eigenvalue 1, any basis of
    its eigenvectors is as good as another, and clusters would follow from the order of the classes. There the pieces
    are joined by average linkage of the values that the affinities were made of.
    """

    name = "spectral"

    def check(self, metric: str, kind: str) -> None:
        """Refuses a metric whose values do not fit the affinity, before the work begins.

        Raises:
            InputError: If they do not.
        """
        check_affinity(self.affinity, metric, kind)

    def labels(
        self, similarity: Similarity, k: Sequence[int], seeds: Sequence[int]
    ) -> tuple[NDArray[np.int64], dict[str, str]]:
        """Clusters the classes for every k and seed; see `Clustering.labels`.

        Raises:
            InputError: If the values do not fit the affinity.
        """
        matrix, rule = affinity(similarity, self.affinity, self.neighbours)
        pieces = graph_pieces(matrix)
        n_pieces = int(pieces.max()) + 1
        few, many = [n for n in k if n < n_pieces], [n for n in k if n >= n_pieces]
        joined: dict[int, NDArray[np.int64]] = dict(zip(few, _join_pieces(similarity, pieces, few), strict=True))
        embedding = spectral_embedding(matrix, max(many), pieces if n_pieces > 1 else None) if many else matrix[:, :0]

        def one(n_clusters: int, seed: int) -> NDArray[np.int64]:
            if n_clusters in joined:
                return joined[n_clusters]
            state = np.random.RandomState(seed)
            state.uniform(-1, 1, len(embedding))  # scikit-learn draws its solver's start here, before the centres
            return _kmeans(embedding[:, :n_clusters], n_clusters, state, self.n_init)

        labels = np.array([[one(n_clusters, seed) for seed in seeds] for n_clusters in k])
        return labels, {**rule, **_words_on_pieces(n_pieces, few, similarity.kind, rule["affinity"])}


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


def _join_pieces(similarity: Similarity, pieces: NDArray[np.int64], k: Sequence[int]) -> NDArray[np.int64]:
    """Joins the pieces of a graph by the mean similarity of their classes, whatever the order of the classes.

    Args:
        similarity: The values before they became affinities.
        pieces: The piece of every class.
        k: Numbers of clusters, each below the number of pieces.

    Returns:
        Of shape (n_k, n_classes), int64; the same for every seed.
    """
    from scipy.cluster.hierarchy import cut_tree, linkage
    from scipy.spatial.distance import squareform

    if not k:
        return np.empty((0, len(pieces)), dtype=np.int64)
    order = np.argsort(similarity.classes)  # of pieces that are equally similar, the ids decide which are joined
    distances = similarity.distances[np.ix_(order, order)]
    distances -= distances.min()
    # Ties must not be decided by the rounding of a matrix that was computed in another order.
    distances = np.round(distances / max(float(distances.max()), np.finfo(float).tiny), 10) + 1.0
    distances[pieces[order][:, None] == pieces[order]] = 0.0  # pieces are whole before any two are joined
    tree = linkage(squareform(distances, checks=False), method="average")
    labels = np.empty((len(k), len(pieces)), dtype=np.int64)
    labels[:, order] = cut_tree(tree, n_clusters=list(k)).T
    return labels


def _words_on_pieces(n_pieces: int, joined: Sequence[int], kind: str, rule: str) -> dict[str, str]:
    """Returns what provenance says of a graph that is not connected; nothing of one that is."""
    if n_pieces == 1:
        return {}
    if not joined:
        return {"pieces": str(n_pieces)}
    values = ("centred similarity" if kind == "centred" else kind) + (", not clipped" if rule == CLIPPED else "")
    warning = (
        f"the graph of the classes is not connected, it has {n_pieces} pieces: for k = {', '.join(map(str, joined))} "
        f"pieces are joined by average linkage of the {values}, and no seed changes that"
    )
    return {"pieces": str(n_pieces), "warning": warning}


def _kmeans(points: Float64, k: int, state: np.random.RandomState, n_init: int) -> NDArray[np.int64]:
    from sklearn.cluster import k_means

    _, labels, _ = k_means(np.ascontiguousarray(points), k, random_state=state, n_init=n_init)
    if len(np.unique(labels)) != k:
        raise InputError(
            f"k-means finds fewer than {k} clusters: too many classes are alike; choose a smaller clustering.k"
        )
    return np.asarray(labels, dtype=np.int64)
