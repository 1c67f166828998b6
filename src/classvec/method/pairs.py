"""Sums over all pairs of classes with FAISS, and steps over large matrices block by block.

FAISS is fed blocks of dimensions, whose results add up in float64.

Johnson, Douze, Jégou: Billion-scale similarity search with GPUs, IEEE Transactions on Big Data 2021.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts import Float64, Similarity
from classvec.errors import InputError

BLOCK_BYTES = 64_000_000
"""Size of the block of dimensions that is given to FAISS at a time."""
MAX_BLOCK = 16_384
"""Most dimensions in one call; FAISS is not meant for vectors of more than about 40,000."""
TEMPORARY = 256_000_000
"""Bytes that FAISS may set aside on a GPU; on its own it takes 1.5 GB."""


class GpuMemoryError(Exception):
    """The GPU has no memory left for FAISS."""


def is_on_gpu(gpu: bool | None) -> bool:
    """Returns whether FAISS computes on a GPU.

    Args:
        gpu: True to insist on a GPU, False to do without, None for where there is one.

    Raises:
        InputError: If there is no GPU to insist on.
    """
    import faiss

    n_gpus = faiss.get_num_gpus() if hasattr(faiss, "get_num_gpus") else 0
    if gpu and n_gpus == 0:
        raise InputError("metric.gpu=true, but FAISS sees no GPU: leave it out to compute on the CPU")
    return n_gpus > 0 and gpu is not False


def sum_over_blocks(vectors: NDArray[np.float32], what: str, on_gpu: bool = False) -> Float64:
    """Sums FAISS's float32 results for all pairs over blocks of dimensions, in float64.

    Args:
        vectors: Of shape (n, n_features), float32; may be a memory map.
        what: ``inner product`` or ``absolute difference``.
        on_gpu: Whether FAISS computes on the GPU.

    Returns:
        Of shape (n, n), float64.

    Raises:
        GpuMemoryError: If the GPU has too little memory.
    """
    import faiss

    metric = {"inner product": faiss.METRIC_INNER_PRODUCT, "absolute difference": faiss.METRIC_L1}[what]
    n, n_features = vectors.shape
    width = max(1, min(MAX_BLOCK, BLOCK_BYTES // (4 * n)))
    distances = _on_gpu(4 * n * (n + 2 * min(width, n_features))) if on_gpu else faiss.pairwise_distances
    total = np.zeros((n, n))
    for start in range(0, n_features, width):
        block = np.ascontiguousarray(vectors[:, start : start + width], dtype=np.float32)
        total += distances(block, block, metric=metric)
    return total


def _on_gpu(n_bytes: int) -> Callable[..., NDArray[np.float32]]:
    """Returns FAISS's function of all pairs on the GPU, once PyTorch has handed its unused memory back to it.

    Args:
        n_bytes: What a call takes there: two blocks and their distances.
    """
    import faiss
    import torch

    torch.cuda.empty_cache()
    if torch.cuda.is_available():
        free = torch.cuda.mem_get_info()[0]
        if free < n_bytes + 2 * TEMPORARY:  # FAISS ends the process where CUDA has no room for its own buffers
            raise GpuMemoryError(f"{free / 1e9:.2f} GB free, {(n_bytes + 2 * TEMPORARY) / 1e9:.2f} GB needed")
    resources = faiss.StandardGpuResources()
    resources.setTempMemory(TEMPORARY)

    def distances(queries: NDArray[np.float32], others: NDArray[np.float32], metric: int) -> NDArray[np.float32]:
        try:
            return faiss.pairwise_distance_gpu(resources, queries, others, metric=metric)
        except RuntimeError as error:
            if "alloc" not in str(error).lower() and "memory" not in str(error):
                raise
            raise GpuMemoryError(str(error).strip().splitlines()[-1]) from error

    return distances


def row_blocks(n: int) -> list[slice]:
    """Cuts n rows of n values into blocks, so that a step over a large matrix takes little memory beside it."""
    height = max(1, BLOCK_BYTES // (8 * n))
    return [slice(start, min(n, start + height)) for start in range(0, n, height)]


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
    for rows in row_blocks(n):
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
