"""One matrix per layer and metric, computed once and kept beside the class vectors."""

import logging
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import numpy as np

from classvec.artifacts import ClassVectors, Float64, LayerBlock, atomic_write, content_key, read_array
from classvec.errors import InputError
from classvec.method.clustering import Clustering
from classvec.method.similarity import Metric
from classvec.sources import source_of

log = logging.getLogger(__name__)


def layer_matrices(vectors: ClassVectors, layers: Sequence[str], metric: Metric) -> dict[str, Float64]:
    """Returns one matrix for each layer, computed or read; see `layer_matrix`."""
    return {name: layer_matrix(vectors.layers[name], metric, vectors.path) for name in layers}


def layer_matrix(block: LayerBlock, metric: Metric, store: Path, part: str = "") -> Float64:
    """Computes one layer's matrix, or reads it where an earlier run has left it beside the class vectors.

    Args:
        block: The layer.
        metric: Computes the matrix.
        store: Folder of the class vectors.
        part: What part of the images the block is about; empty for all.

    Returns:
        Of shape (n_classes, n_classes), float64, memory-mapped: the layers of many classes do not fit into memory.
    """
    path = store / "matrices" / quote(_kept_name(metric), safe="") / part / f"{quote(block.path, safe='')}.npy"
    if path.exists():
        try:
            cached = read_array(path)
            if cached.shape == (len(block.norms), len(block.norms)) and cached.dtype == np.float64:
                return cached
        except InputError:
            pass
        log.warning("%s is truncated; computing it again", path)
    matrix = metric.matrix(block)
    with atomic_write(path) as file:
        np.save(file, matrix, allow_pickle=False)
    return read_array(path)


def _kept_name(metric: Metric) -> str:
    """Returns the name under which a metric's matrices are kept; one of the user's may change its code or arguments."""
    if not source_of(metric):
        return metric.keeps
    return f"{metric.keeps} {content_key(described(metric))[:12]}"


def described(part: Metric | Clustering, without: Sequence[str] = ()) -> dict[str, str]:
    """Returns what identifies a part of the method: its name, its arguments and its code if that is not ours."""
    arguments = {key: repr(value) for key, value in vars(part).items() if key not in without}
    return {**arguments, "name": part.name, "source": source_of(part)}
