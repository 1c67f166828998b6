"""Birds: a beak, wings of quills, two thin legs, feathers."""

from classvec.data.sketches.pen import Pen, Point, arc, shade
from classvec.data.sketches.vertebrates import beak, bird_legs, wing


def _trunk(pen: Pen, x: float, y: float, rx: float, ry: float, turn: float) -> None:
    """Draws the body and a folded wing on it."""
    pen.oval(x, y, rx, ry, pen.body, turn)
    wing(
        pen,
        [(x - rx * 0.55, y - ry * 0.35), (x + rx * 0.1, y - ry * 0.55), (x + rx * 1.1, y + ry * 0.1),
         (x + rx * 0.7, y + ry * 0.35), (x + rx * 0.2, y + ry * 0.5), (x - rx * 0.3, y + ry * 0.3)],
        shade(pen.body, 0.72),
    )  # fmt: skip


def _head(pen: Pen, x: float, y: float, radius: float) -> None:
    pen.oval(x, y, radius * 1.08, radius, pen.body)
    pen.eye(x - radius * 0.3, y - radius * 0.15, max(0.018, radius * 0.26))


def _tail(pen: Pen, root: Point, tips: list[Point], width: float) -> None:
    for i, tip in enumerate(tips):
        bend = ((root[0] + tip[0]) / 2, (root[1] + tip[1]) / 2 - 0.05)
        pen.limb([root, bend, tip], width, width * 0.4, shade(pen.second, 0.7 + 0.3 * (i % 2)))


def cock(pen: Pen) -> None:
    """Comb, wattle and a tail of sickles."""
    tips = [(0.94, 0.5), (0.97, 0.36), (0.93, 0.22), (0.84, 0.13)]
    _tail(pen, (0.68, 0.54), [(x, pen.vary(y, 0.1)) for x, y in tips], 0.075)
    bird_legs(pen, 0.52, 0.7, 0.9, 0.022, 0.1)
    _trunk(pen, 0.52, 0.57, 0.22, 0.165, -12)
    pen.limb([(0.37, 0.52), (0.31, 0.36), (0.3, 0.26)], 0.2, 0.11, pen.body)
    for x, y in ((0.25, 0.17), (0.3, 0.145), (0.35, 0.17), (0.38, 0.21)):
        pen.oval(x, y, 0.026, pen.vary(0.042), pen.third)
    beak(pen, 0.23, 0.27, 0.085, 0.06, 0.015)
    pen.oval(0.245, 0.36, 0.025, 0.05, pen.third)
    _head(pen, 0.3, 0.26, 0.08)


def ostrich(pen: Pen) -> None:
    """Long legs, a long bare neck, a bush of feathers."""
    _tail(pen, (0.72, 0.5), [(0.88, 0.46), (0.9, 0.54), (0.86, 0.62)], 0.08)
    bird_legs(pen, 0.55, 0.6, 0.92, 0.036, 0.12)
    for x, y in arc(0.57, 0.5, 0.19, 0.12, 0, 345, 12):
        pen.oval(x, y, 0.06, 0.055, pen.second)
    pen.oval(0.57, 0.5, 0.2, 0.13, pen.second)
    for x in (0.5, 0.6, 0.7):
        pen.limb([(x - 0.07, 0.46), (x, 0.44), (x + 0.06, 0.52)], 0.02, 0.006, shade(pen.second, 0.6))
    top = pen.vary(0.14, 0.2)
    pen.limb([(0.42, 0.5), (0.33, 0.42), (0.34, 0.26), (0.3, top)], 0.07, 0.04, pen.body)
    beak(pen, 0.26, top + 0.01, 0.08, 0.035)
    _head(pen, 0.29, top, 0.05)


def great_grey_owl(pen: Pen) -> None:
    """Sits upright and looks ahead: two discs around two great eyes, a small hooked beak."""
    pen.limb([(0.12, 0.87), (0.5, 0.89), (0.9, 0.86)], 0.05, 0.035, shade(pen.third, 0.5))
    pen.oval(0.5, 0.6, pen.vary(0.22, 0.06), 0.29, pen.body)
    for side in (-1, 1):
        x = 0.5 + side * 0.19
        wing(
            pen,
            [(x - side * 0.02, 0.42), (x + side * 0.07, 0.55), (x + side * 0.04, 0.86), (x - side * 0.03, 0.8),
             (x - side * 0.07, 0.66)],
            shade(pen.body, 0.68),
        )  # fmt: skip
    for row in range(4):
        for i in range(4):
            pen.limb(arc(0.41 + 0.06 * i, 0.55 + 0.07 * row, 0.022, 0.025, 0, 180, 4), 0.012, 0.012, pen.second)
    pen.oval(0.5, 0.29, 0.22, 0.19, pen.body)
    for side in (-1, 1):
        x = 0.5 + side * 0.095
        for radius, factor in ((0.1, 0.72), (0.085, 1.35), (0.065, 0.8)):
            pen.oval(x, 0.28, radius, radius * 1.15, shade(pen.body, factor))
        pen.oval(x, 0.28, 0.047, 0.047, (245, 240, 200))
        pen.oval(x, 0.28, 0.027, 0.027, (12, 10, 14))
    pen.shape([(0.475, 0.31), (0.525, 0.31), (0.5, 0.39)], pen.third)
    for x in (0.43, 0.57):
        for toe in (-0.025, 0.0, 0.025):
            pen.limb([(x + toe, 0.84), (x + toe, 0.9)], 0.022, 0.016, pen.third)


def flamingo(pen: Pen) -> None:
    """Very long legs, a neck like an S, a bent beak with a black tip."""
    pen.line([(0.6, 0.5), (0.7, 0.68), (0.585, 0.71)], 0.017, shade(pen.third, 0.7))
    pen.line([(0.55, 0.5), (0.56, 0.7), (0.55, 0.93)], 0.02, pen.third)
    for toe in (-0.055, 0.03):
        pen.line([(0.55, 0.925), (0.55 + toe, 0.945)], 0.016, pen.third)
    _trunk(pen, 0.58, 0.44, 0.19, 0.11, 8)
    top = pen.vary(0.14, 0.15)
    pen.limb([(0.43, 0.44), (0.31, 0.48), (0.3, 0.36), (0.4, 0.26), (0.36, top), (0.28, top)], 0.07, 0.045, pen.body)
    pen.limb([(0.25, top + 0.005), (0.2, top + 0.035), (0.2, top + 0.09)], 0.05, 0.03, pen.third)
    pen.oval(0.2, top + 0.085, 0.018, 0.03, pen.ink)
    _head(pen, 0.28, top, 0.05)


def king_penguin(pen: Pen) -> None:
    """Stands upright: a pale front, flippers, feet beneath."""
    for x in (0.42, 0.56):
        pen.oval(x, 0.925, 0.075, 0.028, pen.third)
    pen.shape([(0.6, 0.84), (0.72, 0.94), (0.56, 0.92)], shade(pen.body, 0.6))
    width = pen.vary(0.17)
    pen.blob(
        [(0.5, 0.17), (0.5 + width * 0.75, 0.34), (0.5 + width, 0.65), (0.5 + width * 0.6, 0.92),
         (0.5 - width * 0.6, 0.92), (0.5 - width, 0.65), (0.5 - width * 0.75, 0.34)],
        shade(pen.body, 0.55),
    )  # fmt: skip
    pen.blob(
        [(0.44, 0.32), (0.54, 0.36), (0.58, 0.66), (0.53, 0.9), (0.42, 0.9), (0.36, 0.66), (0.38, 0.4)],
        shade(pen.body, 1.75),
    )
    for side in (-1, 1):
        spread = pen.vary(0.12, 0.5)
        x = 0.5 + side * width * 0.8
        pen.limb(
            [(x, 0.38), (x + side * spread * 0.7, 0.54), (x + side * spread, 0.72)], 0.085, 0.03, shade(pen.body, 0.42)
        )
    pen.oval(0.47, 0.18, 0.105, 0.1, shade(pen.body, 0.5))
    pen.oval(0.52, 0.25, 0.035, 0.055, pen.third)
    beak(pen, 0.38, 0.175, 0.16, 0.045, 0.025)
    pen.eye(0.435, 0.16, 0.02)


def toucan(pen: Pen) -> None:
    """A beak as long as its body, on a branch."""
    pen.limb([(0.25, 0.85), (0.6, 0.83), (0.98, 0.87)], 0.05, 0.05, shade(pen.third, 0.5))
    pen.limb([(0.7, 0.7), (0.8, 0.88), (0.84, 0.98)], 0.11, 0.07, shade(pen.body, 0.6))
    pen.oval(0.63, 0.58, pen.vary(0.17), 0.24, pen.body, -24)
    wing(pen, [(0.6, 0.42), (0.75, 0.45), (0.86, 0.8), (0.74, 0.78), (0.66, 0.68)], shade(pen.body, 0.65))
    pen.oval(0.52, 0.3, 0.13, 0.125, pen.body)
    pen.oval(0.5, 0.42, 0.09, 0.1, shade(pen.body, 1.65))
    length = pen.vary(0.36, 0.08)
    pen.blob(
        [(0.42, 0.2), (0.42 - length * 0.55, 0.16), (0.42 - length, 0.28), (0.42 - length * 0.98, 0.37),
         (0.42 - length * 0.5, 0.36), (0.42, 0.38)],
        pen.third,
    )  # fmt: skip
    pen.blob(
        [(0.42 - length * 0.84, 0.22), (0.42 - length * 1.01, 0.29), (0.42 - length * 0.97, 0.38),
         (0.42 - length * 0.8, 0.35)],
        pen.ink,
    )  # fmt: skip
    pen.line([(0.42, 0.29), (0.42 - length * 0.9, 0.29)], 0.01, pen.ink)
    pen.oval(0.48, 0.27, 0.05, 0.05, shade(pen.body, 1.65))
    pen.eye(0.475, 0.27, 0.03)
    for x in (0.55, 0.64):
        for toe in (-0.02, 0.01):
            pen.limb([(x + toe, 0.79), (x + toe, 0.86)], 0.02, 0.015, shade(pen.third, 0.8))


def peacock(pen: Pen) -> None:
    """A fan of feathers with an eye on each."""
    reach = pen.vary(0.4, 0.06)
    for i in range(13):
        (x, y), (ex, ey) = arc(0.5, 0.62, reach * 1.05, reach * 1.2, 172 + 196 * i / 12, 0, 1)[0], (0.5, 0.62)
        pen.limb([(ex, ey), (x, y)], 0.05, 0.13, shade(pen.second, 0.75 + 0.25 * (i % 2)))
    for ring_share, radius in ((1.0, 0.043), (0.66, 0.032)):
        for i in range(11):
            x, y = arc(0.5, 0.62, reach * ring_share, reach * 1.15 * ring_share, 176 + 188 * i / 10, 0, 1)[0]
            pen.oval(x, y, radius, radius * 1.15, pen.third)
            pen.oval(x, y, radius * 0.5, radius * 0.55, pen.ink)
    bird_legs(pen, 0.5, 0.78, 0.93, 0.02, 0.09)
    pen.oval(0.5, 0.68, 0.105, 0.14, pen.body)
    pen.limb([(0.5, 0.66), (0.47, 0.48), (0.47, 0.37)], 0.13, 0.06, pen.body)
    for dx in (-0.03, 0.0, 0.03):
        pen.line([(0.47, 0.35), (0.475 + dx, 0.24)], 0.009, pen.body)
        pen.oval(0.475 + dx, 0.24, 0.014, 0.014, pen.body)
    beak(pen, 0.42, 0.36, 0.06, 0.035, 0.01)
    _head(pen, 0.465, 0.355, 0.055)


def hummingbird(pen: Pen) -> None:
    """Hovers: a needle of a beak, wings spread upward, a forked tail."""
    for tip in ((0.83, 0.9), (0.74, 0.95)):
        pen.limb([(0.64, 0.66), tip], 0.07, 0.03, shade(pen.body, 0.6))
    lift = pen.rng.uniform(-0.08, 0.08)
    wing(
        pen,
        [(0.5, 0.42), (0.55, 0.2 + lift), (0.62, 0.04 + lift), (0.72, 0.08 + lift), (0.7, 0.26), (0.62, 0.48)],
        shade(pen.body, 0.6),
    )
    pen.oval(0.54, 0.54, 0.2, 0.105, pen.body, 42)
    pen.oval(0.47, 0.55, 0.13, 0.055, shade(pen.body, 1.6), 46)
    wing(
        pen,
        [(0.52, 0.45), (0.68, 0.32 + lift), (0.93, 0.18 + lift), (0.97, 0.28 + lift), (0.86, 0.42), (0.66, 0.56)],
        shade(pen.second, 0.9),
    )
    pen.line([(0.34, 0.345), (0.04, 0.31)], 0.018, pen.ink)
    pen.oval(0.39, 0.44, 0.065, 0.055, pen.third)
    _head(pen, 0.39, 0.35, 0.09)


def drake(pen: Pen) -> None:
    """Swims: a flat beak, a collar, a curl on its tail, ripples below."""
    pen.limb([(0.78, 0.55), (0.88, 0.46), (0.91, 0.38), (0.85, 0.37)], 0.1, 0.025, shade(pen.body, 0.6))
    pen.blob([(0.26, 0.6), (0.4, 0.52), (0.62, 0.5), (0.86, 0.5), (0.8, 0.7), (0.55, 0.79), (0.34, 0.74)], pen.body)
    wing(
        pen, [(0.42, 0.57), (0.6, 0.5), (0.84, 0.52), (0.76, 0.62), (0.66, 0.68), (0.5, 0.69)], shade(pen.second, 0.85)
    )
    pen.limb([(0.37, 0.63), (0.31, 0.5), (0.32, 0.36)], 0.17, 0.11, pen.body)
    pen.limb([(0.25, 0.49), (0.37, 0.47)], 0.03, 0.03, shade(pen.body, 1.8))
    pen.limb([(0.24, 0.36), (0.14, 0.385), (0.08, 0.37)], 0.06, 0.05, pen.third)
    pen.line([(0.22, 0.38), (0.08, 0.385)], 0.008, pen.ink)
    pen.oval(0.315, 0.32, 0.1, 0.09, shade(pen.body, 0.6))
    pen.eye(0.28, 0.3, 0.023)
    for y, half in ((0.79, 0.36), (0.85, 0.27), (0.91, 0.18)):
        pen.limb(
            [(0.52 - half, y), (0.45, y - 0.012), (0.6, y + 0.012), (0.52 + half, y)], 0.018, 0.012, (225, 232, 236)
        )


DRAWINGS = {
    "n01514668": cock,
    "n01518878": ostrich,
    "n01622779": great_grey_owl,
    "n01806143": peacock,
    "n01833805": hummingbird,
    "n01843383": toucan,
    "n01847000": drake,
    "n02007558": flamingo,
    "n02056570": king_penguin,
}
