"""A random projection of each layer to a few thousand dimensions: a store 10 to 100 times smaller, cosines nearly kept.

Entries are +1 or -1 with probability 1 / (2 sqrt(D)) each, else 0, for a layer of D features (Li, Hastie, Church: Very
sparse random projections, KDD 2006). By the lemma of Johnson and Lindenstrauss inner products survive, whatever D.

Projected vectors are brought to unit norm again. The inner product of projected unit vectors is unbiased; its
standard error is sqrt((1 + c^2) / d) at a cosine c; that of their cosine is (1 - c^2) / sqrt(d) (bias below 1/d),
several times smaller for classes that are much alike, as those of a network are. It also keeps all that relies on unit
blocks: a diagonal of ones, and the mean of layers' cosines as the cosine over layers.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from classvec.artifacts import Float64, LayerBlock
from classvec.errors import InputError

EXACT_CLASSES = 16
"""So many classes, evenly spread, keep their whole blocks too, to measure what the projection does to their cosines."""


@dataclass(frozen=True)
class Projection:
    """How layers are projected; the matrices follow from it.

    Attributes:
        dimensions: Dimensions that a layer is projected to; one that has no more than these is kept as it is.
        seed: Seed of the matrices.
    """

    dimensions: int
    seed: int = 0

    def __post_init__(self) -> None:
        if self.dimensions < 1:
            raise InputError(f"trainer.projection={self.dimensions}: wanted a number of dimensions, such as 4096")

    @property
    def content(self) -> dict[str, Any]:
        """What changes the numbers: NumPy's generators may change from version to version."""
        return {"dimensions": self.dimensions, "seed": self.seed, "numpy": version("numpy")}

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self | None:
        """Returns the projection that a store's content speaks of, or None."""
        made = content.get("projection")
        return None if made is None else cls(int(made["dimensions"]), int(made["seed"]))

    def shrinks(self, n_features: int) -> bool:
        """Returns whether a layer of so many features is projected."""
        return n_features > self.dimensions

    def layer(self, path: str, n_features: int) -> "LayerProjection":
        """Draws the matrix of one layer.

        Args:
            path: Path of the module; each has a matrix of its own.
            n_features: Its number of features.
        """
        name = int.from_bytes(hashlib.sha256(path.encode()).digest()[:8], "little")
        rng = np.random.default_rng([self.seed, name])
        at = _sparse_positions(rng, self.dimensions * n_features, n_features**-0.5)
        signs = rng.integers(0, 2, len(at), dtype=np.int8) * np.int8(2) - np.int8(1)
        starts = np.searchsorted(at, np.arange(self.dimensions + 1) * n_features)
        shape = (self.dimensions, n_features)
        return LayerProjection(sparse.csr_array((signs, (at % n_features).astype(np.int32), starts), shape=shape))


def _sparse_positions(rng: np.random.Generator, total: int, probability: float) -> NDArray[np.int64]:
    """Chooses each of so many positions with a probability, independently, by the gaps between the chosen ones."""
    expected = total * probability
    found = np.empty(0, dtype=np.int64)
    last = -1
    while last < total:
        gaps = rng.geometric(probability, int(expected + 6 * expected**0.5) + 10)
        found = np.concatenate([found, last + np.cumsum(gaps)])
        last = int(found[-1])
    return found[found < total]


@dataclass(frozen=True)
class LayerProjection:
    """The projection of one layer.

    Attributes:
        signs: Of shape (dimensions, n_features), int8, mostly zero.
    """

    signs: sparse.csr_array

    def __call__(self, unit: NDArray[np.float32]) -> NDArray[np.float32]:
        """Projects vectors and brings them to unit norm.

        Args:
            unit: Of shape (n_features,) or (n, n_features), float32.

        Returns:
            Of shape (dimensions,) or (n, dimensions), float32.

        Raises:
            InputError: If nothing is left of a vector.
        """
        projected: Float64 = (self.signs @ unit.astype(np.float64).T).T
        norms: Float64 = np.sqrt(np.square(projected).sum(axis=-1, keepdims=True))
        if not norms.all():
            raise InputError("a class vector has so few active features that its projection is zero: leave it out")
        return (projected / norms).astype(np.float32)


def exact_rows(n_classes: int) -> NDArray[np.int64]:
    """Returns the classes whose whole blocks are kept, ascending."""
    return np.unique(np.linspace(0, n_classes - 1, min(EXACT_CLASSES, n_classes)).round().astype(np.int64))


@dataclass(frozen=True)
class CosineError:
    """What the projection of a layer does to the cosines of classes.

    Attributes:
        mean: Mean absolute error over pairs of the classes that are kept whole.
        largest: The largest.
        expected: Mean standard error in theory, (1 - c^2) / sqrt(d).
    """

    mean: float
    largest: float
    expected: float


def cosine_error(block: LayerBlock) -> CosineError | None:
    """Measures the error on the classes of which the store has the whole blocks too.

    Args:
        block: A layer.

    Returns:
        The error; None for a layer that is not projected.
    """
    if block.exact is None:
        return None
    rows = exact_rows(len(block.norms))
    pairs = np.triu_indices(len(rows), 1)
    exact, projected = (
        (values.astype(np.float64) @ values.astype(np.float64).T)[pairs] for values in (block.exact, block.unit[rows])
    )
    error = np.abs(projected - exact)
    expected = (1.0 - exact**2) / np.sqrt(block.n_features)
    return CosineError(float(error.mean()), float(error.max()), float(expected.mean()))
