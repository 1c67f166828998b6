"""From affinities to points: the pieces of the graph, and its spectral embedding."""

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts import Float64
from classvec.method.pairs import row_blocks

NO_LINK = 1e-10
"""Normalised affinity up to which two classes have no link.

A link of size e parts the eigenvalues of two pieces by about e, and rounding (1e-15) mixes the eigenvectors of
eigenvalues that are hardly apart: a link near rounding holds no graph together.
"""

DENSE_UP_TO = 4000
"""Number of classes up to which all of a matrix is decomposed; above, an iterative solver finds the few vectors."""


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
