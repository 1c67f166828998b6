"""Reptiles: scales, a low body, a long tail, claws."""

from classvec.data.sketches.pen import Pen, Point, arc, shade
from classvec.data.sketches.vertebrates import stripes


def _sprawling_leg(pen: Pen, x: float, y: float, reach: float, fill: tuple[int, int, int]) -> None:
    knee, foot = (x + reach, y + 0.06), (x + reach * 0.5 - 0.02, y + 0.19)
    pen.limb([(x, y), knee, foot], 0.075, 0.045, fill)
    for claw in (-0.045, -0.02, 0.01):
        pen.limb([foot, (foot[0] + claw, foot[1] + 0.03)], 0.018, 0.008, fill)


def _spikes(pen: Pen, along: list[Point], height: float, fill: tuple[int, int, int]) -> None:
    for (x, y), (x2, y2) in zip(along, along[1:], strict=False):
        pen.shape([(x, y + 0.01), ((x + x2) / 2 + 0.012, (y + y2) / 2 - height), (x2, y2 + 0.01)], fill)


def box_turtle(pen: Pen) -> None:
    """A dome of plates over four stumps and a wrinkled head."""
    for x, fill in ((0.4, shade(pen.body, 0.65)), (0.78, shade(pen.body, 0.65)), (0.34, pen.body), (0.7, pen.body)):
        pen.limb([(x, 0.7), (x - 0.015, 0.85)], 0.11, 0.085, fill)
        for claw in (-0.045, -0.015, 0.015):
            pen.oval(x - 0.015 + claw, 0.89, 0.015, 0.012, pen.ink)
    pen.limb([(0.82, 0.72), (0.92, 0.78)], 0.05, 0.015, pen.body)
    pen.limb([(0.32, 0.7), (0.2, 0.62), (0.15, 0.56)], 0.11, 0.09, pen.body)
    pen.oval(0.14, 0.54, 0.085, 0.068, pen.body)
    pen.eye(0.115, 0.525, 0.02)
    pen.line([(0.065, 0.565), (0.13, 0.575)], 0.008, pen.ink)
    top = pen.vary(0.26, 0.12)
    dome = [(0.2, 0.72), *arc(0.55, 0.72, 0.35, 0.72 - top, 180, 360, 12), (0.9, 0.72), (0.72, 0.79), (0.38, 0.79)]
    pen.shape(dome, pen.second)
    low = shade(pen.second, 0.5)
    for x in (0.33, 0.48, 0.63, 0.77):
        pen.line(
            [(x, 0.74), (0.55 + (x - 0.55) * 0.75, top + 0.24), (0.55 + (x - 0.55) * 0.55, top + 0.05)], 0.015, low
        )
    pen.line(arc(0.55, 0.72, 0.31, (0.72 - top) * 0.45, 185, 355, 10), 0.015, low)
    pen.line([(0.21, 0.725), (0.55, 0.745), (0.89, 0.725)], 0.024, low)
    for x in (0.4, 0.55, 0.7):
        pen.oval(x, top + 0.17, 0.035, 0.035, shade(pen.second, 1.4))


def african_crocodile(pen: Pen) -> None:
    """Long jaws full of teeth, ridges down to the tip of the tail."""
    for x in (0.4, 0.66):
        _sprawling_leg(pen, x + 0.05, 0.64, -0.05, shade(pen.body, 0.6))
    pen.limb([(0.62, 0.6), (0.8, 0.64), (0.9, 0.56), (0.98, pen.vary(0.44))], 0.17, 0.02, pen.body)
    pen.oval(0.5, 0.6, 0.23, 0.1, pen.body)
    pen.oval(0.47, 0.655, 0.2, 0.04, shade(pen.body, 1.35))
    _spikes(
        pen, [(0.34 + 0.07 * i, 0.515 + 0.008 * max(0, i - 4) ** 2) for i in range(9)], 0.045, shade(pen.body, 0.55)
    )
    gape = pen.rng.uniform(0.02, 0.12)
    pen.limb([(0.32, 0.58), (0.2, 0.6 + gape * 0.6), (0.02, 0.62 + gape)], 0.09, 0.035, shade(pen.body, 0.85))
    for i in range(7):
        x = 0.03 + 0.033 * i
        pen.shape([(x, 0.55), (x + 0.024, 0.555), (x + 0.012, 0.6)], (246, 244, 232))
        pen.shape(
            [(x, 0.61 + gape * 0.85), (x + 0.024, 0.61 + gape * 0.8), (x + 0.012, 0.575 + gape * 0.8)], (246, 244, 232)
        )
    pen.limb([(0.34, 0.55), (0.22, 0.52), (0.02, 0.54)], 0.12, 0.045, pen.body)
    pen.oval(0.04, 0.515, 0.025, 0.02, pen.body)
    pen.oval(0.27, 0.47, 0.045, 0.04, pen.body)
    pen.eye(0.265, 0.465, 0.024)
    for x in (0.38, 0.64):
        _sprawling_leg(pen, x, 0.65, 0.06, shade(pen.body, 0.85))


def indian_cobra(pen: Pen) -> None:
    """Coils below, a raised hood with a mark, a split tongue."""
    for y, half in ((0.88, 0.34), (0.8, 0.27), (0.72, 0.2)):
        pen.oval(0.53, y, half, 0.075, shade(pen.body, 0.6))
        pen.oval(0.53, y - 0.012, half * 0.96, 0.062, pen.body)
        for i in range(5):
            pen.oval(0.53 + half * (i - 2) * 0.4, y + 0.012, 0.028, 0.018, pen.second)
    pen.limb([(0.85, 0.88), (0.93, 0.9), (0.98, 0.84)], 0.06, 0.01, pen.body)
    lean = pen.rng.uniform(-0.06, 0.06)
    pen.limb([(0.53, 0.72), (0.6, 0.56), (0.5 + lean, 0.4), (0.47 + lean, 0.26)], 0.13, 0.1, pen.body)
    x = 0.48 + lean
    hood = [
        (x, 0.12), (x + 0.11, 0.2), (x + pen.vary(0.17), 0.32), (x + 0.08, 0.47), (x - 0.06, 0.47),
        (x - pen.vary(0.16), 0.32), (x - 0.11, 0.2),
    ]  # fmt: skip
    pen.blob(hood, pen.body)
    for row in range(4):
        pen.limb(
            [(x - 0.055, 0.31 + 0.045 * row), (x, 0.32 + 0.045 * row), (x + 0.055, 0.31 + 0.045 * row)],
            0.018,
            0.018,
            shade(pen.body, 0.6),
        )
    for side in (-1, 1):
        pen.oval(x + side * 0.09, 0.29, 0.034, 0.042, pen.second)
    pen.oval(x, 0.17, 0.085, 0.075, shade(pen.body, 0.85))
    for side in (-1, 1):
        pen.eye(x + side * 0.05, 0.15, 0.021)
        pen.line([(x, 0.235), (x, 0.27), (x + side * 0.025, 0.3)], 0.01, pen.ink)


def _lizard(pen: Pen, tail: list[Point], body_y: float) -> None:
    """Draws the trunk, the tail and four bent legs."""
    for x in (0.4, 0.62):
        _sprawling_leg(pen, x + 0.06, body_y + 0.04, -0.06, shade(pen.body, 0.6))
    pen.limb(tail, 0.13, 0.012, pen.body)
    pen.oval(0.5, body_y, 0.19, 0.095, pen.body)
    for x in (0.37, 0.62):
        _sprawling_leg(pen, x, body_y + 0.04, 0.07, shade(pen.body, 0.85))


def common_iguana(pen: Pen) -> None:
    """A comb of spikes, a flap under the chin, a long ringed tail."""
    y = 0.6
    _lizard(pen, [(0.62, y), (0.76, y + 0.03), (0.88, y + 0.16), (0.99, pen.vary(0.84, 0.06))], y)
    stripes(pen, 0.52, y, 0.16, 0.085, 4, shade(pen.body, 0.6), 0.02)
    for t in (0.7, 0.76, 0.82):
        pen.limb([(t, y - 0.05 + (t - 0.7)), (t - 0.015, y + 0.09 + (t - 0.7))], 0.022, 0.015, shade(pen.body, 0.55))
    pen.limb([(0.36, y), (0.24, y - 0.14)], 0.14, 0.11, pen.body)
    pen.blob([(0.14, y - 0.12), (0.25, y - 0.08), (0.28, y + 0.05), (0.2, y + 0.06)], pen.third)
    pen.limb([(0.25, y - 0.18), (0.11, y - 0.14)], 0.13, 0.075, pen.body)
    pen.oval(0.25, y - 0.1, 0.03, 0.03, shade(pen.body, 1.5))
    pen.eye(0.2, y - 0.2, 0.025)
    pen.line([(0.08, y - 0.12), (0.2, y - 0.12)], 0.009, pen.ink)
    _spikes(
        pen,
        [(0.24, y - 0.24), (0.29, y - 0.2), (0.34, y - 0.14), (0.4, y - 0.1), (0.47, y - 0.095), (0.54, y - 0.09),
         (0.61, y - 0.075), (0.68, y - 0.05)],
        0.08,
        pen.second,
    )  # fmt: skip


def african_chameleon(pen: Pen) -> None:
    """A turret of an eye, a helmet, a coiled tail, feet that clasp a branch."""
    pen.limb([(0.02, 0.82), (0.5, 0.79), (0.99, 0.83)], 0.055, 0.045, shade(pen.third, 0.5))
    coil = [(0.66, 0.58), (0.8, 0.6), (0.9, 0.7), (0.84, 0.85), (0.72, 0.84), (0.69, 0.75), (0.76, 0.71), (0.8, 0.76)]
    pen.limb(coil, 0.11, 0.025, pen.body)
    pen.blob(
        [(0.28, 0.55), (0.36, 0.4), (0.5, pen.vary(0.33, 0.06)), (0.64, 0.42), (0.72, 0.58), (0.55, 0.67),
         (0.38, 0.66)],
        pen.body,
    )  # fmt: skip
    stripes(pen, 0.5, 0.53, 0.18, 0.12, 4, pen.second, 0.035)
    for x in (0.38, 0.6):
        pen.limb([(x, 0.6), (x + 0.06, 0.69), (x - 0.01, 0.77)], 0.06, 0.04, shade(pen.body, 0.8))
        for toe in (-0.03, 0.03):
            pen.limb([(x - 0.01, 0.77), (x - 0.01 + toe, 0.83)], 0.035, 0.025, shade(pen.body, 0.8))
    pen.blob([(0.08, 0.56), (0.16, 0.44), (0.34, 0.26), (0.38, 0.42), (0.36, 0.6), (0.24, 0.63)], pen.body)
    pen.line([(0.09, 0.57), (0.2, 0.59), (0.3, 0.56)], 0.01, pen.ink)
    pen.oval(0.22, 0.48, 0.068, 0.068, shade(pen.body, 0.7))
    pen.oval(0.215, 0.48, 0.045, 0.045, shade(pen.body, 1.2))
    pen.eye(0.205, 0.48, 0.023)


DRAWINGS = {
    "n01669191": box_turtle,
    "n01677366": common_iguana,
    "n01694178": african_chameleon,
    "n01697457": african_crocodile,
    "n01748264": indian_cobra,
}
