"""The store of class vectors: a folder of arrays, kept class by class."""

import json
import logging
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts import (
    ClassVectors,
    DamagedVectors,
    LayerBlock,
    Parts,
    Provenance,
    content_key,
    held,
    read_array,
    row_hash,
)
from classvec.errors import InputError
from classvec.extraction.projection import Projection, exact_rows
from classvec.extraction.store_files import create, damaged_file, opened, write_undamaged
from classvec.extraction.writer import StoreWriter

log = logging.getLogger(__name__)
FORMAT = 2
"""Raised when the files of a store change; since 2, each class has checksums."""


class UnfinishedStore(InputError):
    """No layer of a store is complete yet."""


class ClassVectorStore:
    """A folder with the class vectors of one network over one list of images.

    ``manifest.json`` says what they are made from; ``layers/<path of the module>/`` holds ``unit.npy`` (n_classes,
    n_features), ``norms.npy``, ``sums.npy`` and ``done.npy`` (n_classes,), with halves or folds (`Parts`)
    ``half_unit.npy`` (n_parts, n_classes, n_features) and ``half_norms.npy`` (n_parts, n_classes). ``checks.npy`` (2 +
    n_parts, n_classes) has a hash of each class's norm, sum and other small values, then of its unit, then of those of
    its parts. Layers are entries: another one is added beside them. Of a layer that is projected (`Projection`), units
    have as many values as dimensions, and ``exact.npy`` (n_exact, n_features) has the whole units of a few classes.

    Args:
        root: Folder of all stores.
        content: Everything that changes the numbers, as JSON values; its hash names the store. Parts and
            projection follow from it.
        classes: Synset ids, of shape (n_classes,).
        n_images: Images of each class, of shape (n_classes,).

    Raises:
        InputError: If the folder holds something else.
    """

    def __init__(self, root: Path, content: Provenance, classes: Sequence[str], n_images: NDArray[np.int64]) -> None:
        self.parts = Parts.of(content)
        self.content = {**content, "format": FORMAT, "halves": self.parts is not None}
        self.classes = tuple(classes)
        self.n_images = n_images
        self.projection = Projection.of(content)
        self.key = content_key([self.content, self.classes, n_images.tolist()])
        self.path = root / f"{content['network']}-{self.key}"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Holds the store for writing; waits while another process does, and says so."""
        with held(self.path):
            yield

    def prepare(self, features: Mapping[str, int]) -> None:
        """Makes the folder and the files of the layers that it lacks, at full size.

        Args:
            features: Path of the module to number of features.

        Raises:
            InputError: If a file has another size than it should, or the disk lacks the space.
        """
        missing = {path: size for path, size in features.items() if not self._file(path, "done").exists()}
        self.path.mkdir(parents=True, exist_ok=True)
        needed, free = self.bytes_of(missing.values()) / 1e9, shutil.disk_usage(self.path).free / 1e9
        of_parts = self.bytes_of(missing.values(), "half_unit", "half_norms") / 1e9
        share = "" if self.parts is None else f" ({of_parts:.2f} GB of it for {self.parts.words} of the images)"
        log.info("store %s: %.2f GB to make%s, %.1f GB free", self.path, needed, share, free)
        if needed > free:
            raise InputError(
                f"the class vectors need {needed:.1f} GB{share} in {self.path}, but {free:.1f} GB are free: free some "
                f"space, choose fewer layers{' or folds' if share else ''}, or another folder with store=DIR"
            )
        self._write_manifest()
        for path, size in missing.items():
            for name, (shape, dtype) in self._arrays(size).items():
                create(self._file(path, name), shape, dtype)
        for path, size in features.items():
            for name, (shape, dtype) in self._arrays(size).items():
                opened(self._file(path, name), shape, dtype)

    def _write_manifest(self) -> None:
        manifest = {"content": self.content, "classes": list(self.classes), "n_images": self.n_images.tolist()}
        write_undamaged(self.path / "manifest.json", manifest)

    def bytes_of(self, features: Iterable[int], *names: str) -> int:
        """Returns how many bytes layers of so many features take: some of their arrays, or all if none is named."""
        arrays = [
            array for size in features for name, array in self._arrays(size).items() if name in names or not names
        ]
        return sum(int(np.prod(shape)) * np.dtype(dtype).itemsize for shape, dtype in arrays)

    def missing(self, paths: Iterable[str]) -> list[int]:
        """Returns the classes, as indices, that one of the layers still lacks."""
        done = np.ones(len(self.classes), dtype=bool)
        for path in paths:
            file = self._file(path, "done")
            done &= opened(file, done.shape, "|u1") == 1 if file.exists() else False
        return [int(i) for i in np.flatnonzero(~done)]

    def read(self, layers: Mapping[str, str]) -> ClassVectors:
        """Opens the class vectors, memory-mapped.

        Args:
            layers: Name to path of the module, low to top.

        Raises:
            InputError: If a layer is not complete, or a file is truncated.
        """
        with suppress(OSError):  # of a store that cannot be written
            self._write_manifest()
        if missing := self.missing(layers.values()):
            raise InputError(f"{self.path} lacks {len(missing)} of {len(self.classes)} classes: run train.py to go on")
        return ClassVectors(
            classes=self.classes,
            n_images=self.n_images,
            layers={name: self._block(name, path) for name, path in layers.items()},
            provenance={**self.content, "store": self.key},
            path=self.path,
        )

    def _block(self, name: str, path: str) -> LayerBlock:
        widest = self._file(path, "exact" if self._file(path, "exact").exists() else "unit")
        try:
            features = (read_array(widest).shape[-1:] or (0,))[0]
        except InputError as error:
            raise damaged_file(widest, str(error.__cause__)) from error
        arrays = {
            array: opened(self._file(path, array), shape, dtype)
            for array, (shape, dtype) in self._arrays(features).items()
        }
        checks = np.array(arrays["checks"])
        self._check_numbers(path, checks[0], arrays)
        block = LayerBlock(
            name=name,
            path=path,
            unit=arrays["unit"],
            norms=np.array(arrays["norms"]),
            sums=np.array(arrays["sums"]),
            exact=arrays.get("exact"),
            checks=checks[1],
        )
        if self.parts is None:
            return block
        unit, norms = arrays["half_unit"].reshape(-1, block.n_features), np.array(arrays["half_norms"]).ravel()
        parts = replace(block, unit=unit, norms=norms, sums=np.full_like(norms, np.nan), checks=checks[2:].ravel())
        return replace(block, parts=parts)

    def _check_numbers(self, path: str, checks: NDArray[np.uint64], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Compares norms, sums and whole blocks of a few classes with their hashes; units wait until they are read."""
        n_classes = len(self.classes)
        exact = dict(zip(exact_rows(n_classes).tolist(), arrays.get("exact", ()), strict=False))
        numbers = np.column_stack([arrays["norms"], arrays["sums"], *arrays.get("half_norms", ())])
        found = [row_hash(numbers[row], *([exact[row]] if row in exact else [])) for row in range(n_classes)]
        if damaged := [row for row in range(n_classes) if found[row] != int(checks[row])]:
            raise DamagedVectors.of_classes(self.path, path, damaged, self.classes)

    def _file(self, path: str, name: str) -> Path:
        return self.path / "layers" / quote(path, safe="") / f"{name}.npy"

    def _arrays(self, features: int) -> dict[str, tuple[tuple[int, ...], str]]:
        """Returns name to shape and type of a layer's arrays; ``done`` is last: it says that the others are there."""
        n = len(self.classes)
        exact: dict[str, tuple[tuple[int, ...], str]] = {}
        width = features
        if self.projection is not None and self.projection.shrinks(features):
            width = self.projection.dimensions
            exact = {"exact": ((len(exact_rows(n)), features), "<f4")}
        n_parts = 0 if self.parts is None else self.parts.number
        parts: dict[str, tuple[tuple[int, ...], str]] = {
            "half_unit": ((n_parts, n, width), "<f4"),
            "half_norms": ((n_parts, n), "<f8"),
        }
        return {
            "unit": ((n, width), "<f4"),
            "norms": ((n,), "<f8"),
            "sums": ((n,), "<f8"),
            **(parts if n_parts else {}),
            **exact,
            "checks": ((2 + n_parts, n), "<u8"),
            "done": ((n,), "|u1"),
        }

    def writer(self, layers: Mapping[str, str], *, several_machines: bool = False) -> StoreWriter:
        """Returns a context manager that writes classes to the prepared store.

        Args:
            layers: Name to path of the module.
            several_machines: Whether other machines write other classes at the same time.
        """
        files = {name: {p.stem: p for p in self._file(path, "x").parent.glob("*.npy")} for name, path in layers.items()}
        projections = {
            name: self.projection.layer(path, read_array(files[name]["exact"]).shape[-1])
            for name, path in layers.items()
            if self.projection is not None and "exact" in files[name]
        }
        n_parts = 0 if self.parts is None else self.parts.number
        return StoreWriter(files, projections, exact_rows(len(self.classes)).tolist(), several_machines, n_parts)


def open_store(path: str | Path) -> ClassVectors:
    """Opens a store by its folder, with all layers that are complete, under the paths of their modules.

    Args:
        path: Folder of the store, such as ``outputs/class_vectors/bvlc_googlenet-0123456789abcdef``.

    Raises:
        UnfinishedStore: If no layer is complete.
        InputError: If the folder is no store.
        DamagedVectors: If norms or sums of a layer are not what was written.
    """
    folder = Path(path)
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        content, classes, counts = manifest["content"], manifest["classes"], manifest["n_images"]
        store = ClassVectorStore(folder.parent, content, classes, np.array(counts, dtype=np.int64))
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise InputError(
            f"{folder} is no store of class vectors ({error!r}): expected a folder with manifest.json"
        ) from error
    if store.path.name != folder.name:
        raise InputError(f"{folder} was renamed, or its manifest changed: by that it should be {store.path.name}")
    paths = [unquote(entry.name) for entry in sorted((folder / "layers").iterdir())]
    complete = [layer for layer in paths if not store.missing([layer])]
    if not complete:
        raise UnfinishedStore(f"{folder} has no layer of which all classes are there: run train.py again to go on")
    return store.read({layer: layer for layer in complete})
