"""Images known by their content: a hash of the bytes of every file, kept on the disk while the file stays as it is.

A kept hash is used only while size, modification time, inode and change time of the file are those it was taken under.
Files changed within the last two seconds are not kept: they could change again under the same time.
"""

import hashlib
import logging
import os
import stat
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_128, xxh3_128_digest

from classvec.artifacts import content_key, load_arrays, save_arrays
from classvec.data.picture import unreadable
from classvec.errors import InputError, shown
from classvec.progress import ImageBar

log = logging.getLogger(__name__)

Digests = NDArray[np.bytes_]
"""Hashes of 16 bytes each, dtype S16. Compare arrays or their bytes: a single item loses the zeros at its end."""

DIGEST = np.dtype("S16")
SETTLED_NS = 2 * 10**9
"""Age from which a file counts as settled; no file system in use has coarser times."""
THREADS = 8
BLOCK = 64
"""Files that a thread reads in one go."""


def content_hash(content: bytes) -> bytes:
    """Returns the hash of the bytes of an image file, xxh3_128."""
    return xxh3_128_digest(content)


def content_hashes(root: Path, paths: Sequence[str], folder: Path | None) -> Digests:
    """Finds the hash of every image file; reads only files whose hash is not kept.

    Args:
        root: Folder that the paths start from.
        paths: Path of each file below the root.
        folder: Folder of kept hashes, with one file for each root; None to keep none.

    Returns:
        Hash of each file, of shape (n_files,).

    Raises:
        InputError: If a file is gone or cannot be read; it names the file.
    """
    files = _look_at(root, paths)
    path = None if folder is None else folder / f"{content_key(str(root.resolve()))}.npz"
    kept = _load(path) if path else _NOTHING
    hashes, is_kept = kept.find(files)
    missing = np.flatnonzero(~is_kept)
    if len(missing):
        hashes[missing] = _read(root, paths, missing, int(files.sizes[missing].sum()))
    settled = missing[files.settled[missing]]
    if path and len(settled):
        _save(path, kept.with_more(_Kept(files.paths[settled], files.states[settled], hashes[settled])), root)
    return hashes


@dataclass(frozen=True)
class _Files:
    """What the file system says about files.

    Attributes:
        paths: Hashes of the absolute paths, of shape (n_files,).
        states: Hashes of size, modification time, inode and change time, of shape (n_files,).
        sizes: Bytes of each file, of shape (n_files,).
        settled: Whether each file has been left alone for some time, of shape (n_files,).
    """

    paths: Digests
    states: Digests
    sizes: NDArray[np.int64]
    settled: NDArray[np.bool_]


def _look_at(root: Path, paths: Sequence[str]) -> _Files:
    newest = time.time_ns() - SETTLED_NS  # taken before the files are looked at and read
    names, states = bytearray(), bytearray()
    sizes, settled = np.empty(len(paths), dtype=np.int64), np.empty(len(paths), dtype=np.bool_)
    start = f"{root.resolve()}/"
    for number, path in enumerate(paths):
        try:
            found = os.stat(start + path)  # noqa: PTH116 (a Path for each of ten million takes a minute)
        except PermissionError as error:
            raise unreadable(root / path, error) from error
        except OSError:
            found = None
        if found is None or not stat.S_ISREG(found.st_mode):
            raise InputError(
                f"{shown(root / path)} is gone, a link that leads nowhere, or no plain file: repair or remove it"
            )
        times = found.st_mtime_ns, found.st_ctime_ns
        names += xxh3_128_digest(os.fsencode(start + path))
        states += xxh3_128_digest(b"%d %d %d %d" % (found.st_size, found.st_ino, *times))
        sizes[number], settled[number] = found.st_size, max(times) < newest
    return _Files(np.frombuffer(names, DIGEST), np.frombuffer(states, DIGEST), sizes, settled)


def _read(root: Path, paths: Sequence[str], missing: NDArray[np.intp], n_bytes: int) -> Digests:
    """Reads files with a few threads, since disks, and those of other machines above all, answer many at once."""

    def digests(block: NDArray[np.intp]) -> bytes:
        return b"".join(_digest(root / paths[number]) for number in block)

    start = time.monotonic()
    found = bytearray()
    blocks = [missing[first : first + BLOCK] for first in range(0, len(missing), BLOCK)]
    with (
        ImageBar("content of the images", len(missing), summary=False) as bar,
        ThreadPoolExecutor(THREADS) as threads,
    ):
        for block, content in zip(blocks, threads.map(digests, blocks), strict=True):
            found += content
            bar.advance(len(block))
    seconds = time.monotonic() - start
    log.info("content of %s images hashed: %.2f GB in %.1f s", f"{len(missing):,}", n_bytes / 1e9, seconds)
    return np.frombuffer(found, DIGEST)


def _digest(path: Path) -> bytes:
    try:
        with path.open("rb", buffering=0) as file:
            return hashlib.file_digest(file, xxh3_128).digest()
    except OSError as error:
        raise unreadable(path, error) from error


@dataclass(frozen=True)
class _Kept:
    """Hashes of files, and the state in which each file was read.

    Attributes:
        paths: Hashes of the absolute paths, of shape (n_files,); sorted, and each once, where they come from a file.
        states: Hashes of size, modification time, inode and change time, of shape (n_files,).
        contents: Hashes of the bytes, of shape (n_files,).
    """

    paths: Digests
    states: Digests
    contents: Digests

    def find(self, files: _Files) -> tuple[Digests, NDArray[np.bool_]]:
        """Returns the hash of each file, and whether there is one."""
        if not len(self.paths):
            return np.zeros(len(files.paths), DIGEST), np.zeros(len(files.paths), dtype=np.bool_)
        order = np.argsort(files.paths)  # a search in order stays in the processor's cache: four times as fast
        place = np.empty_like(order)
        place[order] = np.searchsorted(self.paths, files.paths[order])
        place = np.minimum(place, len(self.paths) - 1)
        is_kept = (self.paths[place] == files.paths) & (self.states[place] == files.states)
        return self.contents[place], is_kept

    def with_more(self, more: "_Kept") -> "_Kept":
        """Returns both; of a path that both have, the newer state."""
        paths, first = np.unique(np.concatenate([more.paths, self.paths]), return_index=True)
        states, contents = (
            np.concatenate(pair)[first] for pair in ((more.states, self.states), (more.contents, self.contents))
        )
        return _Kept(paths, states, contents)


_NOTHING = _Kept(*(np.zeros(0, DIGEST) for _ in range(3)))


def _load(path: Path) -> _Kept:
    try:
        arrays, _ = load_arrays(path, ("paths", "states", "contents"))
        kept = _Kept(arrays["paths"], arrays["states"], arrays["contents"])
        columns = (kept.paths, kept.states, kept.contents)
        if any(column.dtype != DIGEST or column.shape != (len(kept.paths),) for column in columns):
            raise ValueError("other arrays than expected")
    except FileNotFoundError:
        return _NOTHING
    except Exception as error:  # of a damaged archive its parser raises nearly anything
        log.warning("%s is damaged or foreign (%s): reading the images again and replacing it", path, error)
        return _NOTHING
    return kept


def _save(path: Path, kept: _Kept, root: Path) -> None:
    try:
        save_arrays(
            path,
            {"paths": kept.paths, "states": kept.states, "contents": kept.contents},
            {"root": shown(root.resolve()), "hash": "xxh3_128"},
        )
    except OSError as error:
        log.info("%s cannot be written (%s): the next run reads the images again", path, error.strerror or error)
