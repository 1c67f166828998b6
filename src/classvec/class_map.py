"""A map: the classes as points of the plane, those that the network finds alike close together.

t-SNE on the distances, started from classical scaling, so that large groups do not come to lie by chance.

van der Maaten, Hinton: Visualizing data using t-SNE, JMLR 2008.
Kobak, Berens: The art of using t-SNE for single-cell transcriptomics, Nature Communications 2019 (the start).
Venna, Kaski: Neighborhood preservation in nonlinear projection methods: an experimental study, ICANN 2001
(trustworthiness).
"""

import numpy as np

from classvec.artifacts import Float64, Similarity
from classvec.scaling import classical_scaling

PERPLEXITY = 30.0
"""Neighbours that a class minds, roughly; a third of the others where there are few classes."""

NEAR = 10
"""Neighbours on the map that trustworthiness is about, at most."""


def positions(similarity: Similarity, seed: int = 0) -> Float64:
    """Places the classes in the plane; the same matrix and seed give the same map.

    Only who is near whom means something: not the axes, not the sizes of groups, nor the distances between them.

    Args:
        similarity: The similarities of the classes.
        seed: Seed of t-SNE, for what the start leaves open.

    Returns:
        Of shape (n_classes, 2), float64, centred, the farthest coordinate at 1.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    start = _start(similarity)
    others = len(start) - 1
    tsne = TSNE(
        metric="precomputed",
        init=(start * 1e-4).astype(np.float32),
        perplexity=max(1.0, min(PERPLEXITY, others / 3)),
        random_state=seed,
    )
    distances = _distances(similarity)
    with threadpool_limits(1):  # several threads add up in an order of their own
        found = np.asarray(tsne.fit_transform(distances), dtype=np.float64)
    found -= found.mean(axis=0)
    return found / max(float(np.abs(found).max()), np.finfo(float).tiny)


def trustworthiness(similarity: Similarity, places: Float64) -> tuple[float, int] | None:
    """Measures whether those who are near on a map are near in truth (Venna and Kaski 2001).

    Args:
        similarity: The similarities of the classes.
        places: Their places on the map, of shape (n_classes, 2).

    Returns:
        Trustworthiness, 1 if each class's nearest others on the map are its most similar ones and about .5 by chance,
        and how many of them count; None for fewer than three classes, of which it is not defined.
    """
    from sklearn.manifold import trustworthiness as measure

    n_neighbours = min(NEAR, (len(places) - 1) // 2)
    if n_neighbours < 1:
        return None
    return float(measure(_distances(similarity), places, n_neighbors=n_neighbours, metric="precomputed")), n_neighbours


def _distances(similarity: Similarity) -> Float64:
    """Returns Euclidean distances, which scikit-learn squares."""
    distances: Float64 = np.sqrt(np.maximum(similarity.squared_distances, 0.0))
    np.fill_diagonal(distances, 0.0)
    return distances


def _start(similarity: Similarity) -> Float64:
    """Returns the first two principal coordinates, each of standard deviation 1 where the classes differ at all."""
    found = classical_scaling(similarity)[:, :2]
    first = np.zeros((len(found), 2))
    first[:, : found.shape[1]] = found
    first *= np.where(first[np.abs(first).argmax(axis=0), [0, 1]] < 0, -1.0, 1.0)  # an eigenvector's sign is arbitrary
    spread = first.std(axis=0)
    scaled: Float64 = first / np.where(spread > 0, spread, 1.0)
    return scaled
