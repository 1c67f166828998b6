"""What every set of labelled images offers, and how it becomes batches of one constant size."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from classvec.errors import InputError
from classvec.networks.input_transform import InputTransform


class LabelledImages(Protocol):
    """Images of classes, in class order.

    Attributes:
        name: Name of the data set.
        classes: Synset ids, of shape (n_classes,), each once.
        labels: Class of each image as an index into ``classes``, of shape (n_images,), int64, never falling.
        left_out: Why each image that was left out of the list cannot be read; mostly empty.

    One whose classes have names of a person's own says so in a further attribute; see `own_names`.
    """

    name: str
    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    left_out: tuple[str, ...]

    def read(self, index: int) -> Image.Image:
        """Returns one image in mode RGB."""
        ...

    def where(self, index: int) -> str:
        """Returns words that let a person find one image."""
        ...

    def fingerprint(self) -> str:
        """Returns a hash that changes when the list of images or one of them changes."""
        ...

    def for_fitting(self) -> "LabelledImages":
        """Returns the images of these classes that a network may be fitted on: others than these, where there are."""
        ...


def own_names(images: LabelledImages) -> Mapping[str, Sequence[str]]:
    """Returns synset id to the names of a person's own for the class: of ``images.own_names``, where there is that."""
    names: Mapping[str, Sequence[str]] = getattr(images, "own_names", {})
    return names


@dataclass(frozen=True)
class Batch:
    """Images ready for a network.

    Attributes:
        images: Of shape (batch_size, 3, height, width), float32; the last rows may be padding.
        index: Index of each image in its data set, of shape (batch_size,), int64; -1 for padding.
        error: Why the image after the last one could not be read, if it could not.
    """

    images: torch.Tensor
    index: torch.Tensor
    error: Exception | None = None

    def to(self, device: torch.device, non_blocking: bool = False) -> "Batch":
        """Moves the images; the indices stay where they are."""
        return Batch(self.images.to(device, non_blocking=non_blocking), self.index, self.error)

    def pin_memory(self) -> "Batch":
        """Pins the images for an asynchronous copy to a GPU."""
        return Batch(self.images.pin_memory(), self.index, self.error)


class _Inputs(Dataset[tuple[torch.Tensor, int] | Exception]):
    """Some images of a data set, as inputs of a network; an image that cannot be read becomes its error.

    Handed over like this, an error reaches the user as it is, not wrapped in a worker's stack trace.
    """

    def __init__(
        self, images: LabelledImages, transform: InputTransform, indices: Sequence[int] | NDArray[np.int64]
    ) -> None:
        self._images = images
        self._transform = transform
        self._indices = indices

    def __len__(self) -> int:
        return len(self._indices)

    def __getitems__(self, positions: Sequence[int]) -> list[tuple[torch.Tensor, int] | Exception]:
        """Reads a batch with as many threads as the network computes with; in a worker process that is one."""
        with ThreadPoolExecutor(torch.get_num_threads()) as threads:
            return list(threads.map(self.__getitem__, positions))

    def __getitem__(self, position: int) -> tuple[torch.Tensor, int] | Exception:
        index = int(self._indices[position])
        try:
            return self._transform(self._images.read(index)), index
        except (InputError, OSError) as error:
            return error


class _Pad:
    """Stacks inputs into a batch of constant size: a smaller last batch would change bits in the deep layers."""

    def __init__(self, batch_size: int, crop: int, layout: torch.memory_format) -> None:
        self._shape = (batch_size, 3, crop, crop)
        self._layout = layout

    def __call__(self, samples: Sequence[tuple[torch.Tensor, int] | Exception]) -> Batch:
        images = torch.empty(self._shape, memory_format=self._layout).zero_()
        index = torch.full(self._shape[:1], -1, dtype=torch.int64)
        for row, sample in enumerate(samples):
            if isinstance(sample, Exception):
                return Batch(images, index, sample)
            images[row], index[row] = sample
        return Batch(images, index)


@dataclass(frozen=True)
class Decoding:
    """How images are decoded.

    Attributes:
        workers: Number of processes that decode ahead; 0 for threads of this one, between the batches.
        pin_memory: Whether to pin batches for a GPU.
    """

    workers: int = 0
    pin_memory: bool = False


HERE = Decoding()
"""By threads of this process."""


def batches(
    images: LabelledImages,
    transform: InputTransform,
    indices: Sequence[int] | NDArray[np.int64],
    batch_size: int,
    decoding: Decoding = HERE,
    layout: torch.memory_format = torch.contiguous_format,
) -> DataLoader[Batch]:
    """Reads images in the order given, in batches of one constant size.

    Args:
        images: The data set.
        transform: Input transform of the network.
        indices: Which images, as indices into the data set.
        batch_size: Rows of every batch, the last one padded with zeros.
        decoding: How images are decoded.
        layout: How batches lie in memory.
    """
    return DataLoader(
        _Inputs(images, transform, indices),  # type: ignore[arg-type]
        batch_size=batch_size,
        collate_fn=_Pad(batch_size, transform.crop, layout),
        num_workers=decoding.workers,
        pin_memory=decoding.pin_memory,
    )
