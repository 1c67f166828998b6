"""Cosine matrices with FAISS: one for each layer, any layer group from them, and the nearest neighbours of a class.

Blocks have unit norm, so the cosine over several layers is exactly the mean of the layers' cosine matrices (paper,
section 3.3): no layer is ever read twice. FAISS is fed blocks of dimensions, whose inner products add up in float64.

Johnson, Douze, Jégou: Billion-scale similarity search with GPUs, IEEE Transactions on Big Data 2021.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts import ClassVectors, Float64, LayerBlock, Similarity
from classvec.errors import InputError, unknown

BLOCK_BYTES = 64_000_000
"""Size of the block of dimensions that is given to FAISS at a time."""
MAX_BLOCK = 16_384
"""Most dimensions in one call; FAISS is not meant for vectors of more than about 40,000."""


@dataclass(frozen=True, kw_only=True)
class Cosine:
    """Cosine of class vectors.

    Attributes:
        gpu: Whether FAISS computes on a GPU: None for where there is one.
    """

    gpu: bool | None = None
    name: str = "cosine"

    def matrix(self, block: LayerBlock) -> Float64:
        """Computes one layer's cosines between all classes.

        Args:
            block: The layer's unit blocks.

        Returns:
            Of shape (n_classes, n_classes), float64, symmetric, within [-1, 1], 1 on the diagonal.

        Raises:
            InputError: If a value is not finite.
        """
        product = inner_products(block.unit, self._resources())
        if not np.isfinite(product).all():
            raise InputError(f"layer {block.name} holds values that are not finite: its store is damaged, delete it")
        product = np.clip((product + product.T) / 2.0, -1.0, 1.0)
        np.fill_diagonal(product, 1.0)
        return product

    def combine(
        self, matrices: Mapping[str, Float64], vectors: ClassVectors, weights: Mapping[str, float] | None = None
    ) -> Similarity:
        """Combines layers: the cosine over several unit blocks is the weighted mean of the layers' cosines.

        Args:
            matrices: Layer name to matrix, the layers to combine.
            vectors: The class vectors they come from.
            weights: Layer name to weight; all layers count the same by default.

        Raises:
            InputError: If there is no layer, or weights name other layers, are negative or all zero.
        """
        if not matrices:
            raise InputError("no layer to compute a similarity from")
        weight = dict.fromkeys(matrices, 1.0) if weights is None else dict(weights)
        for name in weight:
            if name not in matrices:
                raise unknown("layer in the weights", name, matrices)
        total = sum(weight.values())
        if min(weight.values()) < 0.0 or total <= 0.0:
            raise InputError(f"layer weights must be positive, found {weight}")
        values = np.zeros_like(next(iter(matrices.values())))
        for name, value in weight.items():
            values += (value / total) * matrices[name]
        return Similarity(
            values=values,
            classes=vectors.classes,
            metric=self.name,
            layers=tuple(matrices),
            provenance={
                **vectors.provenance,
                "metric": self.name,
                "layers": list(matrices),
                "layer_weights": None if weights is None else dict(weights),
            },
        )

    def _resources(self) -> Any:
        """Returns FAISS's handle on a GPU, or None for the CPU."""
        import faiss

        n_gpus = faiss.get_num_gpus() if hasattr(faiss, "get_num_gpus") else 0
        if self.gpu and n_gpus == 0:
            raise InputError("metric.gpu=true, but FAISS sees no GPU: leave it out to compute on the CPU")
        return faiss.StandardGpuResources() if n_gpus and self.gpu is not False else None


def inner_products(vectors: NDArray[np.float32], gpu: Any = None) -> Float64:
    """Sums FAISS's float32 inner products over blocks of dimensions in float64.

    Args:
        vectors: Of shape (n, n_features), float32; may be a memory map.
        gpu: A ``faiss.StandardGpuResources``, or None for the CPU.

    Returns:
        Of shape (n, n), float64.
    """
    import faiss

    n, n_features = vectors.shape
    width = max(1, min(MAX_BLOCK, BLOCK_BYTES // (4 * n)))
    total = np.zeros((n, n))
    for start in range(0, n_features, width):
        block = np.ascontiguousarray(vectors[:, start : start + width], dtype=np.float32)
        if gpu is None:
            total += faiss.pairwise_distances(block, block, metric=faiss.METRIC_INNER_PRODUCT)
        else:
            total += faiss.pairwise_distance_gpu(gpu, block, block, metric=faiss.METRIC_INNER_PRODUCT)
    return total


def nearest_neighbours(similarity: Similarity, n_neighbours: int) -> tuple[NDArray[np.int64], Float64]:
    """Finds each class's most similar other classes, most similar first.

    Args:
        similarity: The similarities.
        n_neighbours: How many; at most all others.

    Returns:
        Indices and similarities, each of shape (n_classes, n_neighbours).
    """
    import faiss

    n = len(similarity.classes)
    n_neighbours = min(n_neighbours, n - 1)
    candidates = min(n_neighbours + 8, n - 1)  # FAISS's heap compares in float32; the order among its finds is ours
    values = similarity.values.astype(np.float32)
    np.fill_diagonal(values, -np.inf)
    heap = faiss.ResultHeap(n, candidates, keep_max=True)
    heap.add_result(values, np.tile(np.arange(n), (n, 1)))
    heap.finalize()
    exact = np.take_along_axis(similarity.values, heap.I, axis=1)
    order = np.lexsort((heap.I, -exact), axis=1)[:, :n_neighbours]
    return np.take_along_axis(heap.I, order, axis=1), np.take_along_axis(exact, order, axis=1)
