"""Similarity of class vectors with FAISS: one matrix for each layer, any layer group from them, nearest neighbours.

Every metric says what matrix it keeps of a layer and how layers combine, so that no layer is ever read twice:

- cosine: blocks have unit norm, so the cosine over several layers is exactly the mean of their cosines (paper, 3.3).
- centred: the combined cosines, with the mean class vector taken off (H K H) and brought to a unit diagonal again.
- euclidean: of the class means before the division by their norm; squared distances add, and a layer's follow from its
  cosines and norms. (On unit blocks it would be sqrt(2 - 2 cos), which says nothing new.)
- manhattan: of the unit blocks; distances add.

FAISS is fed blocks of dimensions, whose results add up in float64.

Johnson, Douze, Jégou: Billion-scale similarity search with GPUs, IEEE Transactions on Big Data 2021.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from classvec import settings
from classvec.artifacts import ClassVectors, Float64, LayerBlock, Similarity
from classvec.errors import InputError, unknown

BLOCK_BYTES = 64_000_000
"""Size of the block of dimensions that is given to FAISS at a time."""
MAX_BLOCK = 16_384
"""Most dimensions in one call; FAISS is not meant for vectors of more than about 40,000."""


class Metric(Protocol):
    """A way to compare classes; any object with these members is one."""

    @property
    def name(self) -> str:
        """Its name, in tables and provenance."""

    @property
    def kind(self) -> str:
        """What its values are.

        ``similarity`` (larger is more alike), ``centred`` (a similarity whose negative values mean unlike), or
        ``distance``.
        """

    @property
    def power(self) -> int | None:
        """Of a distance, the power to which it is a squared Euclidean distance; None for a similarity."""

    @property
    def keeps(self) -> str:
        """Name of the layer matrices that it works on.

        Metrics that keep the same share them; whatever changes these matrices must change the name.
        """

    def matrix(self, block: LayerBlock) -> Float64:
        """Computes one layer's matrix, which is kept beside the class vectors.

        Returns:
            Of shape (n_classes, n_classes), float64.
        """
        ...

    def combine(self, matrices: Mapping[str, Float64], vectors: ClassVectors, weights: Mapping[str, float]) -> Float64:
        """Combines layers.

        Args:
            matrices: Layer name to what `matrix` returned; not to be changed.
            vectors: The class vectors they come from.
            weights: Layer name to weight, for each of these layers: not negative, not all zero.

        Returns:
            Of shape (n_classes, n_classes), float64, symmetric; on the diagonal 1, or 0 for a distance.
        """
        ...


def compare(
    metric: Metric,
    matrices: Mapping[str, Float64],
    vectors: ClassVectors,
    weights: Mapping[str, float] | None = None,
) -> Similarity:
    """Compares the classes over some layers.

    Args:
        metric: How.
        matrices: Layer name to the metric's matrix of it, for the layers to combine.
        vectors: The class vectors they come from.
        weights: Layer name to weight; a layer that is not named has weight 1.

    Raises:
        InputError: If there is no layer, or weights name other layers, are negative or all zero.
    """
    values = metric.combine(matrices, vectors, _checked_weights(matrices, weights))
    used = {"metric": metric.name, "kind": metric.kind, "power": metric.power, "layers": list(matrices)}
    return Similarity(
        values=values,
        classes=vectors.classes,
        metric=metric.name,
        kind=metric.kind,
        power=metric.power,
        layers=tuple(matrices),
        provenance={**vectors.provenance, **used, "layer_weights": None if weights is None else dict(weights)},
    )


@dataclass(frozen=True, kw_only=True)
class Cosine(settings.Metric):
    """Cosine of class vectors."""

    name = "cosine"
    kind = "similarity"
    power: ClassVar[int | None] = None
    keeps = "cosine"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.gpu:
            resources(True)  # a missing GPU is reported before the work begins

    def matrix(self, block: LayerBlock) -> Float64:
        """Computes one layer's cosines between all classes.

        Args:
            block: The layer's unit blocks.

        Returns:
            Of shape (n_classes, n_classes), float64, symmetric, within [-1, 1], 1 on the diagonal.

        Raises:
            InputError: If a value is not finite.
        """
        product = _checked(block, sum_over_blocks(block.unit, "inner product", resources(self.gpu)))
        np.clip(product, -1.0, 1.0, out=product)
        np.fill_diagonal(product, 1.0)
        return product

    def combine(self, matrices: Mapping[str, Float64], vectors: ClassVectors, weights: Mapping[str, float]) -> Float64:
        """Returns the weighted mean of the layers' cosines; see `Metric.combine`."""
        total = sum(weights.values())
        return _weighted_sum(matrices, {name: value / total for name, value in weights.items()})


@dataclass(frozen=True, kw_only=True)
class Centred(Cosine):
    """Cosine after the mean class vector is subtracted: what all classes have in common no longer makes them alike."""

    name = "centred"
    kind = "centred"

    def combine(self, matrices: Mapping[str, Float64], vectors: ClassVectors, weights: Mapping[str, float]) -> Float64:
        """Centres the combined cosines over the classes, and scales them to a unit diagonal; see `Metric.combine`.

        Raises:
            InputError: If a class equals the mean of all.
        """
        values = super().combine(matrices, vectors, weights)
        over_rows, over_columns, over_all = values.mean(axis=0), values.mean(axis=1), values.mean()
        values -= over_rows  # in place: at ImageNet-21k a matrix has 3.8 GB
        values -= over_columns[:, None]
        values += over_all
        diagonal = values.diagonal().copy()
        if diagonal.min() <= 1e-12:
            same = vectors.classes[int(diagonal.argmin())]
            raise InputError(f"class {same} equals the mean of all classes: centred, its vector has no direction")
        scale = np.sqrt(diagonal)
        values /= scale
        values /= scale[:, None]
        np.clip(values, -1.0, 1.0, out=values)
        np.fill_diagonal(values, 1.0)
        return values


@dataclass(frozen=True, kw_only=True)
class Euclidean(Cosine):
    """Euclidean distance of the class means as they are, before each layer is brought to unit norm."""

    name = "euclidean"
    kind = "distance"
    power = 2

    def combine(self, matrices: Mapping[str, Float64], vectors: ClassVectors, weights: Mapping[str, float]) -> Float64:
        """Adds the layers' squared distances |a|^2 + |b|^2 - 2 |a||b| cos; see `Metric.combine`."""
        values = np.zeros_like(next(iter(matrices.values())), subok=False)
        for name, cosine in matrices.items():
            norms = vectors.layers[name].norms
            for rows in _row_blocks(len(values)):
                both = norms**2 + (norms[rows] ** 2)[:, None]
                values[rows] += weights[name] * (both - 2.0 * np.outer(norms[rows], norms) * cosine[rows])
        return np.sqrt(np.maximum(values, 0.0, out=values), out=values)


@dataclass(frozen=True)
class Manhattan:
    """Manhattan distance of class vectors. FAISS computes it on the CPU, at one operation per pair and feature."""

    name = "manhattan"
    kind = "distance"
    power = 1
    keeps = "manhattan"

    def matrix(self, block: LayerBlock) -> Float64:
        """Computes one layer's sums of absolute differences between all classes; see `Cosine.matrix`."""
        block.require_features("metric=manhattan")  # a projection keeps inner products, not sums of differences
        distances = _checked(block, sum_over_blocks(block.unit, "absolute difference"))
        np.fill_diagonal(distances, 0.0)
        return distances

    def combine(self, matrices: Mapping[str, Float64], vectors: ClassVectors, weights: Mapping[str, float]) -> Float64:
        """Adds the layers' distances; see `Metric.combine`."""
        return _weighted_sum(matrices, weights)


def resources(gpu: bool | None) -> Any:
    """Returns FAISS's handle on a GPU, or None for the CPU.

    Args:
        gpu: True to insist on a GPU, False to do without, None for where there is one.

    Raises:
        InputError: If there is no GPU to insist on.
    """
    import faiss

    n_gpus = faiss.get_num_gpus() if hasattr(faiss, "get_num_gpus") else 0
    if gpu and n_gpus == 0:
        raise InputError("metric.gpu=true, but FAISS sees no GPU: leave it out to compute on the CPU")
    return faiss.StandardGpuResources() if n_gpus and gpu is not False else None


def sum_over_blocks(vectors: NDArray[np.float32], what: str, gpu: Any = None) -> Float64:
    """Sums FAISS's float32 results for all pairs over blocks of dimensions, in float64.

    Args:
        vectors: Of shape (n, n_features), float32; may be a memory map.
        what: ``inner product`` or ``absolute difference``.
        gpu: A ``faiss.StandardGpuResources``, or None for the CPU.

    Returns:
        Of shape (n, n), float64.
    """
    import faiss

    metric = {"inner product": faiss.METRIC_INNER_PRODUCT, "absolute difference": faiss.METRIC_L1}[what]
    n, n_features = vectors.shape
    width = max(1, min(MAX_BLOCK, BLOCK_BYTES // (4 * n)))
    total = np.zeros((n, n))
    for start in range(0, n_features, width):
        block = np.ascontiguousarray(vectors[:, start : start + width], dtype=np.float32)
        if gpu is None:
            total += faiss.pairwise_distances(block, block, metric=metric)
        else:
            total += faiss.pairwise_distance_gpu(gpu, block, block, metric=metric)
    return total


def _checked(block: LayerBlock, values: Float64) -> Float64:
    """Makes a matrix symmetric to the last bit, in place, and refuses one that is not finite."""
    if not np.isfinite(values).all():
        raise InputError(f"layer {block.name} holds values that are not finite: its store is damaged, delete it")
    for rows in _row_blocks(len(values)):
        right = (values[rows, rows.start :] + values[rows.start :, rows].T) / 2.0
        values[rows, rows.start :] = right
        values[rows.start :, rows] = right.T
    return values


def _row_blocks(n: int) -> list[slice]:
    """Cuts n rows of n values into blocks, so that a step over a large matrix takes little memory beside it."""
    height = max(1, BLOCK_BYTES // (8 * n))
    return [slice(start, min(n, start + height)) for start in range(0, n, height)]


def _checked_weights(matrices: Mapping[str, Float64], weights: Mapping[str, float] | None) -> dict[str, float]:
    if not matrices:
        raise InputError("no layer to compute a similarity from")
    weight = {**dict.fromkeys(matrices, 1.0), **(weights or {})}
    for name in weight:
        if name not in matrices:
            raise unknown("layer in layers.weights", name, matrices)
    if not weight or min(weight.values()) < 0.0 or sum(weight.values()) <= 0.0:
        raise InputError(f"layers.weights must not be negative, nor all zero; found {weight}")
    return weight


def _weighted_sum(matrices: Mapping[str, Float64], weight: Mapping[str, float]) -> Float64:
    values = np.zeros_like(next(iter(matrices.values())), subok=False)
    for name, value in weight.items():
        for rows in _row_blocks(len(values)):
            values[rows] += value * matrices[name][rows]
    return values


def nearest_neighbours(similarity: Similarity, n_neighbours: int) -> tuple[NDArray[np.int64], Float64]:
    """Finds each class's most similar other classes, most similar first.

    Args:
        similarity: The similarities or distances.
        n_neighbours: How many; at most all others.

    Returns:
        Indices and values, each of shape (n_classes, n_neighbours).
    """
    import faiss

    n = len(similarity.classes)
    n_neighbours = min(n_neighbours, n - 1)
    candidates = min(n_neighbours + 8, n - 1)  # FAISS's heap compares in float32; the order among its finds is ours
    sign = -1.0 if similarity.kind == "distance" else 1.0
    found = []
    for rows in _row_blocks(n):
        likeness = sign * similarity.values[rows]
        values = likeness.astype(np.float32)
        values[np.arange(len(values)), np.arange(n)[rows]] = -np.inf
        heap = faiss.ResultHeap(len(values), candidates, keep_max=True)
        heap.add_result(values, np.tile(np.arange(n), (len(values), 1)))
        heap.finalize()
        exact = np.take_along_axis(likeness, heap.I, axis=1)
        order = np.lexsort((heap.I, -exact), axis=1)[:, :n_neighbours]
        found.append(np.take_along_axis(heap.I, order, axis=1))
    index = np.concatenate(found)
    return index, np.take_along_axis(similarity.values, index, axis=1)
