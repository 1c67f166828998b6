"""Checksums of class vectors, row by row: a damaged class is noticed before a number of it is used, and made again."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts.files import checksum, load_arrays, write_text
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
            f"the class vectors in {store}, layer {layer}, are damaged ({found}): run train.py with the same "
            "choices to make them again, and check the disk"
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
        return cls(store, layer, f"classes that are not what was written: {len(rows)}, such as {names}", rows)


def row_hash(*parts: NDArray[Any] | np.generic) -> int:
    """Returns the hash of the bytes of a class: a row, or several numbers."""
    import xxhash

    digest = xxhash.xxh3_64()
    for part in parts:
        digest.update(np.ascontiguousarray(part).data)
    return digest.intdigest()


def by_content(value: Any) -> Any:
    """Returns plain values in which the content of a file stands in the place of its path.

    Args:
        value: Values of a configuration, or arguments. Whatever names a file that exists counts by its content, also in
            groups of the user's; a folder counts by its path.
    """
    if isinstance(value, dict):
        return {key: by_content(item) if key != "_target_" else item for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [by_content(item) for item in value]
    return file_content(value) or value


def file_content(value: object) -> str | None:
    """Returns the checksum of the file that a value names; None if it names none."""
    path = os.path.expanduser(value) if isinstance(value, str | Path) else ""  # noqa: PTH111
    return checksum(Path(path)) if os.path.isfile(path) else None  # noqa: PTH113 (any text may come)


def sign(path: Path) -> None:
    """Writes the checksum of a file beside it, under its name and ``.xxh128``, as ``xxh128sum --check`` reads it."""
    write_text(_signature(path), f"{checksum(path)}  {path.name}\n")


def is_signed(path: Path) -> bool:
    """Returns whether a file is what it was when `sign` was called."""
    try:
        return _signature(path).read_text(encoding="utf-8").partition(" ")[0] == checksum(path)
    except (OSError, UnicodeDecodeError):
        return False


def _signature(path: Path) -> Path:
    return path.with_name(f"{path.name}.xxh128")


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
