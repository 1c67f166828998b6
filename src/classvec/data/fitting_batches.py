"""Images to fit a network on: their split into fitting and validation, and varied pictures in batches.

The order of an epoch and the variation of each picture follow from the seed, the epoch and the picture alone, so that
neither the number of workers nor an interruption changes what a network sees.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from classvec.data.labelled_images import HERE, Batch, Decoding, LabelledImages
from classvec.errors import InputError
from classvec.networks.input_transform import InputTransform

log = logging.getLogger(__name__)
LARGEST_STRETCH = 4.0 / 3.0
"""Width over height of a varied crop lies between the inverse of this and this."""


def split(labels: NDArray[np.int64], share: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Splits images by class into those to fit on and those to validate on.

    Every class of two images or more gives one at least to each side (unless the share is 0); an image that is alone
    in its class is fitted on.

    Args:
        labels: Class of each image, of shape (n_images,).
        share: Share of each class to validate on, from 0 to below 1.
        seed: Seed of the split.

    Returns:
        Two sorted arrays of indices, int64, that together are all images.
    """
    rng = np.random.default_rng(seed)
    validation: list[int] = []
    alone = 0
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        alone += len(members) == 1
        count = min(len(members) - 1, max(1, round(share * len(members)))) if share > 0.0 else 0
        validation += members[:count].tolist()
    if alone and share > 0.0:
        log.info("%d classes have a single image: it is fitted on, and they are not validated", alone)
    chosen = np.zeros(len(labels), dtype=bool)
    chosen[validation] = True
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


@dataclass(frozen=True, kw_only=True)
class Variation:
    """Varies a picture: a random crop, stretched a little, and a mirror image half of the time.

    Attributes:
        transform: The network's input transform; its crop, channels and scale are kept.
        smallest_crop: Shortest side of a crop as a share of the picture's shorter side; 1 to leave pictures as the
            network sees them in validation.
        mirror: Whether to mirror.
    """

    transform: InputTransform
    smallest_crop: float = 0.7
    mirror: bool = True

    def __call__(self, picture: Image.Image, rng: np.random.Generator) -> torch.Tensor:
        """Returns one variation, of shape (3, crop, crop), float32.

        Args:
            picture: In mode RGB.
            rng: Source of the variation.
        """
        if self.mirror and rng.random() < 0.5:
            picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        if self.smallest_crop >= 1.0:
            return self.transform(picture)
        side = self.transform.crop
        varied = picture.resize((side, side), Image.Resampling.BILINEAR, box=self._box(picture.size, rng))
        return replace(self.transform, resize=side)(varied)

    def _box(self, size: tuple[int, int], rng: np.random.Generator) -> tuple[float, float, float, float]:
        width, height = size
        stretch = np.sqrt(LARGEST_STRETCH ** rng.uniform(-1.0, 1.0))
        scale = rng.uniform(self.smallest_crop, 1.0) * min(width, height)
        across, down = min(width, scale * stretch), min(height, scale / stretch)
        left, top = rng.uniform(0.0, width - across), rng.uniform(0.0, height - down)
        return float(left), float(top), float(left + across), float(top + down)


class _Varied(Dataset[tuple[torch.Tensor, int] | Exception]):
    """One epoch's variations; an image that cannot be read becomes its error, which so reaches the user as it is."""

    def __init__(self, images: LabelledImages, variation: Variation, seed: tuple[int, int]) -> None:
        self._images = images
        self._variation = variation
        self._seed = seed

    def __len__(self) -> int:
        return len(self._images.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int] | Exception:
        try:
            return self._variation(self._images.read(index), np.random.default_rng([*self._seed, index])), index
        except (InputError, OSError) as error:
            return error


def fitting_batches(
    images: LabelledImages,
    variation: Variation,
    indices: NDArray[np.int64],
    batch_size: int,
    seed: tuple[int, int],
    decoding: Decoding = HERE,
) -> DataLoader[Batch]:
    """Returns one epoch of varied images in random order, in batches of nearly equal size.

    Args:
        images: The data set.
        variation: Makes network input of a picture.
        indices: Which images, of shape (n_images,).
        batch_size: Most images in a batch; a small rest is spread over all batches, for batch norm to work.
        seed: Seed of order and variation, and number of the epoch, which changes both.
        decoding: How images are decoded.
    """
    order = np.random.default_rng(seed).permutation(indices)
    parts = np.array_split(order, n_batches(len(order), batch_size))
    return DataLoader(
        _Varied(images, variation, seed),  # type: ignore[arg-type]
        batch_sampler=[part.tolist() for part in parts],
        collate_fn=_stack,
        num_workers=decoding.workers,
        pin_memory=decoding.pin_memory,
        generator=torch.Generator().manual_seed(seed[0]),  # leaves the global one to the network's dropout
    )


def n_batches(n_images: int, batch_size: int) -> int:
    """Returns the number of batches of an epoch."""
    return -(-n_images // batch_size)


def _stack(samples: Sequence[tuple[torch.Tensor, int] | Exception]) -> Batch:
    for sample in samples:
        if isinstance(sample, Exception):
            return Batch(torch.empty(0), torch.empty(0, dtype=torch.int64), sample)
    inputs, indices = zip(*samples, strict=True)
    return Batch(torch.stack(inputs), torch.tensor(indices))
