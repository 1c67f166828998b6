"""Writes finished classes into a store, in a thread of its own."""

import os
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts import row_hash
from classvec.extraction.mean import ClassBlock, FinishedMean
from classvec.extraction.projection import LayerProjection

SYNC_SECONDS = 20.0
"""Finished classes are marked as such this often, after their bytes have reached the disk."""


class StoreWriter:
    """Writes finished classes in a thread of its own; a class is marked as done once its bytes are on the disk.

    Args:
        files: Layer name to array name to file.
        projections: Layer name to projection, for layers that are stored projected.
        exact: Classes whose whole blocks of these layers are stored too.
        several_machines: Whether other machines write to the files too.
        n_parts: Number of parts of each class's images whose means are stored too.
    """

    def __init__(
        self,
        files: Mapping[str, Mapping[str, Path]],
        projections: Mapping[str, LayerProjection],
        exact: Sequence[int] = (),
        several_machines: bool = False,
        n_parts: int = 0,
    ) -> None:
        self._paths = files
        self._projections = projections
        self._n_parts = n_parts
        # Linux's NFS client may else write whole pages, with old bytes in the place of what other machines wrote there
        self._flags = os.O_WRONLY | (os.O_DSYNC if several_machines else 0)
        self._exact = {row: place for place, row in enumerate(exact)}
        self._files: dict[str, dict[str, _RowFile]] = {}
        self._queue: queue.Queue[tuple[int, str, Sequence[FinishedMean]] | None] = queue.Queue(4)
        self._thread = threading.Thread(target=self._work, name="class vector writer", daemon=True)
        self._error: BaseException | None = None
        self._unmarked: list[int] = []
        self._synced = time.monotonic()

    def __enter__(self) -> Self:
        self._files = {
            name: {a: _RowFile(p, self._flags) for a, p in arrays.items()} for name, arrays in self._paths.items()
        }
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Waits for the last bytes; what was finished before an error is kept."""
        self._queue.put(None)
        self._thread.join()
        for arrays in self._files.values():
            for file in arrays.values():
                file.close()
        if kind is None and self._error is not None:
            raise self._error

    def put(self, row: int, class_id: str, means: Sequence[FinishedMean]) -> None:
        """Hands over one class; waits while several are still to be written.

        Waiting for a GPU is the work of the writer's thread, so that the next batches never stop.

        Args:
            row: Index of the class.
            class_id: Its id, for errors.
            means: Its mean, then that of each part of its images that is not empty.

        Raises:
            OSError: If an earlier class could not be written (disk full, no permission).
            InputError: If a layer of an earlier class is zero or not finite.
        """
        if self._error is not None:
            raise self._error
        self._queue.put((row, class_id, means))

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            if self._error is None:
                try:
                    row, class_id, means = item
                    self._write(row, *(mean.blocks(class_id) for mean in means))
                    if time.monotonic() - self._synced > SYNC_SECONDS:
                        self._mark()
                except BaseException as error:
                    self._error = error
        if self._error is None:
            try:
                self._mark()
            except BaseException as error:
                self._error = error

    def _write(self, row: int, blocks: dict[str, ClassBlock], *parts: dict[str, ClassBlock]) -> None:
        for name, block in blocks.items():
            files = self._files[name]
            as_stored = self._projections.get(name, _as_it_is)
            means = [block, *(part[name] for part in parts)]
            empty = 1 + self._n_parts - len(means)  # of a class of fewer images than parts
            units = [as_stored(mean.unit) for mean in means]
            units += [np.zeros_like(units[0])] * empty
            norms = [np.float64(mean.norm) for mean in means] + [np.float64(0.0)] * empty
            files["unit"].write((row,), units[0])
            files["norms"].write((row,), norms[0])
            files["sums"].write((row,), np.float64(block.total))
            for part, (unit, norm) in enumerate(zip(units[1:], norms[1:], strict=True)):
                files["half_unit"].write((part, row), unit)
                files["half_norms"].write((part, row), norm)
            numbers: list[NDArray[Any] | np.generic] = [norms[0], np.float64(block.total), *norms[1:]]
            if name in self._projections and row in self._exact:
                files["exact"].write((self._exact[row],), block.unit)
                numbers.append(block.unit)
            for column, value in enumerate([row_hash(*numbers), *map(row_hash, units)]):
                files["checks"].write((column, row), np.uint64(value))
        self._unmarked.append(row)

    def _mark(self) -> None:
        for arrays in self._files.values():
            for name, file in arrays.items():
                if name != "done":
                    file.sync()
        for arrays in self._files.values():
            for row in self._unmarked:
                arrays["done"].write((row,), np.uint8(1))
            arrays["done"].sync()
        self._unmarked.clear()
        self._synced = time.monotonic()


def _as_it_is(unit: NDArray[np.float32]) -> NDArray[np.float32]:
    return unit


class _RowFile:
    """A ``.npy`` file written row by row: plain writes, unlike a memory map, leave no pages in our memory."""

    def __init__(self, path: Path, flags: int) -> None:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        self._offset = int(array.offset)
        self._strides, self._dtype = array.strides, array.dtype
        del array
        self._descriptor = os.open(path, flags)

    def write(self, index: tuple[int, ...], values: NDArray[Any] | np.generic) -> None:
        data = np.ascontiguousarray(values, dtype=self._dtype).tobytes()
        at = self._offset + sum(i * stride for i, stride in zip(index, self._strides, strict=False))
        while data:
            written = os.pwrite(self._descriptor, data, at)
            data, at = data[written:], at + written

    def sync(self) -> None:
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)
