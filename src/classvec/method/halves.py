"""The similarity of the classes by each of two random halves of their images."""

import logging
from dataclasses import replace

import numpy as np

from classvec.artifacts import ClassVectors, DamagedVectors, Similarity
from classvec.errors import InputError
from classvec.method.matrix_cache import layer_matrix
from classvec.method.method import Method

log = logging.getLogger(__name__)


def half_similarities(vectors: ClassVectors, method: Method, fewest: int) -> tuple[Similarity, Similarity] | None:
    """Compares the classes by each of two halves of their images.

    Args:
        vectors: The class vectors.
        method: How the classes are compared.
        fewest: Number of classes below which there is nothing to compare.

    Returns:
        The similarity by each half, of the classes that have two images or more; None where the store has no halves,
        too few classes have them, or the metric cannot compare them.
    """
    blocks = [vectors.layers[name] for name in method.layers]
    if any(block.halves is None or block.half_norms is None for block in blocks):
        return None
    rows = np.flatnonzero(vectors.n_images > 1)
    if len(rows) < fewest:
        log.warning("no halves to compare: %d classes have two images or more, expected %d", len(rows), fewest)
        return None
    classes = tuple(vectors.classes[row] for row in rows)

    def likeness(half: int) -> Similarity:
        matrices, of_half = {}, {}
        for block in blocks:
            assert block.halves is not None
            assert block.half_norms is not None
            unknown_sums = np.full_like(block.sums, np.nan)  # the store keeps those of whole sets of images
            part = replace(
                block,
                unit=block.halves[half],
                norms=block.half_norms[half],
                sums=unknown_sums,
                checks=None if block.half_checks is None else block.half_checks[half],
            )
            matrices[block.name] = layer_matrix(part, method.metric, vectors, f"half {half}")[np.ix_(rows, rows)]
            of_half[block.name] = replace(part, norms=part.norms[rows])
        return method.compare(matrices, replace(vectors, classes=classes, layers=of_half))

    try:
        return likeness(0), likeness(1)
    except DamagedVectors:
        raise
    except InputError as error:
        log.warning("no halves to compare: %s", error)
        return None
