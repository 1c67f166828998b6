"""Class vectors and how alike they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts.checks import Checks, DamagedVectors, row_hash
from classvec.artifacts.files import Float64, Provenance, load_arrays, save_arrays
from classvec.errors import InputError, unknown

KINDS = ("similarity", "centred", "distance")
"""What the values of a `Similarity` can be."""


@dataclass(frozen=True, kw_only=True)
class LayerBlock:
    """One layer's part of every class vector.

    Attributes:
        name: Name of the layer.
        path: Path of the module whose output it is.
        unit: Class means divided by their own L2 norm, of shape (n_classes, n_features), float32, memory-mapped.
        norms: L2 norms of the class means, of shape (n_classes,), float64.
        sums: Sums of each class mean's features, of shape (n_classes,), float64.
        exact: Of a layer that the store keeps as a random projection, the whole unit blocks of a few classes, of shape
            (n_exact, n_features before the projection), float32; None for a layer that is kept as it is.
        checks: Hashes of the rows of ``unit``, of shape (n_classes,); None for a block that was read from no store.
        parts: Means of random parts of each class's images, in n_parts * n_classes rows, part after part; None unless
            the store keeps them. Zeros where a part has no image; sums are unknown (NaN).
    """

    name: str
    path: str
    unit: NDArray[np.float32]
    norms: Float64
    sums: Float64
    exact: NDArray[np.float32] | None = None
    checks: Checks | None = None
    parts: "LayerBlock | None" = None

    @property
    def n_features(self) -> int:
        """Number of features of the layer; of a projected layer, of dimensions."""
        return int(self.unit.shape[1])

    @property
    def n_parts(self) -> int:
        """Number of parts of each class's images; 0 without parts."""
        return 0 if self.parts is None else len(self.parts.norms) // len(self.norms)

    def rows(self, rows: slice) -> "LayerBlock":
        """Returns some of the rows, without parts."""
        part = {name: getattr(self, name)[rows] for name in ("unit", "norms", "sums")}
        return replace(self, **part, checks=None if self.checks is None else self.checks[rows], parts=None)

    def require_features(self, purpose: str) -> None:
        """Refuses a projected layer, whose numbers are no longer those of single features.

        Args:
            purpose: What needs them, such as ``a reconstruction``.

        Raises:
            InputError: If the layer is projected.
        """
        if self.exact is not None:
            raise InputError(
                f"{purpose} needs the features of layer {self.name}, but this store keeps a random projection of "
                f"{self.exact.shape[1]:,} features to {self.n_features:,} dimensions: leave out trainer.projection"
            )


@dataclass(frozen=True, kw_only=True)
class ClassVectors:
    """The mean activations of every class, layer by layer (paper, section 3.2).

    Attributes:
        classes: Synset ids, of shape (n_classes,).
        n_images: Number of images behind each class, of shape (n_classes,).
        layers: Layer name to block, low to top.
        provenance: Network, weights hash, transform, image list hash, batch size, versions.
        path: Folder of the store they were read from.
        own: Folder for what follows from them, where that of the store cannot be written; None for the store's own.
    """

    classes: tuple[str, ...]
    n_images: NDArray[np.int64]
    layers: Mapping[str, LayerBlock]
    provenance: Provenance
    path: Path
    own: Path | None = None

    @property
    def n_features(self) -> int:
        """Number of features of a whole class vector."""
        return sum(block.n_features for block in self.layers.values())

    @property
    def folders(self) -> tuple[Path, ...]:
        """Folders in which matrices and rankings may lie; new ones are written into the last."""
        return (self.path,) if self.own is None else (self.path, self.own)

    def check(self, block: LayerBlock, rows: Sequence[int] | None = None) -> None:
        """Compares a layer, before its units are used, with the hashes that were written with them.

        Args:
            block: One of the layers, or its parts.
            rows: The rows to compare; None for all.

        Raises:
            DamagedVectors: If a class is not what was written.
        """
        if block.checks is None:
            return
        known = block.checks
        rows = range(len(known)) if rows is None else rows
        damaged = {row % len(self.classes) for row in rows if row_hash(block.unit[row]) != int(known[row])}
        if damaged:
            raise DamagedVectors.of_classes(self.path, block.path, sorted(damaged), self.classes)

    def check_all(self) -> None:
        """Checks all layers and their parts; see `check`."""
        for block in self.layers.values():
            for one in filter(None, (block, block.parts)):
                self.check(one)


def check_kind(metric: str, kind: str, power: int | None) -> None:
    """Checks what a metric says of its values.

    Args:
        metric: Its name.
        kind: What its values are.
        power: Power to which they are squared Euclidean distances.

    Raises:
        InputError: If the kind is unknown, a distance does not state its power, or a similarity has one.
    """
    if kind not in KINDS:
        raise unknown(f"kind of metric={metric}", kind, KINDS)
    if (kind == "distance") != (power is not None):
        raise InputError(
            f"metric={metric} gives a {kind} with power={power}: expected a power for a distance (2 if Euclidean, "
            "1 if its square root is, as for Manhattan) and none for a similarity"
        )


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """How alike, or how far apart, every two classes are.

    Attributes:
        values: Of shape (n_classes, n_classes), float64, symmetric; on the diagonal 1, or 0 for distances.
        classes: Synset ids, of shape (n_classes,).
        metric: Name of the metric, such as ``cosine``.
        kind: ``similarity`` (larger is more alike), ``centred`` (a similarity whose negative values mean unlike), or
            ``distance``.
        layers: Names of the layers behind it.
        provenance: That of the class vectors, with metric and layers.
        power: Of a distance, the power to which it is a squared Euclidean distance: 2 for a Euclidean distance, 1 for a
            Manhattan distance. A similarity has none.

    Raises:
        InputError: If the kind is unknown, or a distance does not state its power.
    """

    values: Float64
    classes: tuple[str, ...]
    metric: str
    layers: tuple[str, ...]
    provenance: Provenance
    kind: str = "similarity"
    power: int | None = None
    FILE: ClassVar[str] = "similarity.npz"
    """Its name in the folder of a run."""

    def __post_init__(self) -> None:
        check_kind(self.metric, self.kind, self.power)

    @property
    def likeness(self) -> Float64:
        """Values that grow with similarity, whatever the kind: a distance counts negative."""
        return -self.values if self.kind == "distance" else self.values

    @property
    def distances(self) -> Float64:
        """Values that grow with dissimilarity: a similarity s becomes 1 - s."""
        return self.values if self.kind == "distance" else 1.0 - self.values

    @property
    def squared_distances(self) -> Float64:
        """Squared Euclidean distances that the values stand for.

        Two unit vectors of cosine s have the squared distance 2 - 2 s; of a distance its ``power`` says it.
        """
        return 2.0 - 2.0 * self.values if self.power is None else self.values**self.power

    @property
    def gram(self) -> Float64:
        """Inner products that the values stand for, up to what centring removes.

        A squared Euclidean distance d^2 gives -d^2 / 2, which centring turns into the inner products of the points
        (Torgerson 1952).
        """
        return -self.squared_distances / 2.0

    def of_classes(self, classes: Sequence[str]) -> "Similarity":
        """Returns the part of the matrix that is about some of its classes, in the order given."""
        position = {class_id: i for i, class_id in enumerate(self.classes)}
        rows = np.array([position[class_id] for class_id in classes])
        return replace(self, values=self.values[np.ix_(rows, rows)], classes=tuple(classes))

    def save(self, path: Path) -> None:
        """Writes one ``.npz`` file atomically."""
        arrays = {"values": self.values, "classes": np.array(self.classes), "layers": np.array(self.layers)}
        save_arrays(path, arrays, {**self.provenance, "metric": self.metric, "kind": self.kind, "power": self.power})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            InputError: If the file is truncated or foreign.
        """
        arrays, provenance = load_arrays(path, ("values", "classes", "layers"), ("metric", "kind", "power"))
        return cls(
            values=arrays["values"],
            classes=tuple(map(str, arrays["classes"])),
            metric=str(provenance["metric"]),
            kind=str(provenance["kind"]),
            power=provenance["power"],
            layers=tuple(map(str, arrays["layers"])),
            provenance=provenance,
        )


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """Each class's most similar other classes, most similar first.

    Attributes:
        index: Their indices, of shape (n_classes, n_neighbours).
        values: Their similarities, of shape (n_classes, n_neighbours).
    """

    index: NDArray[np.int64]
    values: Float64
