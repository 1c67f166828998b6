"""Checksums of class vectors, row by row: a damaged class is noticed before a number of it is used, and made again."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts.files import load_arrays
from classvec.errors import InputError

log = logging.getLogger(__name__)

Checks = NDArray[np.uint64]
"""XXH3 hashes of 64 bits, one for each class."""


class DamagedVectors(InputError):
    """Class vectors that are not what was written.

    Args:
        store: Folder of the store.
        layer: Path of the module.
        found: What is wrong with it.
        rows: The classes that are damaged, as indices; none for the whole layer.
    """

    def __init__(self, store: Path, layer: str, found: str, rows: Sequence[int] = ()) -> None:
        super().__init__(
            f"the class vectors in {store}, layer {layer}, are damaged ({found}): run train.py or evaluate.py to make "
            "them again, and check the disk"
        )
        self.store, self.layer, self.rows = store, layer, list(rows)

    @classmethod
    def of_classes(cls, store: Path, layer: str, rows: Sequence[int], classes: Sequence[str]) -> Self:
        """Returns the error for some classes.

        Args:
            store: Folder of the store.
            layer: Path of the module.
            rows: The damaged classes, as indices.
            classes: Synset ids of all classes.
        """
        names = ", ".join(classes[row] for row in rows[:3])
        return cls(store, layer, f"{len(rows)} classes, such as {names}, are not what was written", rows)


def row_hash(*parts: NDArray[Any] | np.generic) -> int:
    """Returns the hash of the bytes of a class: a row, or several numbers."""
    import xxhash

    digest = xxhash.xxh3_64()
    for part in parts:
        digest.update(np.ascontiguousarray(part).data)
    return digest.intdigest()


def is_whole(path: Path, names: Sequence[str], keys: Sequence[str] = ()) -> bool:
    """Returns whether an ``.npz`` file is there and can be read; it carries a checksum of each array.

    Args:
        path: The file.
        names: Arrays that it must have.
        keys: Keys that its provenance must have.
    """
    try:
        load_arrays(path, names, keys)
    except FileNotFoundError:
        return False
    except InputError as error:
        log.warning("%s", error)
        return False
    return True
