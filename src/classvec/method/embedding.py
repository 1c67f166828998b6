"""From a matrix of similarities or distances to points: affinities, spectral embedding, classical scaling."""

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts import Float64, Similarity
from classvec.errors import InputError
from classvec.method.pairs import row_blocks

NO_LINK = 1e-10
"""Normalised affinity up to which two classes have no link.

A link of size e parts the eigenvalues of two pieces by about e, and rounding (1e-15) mixes the eigenvectors of
eigenvalues that are hardly apart: a link near rounding holds no graph together.
"""

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


def graph_pieces(affinities: Float64) -> NDArray[np.int64]:
    """Finds the pieces (connected components) of the graph whose links are the affinities.

    Args:
        affinities: Of shape (n_classes, n_classes), symmetric, not negative; the diagonal does not count.

    Returns:
        The piece of every class, numbered from 0, of shape (n_classes,), int64. A class without a link is a piece.
    """
    # Not SciPy's connected_components: its sparse matrix of all links is as large as the affinities, while the search
    # below mostly ends with the first row.
    scale = np.sqrt(_degrees(affinities))
    pieces = np.full(len(affinities), -1, dtype=np.int64)
    for piece in range(len(affinities)):
        waiting = list(np.flatnonzero(pieces < 0)[:1])
        if not waiting:
            break
        pieces[waiting] = piece
        while waiting and (pieces < 0).any():
            row = waiting.pop()
            found = (affinities[row] > NO_LINK * scale[row] * scale) & (pieces < 0)
            pieces[found] = piece
            waiting += list(np.flatnonzero(found))
    return pieces


def _degrees(affinities: Float64) -> Float64:
    degrees = np.empty(len(affinities))
    for rows in row_blocks(len(affinities)):
        block = affinities[rows].copy()
        block[np.arange(len(block)), np.arange(len(affinities))[rows]] = 0.0
        degrees[rows] = block.sum(axis=1)
    return degrees


def spectral_embedding(affinities: Float64, n_components: int, pieces: NDArray[np.int64] | None = None) -> Float64:
    """Embeds the classes by the leading eigenvectors of the normalised affinity D^-1/2 A D^-1/2, scaled by D^-1/2.

    Args:
        affinities: Of shape (n_classes, n_classes), symmetric, not negative; the diagonal does not count.
        n_components: Number of eigenvectors; a smaller embedding is a prefix of a larger one.
        pieces: The piece of every class, where the graph has several: links between them are left out.

    Returns:
        Of shape (n_classes, n_components), float64; the largest entry of every column is positive.
    """
    n_classes = len(affinities)
    normalised = affinities.copy()
    np.fill_diagonal(normalised, 0.0)
    if pieces is not None:
        for row, piece in zip(normalised, pieces, strict=True):
            row[pieces != piece] = 0.0
    degree = normalised.sum(axis=0)
    alone = np.flatnonzero(degree == 0.0)
    scale = np.sqrt(np.where(degree == 0.0, 1.0, degree))
    normalised /= scale
    normalised /= scale[:, None]
    normalised[alone, alone] = 1.0  # every piece has the eigenvalue 1, one of a single class too
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
