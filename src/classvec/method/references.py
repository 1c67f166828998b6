"""What scores are read against: intervals over classes, and what the ontology's own similarity reaches.

The ontology's clusters are made of the path similarity of the classes, by the clustering of the run (an affinity that
was not chosen is that of this similarity, and not the run's). They do not reach an F1 of 1, since an ontology does not
fall into k groups of its own accord; a network may come above them.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace

from classvec import settings
from classvec.artifacts import Float64, ResampledScores, Scores, Similarity
from classvec.errors import InputError
from classvec.method.clustering import Clustering, cluster
from classvec.method.naming import ConceptNaming
from classvec.method.resampling import resample, with_intervals
from classvec.method.scores import score
from classvec.ontology.similarities import path_similarity
from classvec.ontology.taxonomy import Taxonomy

log = logging.getLogger(__name__)
CHANCE_DRAWS = 100
"""Permutations behind the chance level of the ontology's own clusters."""


def with_references(
    scores: Scores,
    similarity: Similarity,
    clustering: Clustering,
    naming: ConceptNaming,
    taxonomy: Taxonomy,
    asked: settings.Analysis,
) -> tuple[Scores, ResampledScores | None]:
    """Adds to scores what they are read against, as far as it is asked for.

    Args:
        scores: The scores to add to.
        similarity: The similarity of the classes.
        clustering: How they are clustered.
        naming: The concepts over them.
        taxonomy: The same concepts, with the ways between them.
        asked: Whether there are intervals, and what is too many classes.

    Returns:
        The scores, and those of the half-samples behind the intervals; None without intervals.
    """
    classes, k = similarity.classes, [row.k for row in scores.rows]
    if len(classes) > asked.most_classes:
        if asked.half_samples:
            most = asked.most_classes
            log.warning("no intervals: %d classes, at most %d (analysis.most_classes)", len(classes), most)
        return scores, None
    if asked.standard:
        scores = with_ontology(scores, path_similarity(taxonomy, classes), clustering, naming, asked.seeds)
    if not asked.half_samples:
        return scores, None
    samples = resample(similarity, clustering, naming.extents, k, asked.half_samples, asked.seed)
    return scores if samples is None else with_intervals(scores, samples), samples


def with_ontology(
    scores: Scores, path: Float64, clustering: Clustering, naming: ConceptNaming, seeds: Sequence[int]
) -> Scores:
    """Adds the F1 of the clusters that the ontology's own path similarity gives.

    Args:
        scores: The scores to add to.
        path: Path similarity of the classes, of shape (n_classes, n_classes).
        clustering: How the classes are clustered.
        naming: The concepts over the classes, in the same order.
        seeds: Seeds of the clusterings.

    Returns:
        The scores with this level; without it, with a warning, where the matrix cannot be clustered.
    """
    similarity = Similarity(values=path, classes=naming.extents.classes, metric="path", layers=(), provenance={})
    k = [row.k for row in scores.rows]
    try:
        clusterings = cluster(clustering, similarity, k=k, seeds=seeds, quiet=True)
    except InputError as error:
        log.warning("the ontology's own similarity is not clustered: %s", error)
        return scores
    found = score(naming, clusterings, CHANCE_DRAWS).rows
    rows = [
        replace(row, f1_ontology=level.f1_mean, f1_ontology_adjusted=level.f1_adjusted)
        for row, level in zip(scores.rows, found, strict=True)
    ]
    return replace(scores, rows=tuple(rows))
