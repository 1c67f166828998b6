"""A map: the classes as points of the plane, those that the network finds alike close together.

t-SNE on the distances, started from classical scaling, so that large groups do not come to lie by chance.

van der Maaten, Hinton: Visualizing data using t-SNE, JMLR 2008.
Kobak, Berens: The art of using t-SNE for single-cell transcriptomics, Nature Communications 2019 (the start).
"""

import numpy as np

from classvec.artifacts import Float64, Similarity

PERPLEXITY = 30.0
"""Neighbours that a class minds, roughly; a third of the others where there are few classes."""


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

    start = _classical_scaling(similarity.likeness)
    others = len(start) - 1
    tsne = TSNE(
        metric="precomputed",
        init=(start * 1e-4).astype(np.float32),
        perplexity=max(1.0, min(PERPLEXITY, others / 3)),
        random_state=seed,
    )
    distances = np.clip(similarity.distances, 0.0, None)
    np.fill_diagonal(distances, 0.0)
    with threadpool_limits(1):  # several threads add up in an order of their own
        found = np.asarray(tsne.fit_transform(distances), dtype=np.float64)
    found -= found.mean(axis=0)
    return found / max(float(np.abs(found).max()), np.finfo(float).tiny)


def _classical_scaling(likeness: Float64) -> Float64:
    """Returns the first two principal coordinates, each of standard deviation 1 where the classes differ at all."""
    centred = likeness - likeness.mean(axis=0) - likeness.mean(axis=1, keepdims=True) + likeness.mean()
    _, vectors = np.linalg.eigh(centred)
    first = vectors[:, ::-1][:, :2]
    first = first * np.sign(first[np.abs(first).argmax(axis=0), [0, 1]])  # an eigenvector's sign is arbitrary
    spread = first.std(axis=0)
    scaled: Float64 = first / np.where(spread > 0, spread, 1.0)
    return scaled
