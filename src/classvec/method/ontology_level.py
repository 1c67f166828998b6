"""How well concepts describe clusters that the ontology's own similarity gives: what a network is measured against.

The clusters are made of the path similarity of the classes as those of a network are made of theirs. They do not reach
F1 of 1, since an ontology does not fall into k groups of its own accord; a network may come above them.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace

from classvec.artifacts import Extents, Float64, Scores, Similarity
from classvec.errors import InputError
from classvec.method.clustering import Clustering, cluster
from classvec.method.naming import ConceptNaming
from classvec.method.scores import score

log = logging.getLogger(__name__)
CHANCE_DRAWS = 100


def with_ontology(
    scores: Scores, path: Float64, clustering: Clustering, extents: Extents, seeds: Sequence[int]
) -> Scores:
    """Adds the F1 of the clusters that the ontology's own path similarity gives.

    Args:
        scores: The scores to add to.
        path: Path similarity of the classes, of shape (n_classes, n_classes).
        clustering: How the classes are clustered.
        extents: The concepts above the classes, in the same order.
        seeds: Seeds of the clusterings.

    Returns:
        The scores with this level; without it, with a warning, where the matrix cannot be clustered.
    """
    similarity = Similarity(values=path, classes=extents.classes, metric="path", layers=(), provenance={})
    k = [row.k for row in scores.rows]
    try:
        clusterings = cluster(clustering, similarity, k=k, seeds=seeds, quiet=True)
    except InputError as error:
        log.warning("the ontology's own similarity is not clustered: %s", error)
        return scores
    found = score(ConceptNaming(extents), clusterings, CHANCE_DRAWS).rows
    rows = [
        replace(row, f1_ontology=level.f1_mean, f1_ontology_adjusted=level.f1_adjusted)
        for row, level in zip(scores.rows, found, strict=True)
    ]
    return replace(scores, rows=tuple(rows))
