"""Files that appear whole or not at all, and arrays read without pickle."""

import csv
import fcntl
import hashlib
import json
import logging
import math
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from classvec.errors import InputError

Provenance = Mapping[str, Any]
"""Where an artifact comes from: plain JSON values."""

Float64 = NDArray[np.float64]


PARTIAL = ".partial"
"""Ending of files that are still being written; their names begin with a dot."""


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Opens a file that appears under its name only once it is complete.

    Args:
        path: The file; its folder is made if it is missing.

    Yields:
        A binary file to write to. If the block raises, nothing is left behind; what a killed process leaves is removed
        by `remove_partial`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = _locked_temporary(path)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _locked_temporary(path: Path) -> tuple[int, Path]:
    """Makes a file beside another one, locked while it is open, so that `remove_partial` leaves it alone."""
    while True:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=PARTIAL)
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor, Path(name)
        os.close(descriptor)  # removed before it was locked


def remove_partial(folder: Path) -> None:
    """Removes files that killed processes left half written in a folder and below; those in use are left alone."""
    for place, _, names in os.walk(folder):
        for path in [Path(place, name) for name in names if name.startswith(".") and name.endswith(PARTIAL)]:
            with suppress(OSError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()


def checksum(path: Path) -> str:
    """Returns the XXH3 hash of a file's content, 128 bits in hexadecimal, as the command ``xxh128sum`` prints it.

    It notices damage, and tells contents apart that nobody has forged.
    """
    import xxhash

    digest = xxhash.xxh3_128()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


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
    r"""Writes a text file atomically, in UTF-8.

    A byte of a file's name that is not UTF-8 (0xe9, say) is written as ``\udce9``: in JSON it reads back as it was.
    """
    with atomic_write(path) as file:
        file.write(text.encode(errors="backslashreplace"))


def write_json(path: Path, value: Any) -> None:
    """Writes a JSON file atomically, with sorted keys so that equal values are equal bytes."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, default=_scalar) + "\n")


def json_number(value: float, digits: int | None = None) -> float | None:
    """Returns a number as JSON knows it, which has no NaN: rounded to so many digits, if to any; None for NaN."""
    return None if math.isnan(value) else value if digits is None else round(value, digits)


def read_json(path: Path) -> dict[str, Any]:
    """Reads a JSON object.

    Raises:
        InputError: If the file is missing, truncated or something else.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is missing, truncated or foreign ({error})") from error
    if not isinstance(value, dict):
        raise InputError(f"{path}: expected a JSON object, got {type(value).__name__}")
    return value


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
    except FileNotFoundError:
        raise
    except Exception as error:  # of a damaged archive the parsers of ZIP files and arrays raise nearly anything
        raise InputError(
            f"{path} is truncated or was not written by classvec ({error}): delete it and run again"
        ) from error


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
