"""What must be equal, whatever happened on the way: the results of a run, and the arrays that runs share."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

PLAIN = (".csv", ".json", ".npz")


def results(run: Path) -> dict[str, bytes]:
    """Returns the content of a run's results by the names of their files, without provenance where it is apart.

    What is logged is left out: it repeats the results, and names the command that they were made by.
    """
    names = set(json.loads((run / "run.json").read_text())["files"]) - {"tracked.json"}
    return {name: content(run / name) for name in sorted(names) if name.endswith(PLAIN)}


def content(path: Path) -> bytes:
    """Returns what counts of a file: its bytes, or those of its arrays; a few words where it cannot be read."""
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                return b"".join(_bytes(arrays[name]) for name in sorted(arrays) if name != "provenance")
        return _bytes(np.load(path, allow_pickle=False)) if path.suffix == ".npy" else path.read_bytes()
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        return f"unreadable: {error}".encode()


def _bytes(values: np.ndarray) -> bytes:
    return f"{values.dtype} {values.shape}".encode() + values.tobytes()


def shared_arrays(outputs: Path) -> dict[str, bytes]:
    """Returns the arrays of the class vectors and their matrices."""
    store = outputs / "class_vectors"
    return {path.relative_to(store).as_posix(): content(path) for path in sorted(store.rglob("*.npy"))}


def differences(expected: Mapping[str, bytes], found: Path) -> list[str]:
    """Returns the names of the results that a folder does not have as expected."""
    return [name for name, value in expected.items() if content(found / name) != value]
