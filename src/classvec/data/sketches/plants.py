"""Plants: stems that bend, leaves with veins, petals."""

import math

from classvec.data.sketches.pen import Colour, Pen, Point, arc, shade


def leaf(pen: Pen, root: Point, tip: Point, width: float, fill: Colour) -> None:
    """Draws a pointed leaf with a vein."""
    (x, y), (tx, ty) = root, tip
    dx, dy = (tx - x) * 0.5, (ty - y) * 0.5
    length = math.hypot(dx, dy) or 1.0
    nx, ny = -dy / length * width, dx / length * width
    pen.blob([root, (x + dx * 0.9 + nx, y + dy * 0.9 + ny), tip, (x + dx * 0.9 - nx, y + dy * 0.9 - ny)], fill)
    pen.line([root, tip], 0.008, shade(fill, 0.65))


def _green(pen: Pen) -> Colour:
    """Any colour: leaves are not always green here."""
    return pen.second


def _petals(pen: Pen, x: float, y: float, count: int, reach: float, width: float, fill: Colour) -> None:
    turn = pen.rng.uniform(0, 360)
    for i in range(count):
        tip = arc(x, y, reach, reach, turn + 360 * i / count, 0, 1)[0]
        leaf(pen, (x, y), tip, width, shade(fill, (0.8, 1.0)[i % 2]))


def tree(pen: Pen) -> None:
    """A trunk that forks into a round crown of leaves."""
    pen.limb([(0.47, 0.96), (0.5, 0.75), (0.49, 0.5)], 0.15, 0.08, shade(pen.third, 0.5))
    for end in ((0.3, 0.42), (0.68, 0.4)):
        pen.limb([(0.5, 0.68), ((end[0] + 0.5) / 2, 0.56), end], 0.07, 0.03, shade(pen.third, 0.5))
    for side in (-1, 1):
        pen.limb([(0.48, 0.92), (0.48 + side * 0.14, 0.97)], 0.06, 0.02, shade(pen.third, 0.5))
    for reach, fill in ((0.38, shade(pen.body, 0.62)), (0.33, shade(pen.body, 0.85)), (0.24, pen.body)):
        edge = arc(0.5 - (0.38 - reach) * 0.25, 0.34 - (0.38 - reach) * 0.3, reach, reach * 0.78, 0, 348, 28)
        pen.blob([(x + pen.rng.uniform(-0.035, 0.035), y + pen.rng.uniform(-0.035, 0.035)) for x, y in edge], fill)
    for _ in range(46):
        x, y = arc(0.5, 0.34, pen.rng.uniform(0.05, 0.36), pen.rng.uniform(0.05, 0.28), pen.rng.uniform(0, 360), 0, 1)[
            0
        ]
        pen.oval(x, y, 0.024, 0.012, shade(pen.body, pen.rng.choice((0.55, 1.3))), pen.rng.uniform(0, 180))


def palm(pen: Pen) -> None:
    """A ringed trunk that leans, fronds like feathers from its top."""
    top = (0.52 + pen.rng.uniform(-0.08, 0.08), 0.32)
    trunk = [(0.4, 0.97), (0.42, 0.7), top]
    pen.limb(trunk, 0.1, 0.06, shade(pen.third, 0.7))
    for i in range(7):
        t = i / 7
        x, y = 0.4 + (top[0] - 0.4) * t * t, 0.94 - 0.6 * t
        pen.line([(x - 0.05 + 0.02 * t, y), (x + 0.05 - 0.02 * t, y - 0.01)], 0.012, shade(pen.third, 0.4))
    for i in range(8):
        angle = math.radians(160 + 220 * i / 7 + pen.rng.uniform(-8, 8))
        reach = pen.vary(0.38)
        tip = (top[0] + reach * math.cos(angle), top[1] + reach * 0.75 * math.sin(angle) + 0.12)
        bow = (top[0] + reach * 0.55 * math.cos(angle), top[1] + reach * 0.62 * math.sin(angle) - 0.05)
        fill = shade(pen.body, (0.72, 1.0)[i % 2])
        pen.limb([top, bow, tip], 0.03, 0.008, shade(fill, 0.7))
        for t in (0.3, 0.45, 0.6, 0.75, 0.9):
            x = top[0] + (bow[0] - top[0]) * 2 * t * (1 - t) + (tip[0] - top[0]) * t * t
            y = top[1] + (bow[1] - top[1]) * 2 * t * (1 - t) + (tip[1] - top[1]) * t * t
            pen.limb([(x, y - 0.01), (x + 0.035 * math.cos(angle), y + 0.1)], 0.032, 0.006, fill)
    for dx in (-0.03, 0.03):
        pen.oval(top[0] + dx, top[1] + 0.04, 0.035, 0.038, shade(pen.third, 0.5))


def saguaro(pen: Pen) -> None:
    """A ribbed column with arms that turn up, spines."""
    arms: list[list[Point]] = [
        [(0.5, 0.66), (0.3, 0.64), (0.24, 0.52), (0.24, pen.vary(0.34, 0.2))],
        [(0.5, 0.56), (0.7, 0.54), (0.76, 0.42), (0.76, pen.vary(0.22, 0.3))], [(0.5, 0.97), (0.5, 0.6), (0.5, 0.12)],
    ]  # fmt: skip
    for path, width in zip(arms, (0.115, 0.115, 0.18), strict=True):
        pen.limb(path, width, width * 0.92, pen.body)
        for shift in (-0.3, 0.0, 0.3):
            ridge = [(x + shift * width, y + abs(shift) * (0.1 if y < 0.6 else -0.02)) for x, y in path]
            pen.limb(ridge, 0.014, 0.014, shade(pen.body, 0.65))
    for path, width in zip(arms, (0.115, 0.115, 0.18), strict=True):
        for i in range(10):
            t = 0.25 + 0.07 * i
            (x1, y1), (x2, y2) = path[-2], path[-1]
            x, y = x1 + (x2 - x1) * t, y1 + (y2 - y1) * t
            for side in (-1, 1):
                pen.line([(x + side * width * 0.45, y), (x + side * width * 0.68, y - 0.012)], 0.006, (240, 236, 214))
    pen.oval(0.5, 0.1, 0.045, 0.03, pen.third)


def _stem(pen: Pen, path: list[Point]) -> None:
    pen.limb(path, 0.034, 0.026, shade(_green(pen), 0.85))


def tulip(pen: Pen) -> None:
    """A closed cup of petals, and leaves like blades from the ground."""
    lean = pen.rng.uniform(-0.06, 0.06)
    x = 0.5 + lean
    _stem(pen, [(0.5, 0.97), (0.5 + lean * 0.3, 0.7), (x, 0.42)])
    leaf(pen, (0.5, 0.96), (pen.vary(0.26), 0.42), 0.065, _green(pen))
    leaf(pen, (0.5, 0.96), (pen.vary(0.76), 0.5), 0.065, shade(_green(pen), 0.75))
    leaf(pen, (x, 0.44), (x, 0.08), 0.15, shade(pen.body, 0.65))
    pen.blob(
        [(x, 0.45), (x - 0.14, 0.38), (x - 0.18, 0.24), (x - 0.16, 0.07), (x - 0.04, 0.2), (x, 0.34)],
        shade(pen.body, 0.88),
    )
    pen.blob(
        [(x, 0.45), (x + 0.14, 0.38), (x + 0.18, 0.24), (x + 0.16, 0.07), (x + 0.04, 0.2), (x, 0.34)],
        shade(pen.body, 0.78),
    )
    leaf(pen, (x, 0.45), (x, 0.13), 0.1, pen.body)


def sunflower(pen: Pen) -> None:
    """A large disc of seeds in a ring of pointed petals, on a tall stem with broad leaves."""
    x, y = 0.5 + pen.rng.uniform(-0.06, 0.06), 0.33
    pen.limb([(0.5, 0.98), (0.51, 0.7), (x, y)], 0.05, 0.036, shade(_green(pen), 0.85))
    leaf(pen, (0.5, 0.84), (0.2, pen.vary(0.7, 0.06)), 0.085, _green(pen))
    leaf(pen, (0.51, 0.76), (0.82, pen.vary(0.66, 0.06)), 0.085, shade(_green(pen), 0.8))
    _petals(pen, x, y, 18, 0.29, 0.045, pen.body)
    pen.oval(x, y, 0.155, 0.155, shade(pen.third, 0.4))
    for i in range(44):
        radius, turn = 0.021 * (i + 0.5) ** 0.5, 2.39996 * i
        pen.oval(
            x + radius * math.cos(turn),
            y + radius * math.sin(turn),
            0.01,
            0.01,
            shade(pen.third, 0.9 if i > 12 else 0.65),
        )


def daisy(pen: Pen) -> None:
    """Several small heads of round petals around a button."""
    heads = [(0.3 + pen.rng.uniform(-0.03, 0.03), 0.34), (0.68, 0.26 + pen.rng.uniform(-0.04, 0.04)), (0.55, 0.6)]
    for x, y in heads:
        _stem(pen, [(0.5, 0.98), ((x + 0.5) / 2, (y + 1.0) / 2), (x, y)])
    for tip in ((0.2, 0.82), (0.82, 0.8), (0.3, 0.66)):
        leaf(pen, (0.5, 0.95), tip, 0.04, _green(pen))
    for x, y in heads:
        for px, py in arc(x, y, 0.13, 0.13, 0, 330, 11):
            pen.limb([(x, y), (px, py)], 0.03, 0.066, shade(pen.body, 1.45))
        for px, py in arc(x, y, 0.13, 0.13, 0, 330, 11):
            pen.line([(x, y), (px, py)], 0.006, shade(pen.body, 0.8))
        pen.oval(x, y, 0.06, 0.056, pen.third)
        pen.oval(x - 0.012, y - 0.014, 0.03, 0.026, shade(pen.third, 1.3))


def fern(pen: Pen) -> None:
    """Fronds that arch from one root, each a row of leaflets on both sides, one still rolled."""
    for i, end in enumerate(((0.06, 0.5), (0.94, 0.46), (0.24, 0.14), (0.78, 0.12), (0.5, 0.06))):
        tip = (end[0] + pen.rng.uniform(-0.04, 0.04), end[1] + pen.rng.uniform(-0.03, 0.05))
        bow = (0.5 + (tip[0] - 0.5) * 0.45, 0.4 + (tip[1] - 0.4) * 0.6)
        fill = shade(pen.body, (0.7, 0.8, 0.9, 1.0, 1.1)[i])
        path = [
            (
                0.5 + (bow[0] - 0.5) * 2 * t * (1 - t) + (tip[0] - 0.5) * t * t,
                0.96 + (bow[1] - 0.96) * 2 * t * (1 - t) + (tip[1] - 0.96) * t * t,
            )
            for t in (k / 9 for k in range(10))
        ]
        pen.line(path, 0.016, shade(fill, 0.6))
        for k in range(2, 9):
            (x, y), (x2, y2) = path[k], path[k + 1]
            reach = 0.12 * (1 - k / 10.5)
            length = math.hypot(x2 - x, y2 - y) or 1.0
            dx, dy = (x2 - x) / length, (y2 - y) / length
            for side in (-1, 1):
                end_point = (x + (dx * 0.5 - side * dy) * reach, y + (dy * 0.5 + side * dx) * reach)
                pen.limb([(x, y), end_point], 0.034, 0.01, fill)
    pen.limb(
        [(0.5, 0.96), (0.58, 0.7), (0.66, 0.66), (0.68, 0.72), (0.63, 0.73), (0.635, 0.7)],
        0.03,
        0.02,
        shade(pen.body, 1.3),
    )


DRAWINGS = {
    "n11545714": fern,
    "n11844371": saguaro,
    "n11939491": daisy,
    "n11978233": sunflower,
    "n12454159": tulip,
    "n12582231": palm,
    "n13104059": tree,
}
