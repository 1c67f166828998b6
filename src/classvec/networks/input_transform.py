"""What a network wants to see: resizing, cropping, channel order and scale of its input, written in one place."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from classvec.errors import InputError

_NUMBER = r"[-+]?[0-9.]+(?:e[-+]?[0-9]+)?"
_TRIPLE = rf"\(\s*({_NUMBER})\s*,\s*({_NUMBER})\s*,\s*({_NUMBER})\s*\)"
_GRAMMAR = re.compile(
    rf"(?P<channels>RGB|BGR), 0-(?P<top>255|1), minus mean (?P<mean>{_TRIPLE})"
    rf"(?:, over std (?P<std>{_TRIPLE}))?, (?P<height>\d+)x(?P<width>\d+)(?:, from shorter side (?P<resize>\d+))?"
    r"(?P<bicubic>, bicubic)?"
)


@dataclass(frozen=True, kw_only=True)
class InputTransform:
    """Resizes the shorter side (antialiased), crops the centre, orders, scales and shifts the channels.

    Its text form, which `parse` reads and `str` writes, is what a checkpoint states in its metadata under ``input``:
    ``BGR, 0-255, minus mean (104,117,123), 224x224``, optionally ``over std (...)`` after the mean and
    ``from shorter side 256`` and ``bicubic`` at the end.

    Attributes:
        channels: ``RGB`` or ``BGR``, the order the network reads.
        scale: Value of white before mean and std: 255 or 1.
        mean: Mean to subtract, in the network's channel order.
        std: Standard deviation to divide by, in the network's channel order.
        crop: Height and width of the input, in pixels.
        resize: Length of the shorter side before the crop, in pixels.
        bicubic: Whether to resize bicubically instead of bilinearly.
    """

    channels: str
    scale: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    crop: int
    resize: int = 256
    bicubic: bool = False

    def __post_init__(self) -> None:
        if self.resize < self.crop:
            raise InputError(f"a crop of {self.crop} pixels does not fit a shorter side of {self.resize}: {self}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads the text form.

        Raises:
            InputError: If the text does not have that form.
        """
        match = _GRAMMAR.fullmatch(text.strip())
        if match is None or match["height"] != match["width"]:
            raise InputError(
                f"cannot read the input description {text!r}: wanted a text such as "
                "'BGR, 0-255, minus mean (104,117,123), 224x224'"
            )
        return cls(
            channels=match["channels"],
            scale=float(match["top"]),
            mean=_triple(match["mean"]),
            std=_triple(match["std"]) if match["std"] else (1.0, 1.0, 1.0),
            crop=int(match["height"]),
            resize=int(match["resize"] or max(256, int(match["height"]))),
            bicubic=match["bicubic"] is not None,
        )

    @classmethod
    def of_torchvision(cls, preset: Any) -> Self:
        """Takes the numbers from the transforms that torchvision keeps with a set of weights.

        Args:
            preset: A ``torchvision.transforms._presets.ImageClassification``.
        """
        (crop,), (resize,) = preset.crop_size, preset.resize_size
        mean, std = (f"({','.join(map(str, values))})" for values in (preset.mean, preset.std))
        bicubic = preset.interpolation.value == "bicubic"
        return cls(
            channels="RGB", scale=1.0, mean=_triple(mean), std=_triple(std), crop=crop, resize=resize, bicubic=bicubic
        )

    def __str__(self) -> str:
        std = "" if self.std == (1.0, 1.0, 1.0) else f", over std {_text(self.std)}"
        return (
            f"{self.channels}, 0-{self.scale:g}, minus mean {_text(self.mean)}{std}, {self.crop}x{self.crop}, "
            f"from shorter side {self.resize}{', bicubic' if self.bicubic else ''}"
        )

    def __call__(self, image: Image.Image) -> torch.Tensor:
        """Turns a picture into the network's input.

        Args:
            image: A picture of any size, in mode RGB.

        Returns:
            Of shape (3, crop, crop), float32.
        """
        pixels = np.asarray(self.visible(image))
        if self.channels == "BGR":
            pixels = pixels[:, :, ::-1]
        values = np.empty((3, self.crop, self.crop), dtype=np.float32)
        for channel, value_of in enumerate(self._values):
            np.take(value_of, pixels[:, :, channel], out=values[channel], mode="clip")  # the other modes copy first
        return torch.from_numpy(values)

    @cached_property
    def _values(self) -> NDArray[np.float32]:
        """What each of the 256 values of a pixel becomes, of shape (3, 256): looked up in half the time it computes."""
        pixels = np.arange(256, dtype=np.float32)[:, None]
        mean, std = np.array(self.mean, dtype=np.float32), np.array(self.std, dtype=np.float32)
        return np.ascontiguousarray(((pixels * np.float32(self.scale / 255.0) - mean) / std).T)

    def visible(self, image: Image.Image) -> Image.Image:
        """Returns what the network sees of a picture in mode RGB: resized, and cropped to crop x crop pixels."""
        width, height = image.size
        short = min(width, height)
        size = (max(self.resize, self.resize * width // short), max(self.resize, self.resize * height // short))
        left, top = (round((side - self.crop) / 2.0) for side in size)  # torchvision's rounding
        resized = image.resize(size, Image.Resampling.BICUBIC if self.bicubic else Image.Resampling.BILINEAR)
        return resized.crop((left, top, left + self.crop, top + self.crop))

    def of_colours(self, colours: torch.Tensor) -> torch.Tensor:
        """Turns images that need no resizing into the network's input; gradients flow through.

        Args:
            colours: RGB from 0 to 1, of shape (n, 3, crop, crop).

        Returns:
            Of the same shape.
        """
        ordered = colours.flip(1) if self.channels == "BGR" else colours
        mean, std = (colours.new_tensor(values).view(3, 1, 1) for values in (self.mean, self.std))
        return (ordered * self.scale - mean) / std


def _triple(text: str) -> tuple[float, float, float]:
    first, second, third = (float(value) for value in text.strip("() ").split(","))
    return first, second, third


def _text(values: tuple[float, ...]) -> str:
    return f"({','.join(f'{value:.10g}' for value in values)})"
