"""Which concept becomes a cluster at which depth: F1 of every concept over the clusters of every single layer.

F1 is that of the paper's section 4.2, but asked the other way round: of a concept, how well the best cluster matches
it. That is a maximum over layers, k and clusters, so it is measured against what the same maximum reaches with the
classes permuted.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from classvec.artifacts import Clusterings, ConceptDepth, Depth, Float64
from classvec.labelling import ConceptNaming


def concepts_by_depth(
    naming: ConceptNaming,
    clusterings: Mapping[str, Clusterings],
    n_draws: int,
    seed: int,
    least: float,
) -> Depth:
    """Finds the concepts that become clusters, and where.

    A concept counts if its F1 reaches ``least`` and exceeds that of every chance draw, each of them a maximum over all
    layers, k and clusters too.

    Args:
        naming: The concepts over the clusterings' classes.
        clusterings: Layer, low to top, to its clusters; all with the same k.
        n_draws: Number of permutations of the classes.
        seed: Their seed.
        least: F1 that a concept must reach.
    """
    labels = np.concatenate([of_layer.labels for of_layer in clusterings.values()])  # (n_layers * n_k, n_seeds, ...)
    found = naming.concept_f1(labels).reshape(len(clusterings), -1, len(naming.leaders))
    bars = naming.concept_chance(labels, n_draws, seed)
    concepts = [_concept(naming, row, found[:, :, row], bars[row]) for row in range(len(bars))]
    depth = Depth(
        concepts=(),
        layers=tuple(clusterings),
        k=next(iter(clusterings.values())).k,
        least=least,
        n_concepts=len(bars),
        n_draws=n_draws,
        clusterings=clusterings,
    )
    return _sorted(replace(depth, concepts=tuple(c for c in concepts if depth.is_cluster(c).any())))


def _concept(naming: ConceptNaming, row: int, f1: Float64, bar: float) -> ConceptDepth:
    extents, at = naming.extents, naming.leaders[row]
    return ConceptDepth(
        concept=extents.concepts[at],
        synset=extents.synsets[at],
        name=extents.names[at],
        n_concept=len(extents.under[at]),
        f1=f1,
        bar=float(bar),
    )


def _sorted(depth: Depth) -> Depth:
    def key(concept: ConceptDepth) -> tuple[int, int, str]:
        return depth.first_layer(concept), -concept.n_concept, concept.name

    return replace(depth, concepts=tuple(sorted(depth.concepts, key=key)))
