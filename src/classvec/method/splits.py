"""The similarity of the classes by each of two halves of their images: for one split of the images, or for many.

A store of two parts has one split. One of folds has many, and what a half's class vectors are follows from the means of
its folds, each weighted by its number of images. So do the cosines of these class vectors, from those of the folds:
one matrix for each layer serves all splits. A metric that needs the features mixes them anew for each split.

Each class's folds are dealt in turn to the two sides, in random order, the larger ones first. So no class has much more
of its images on a side than the others have: the mean of few images has more noise, and is less like any other class,
so that a class with many images on one side and few on the other would be like all others here and like none there.
(Of 20 classes of 7 images and 5 folds, in a simulation, halves correlate .44, and .26 with sides drawn fold by fold;
.60 was to be expected of whole sets, for which the Spearman-Brown formula gives .61 and .40.)
"""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from classvec.artifacts import HALVES, ClassVectors, DamagedVectors, Float64, LayerBlock, Similarity, part_sizes
from classvec.errors import InputError
from classvec.method.matrix_cache import compute_matrix, layer_matrix
from classvec.method.method import Method
from classvec.method.metrics import is_of_cosines
from classvec.progress import ImageBar

log = logging.getLogger(__name__)
SPLITS = 100
"""Number of splits of folds into two halves."""
STRETCH = 4096
"""Features that are mixed at a time: they stay in the processor's cache, which takes a sixth of the time."""

Split = tuple[Similarity, Similarity]
"""The similarity of the classes by each of two halves of their images."""
Means = tuple[Float64, Float64]
"""A metric's matrix of some means over a layer, of shape (n_classes, n_classes), and their norms."""
Mixture = Callable[[sparse.csr_array], Means]
"""From weights of the parts of a layer, of shape (n_classes, n_parts * n_all_classes), to their weighted means."""


def split_similarities(vectors: ClassVectors, method: Method, fewest: int, seed: int = 0) -> list[Split]:
    """Compares the classes by each of two halves of their images.

    Args:
        vectors: The class vectors.
        method: How the classes are compared.
        fewest: Number of classes below which there is nothing to compare.
        seed: Seed of the splits of folds.

    Returns:
        The similarities by both halves, of the classes that have two images or more, for each split: one for a store of
        two parts, `SPLITS` for one of folds. Empty where the store has no parts, too few classes have them, or the
        metric cannot compare them.

    Raises:
        DamagedVectors: If the means of a class's parts are not what was written.
    """
    n_parts = min(vectors.layers[name].n_parts for name in method.layers)
    if not n_parts:
        return []
    rows = np.flatnonzero(vectors.n_images > 1)
    if len(rows) < fewest:
        log.warning("no halves to compare: %d classes have two images or more, expected %d", len(rows), fewest)
        return []
    try:
        if n_parts == HALVES:
            return [(_by_part(0, vectors, method, rows), _by_part(1, vectors, method, rows))]
        return _by_folds(vectors, method, rows, seed)
    except DamagedVectors:
        raise
    except InputError as error:
        log.warning("no halves to compare: %s", error)
        return []


def draw_sides(sizes: NDArray[np.int64], classes: Sequence[str], n_splits: int, seed: int) -> NDArray[np.bool_]:
    """Draws which folds of each class are on the first side; a class's draw depends on the seed and its id alone.

    Where the two sides of a class cannot be equal, it is drawn for each split which side has more, the same for all
    classes.

    Args:
        sizes: Images of each fold, of shape (n_folds, n_classes); empty folds may fall on either side.
        classes: Ids of the classes, of shape (n_classes,).
        n_splits: Number of splits.
        seed: Their seed.

    Returns:
        Of shape (n_splits, n_folds, n_classes).
    """
    first = np.empty((n_splits, *sizes.shape), dtype=np.bool_)
    begins = np.random.default_rng(seed).integers(2, size=(n_splits, 1))
    for column, class_id in enumerate(classes):
        name = int.from_bytes(hashlib.sha256(class_id.encode()).digest()[:8], "little")
        drawn = np.random.default_rng([seed, name]).random((n_splits, len(sizes)))
        dealt = np.lexsort((drawn, np.broadcast_to(-sizes[:, column], drawn.shape)), axis=1)
        first[:, :, column] = dealt.argsort(axis=1) % 2 == begins
    return first


def _by_part(part: int, vectors: ClassVectors, method: Method, rows: NDArray[np.intp]) -> Similarity:
    """Compares some classes by the means of one part, whose matrices are kept as those of all images are."""
    n, found = len(vectors.classes), {}
    for block in (vectors.layers[name] for name in method.layers):
        assert block.parts is not None
        means = block.parts.rows(slice(part * n, (part + 1) * n))
        matrix = layer_matrix(means, method.metric, vectors, f"half {part}")
        found[block.name] = matrix[np.ix_(rows, rows)], means.norms[rows]
    return _compare(found, vectors, method, rows)


def _by_folds(vectors: ClassVectors, method: Method, rows: NDArray[np.intp], seed: int) -> list[Split]:
    """Compares some classes by both sides of many splits of their folds.

    All splits of a layer come before the next layer: its folds are read again and again, and not all layers' may fit
    into memory.
    """
    blocks = {name: vectors.layers[name] for name in method.layers}
    n_folds = min(block.n_parts for block in blocks.values())
    log.info("%d splits of the %d folds of %d classes", SPLITS, n_folds, len(rows))
    sizes = part_sizes(vectors.n_images[rows], n_folds)
    sides = draw_sides(sizes, [vectors.classes[row] for row in rows], SPLITS, seed)
    mix = _mixture_of_cosines if is_of_cosines(method.metric) else _mixture_of_features
    found: list[tuple[dict[str, Means], dict[str, Means]]] = [({}, {}) for _ in sides]
    with ImageBar("splits of the images", len(sides) * len(blocks), "splits of a layer", summary=False) as bar:
        for name, block in blocks.items():
            assert block.parts is not None
            norms = block.parts.norms.reshape(n_folds, -1)[:, rows]
            mixture = mix(block, vectors, method)
            for halves, first in zip(found, sides, strict=True):
                for half, images in zip(halves, (sizes * first, sizes * ~first), strict=True):
                    weights = images / images.sum(axis=0) * norms
                    half[name] = mixture(_to_classes(weights, rows, len(vectors.classes)))
                bar.advance(1)
    return [(_compare(one, vectors, method, rows), _compare(other, vectors, method, rows)) for one, other in found]


def _to_classes(weights: Float64, rows: NDArray[np.intp], n_classes: int) -> sparse.csr_array:
    """Returns weights of the folds of some classes, of shape (n_folds, n_rows), as a matrix from all folds to these."""
    n_folds, n_rows = weights.shape
    columns = np.arange(n_folds)[:, None] * n_classes + rows
    starts = np.arange(n_rows + 1) * n_folds
    found = sparse.csr_array((weights.T.ravel(), columns.T.ravel(), starts), shape=(n_rows, n_folds * n_classes))
    found.eliminate_zeros()
    return found


def _mixture_of_cosines(block: LayerBlock, vectors: ClassVectors, method: Method) -> Mixture:
    """Mixes inner products: those of weighted sums are sums of those of the folds."""
    assert block.parts is not None
    cosines = layer_matrix(block.parts, method.metric, vectors, f"{block.n_parts} folds")

    def mixed(weights: sparse.csr_array) -> Means:
        values = weights @ (weights @ cosines).T
        norms = np.sqrt(values.diagonal())
        values = np.clip(values / norms / norms[:, None], -1.0, 1.0)
        np.fill_diagonal(values, 1.0)
        return values, norms

    return mixed


def _mixture_of_features(block: LayerBlock, vectors: ClassVectors, method: Method) -> Mixture:
    """Mixes the means themselves, for a metric that needs their features."""
    parts = block.parts
    assert parts is not None
    vectors.check(parts)

    def mixed(weights: sparse.csr_array) -> Means:
        n = weights.shape[0]
        unit, squares, sums = np.empty((n, block.n_features), dtype=np.float32), np.zeros(n), np.zeros(n)
        for start in range(0, block.n_features, STRETCH):
            stretch = slice(start, start + STRETCH)
            mean = weights @ parts.unit[:, stretch]  # in float64, as the weights are
            unit[:, stretch] = mean
            squares += np.square(mean).sum(axis=1)
            sums += mean.sum(axis=1)
        norms = np.sqrt(squares)
        unit /= norms[:, None]
        means = replace(parts, unit=unit, norms=norms, sums=sums, checks=None)
        return compute_matrix(means, method.metric)[0], norms

    return mixed


def _compare(layers: Mapping[str, Means], vectors: ClassVectors, method: Method, rows: NDArray[np.intp]) -> Similarity:
    """Combines the layers, of some classes, by the metric's own rule, which is given the norms of the means alone."""
    unit, unknown = np.empty((len(rows), 0), dtype=np.float32), np.full(len(rows), np.nan)
    blocks = {
        name: LayerBlock(name=name, path=vectors.layers[name].path, unit=unit, norms=norms, sums=unknown)
        for name, (_, norms) in layers.items()
    }
    classes = tuple(vectors.classes[row] for row in rows)
    part = replace(vectors, classes=classes, n_images=vectors.n_images[rows], layers=blocks)
    return method.compare({name: matrix for name, (matrix, _) in layers.items()}, part)
