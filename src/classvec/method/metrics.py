"""The metrics that come with the package.

- cosine: blocks have unit norm, so the cosine over several layers is exactly the mean of their cosines (paper, 3.3).
- centred: the combined cosines, with the mean class vector taken off (H K H) and brought to a unit diagonal again.
- euclidean: of the class means before the division by their norm; squared distances add, and a layer's follow from its
  cosines and norms. (On unit blocks it would be sqrt(2 - 2 cos), which says nothing new.)
- manhattan: of the unit blocks; distances add.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from classvec import settings
from classvec.artifacts import ClassVectors, Float64, LayerBlock
from classvec.errors import InputError
from classvec.method.pairs import is_on_gpu, row_blocks, sum_over_blocks
from classvec.method.similarity import Metric


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
            is_on_gpu(True)  # a missing GPU is reported before the work begins

    @property
    def on_gpu(self) -> bool:
        """Whether its matrices are computed on a GPU; their last bits differ from those of a CPU."""
        return is_on_gpu(self.gpu)

    def matrix(self, block: LayerBlock) -> Float64:
        """Computes one layer's cosines between all classes.

        Args:
            block: The layer's unit blocks.

        Returns:
            Of shape (n_classes, n_classes), float64, symmetric, within [-1, 1], 1 on the diagonal.

        Raises:
            InputError: If a value is not finite.
            GpuMemoryError: If the GPU has too little memory.
        """
        product = _checked(block, sum_over_blocks(block.unit, "inner product", self.on_gpu))
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
            for rows in row_blocks(len(values)):
                both = norms**2 + (norms[rows] ** 2)[:, None]
                values[rows] += weights[name] * (both - 2.0 * np.outer(norms[rows], norms) * cosine[rows])
        return np.sqrt(np.maximum(values, 0.0, out=values), out=values)


def is_of_cosines(metric: Metric) -> bool:
    """Returns whether a metric's matrix of a layer is `Cosine.matrix`: it follows from inner products, and no feature
    is needed. One that inherits from `Cosine` and computes a matrix of its own may need them.
    """
    return getattr(type(metric), "matrix", None) is Cosine.matrix


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


def _checked(block: LayerBlock, values: Float64) -> Float64:
    """Makes a matrix symmetric to the last bit, in place, and refuses one that is not finite."""
    if not np.isfinite(values).all():
        raise InputError(f"layer {block.name} holds values that are not finite: its store is damaged, delete it")
    for rows in row_blocks(len(values)):
        right = (values[rows, rows.start :] + values[rows.start :, rows].T) / 2.0
        values[rows, rows.start :] = right
        values[rows.start :, rows] = right.T
    return values


def _weighted_sum(matrices: Mapping[str, Float64], weight: Mapping[str, float]) -> Float64:
    values = np.zeros_like(next(iter(matrices.values())), subok=False)
    for name, value in weight.items():
        for rows in row_blocks(len(values)):
            values[rows] += value * matrices[name][rows]
    return values
