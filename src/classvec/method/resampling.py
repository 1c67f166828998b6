"""The classes clustered and scored again, half of them at a time: intervals of F1, adjusted F1 and its mean over k."""

import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from classvec.artifacts import Extents, Float64, ResampledScores, Scores, Similarity
from classvec.errors import InputError
from classvec.method.chance import chance_draws
from classvec.method.clustering import Clustering, cluster, one_thread, warn_of_affinities
from classvec.method.half_samples import half_samples, margin
from classvec.method.naming import ConceptNaming
from classvec.method.scores import adjusted
from classvec.progress import ImageBar
from classvec.settings import CLASSES_PER_CLUSTER
from classvec.signals import ignore_interrupts

log = logging.getLogger(__name__)
PARALLEL_CLASSES = 400
"""Number of classes from which on starting processes costs less than they save."""
CHANCE_DRAWS = 20
"""Permutations behind the chance level of each half-sample.

Of the layers of BVLC GoogLeNet their noise is a hundredth to a quarter of the spread of adjusted F1, which makes
standard errors larger by 3 % at most.
"""


def resample(
    similarity: Similarity, clustering: Clustering, extents: Extents, k: Sequence[int], n_samples: int, seed: int
) -> ResampledScores | None:
    """Clusters and scores half-samples of the classes, with the first seed of the clustering.

    Args:
        similarity: Similarities or distances of all classes.
        clustering: How they are clustered.
        extents: The concepts above the classes, in the same order.
        k: Numbers of clusters.
        n_samples: Number of half-samples.
        seed: Their seed.

    Returns:
        The scores, NaN at k that have too few classes; None, with a warning, where all have, or nothing was clustered.
    """
    from joblib import Parallel, delayed

    n_classes = len(similarity.classes)
    fits = [number for number in k if CLASSES_PER_CLUSTER * number <= n_classes]
    if not fits:
        log.warning("no intervals: they need %d classes for each cluster, and there are %d classes for k = %d or more",
                    CLASSES_PER_CLUSTER, n_classes, min(k))  # fmt: skip
        return None
    samples = half_samples(similarity.classes, n_samples, seed)
    values = np.full((2, n_samples, len(k)), np.nan)
    rules, failed = set[str](), list[str]()
    run = Parallel(n_jobs=_n_jobs(n_classes), return_as="generator", initializer=ignore_interrupts)
    parts = (
        delayed(_scored)(similarity.of_classes([similarity.classes[row] for row in rows]), clustering,
                         extents.of_classes(rows), fits)
        for rows in samples
    )  # fmt: skip
    with ImageBar("half-samples of the classes", n_samples, "half-samples", summary=False) as bar:
        for sample, found in enumerate(run(parts)):
            bar.advance(1)
            if isinstance(found, str):
                failed.append(found)
                continue
            values[:, sample, np.isin(k, fits)] = found[:2]
            rules.add(found[2])
    if failed:
        log.warning("%d of %d half-samples are left out of the intervals: %s", len(failed), n_samples, failed[0])
    if len(failed) == n_samples:
        return None
    warn_of_affinities("half-samples of the classes", rules)
    log.info("intervals for k up to %d from %d half-samples of %d classes", max(fits), n_samples - len(failed),
             n_classes // 2)  # fmt: skip
    provenance = {**similarity.provenance, "clustering": clustering.name, "ontology": extents.source}
    return ResampledScores(
        k=tuple(k), f1=values[0], f1_adjusted=values[1], classes=similarity.classes, seed=seed, provenance=provenance
    )


def _n_jobs(n_classes: int) -> int:
    """Returns how many processes share the half-samples; one within a process that is one of several already."""
    from joblib import cpu_count
    from joblib.parallel import get_active_backend

    nested = get_active_backend()[0].nesting_level > 0
    return 1 if nested or n_classes < PARALLEL_CLASSES else cpu_count()


def _scored(
    similarity: Similarity, clustering: Clustering, extents: Extents, k: Sequence[int]
) -> tuple[Float64, Float64, str] | str:
    """Scores a half-sample: F1 and adjusted F1 for every k, and the affinity; or why it cannot be clustered."""
    with one_thread():
        try:
            found = cluster(clustering, similarity, k=k, seeds=tuple(clustering.seeds)[:1], quiet=True)
        except InputError as error:
            return str(error)
        naming = ConceptNaming(extents)
        f1 = np.array([naming.best_f1(labels).mean() for (labels,) in found.labels])
        chance = chance_draws(naming, found.labels, CHANCE_DRAWS, seed=0).mean(axis=0)
    over = np.array([adjusted(one, level) for one, level in zip(f1, chance, strict=True)])
    return f1, over, str(found.provenance.get("affinity", ""))


def with_intervals(scores: Scores, samples: ResampledScores) -> Scores:
    """Adds the 95% intervals that follow from half-samples; see `half_samples`.

    Args:
        scores: The scores of all classes.
        samples: Those of half-samples, for the same k.
    """
    n_classes = len(samples.classes)
    margins = margin(np.stack([samples.f1, samples.f1_adjusted], axis=-1), n_classes)
    rows = []
    for row, (of_f1, of_adjusted) in zip(scores.rows, margins, strict=True):
        f1 = np.clip([row.f1_mean - of_f1, row.f1_mean + of_f1], 0.0, 1.0)
        over = np.minimum([row.f1_adjusted - of_adjusted, row.f1_adjusted + of_adjusted], 1.0)
        row = replace(row, f1_low=float(f1[0]), f1_high=float(f1[1]))
        rows.append(replace(row, f1_adjusted_low=float(over[0]), f1_adjusted_high=float(over[1])))
    defined = [not np.isnan(row.f1_adjusted) for row in scores.rows]
    means = samples.f1_adjusted[:, defined].mean(axis=1)  # NaN where there are too few classes for one of the k
    of_mean = float(margin(means, n_classes)) if any(defined) else float("nan")
    n_clustered = int(np.isfinite(samples.f1).any(axis=1).sum())
    return replace(scores, rows=tuple(rows), n_half_samples=n_clustered, mean_margin=of_mean)
