"""Scenery: what is behind a drawing, and what the light and the camera make of both. Nothing here knows the class."""

import random

import numpy as np
from PIL import Image, ImageDraw

from classvec.data.sketches.pen import Colour, random_colour
from classvec.data.sketches.surfaces import Float32, grain, light_flat, tile, window


def background(rng: random.Random, size: int) -> Float32:
    """Draws a ground of two colours, often with a horizon, with uneven light and clutter.

    Returns:
        Of shape (size, size, 3), float32, 0 to 255 or a little beyond.
    """
    light = rng.uniform(0.2, 0.85)
    one = random_colour(rng, light)
    two = random_colour(rng, min(0.9, max(0.12, light + rng.uniform(-0.2, 0.2))))
    scene = Image.new("RGB", (size, size), one)
    canvas = ImageDraw.Draw(scene)
    if rng.random() < 0.6:
        left, right = rng.uniform(0.4, 0.9) * size, rng.uniform(-0.06, 0.06) * size
        canvas.polygon([(0, left), (size, left + right), (size, size), (0, size)], fill=two)
    for _ in range(rng.randrange(6)):
        _clutter(canvas, rng, size, random_colour(rng, rng.uniform(0.2, 0.85)))
    pixels = np.asarray(scene, dtype=np.float32)
    lit = light_flat(size, rng, 0.8)
    lit = lit + np.float32(rng.uniform(0, 0.12)) * window(tile("smooth"), rng, size)
    return np.multiply(pixels, lit[..., None])


def _clutter(canvas: ImageDraw.ImageDraw, rng: random.Random, size: int, fill: Colour) -> None:
    """Draws something without meaning: round, straight or thin."""
    x, y = rng.uniform(-0.1, 1.1) * size, rng.uniform(-0.1, 1.1) * size
    w, h = rng.uniform(0.03, 0.22) * size, rng.uniform(0.03, 0.22) * size
    kind = rng.randrange(4)
    if kind == 0:
        canvas.ellipse((x - w, y - h, x + w, y + h), fill=fill)
    elif kind == 1:
        canvas.polygon([(x - w, y - h), (x + w, y - h * 0.8), (x + w * 0.9, y + h), (x - w, y + h)], fill=fill)
    elif kind == 2:
        canvas.polygon([(x, y - h), (x + w, y + h), (x - w, y + h * 0.7)], fill=fill)
    else:
        canvas.line((x, y, x + 4 * w - 2 * h, y + 3 * h - 2 * w), fill=fill, width=rng.randrange(1, 4))


def exposure(pixels: Float32, rng: random.Random) -> Image.Image:
    """Takes the photograph: contrast, brightness, tint and grain.

    Args:
        pixels: Of shape (size, size, 3), float32, about 0 to 255; it is used up.
        rng: Draws the settings.
    """
    size = pixels.shape[0]
    gain, lift = rng.uniform(0.7, 1.1), rng.uniform(-20, 30)
    pixels *= np.array([gain * rng.uniform(0.92, 1.08) for _ in range(3)], dtype=np.float32)
    pixels += lift
    pixels += np.float32(rng.uniform(2, 11)) * window(grain(), rng, size)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
