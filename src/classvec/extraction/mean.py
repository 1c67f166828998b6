"""Class means: sums in float64, image after image, then each layer's block at unit norm.

Paper, section 3.2: the arithmetic mean of a class's image vectors, *then* each layer divided by its Euclidean norm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from classvec.errors import InputError

STRETCH = 131_072
"""Features summed at a time on a CPU: their sums, and what PyTorch converts to add it, stay in its cache."""


@dataclass(frozen=True)
class ClassBlock:
    """One layer of one class vector, ready to be stored.

    Attributes:
        unit: Mean at unit norm, of shape (n_features,), float32.
        norm: L2 norm of the mean.
        total: Sum of the mean's features.
    """

    unit: NDArray[np.float32]
    norm: float
    total: float


class ClassMean:
    """Running mean of one class's image vectors, summed one image after another in float64.

    Adding image by image makes the sums independent of how the images were put into batches.
    """

    def __init__(self) -> None:
        self._sums: dict[str, _LayerSum] = {}
        self.n_images = 0

    def add(self, activations: Mapping[str, torch.Tensor]) -> None:
        """Adds images.

        Args:
            activations: Layer name to activations, of shape (n_images, ...), the rest of the shape always the same.
        """
        n_images = 0
        for name, values in activations.items():
            if name not in self._sums:
                self._sums[name] = _LayerSum(values)
            self._sums[name].add(values)
            n_images = len(values)
        self.n_images += n_images

    def finished(self) -> "FinishedMean":
        """Divides by the number of images, then each layer by its norm, without waiting for the device; sums are used
        up.
        """
        means = {name: total.mean(self.n_images) for name, total in self._sums.items()}
        return FinishedMean({name: mean.numel() for name, mean in means.items()}, _packed(list(means.values())))


@dataclass(frozen=True)
class FinishedMean:
    """The mean of a class, still on the device that computes it.

    Attributes:
        sizes: Layer name to number of features.
        packed: Norm and sum of each layer's mean, each a float64 in the place of two values, then each layer's unit
            mean; of shape (4 n_layers + n_features,), float32.
    """

    sizes: Mapping[str, int]
    packed: torch.Tensor

    def blocks(self, class_id: str) -> dict[str, ClassBlock]:
        """Waits for the device, once for all layers.

        Args:
            class_id: Class the images belong to, for errors.

        Returns:
            Layer name to block.

        Raises:
            InputError: If a layer's mean is zero or not finite; it names the class and the layer.
        """
        packed = self.packed.cpu().numpy()
        at = 4 * len(self.sizes)
        found = {}
        for (name, size), (norm, total) in zip(
            self.sizes.items(), packed[:at].view(np.float64).reshape(-1, 2).tolist(), strict=True
        ):
            _check(norm, class_id, name)
            found[name] = ClassBlock(packed[at : at + size], norm, total)
            at += size
        return found


class _LayerSum:
    """Sum of one layer's activations in float64, kept in the order in which they lie in memory.

    Args:
        values: Activations of some images, which say how those to come will lie.
    """

    def __init__(self, values: torch.Tensor) -> None:
        self._channels_last = values.ndim == 4 and values.is_contiguous(memory_format=torch.channels_last)
        self._shape = self._in_order(values).shape[1:]
        self._total = torch.zeros(self._shape.numel(), dtype=torch.float64, device=values.device)

    def _in_order(self, values: torch.Tensor) -> torch.Tensor:
        return values.permute(0, 2, 3, 1) if self._channels_last else values

    def add(self, values: torch.Tensor) -> None:
        """Adds images, of shape (n_images, ...), one after another."""
        rows = self._in_order(values).flatten(1)
        size = STRETCH if values.device.type == "cpu" else len(self._total)
        for start in range(0, len(self._total), size):
            stretch = self._total[start : start + size]
            for row in rows[:, start : start + size]:
                stretch.add_(row)

    def mean(self, n_images: int) -> torch.Tensor:
        """Returns the mean in the layer's shape; the sum is used up."""
        mean = self._total.div_(n_images).view(self._shape)
        return mean.permute(2, 0, 1) if self._channels_last else mean


def _packed(means: Sequence[torch.Tensor]) -> torch.Tensor:
    """Returns what `FinishedMean` holds; the means are used up."""
    at = 4 * len(means)
    packed = torch.empty(at + sum(mean.numel() for mean in means), dtype=torch.float32, device=means[0].device)
    for mean, numbers in zip(means, packed[:at].view(torch.float64).view(-1, 2), strict=True):
        numbers[:] = _norm_and_sum(mean)
        packed[at : at + mean.numel()].view(mean.shape).copy_(mean.div_(numbers[0]))
        at += mean.numel()
    return packed


def _norm_and_sum(mean: torch.Tensor) -> torch.Tensor:
    """Returns both, of shape (2,), float64, on the device of the mean.

    On a CPU NumPy adds up in one thread, since what several threads find depends in its last bit on how many they are,
    and takes the root, which PyTorch does not round correctly there.
    """
    squares = mean * mean
    if mean.device.type != "cpu":
        return torch.stack([squares.sum().sqrt(), mean.sum()])
    return torch.from_numpy(np.array([np.sqrt(squares.numpy().sum()), mean.numpy().sum()]))


def _check(norm: float, class_id: str, layer: str) -> None:
    if not np.isfinite(norm):
        raise InputError(
            f"class {class_id}, layer {layer}: activations are not finite; check the weights and the input"
        )
    if norm == 0.0:
        raise InputError(f"class {class_id}, layer {layer}: all activations are zero, so the layer has no direction")
