"""A matrix of similarities or distances becomes the cluster of every class, for every k.

- spectral (paper, section 4.2): Ng, Jordan, Weiss: On spectral clustering: analysis and an algorithm, NIPS 2001; as
  scikit-learn does it, whose labels these equal. One eigendecomposition serves all k.
- kmeans: in the space whose inner products the matrix gives (classical scaling; Torgerson 1952), so on class vectors
  themselves without ever holding them. MacQueen 1967, Lloyd 1982.
- agglomerative: average linkage (UPGMA; Sokal and Michener 1958). One tree serves all k.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from classvec import settings
from classvec.artifacts import Clusterings, Float64, Similarity
from classvec.errors import InputError

DENSE_UP_TO = 4000
"""Number of classes up to which all of a matrix is decomposed; above, an iterative solver finds the few vectors."""


class Clustering(Protocol):
    """A way to cluster classes; any object with these members is one."""

    @property
    def name(self) -> str:
        """Its name, in tables and provenance."""

    @property
    def k(self) -> Sequence[int] | None:
        """Numbers of clusters; None for 2 to 19, as far as there are more classes."""

    @property
    def seeds(self) -> Sequence[int]:
        """Seeds of its random starts; empty for a method that has none."""

    def labels(
        self, similarity: Similarity, k: Sequence[int], seeds: Sequence[int]
    ) -> tuple[NDArray[np.int64], Mapping[str, str]]:
        """Clusters the classes.

        Args:
            similarity: Similarities or distances, finite, of shape (n_classes, n_classes).
            k: Numbers of clusters.
            seeds: Seeds; a single 0 for a method without random starts.

        Returns:
            Cluster numbers from 0 to k - 1, of shape (n_k, n_seeds, n_classes), int64; and what provenance should say
            beside the name of the method, such as the rule behind an affinity.

        Raises:
            InputError: If the matrix cannot be clustered.
        """
        ...


def cluster(
    method: Clustering, similarity: Similarity, *, k: Sequence[int] | None = None, seeds: Sequence[int] | None = None
) -> Clusterings:
    """Clusters the classes for every k and seed.

    Args:
        method: How.
        similarity: Similarities or distances of shape (n_classes, n_classes).
        k: Numbers of clusters; None for those of the method.
        seeds: Seeds; None for those of the method. Ignored for a method that has none.

    Raises:
        InputError: If a k does not fit the number of classes, a value is not finite, or the method refuses the matrix.
    """
    chosen = numbers_of_clusters(method.k if k is None else k, len(similarity.classes))
    _check_finite(similarity)
    drawn = tuple(method.seeds if seeds is None else seeds) if method.seeds else (0,)
    if not drawn or len(set(drawn)) < len(drawn):
        raise InputError(f"seeds {list(drawn)} of clustering={method.name}: expected one or more, each once")
    labels, details = method.labels(similarity, chosen, drawn)
    shape = (len(chosen), len(drawn), len(similarity.classes))
    if labels.shape != shape or not np.issubdtype(labels.dtype, np.integer):
        raise InputError(
            f"clustering={method.name} returned labels of shape {labels.shape}, {labels.dtype}: expected whole numbers "
            f"of shape {shape}, (n_k, n_seeds, n_classes)"
        )
    return Clusterings(
        labels=labels,
        k=chosen,
        seeds=drawn,
        classes=similarity.classes,
        agreement=np.stack([_agreement(rows) for rows in labels]),
        provenance={**similarity.provenance, "clustering": method.name, **details},
        has_seeds=bool(method.seeds),
    )


def numbers_of_clusters(k: Sequence[int] | None, n_classes: int) -> tuple[int, ...]:
    """Returns the numbers of clusters to make of some classes.

    Args:
        k: Those asked for; None for 2 to 19, as far as there are more classes (for two classes, 2).
        n_classes: Number of classes.

    Raises:
        InputError: If one does not fit the number of classes.
    """
    largest = max(2, n_classes - 1)
    if k is None:
        return tuple(range(2, min(19, largest) + 1))
    if not k or min(k) < 2 or max(k) > largest or len(set(k)) < len(k):
        raise InputError(
            f"clustering.k={list(k)} does not fit {n_classes} classes: expected numbers from 2 to {largest}, each once"
        )
    return tuple(k)


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


def affinity(similarity: Similarity) -> tuple[Float64, str]:
    """Turns similarities or distances into what spectral clustering can use.

    Args:
        similarity: Similarities or distances.

    Returns:
        Affinities of shape (n_classes, n_classes), not negative, and the rule that made them in words.

    Raises:
        InputError: If a value is not finite, or a similarity that is not centred is negative.
    """
    _check_finite(similarity)
    values = similarity.values
    if similarity.kind == "centred":
        return np.maximum(values, 0.0), "centred similarity, clipped at 0"
    if similarity.kind == "distance":
        pairs = np.concatenate([row[i + 1 :] for i, row in enumerate(values)])
        median = float(np.median(pairs, overwrite_input=True))
        del pairs
        if median == 0.0:
            raise InputError("more than half of the classes have a distance of 0: there is nothing to cluster")
        gaussian = np.square(values / median)
        np.exp(np.negative(gaussian, out=gaussian), out=gaussian)
        return gaussian, f"exp(-d^2 / {median:.6g}^2), the median distance"
    if values.min() < 0.0:
        raise InputError(
            f"spectral clustering needs similarities that are not negative, found {values.min():.3f}: activations "
            "after a ReLU are like that; for others use metric=centred, metric=euclidean or clustering=agglomerative"
        )
    return values, "raw similarity"


def spectral_embedding(affinities: Float64, n_components: int) -> Float64:
    """Embeds the classes by the leading eigenvectors of the normalised affinity D^-1/2 A D^-1/2, scaled by D^-1/2.

    Args:
        affinities: Of shape (n_classes, n_classes), symmetric, not negative; the diagonal does not count.
        n_components: Number of eigenvectors; a smaller embedding is a prefix of a larger one.

    Returns:
        Of shape (n_classes, n_components), float64; the largest entry of every column is positive.
    """
    n_classes = len(affinities)
    normalised = affinities.copy()
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


def classical_scaling(similarity: Similarity) -> Float64:
    """Finds points whose distances are those of the matrix; of similarities s the squared distances are 2 - 2 s.

    Args:
        similarity: Similarities or distances.

    Returns:
        Of shape (n_classes, n_dimensions), float64, the widest dimension first. What cannot be embedded in Euclidean
        space (Manhattan distances in part) is left out.
    """
    from scipy.linalg import eigh

    _check_finite(similarity)
    squared = similarity.values**2 if similarity.kind == "distance" else 2.0 - 2.0 * similarity.values
    gram = -0.5 * (squared - squared.mean(axis=0) - squared.mean(axis=1)[:, None] + squared.mean())
    values, vectors = eigh((gram + gram.T) / 2.0)
    kept = values > 1e-10 * values[-1]
    points: Float64 = (vectors[:, kept] * np.sqrt(values[kept]))[:, ::-1]
    return np.ascontiguousarray(points)


def _check_finite(similarity: Similarity) -> None:
    if not np.isfinite(similarity.values).all():
        raise InputError("the similarity matrix has values that are not finite numbers")


def _kmeans(points: Float64, k: int, state: np.random.RandomState, n_init: int) -> NDArray[np.int64]:
    from sklearn.cluster import k_means

    _, labels, _ = k_means(np.ascontiguousarray(points), k, random_state=state, n_init=n_init)
    if len(np.unique(labels)) != k:
        raise InputError(
            f"k-means finds fewer than {k} clusters: too many classes are alike; choose a smaller clustering.k"
        )
    return np.asarray(labels, dtype=np.int64)


def adjusted_rand_index(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Computes how far two clusterings agree: 1 for equal, 0 on average by chance (Hubert and Arabie 1985)."""
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(one, other))


def _agreement(labels: NDArray[np.int64]) -> Float64:
    """Computes the adjusted Rand index between every two clusterings, of shape (n_seeds, n_seeds)."""
    agreement = np.eye(len(labels))
    for i, one in enumerate(labels):
        for j in range(i):
            agreement[i, j] = agreement[j, i] = adjusted_rand_index(one, labels[j])
    return agreement
