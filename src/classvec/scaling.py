"""Points whose distances are those of a matrix: classical scaling (Torgerson 1952)."""

import numpy as np

from classvec.artifacts import Float64, Similarity


def classical_scaling(similarity: Similarity) -> Float64:
    """Finds points whose squared distances are those of the matrix (`Similarity.squared_distances`).

    Args:
        similarity: Similarities or distances, finite.

    Returns:
        Of shape (n_classes, n_dimensions), float64, centred, the widest dimension first. What cannot be embedded in
        Euclidean space is left out.
    """
    from scipy.linalg import eigh

    squared = similarity.squared_distances
    gram = -0.5 * (squared - squared.mean(axis=0) - squared.mean(axis=1)[:, None] + squared.mean())
    values, vectors = eigh((gram + gram.T) / 2.0)
    kept = values > 1e-10 * values[-1]
    points: Float64 = (vectors[:, kept] * np.sqrt(values[kept]))[:, ::-1]
    return np.ascontiguousarray(points)
