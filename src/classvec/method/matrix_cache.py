"""One matrix per layer and metric, computed once and kept beside the class vectors."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import numpy as np

from classvec.artifacts import (
    ClassVectors,
    Float64,
    LayerBlock,
    atomic_write,
    by_content,
    content_key,
    is_signed,
    read_array,
    sign,
)
from classvec.errors import InputError
from classvec.method.clustering import Clustering
from classvec.method.pairs import GpuMemoryError
from classvec.method.similarity import Metric
from classvec.sources import source_of

log = logging.getLogger(__name__)


def layer_matrices(vectors: ClassVectors, layers: Sequence[str], metric: Metric) -> dict[str, Float64]:
    """Returns one matrix for each layer, computed or read; see `layer_matrix`."""
    return {name: layer_matrix(vectors.layers[name], metric, vectors) for name in layers}


def layer_matrix(block: LayerBlock, metric: Metric, vectors: ClassVectors, part: str = "") -> Float64:
    """Computes one layer's matrix, or reads it where an earlier run has left it beside the class vectors.

    A file ``.xxh128`` beside it has its checksum, as the command ``xxh128sum --check`` reads it.

    Args:
        block: The layer.
        metric: Computes the matrix.
        vectors: The class vectors that it belongs to.
        part: What part of the images the block is about; empty for all.

    Returns:
        Of shape (n_classes, n_classes), float64, memory-mapped: the layers of many classes do not fit into memory.

    Raises:
        DamagedVectors: If the block is not what was written.
    """
    name = _file(metric, part, block)
    for path in (folder / name for folder in vectors.folders if (folder / name).exists()):
        if (kept := whole_matrix(path)) is not None and kept.shape == (len(block.norms), len(block.norms)):
            return kept
        log.warning("%s is damaged or was never finished; computing it again", path)
    vectors.check(block)
    matrix, computed_by = compute_matrix(block, metric)
    path = vectors.folders[-1] / _file(computed_by, part, block)
    with atomic_write(path) as file:
        np.save(file, matrix, allow_pickle=False)
    sign(path)
    return read_array(path)


def compute_matrix(block: LayerBlock, metric: Metric) -> tuple[Float64, Metric]:
    """Computes one layer's matrix, on the CPU where a GPU has too little memory.

    Returns:
        The matrix, of shape (n_classes, n_classes), float64, and the metric that computed it.
    """
    try:
        return metric.matrix(block), metric
    except GpuMemoryError as error:
        log.warning("layer %s: the GPU has too little memory (%s); computing on the CPU", block.name, error)
    metric = replace(metric, gpu=False)  # type: ignore[type-var]
    return metric.matrix(block), metric


def whole_matrix(path: Path) -> Float64 | None:
    """Opens a matrix that was kept; returns None if it is not what was written."""
    try:
        return read_array(path) if is_signed(path) else None
    except InputError:
        return None


def _file(metric: Metric, part: str, block: LayerBlock) -> Path:
    """Returns where a matrix is kept, from the folder of the class vectors."""
    return Path("matrices", quote(_kept_name(metric), safe=""), part, f"{quote(block.path, safe='')}.npy")


def _kept_name(metric: Metric) -> str:
    """Returns the name under which a metric's matrices are kept.

    One of the user's may change its code or arguments; a GPU's last bits are not those of a CPU.
    """
    device = " on gpu" if getattr(metric, "on_gpu", False) else ""
    if not source_of(metric):
        return metric.keeps + device
    return f"{metric.keeps} {content_key(described(metric))[:12]}{device}"


def _described(value: object) -> str:
    """Returns an argument as text: a file by its content, an array by its bytes, since NumPy shortens long ones."""
    if isinstance(value, np.ndarray):
        return f"array of {value.dtype} {value.shape} {hashlib.sha256(value.tobytes()).hexdigest()}"
    return repr(by_content(value))


def described(part: Metric | Clustering, without: Sequence[str] = ()) -> dict[str, str]:
    """Returns what identifies a part of the method: its name, its arguments and its code if that is not ours."""
    arguments = {key: _described(value) for key, value in vars(part).items() if key not in without}
    return {**arguments, "name": part.name, "source": source_of(part)}
