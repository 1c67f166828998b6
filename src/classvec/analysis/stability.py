"""How far clusters can be trusted: other seeds of k-means, and another half of the images.

The correlation r of two halves tells about what two whole sets of images would have in common: 2 r / (1 + r) (Spearman:
Correlation calculated from faulty data; Brown: Some experimental results in the correlation of mental abilities; both
British Journal of Psychology 1910). It holds for Pearson's correlation of parallel tests; of ranks of cosines it is an
approximation, in simulations too high by up to .05.
"""

import logging
from collections.abc import Callable

import numpy as np

from classvec.analysis.agreement import between
from classvec.artifacts import Clusterings, Similarity, Stability
from classvec.errors import InputError

log = logging.getLogger(__name__)


def over_seeds(clusterings: Clusterings) -> dict[int, float]:
    """Returns k to the mean adjusted Rand index between its seeds; of one seed NaN, or 1 where no seed is drawn."""
    pairs = np.triu_indices(len(clusterings.seeds), 1)
    alone = float("nan") if clusterings.has_seeds else 1.0
    return {
        k: float(agreement[pairs].mean()) if len(pairs[0]) else alone
        for k, agreement in zip(clusterings.k, clusterings.agreement, strict=True)
    }


def stability(
    clusterings: Clusterings,
    halves: tuple[Similarity, Similarity] | None,
    cluster: Callable[[Similarity], Clusterings],
    n_permutations: int = 199,
    seed: int = 0,
) -> Stability:
    """Measures how far the clusters change with the seed, and with the images.

    Args:
        clusterings: The clusters, of several seeds.
        halves: Likeness of the classes by one half of each class's images and by the other, over the classes that have
            two images or more; None where the store has no halves.
        cluster: Clusters a matrix.
        n_permutations: Permutations behind p.
        seed: Their seed.
    """
    seeds = over_seeds(clusterings)
    if halves is None:
        return Stability(seeds=seeds)
    named = dict(zip(("first half", "second half"), halves, strict=True))
    try:
        clustered = {name: cluster(half) for name, half in named.items()}
    except InputError as error:  # fewer classes than clusters, or a signed network
        log.warning("the halves are correlated, but not clustered: %s", error)
        clustered = {}
    (accord,) = between(named, clustered, n_permutations, seed)
    return Stability(
        seeds=seeds,
        halves=accord,
        reliability=2.0 * accord.mantel / (1.0 + accord.mantel) if accord.mantel > 0.0 else float("nan"),
        left_out=len(clusterings.classes) - len(halves[0].classes),
    )
