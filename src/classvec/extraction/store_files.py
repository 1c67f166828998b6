"""The arrays of a store as files: made at full size, opened if they are what they should be, and marks taken back."""

import json
import logging
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts import DamagedVectors, atomic_write, held, read_array, read_json, write_json
from classvec.errors import InputError
from classvec.extraction.processes import launched

log = logging.getLogger(__name__)
T = TypeVar("T")


def undamaged(step: Callable[[], T]) -> T:
    """Takes a step; if class vectors turn out to be damaged, these are made again first.

    Args:
        step: What to do; it makes class vectors that are missing, and is taken twice at most.
    """
    try:
        return step()
    except DamagedVectors as error:
        forget(error)
        if launched() is not None:
            raise  # the other processes have left, or will meet the same: the next start makes them again
        log.warning("%s; making them again now", error)
        return step()


def forget(damaged: DamagedVectors) -> None:
    """Marks damaged classes as missing, or removes a damaged layer, so that the next run makes them again."""
    folder = damaged.store / "layers" / quote(damaged.layer, safe="")
    with held(damaged.store):
        if not damaged.rows:
            shutil.rmtree(folder, ignore_errors=True)
            return
        done = np.array(read_array(folder / "done.npy"))
        done[damaged.rows] = 0
        with atomic_write(folder / "done.npy") as file:
            np.save(file, done, allow_pickle=False)


def create(path: Path, shape: tuple[int, ...], dtype: str) -> None:
    """Makes an array of a store, at full size and empty.

    Raises:
        InputError: If the layer has no features.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if 0 in shape:
        raise InputError(f"{path.parent.name} has no features")
    if path.stem == "done":  # the others are there when this one is, and it is never seen half made
        with atomic_write(path) as file:
            np.save(file, np.zeros(shape, dtype=np.dtype(dtype)), allow_pickle=False)
        return
    np.lib.format.open_memmap(path, mode="w+", dtype=np.dtype(dtype), shape=shape)  # header and holes, no bytes yet


def opened(path: Path, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Opens an array of a store, of which shape and type are known."""
    try:
        array = read_array(path)
    except InputError as error:
        raise damaged_file(path, str(error.__cause__)) from error
    if array.shape != shape or array.dtype != np.dtype(dtype) or not array.flags.c_contiguous:
        raise damaged_file(path, f"shape {array.shape} of {array.dtype} instead of {shape} of {dtype}")
    return array


def damaged_file(path: Path, found: str) -> DamagedVectors:
    """Returns the error for a file of a layer that is not what it should be."""
    return DamagedVectors(path.parents[2], unquote(path.parent.name), f"{path.name} is truncated or foreign: {found}")


def write_undamaged(path: Path, value: Mapping[str, Any]) -> None:
    """Writes a JSON file, unless it is there and holds just this."""
    if path.exists():
        with suppress(InputError):
            if read_json(path) == json.loads(json.dumps(value)):
                return
        log.warning("%s is damaged; writing it again", path)
    write_json(path, value)


def is_writable(folder: Path) -> bool:
    """Returns whether files can be made in a folder, or the folder itself where it is missing."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return os.access(existing, os.W_OK)
