"""Surfaces: what fur, feathers, metal or masonry look like from near, and how light falls on round and flat things."""

import functools
import random
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

TILE = 192
"""Side of a tile of texture, pixels; a window of it is laid over a drawing."""


def _blur(field: Float64, reach: int, axes: tuple[int, ...] = (0, 1)) -> Float64:
    """Averages over neighbours around the edges, so that tiles stay seamless."""
    for axis in axes:
        field = np.mean([np.roll(field, shift, axis) for shift in range(-reach, reach + 1)], axis=0)
    return field


def _grid() -> tuple[Float64, Float64]:
    y, x = np.mgrid[:TILE, :TILE].astype(np.float64)
    return y, x


def _fur(noise: Float64) -> Float64:
    strands = np.sum([np.roll(noise, (i, i // 2), (0, 1)) for i in range(8)], axis=0)
    return np.asarray(strands + 6 * _blur(noise, 6))


def _feathers(noise: Float64) -> Float64:
    y, x = _grid()
    rows = (y + 3 * np.abs(np.sin(x * np.pi / 8))) % 8
    return np.asarray(rows / 8 + 0.4 * _blur(noise, 1))


def _scales(noise: Float64) -> Float64:
    y, x = _grid()
    lattice = np.abs(np.sin((x + y) * np.pi / 8) * np.sin((x - y) * np.pi / 8))
    return np.asarray(lattice + 1.2 * _blur(noise, 3))


def _leaf(noise: Float64) -> Float64:
    return _blur(noise, 2) + 2.5 * _blur(noise, 9)


def _crumb(noise: Float64) -> Float64:
    return _blur(noise, 1) - 0.6 * _blur(noise, 3)


def _metal(noise: Float64) -> Float64:
    return _blur(noise, 20, (1,)) + 2 * _blur(noise, 16, (0, 1))


def _weave(noise: Float64) -> Float64:
    y, x = _grid()
    threads = 0.3 * np.sin(x * np.pi / 2) * np.sin(y * np.pi / 2)
    return np.asarray(threads + 1.6 * _blur(noise, 12, (0,)) + _blur(noise, 8))


def _masonry(noise: Float64) -> Float64:
    y, x = np.mgrid[:TILE, :TILE]
    course = y // 6
    joint = (y % 6 == 0) | ((x + 6 * (course % 2)) % 12 == 0)
    stones = np.random.default_rng(1).normal(size=(TILE, TILE))[course, (x + 6 * (course % 2)) // 12]
    wall: Float64 = np.where(joint, -1.6, 0.4 * stones)
    return np.asarray(wall + 0.5 * noise)


def _ripples(noise: Float64) -> Float64:
    y, x = _grid()
    waves = np.sin(y * np.pi / 5 + 1.6 * np.sin(x * np.pi / 12))
    return np.asarray(waves + 1.2 * _blur(noise, 3))


def _planks(noise: Float64) -> Float64:
    y, x = np.mgrid[:TILE, :TILE]
    joint = (y % 9 == 0) | ((x + 17 * (y // 9)) % 48 == 0)
    return np.asarray(np.where(joint, -2.2, 0.3) + 1.5 * _blur(noise, 14, (1,)))


def _rock(noise: Float64) -> Float64:
    return np.asarray(-np.abs(_blur(noise, 5)) * 6 - np.abs(_blur(noise, 2)) * 2)


def _smooth(noise: Float64) -> Float64:
    return _blur(noise, 14)


_MAKERS: dict[str, Callable[[Float64], Float64]] = {
    "crumb": _crumb,
    "feathers": _feathers,
    "fur": _fur,
    "leaf": _leaf,
    "masonry": _masonry,
    "metal": _metal,
    "planks": _planks,
    "ripples": _ripples,
    "rock": _rock,
    "scales": _scales,
    "smooth": _smooth,
    "weave": _weave,
}
SURFACES = tuple(_MAKERS)
"""Names of all surfaces."""


@functools.cache
def tile(surface: str) -> Float32:
    """Returns a seamless texture of shape (TILE, TILE), float32, of mean 0 and standard deviation 1."""
    field = _MAKERS[surface](np.random.default_rng(SURFACES.index(surface)).normal(size=(TILE, TILE)))
    made: Float32 = ((field - field.mean()) / field.std()).astype(np.float32)
    made.setflags(write=False)
    return made


@functools.cache
def grain() -> Float32:
    """Returns the noise of a camera, of shape (TILE, TILE, 3), float32, of standard deviation 1."""
    made: Float32 = np.random.default_rng(99).normal(size=(TILE, TILE, 3)).astype(np.float32)
    made.setflags(write=False)
    return made


@functools.cache
def slopes(size: int) -> tuple[Float32, Float32]:
    """Returns x of shape (1, size) and y of shape (size, 1), both running from -1 to 1."""
    line = np.linspace(-1, 1, size, dtype=np.float32)
    return line[None, :], line[:, None]


def window(texture: Float32, rng: random.Random, size: int) -> Float32:
    """Cuts a random window of shape (size, size, ...) out of a tile."""
    top, left = rng.randrange(TILE - size + 1), rng.randrange(TILE - size + 1)
    return texture[top : top + size, left : left + size]


def rim(alpha: Image.Image, grown: bool) -> tuple[Float32, Float32]:
    """Returns how a drawing covers its scene and how dark its rim is: grown things fade out, made ones have an edge.

    Args:
        alpha: Where the drawing is, in mode L.
        grown: Whether the thing has grown, or was made.

    Returns:
        Cover from 0 to 1 and factors of brightness, both of shape (size, size), float32.
    """
    if grown:
        soft = _share(alpha.filter(ImageFilter.BoxBlur(1)))
        return soft, np.ones_like(soft)
    cover = _share(alpha)
    edge: Float32 = (1 - 0.7 * (cover - _share(alpha.filter(ImageFilter.MinFilter(5))))).astype(np.float32)
    return cover, edge


def _share(alpha: Image.Image) -> Float32:
    share: Float32 = (np.asarray(alpha, dtype=np.float32) / 255).astype(np.float32)
    return share


def light_round(alpha: Image.Image, rng: random.Random, strength: float) -> Float32:
    """Returns factors of brightness of shape (size, size) as on a body without edges, lit from one side.

    Args:
        alpha: Where the drawing is, in mode L.
        rng: Draws the direction of the light; mostly from above.
        strength: About 1.
    """
    soft = np.asarray(alpha.filter(ImageFilter.BoxBlur(4)), dtype=np.float32) / 255
    x = rng.randrange(-4, 5)
    relief = np.roll(soft, (-3, x), (0, 1)) - np.roll(soft, (3, -x), (0, 1))
    factors: Float32 = (1 + strength * (0.9 * relief + 0.35 * (soft - 0.75))).astype(np.float32)
    return factors


def light_flat(size: int, rng: random.Random, strength: float) -> Float32:
    """Returns factors of brightness of shape (size, size) as on flat sides: an even gradient."""
    x, y = slopes(size)
    across, down = np.float32(strength * rng.uniform(-0.3, 0.3)), np.float32(strength * rng.uniform(-0.3, 0.1))
    return np.asarray(np.float32(1) + across * x + down * y)
