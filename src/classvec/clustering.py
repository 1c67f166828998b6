"""A matrix of similarities or distances becomes the cluster of every class, for every k.

- spectral (paper, section 4.2): Ng, Jordan, Weiss: On spectral clustering: analysis and an algorithm, NIPS 2001; as
  scikit-learn does it, whose labels these equal. One eigendecomposition serves all k.
- kmeans: in the space whose inner products the matrix gives (classical scaling; Torgerson 1952), so on class vectors
  themselves without ever holding them. MacQueen 1967, Lloyd 1982.
- agglomerative: average linkage (UPGMA; Sokal and Michener 1958). One tree serves all k.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts import Clusterings, Float64, Similarity
from classvec.errors import InputError

DENSE_UP_TO = 4000
"""Number of classes up to which all of a matrix is decomposed; above, an iterative solver finds the few vectors."""


@dataclass(frozen=True, kw_only=True)
class Spectral:
    """Normalised spectral clustering with k-means.

    The affinity is a similarity as it is (an error where it is negative), a centred similarity clipped at 0, and of a
    distance d the Gaussian exp(-d^2 / median(d)^2).

    Attributes:
        k: Numbers of clusters.
        seeds: Seeds of the k-means starts; each gives one clustering for every k.
        n_init: Number of k-means starts for each clustering, the best of which counts.
    """

    k: Sequence[int]
    seeds: Sequence[int]
    n_init: int = 10

    def check(self, n_classes: int) -> None:
        """Refuses what cannot be done with so many classes, before anything is computed.

        Raises:
            InputError: If no k or seed is given, or a k is below 2 or not below the number of classes.
        """
        _check(self.k, self.seeds, n_classes)

    def with_seeds(self, seeds: Sequence[int]) -> "Spectral":
        """Returns the same method with other seeds."""
        return replace(self, seeds=seeds)

    def __call__(self, similarity: Similarity) -> Clusterings:
        """Clusters the classes for every k and seed.

        Args:
            similarity: Similarities or distances of shape (n_classes, n_classes).

        Raises:
            InputError: If k or seeds do not fit, or a value is not finite, or a similarity negative.
        """
        self.check(len(similarity.classes))
        matrix, rule = affinity(similarity)
        embedding = spectral_embedding(matrix, max(self.k))

        def cluster(k: int, seed: int) -> NDArray[np.int64]:
            state = np.random.RandomState(seed)
            state.uniform(-1, 1, len(embedding))  # scikit-learn draws its solver's start here, before the centres
            return _kmeans(embedding[:, :k], k, state, self.n_init)

        labels = np.array([[cluster(k, seed) for seed in self.seeds] for k in self.k])
        return _clusterings(similarity, labels, self.k, self.seeds, {"clustering": "spectral", "affinity": rule})


@dataclass(frozen=True, kw_only=True)
class KMeans:
    """k-means in the space that the matrix spans.

    Attributes:
        k: Numbers of clusters.
        seeds: Seeds of the starts; each gives one clustering for every k.
        n_init: Number of starts for each clustering, the best of which counts.
    """

    k: Sequence[int]
    seeds: Sequence[int]
    n_init: int = 3

    def check(self, n_classes: int) -> None:
        """Refuses what cannot be done with so many classes; see `Spectral.check`."""
        _check(self.k, self.seeds, n_classes)

    def with_seeds(self, seeds: Sequence[int]) -> "KMeans":
        """Returns the same method with other seeds."""
        return replace(self, seeds=seeds)

    def __call__(self, similarity: Similarity) -> Clusterings:
        """Clusters the classes for every k and seed; see `Spectral.__call__`."""
        self.check(len(similarity.classes))
        points = classical_scaling(similarity)

        def cluster(k: int, seed: int) -> NDArray[np.int64]:
            return _kmeans(points, k, np.random.RandomState(seed), self.n_init)

        labels = np.array([[cluster(k, seed) for seed in self.seeds] for k in self.k])
        return _clusterings(similarity, labels, self.k, self.seeds, {"clustering": "kmeans"})


@dataclass(frozen=True, kw_only=True)
class Agglomerative:
    """Average linkage. It has no random start: there is one clustering for every k, and its agreement is 1.

    Attributes:
        k: Numbers of clusters.
    """

    k: Sequence[int]

    def check(self, n_classes: int) -> None:
        """Refuses what cannot be done with so many classes; see `Spectral.check`."""
        _check(self.k, (0,), n_classes)

    def with_seeds(self, seeds: Sequence[int]) -> "Agglomerative":
        """Returns the same method, which has no seeds."""
        return self

    def __call__(self, similarity: Similarity) -> Clusterings:
        """Clusters the classes for every k; see `Spectral.__call__`."""
        from scipy.cluster.hierarchy import cut_tree, linkage
        from scipy.spatial.distance import squareform

        self.check(len(similarity.classes))
        _check_finite(similarity)
        distances = np.maximum(similarity.distances, 0.0)
        np.fill_diagonal(distances, 0.0)
        tree = linkage(squareform(distances, checks=False), method="average")
        labels = cut_tree(tree, n_clusters=list(self.k)).T.astype(np.int64)
        return _clusterings(similarity, labels[:, None], self.k, (0,), {"clustering": "agglomerative, average linkage"})


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


def _check(k: Sequence[int], seeds: Sequence[int], n_classes: int) -> None:
    if not k or not seeds:
        raise InputError("clustering.k and clustering.seeds need at least one value each")
    if len(set(k)) != len(k) or len(set(seeds)) != len(seeds):
        raise InputError(
            f"clustering.k and clustering.seeds must not repeat a value; found {list(k)} and {list(seeds)}"
        )
    if min(k) < 2 or max(k) >= n_classes:
        raise InputError(
            f"clustering.k = {min(k)}..{max(k)} does not fit {n_classes} classes: k goes from 2 to {n_classes - 1}"
        )


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


def _clusterings(
    similarity: Similarity,
    labels: NDArray[np.int64],
    k: Sequence[int],
    seeds: Sequence[int],
    method: dict[str, str],
) -> Clusterings:
    return Clusterings(
        labels=labels,
        k=tuple(k),
        seeds=tuple(seeds),
        classes=similarity.classes,
        agreement=np.stack([_agreement(rows) for rows in labels]),
        provenance={**similarity.provenance, **method},
    )


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
