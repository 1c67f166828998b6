"""Files that appear whole or not at all, and arrays read without pickle."""

import csv
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from classvec.errors import InputError

Provenance = Mapping[str, Any]
"""Where an artifact comes from: plain JSON values."""

Float64 = NDArray[np.float64]


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Opens a file that appears under its name only once it is complete.

    Args:
        path: The file; its folder is made if it is missing.

    Yields:
        A binary file to write to. If the block raises, nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Holds a folder for writing; waits while another process does, and says so.

    Args:
        folder: The folder; its lock is a file beside it.
    """
    from filelock import FileLock, Timeout

    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(f"{folder}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        logging.getLogger(__name__).info("another process is writing %s: waiting for it", folder)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def write_text(path: Path, text: str) -> None:
    """Writes a text file atomically, in UTF-8."""
    with atomic_write(path) as file:
        file.write(text.encode())


def write_json(path: Path, value: Any) -> None:
    """Writes a JSON file atomically, with sorted keys so that equal values are equal bytes."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, default=_scalar) + "\n")


def _scalar(value: Any) -> Any:
    """Returns a number of NumPy's as one of Python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def content_key(content: Any) -> str:
    """Returns a short hash of JSON values, under which what was made from them is kept."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], provenance: Provenance) -> None:
    """Writes arrays and their provenance as one ``.npz`` file, without pickle."""
    with atomic_write(path) as file:
        np.savez(file, allow_pickle=False, provenance=np.array(json.dumps(dict(provenance), sort_keys=True)), **arrays)


def load_arrays(
    path: Path, names: Sequence[str] = (), keys: Sequence[str] = ()
) -> tuple[dict[str, NDArray[Any]], Provenance]:
    """Reads what `save_arrays` wrote.

    Args:
        path: The file.
        names: Arrays that it must have.
        keys: Keys that its provenance must have.

    Raises:
        InputError: If the file is truncated, lacks something, or is not one of ours.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        provenance: Provenance = json.loads(str(arrays.pop("provenance")))
        if missing := [name for name in names if name not in arrays] + [key for key in keys if key not in provenance]:
            raise ValueError(f"it lacks {', '.join(missing)}, as if another version had written it")
        return arrays, provenance
    except (ValueError, KeyError, EOFError, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise InputError(
            f"{path} is truncated or was not written by classvec ({error}): delete it and run again"
        ) from error
    except Exception as error:
        from zipfile import BadZipFile

        if not isinstance(error, BadZipFile):
            raise
        raise InputError(f"{path} is truncated ({error}): delete it and run again") from error


def read_array(path: Path) -> NDArray[Any]:
    """Opens a ``.npy`` file as a memory map, without pickle.

    Raises:
        InputError: If the file is missing, truncated or no array.
    """
    try:
        values: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except PermissionError:
        raise
    except Exception as error:  # of a damaged header NumPy's parser raises nearly anything
        raise InputError(f"{path} is truncated or foreign ({error}): delete it and run again") from error
    return values


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Writes a CSV file atomically, with a header."""
    import io

    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Writes rows as a CSV file, with their keys as header and numbers to nine decimals; a missing value is empty."""
    rounded = [{name: round(v, 9) if isinstance(v, float) else v for name, v in row.items()} for row in rows]
    write_csv(path, rounded, list(dict.fromkeys(key for row in rounded for key in row)))
    return path
