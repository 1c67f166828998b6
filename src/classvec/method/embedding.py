"""From a matrix of similarities or distances to points: affinities, spectral embedding, classical scaling."""

import numpy as np

from classvec.artifacts import Float64, Similarity
from classvec.errors import InputError

DENSE_UP_TO = 4000
"""Number of classes up to which all of a matrix is decomposed; above, an iterative solver finds the few vectors."""


def affinity(similarity: Similarity) -> tuple[Float64, str]:
    """Turns similarities or distances into what spectral clustering can use.

    Args:
        similarity: Similarities or distances.

    Returns:
        Affinities of shape (n_classes, n_classes), not negative, and the rule that made them in words.

    Raises:
        InputError: If a value is not finite, or a similarity that is not centred is negative.
    """
    check_finite(similarity)
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

    check_finite(similarity)
    squared = similarity.values**2 if similarity.kind == "distance" else 2.0 - 2.0 * similarity.values
    gram = -0.5 * (squared - squared.mean(axis=0) - squared.mean(axis=1)[:, None] + squared.mean())
    values, vectors = eigh((gram + gram.T) / 2.0)
    kept = values > 1e-10 * values[-1]
    points: Float64 = (vectors[:, kept] * np.sqrt(values[kept]))[:, ::-1]
    return np.ascontiguousarray(points)


def check_finite(similarity: Similarity) -> None:
    """Refuses a matrix with values that are not finite.

    Raises:
        InputError: If there are some.
    """
    if not np.isfinite(similarity.values).all():
        raise InputError("the similarity matrix has values that are not finite numbers")
