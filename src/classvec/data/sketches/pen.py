"""The pen: shapes in a unit square, placed by a random pose, in colours that say nothing about what is drawn."""

import colorsys
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

Point = tuple[float, float]
Colour = tuple[int, int, int]

CIRCLE = tuple((math.cos(2 * math.pi * i / 22), math.sin(2 * math.pi * i / 22)) for i in range(22))
_INK_EYE, _WHITE_EYE = (12, 10, 14), (244, 243, 236)


def random_colour(rng: random.Random, lightness: float) -> Colour:
    """Draws any hue and saturation at a given lightness, 0 to 1."""
    red, green, blue = colorsys.hls_to_rgb(rng.random(), lightness, rng.uniform(0.05, 0.9))
    return round(255 * red), round(255 * green), round(255 * blue)


def shade(colour: Colour, factor: float) -> Colour:
    """Darkens a colour (factor below 1) or mixes it with white (above 1)."""
    if factor <= 1:
        return round(colour[0] * factor), round(colour[1] * factor), round(colour[2] * factor)
    white = min(factor - 1, 1.0)
    red, green, blue = (round(c + (255 - c) * white) for c in colour)
    return red, green, blue


@dataclass(frozen=True)
class Pose:
    """Where a drawing lies in its image: an affine map from the unit square, and the wobble of grown outlines.

    Attributes:
        size: Side of the layer, pixels.
        scale: Pixels of one unit, for the width of lines.
        affine: The map: x' = a x + b y + c, y' = d x + e y + f, as (a, b, c, d, e, f).
        wobble: Amplitude, frequency and phase of the wave that bends outlines; amplitude 0 keeps them straight.
    """

    size: int
    scale: float
    affine: tuple[float, float, float, float, float, float]
    wobble: tuple[float, float, float]

    @classmethod
    def draw(cls, rng: random.Random, size: int, grown: bool) -> "Pose":
        """Draws a pose at random: mirrored or not, turned up to 13 degrees, stretched, scaled and shifted."""
        scale = size * rng.uniform(0.68, 1.02)
        width, height = scale * rng.uniform(0.86, 1.08), scale * rng.uniform(0.86, 1.08)
        angle, slant = math.radians(rng.uniform(-13, 13)), rng.uniform(-0.08, 0.08)
        side = rng.choice((-1, 1))
        a, b = side * width * math.cos(angle), height * (slant - math.sin(angle))
        d, e = side * width * math.sin(angle), height * math.cos(angle)
        play = max(0.0, size - scale) * 0.5 + 0.04 * size
        x, y = size / 2 + rng.uniform(-play, play), size / 2 + rng.uniform(-play, play)
        affine = (a, b, x - (a + b) / 2, d, e, y - (d + e) / 2)
        wobble = (rng.uniform(0.004, 0.014) * grown, rng.uniform(5, 10), rng.uniform(0, 6))
        return cls(size, scale, affine, wobble)

    def place(self, points: Sequence[Point]) -> list[Point]:
        """Maps points of the unit square to pixels of the layer."""
        a, b, c, d, e, f = self.affine
        height, rate, phase = self.wobble
        if height:
            points = [
                (x + height * math.sin(rate * y + phase), y + height * math.cos(rate * x - phase)) for x, y in points
            ]
        return [(a * x + b * y + c, d * x + e * y + f) for x, y in points]


class Pen:
    """Draws shapes on a transparent layer; x runs right and y down, and (0, 0) to (1, 1) is the picture.

    Args:
        rng: Source of everything random.
        size: Side of the layer, pixels.
        grown: Whether outlines wobble as those of living things do.

    Attributes:
        rng: Source of everything random.
        layer: The drawing, in mode RGBA.
        body: Main colour; it, like the others, is drawn without regard to the class.
        second: Colour of a clearly different lightness than ``body``.
        third: Any colour.
        ink: Nearly black.
    """

    def __init__(self, rng: random.Random, size: int, grown: bool) -> None:
        self.rng = rng
        self.layer = Image.new("RGBA", (size, size))
        self._canvas = ImageDraw.Draw(self.layer)
        self._pose = Pose.draw(rng, size, grown)
        light = rng.uniform(0.24, 0.8)
        self.body = random_colour(rng, light)
        other = light + rng.choice((-1, 1)) * rng.uniform(0.32, 0.45)
        self.second = random_colour(rng, other if 0.1 < other < 0.92 else 1.04 - light if light < 0.4 else light - 0.36)
        self.third = random_colour(rng, rng.uniform(0.3, 0.75))
        self.ink = random_colour(rng, 0.1)

    def vary(self, value: float, share: float = 0.12) -> float:
        """Returns a value that differs from image to image by up to a share of it."""
        return value * self.rng.uniform(1 - share, 1 + share)

    def shape(self, points: Sequence[Point], fill: Colour) -> None:
        """Fills a polygon."""
        self._canvas.polygon(self._pose.place(points), fill=fill)

    def blob(self, points: Sequence[Point], fill: Colour) -> None:
        """Fills a closed curve that runs smoothly through the points."""
        self.shape(smooth(points, closed=True), fill)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        """Fills a rectangle, which the pose may turn and slant."""
        self.shape(((left, top), (right, top), (right, bottom), (left, bottom)), fill)

    def oval(self, x: float, y: float, rx: float, ry: float, fill: Colour, turn: float = 0.0) -> None:
        """Fills an ellipse around (x, y), turned clockwise by some degrees."""
        self.shape(ring(x, y, rx, ry, turn), fill)

    def line(self, points: Sequence[Point], width: float, fill: Colour) -> None:
        """Draws straight strokes from point to point, of a width in units."""
        pixels = max(1, round(width * self._pose.scale))
        self._canvas.line(self._pose.place(points), fill=fill, width=pixels, joint="curve" if pixels > 4 else None)

    def limb(self, points: Sequence[Point], start: float, end: float, fill: Colour) -> None:
        """Draws a smooth stroke with round ends, whose width runs from ``start`` to ``end``."""
        path = smooth(points, closed=False)
        left: list[Point] = []
        right: list[Point] = []
        for i, (x, y) in enumerate(path):
            (x0, y0), (x1, y1) = path[max(i - 1, 0)], path[min(i + 1, len(path) - 1)]
            length = math.hypot(x1 - x0, y1 - y0) or 1.0
            half = (start + (end - start) * i / (len(path) - 1)) / 2
            nx, ny = -(y1 - y0) / length * half, (x1 - x0) / length * half
            left.append((x + nx, y + ny))
            right.append((x - nx, y - ny))
        self.shape(left + right[::-1], fill)
        for (x, y), width in ((path[0], start), (path[-1], end)):
            if width > 0.025:
                self.oval(x, y, width / 2, width / 2, fill)

    def eye(self, x: float, y: float, radius: float = 0.016) -> None:
        """Draws an eye: white with a black pupil, as only living things have."""
        self.oval(x, y, radius, radius, _WHITE_EYE)
        self.oval(x - radius * 0.15, y, radius * 0.66, radius * 0.72, _INK_EYE)


def ring(x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> list[Point]:
    """Returns points on an ellipse around (x, y), turned clockwise by some degrees."""
    if not turn:
        return [(x + rx * c, y + ry * s) for c, s in CIRCLE]
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    return [(x + rx * c * cos - ry * s * sin, y + rx * c * sin + ry * s * cos) for c, s in CIRCLE]


def arc(x: float, y: float, rx: float, ry: float, start: float, stop: float, steps: int = 10) -> list[Point]:
    """Returns points on an arc; angles in degrees, clockwise, 0 to the right."""
    angles = (math.radians(start + (stop - start) * i / steps) for i in range(steps + 1))
    return [(x + rx * math.cos(t), y + ry * math.sin(t)) for t in angles]


def smooth(points: Sequence[Point], closed: bool, steps: int = 4) -> list[Point]:
    """Returns more points on the Catmull-Rom curve through the given ones."""
    n = len(points)
    path: list[Point] = []
    for i in range(n if closed else n - 1):
        if closed:
            before, here, there, after = points[i - 1], points[i], points[(i + 1) % n], points[(i + 2) % n]
        else:
            before, here, there, after = points[max(i - 1, 0)], points[i], points[i + 1], points[min(i + 2, n - 1)]
        for step in range(steps):
            t = step / steps
            x = _between(before[0], here[0], there[0], after[0], t)
            path.append((x, _between(before[1], here[1], there[1], after[1], t)))
    return path if closed else [*path, points[-1]]


def _between(before: float, here: float, there: float, after: float, t: float) -> float:
    bend = 2 * before - 5 * here + 4 * there - after + t * (3 * here - before - 3 * there + after)
    return here + 0.5 * t * (there - before + t * bend)
