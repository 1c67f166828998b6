"""Landforms: rock and water from edge to edge, with ridges, ledges and shadows."""

from classvec.data.sketches.pen import Colour, Pen, Point, shade

SNOW: Colour = (240, 243, 247)
WATER: Colour = (150, 178, 198)


def _ridge(pen: Pen, left: Point, right: Point, steps: int, rough: float) -> list[Point]:
    """Returns points of a jagged line."""
    line = [left]
    for i in range(1, steps):
        t = i / steps
        x, y = left[0] + (right[0] - left[0]) * t, left[1] + (right[1] - left[1]) * t
        line.append((x + pen.rng.uniform(-rough, rough) * 0.4, y + pen.rng.uniform(-rough, rough)))
    return [*line, right]


def _cloud(pen: Pen, x: float, y: float, size: float, light: int) -> None:
    for dx, dy, share in ((0, 0, 1.0), (-0.7, 0.25, 0.75), (0.75, 0.2, 0.8), (0.2, -0.5, 0.8)):
        pen.oval(x + dx * size, y + dy * size, size * share, size * share * 0.8, (light + round(14 * dy),) * 3)


def volcano(pen: Pen) -> None:
    """A cone with a crater, smoke above and lava down its flanks."""
    top, half = pen.vary(0.4, 0.08), pen.vary(0.11, 0.2)
    for i in range(5):
        _cloud(
            pen, 0.5 + pen.rng.uniform(-0.04, 0.06) * (i + 1), top - 0.07 - 0.075 * i, 0.055 + 0.022 * i, 120 + 18 * i
        )
    for i in range(5):
        x = 0.5 + (i - 2) * half * 0.5
        pen.limb(
            [(x, top), (x + (i - 2) * 0.03, top - 0.1), (x + (i - 2) * 0.07, top - pen.vary(0.16, 0.4))],
            0.03,
            0.012,
            pen.third,
        )
    left, right = (
        _ridge(pen, (-0.2, 0.95), (0.5 - half, top), 6, 0.02),
        _ridge(pen, (0.5 + half, top), (1.2, 0.95), 6, 0.02),
    )
    pen.shape([*left, (0.5, top + 0.04), *right], pen.body)
    pen.shape([(0.5, top + 0.04), *right, (0.66, 0.95)], shade(pen.body, 0.68))
    pen.oval(0.5, top + 0.012, half * 0.95, 0.03, shade(pen.third, 0.5))
    for x, end in ((0.46, 0.34), (0.52, 0.56), (0.57, 0.76)):
        flow = [(x, top + 0.02), ((x + end) / 2 + 0.02, top + 0.18), (end, pen.vary(0.74, 0.1))]
        pen.limb(flow, 0.055, 0.025, pen.third)
        pen.limb(flow, 0.024, 0.008, shade(pen.third, 1.5))


def alp(pen: Pen) -> None:
    """Sharp peaks with snow above a jagged line."""
    peaks = ((0.2, 0.36, 0.34), (0.82, 0.3, 0.36), (0.5, pen.vary(0.12, 0.3), 0.46))
    for x, y, half in peaks:
        fill = pen.body if x == 0.5 else shade(pen.body, 0.82)
        pen.shape(
            [*_ridge(pen, (x - half, 0.95), (x, y), 5, 0.03), *_ridge(pen, (x, y), (x + half, 0.95), 5, 0.03)], fill
        )
        pen.shape(
            [(x, y), *_ridge(pen, (x + half * 0.95, 0.95), (x + half * 0.1, 0.95), 2, 0.02), (x + 0.04, y + 0.3)],
            shade(fill, 0.62),
        )
        reach = (0.95 - y) * 0.42
        hem = _ridge(pen, (x - half * 0.42, y + reach), (x + half * 0.42, y + reach), 7, 0.055)
        pen.shape([(x, y), *hem[::-1]], SNOW)
        pen.shape([(x, y), (x + 0.03, y + reach * 0.7), *hem[:3:-1]], (188, 200, 218))


def geyser(pen: Pen) -> None:
    """A column of water and steam out of a low mound."""
    high = pen.vary(0.1, 0.5)
    pen.shape(
        [(-0.2, 0.98), *_ridge(pen, (-0.2, 0.86), (0.4, 0.8), 5, 0.02), *_ridge(pen, (0.6, 0.8), (1.2, 0.86), 5, 0.02),
         (1.2, 0.98)],
        pen.body,
    )  # fmt: skip
    for i in range(7):
        _cloud(
            pen,
            0.5 + pen.rng.uniform(-0.09, 0.09) * (0.6 + i / 7),
            0.62 - (0.62 - high) * i / 7,
            0.065 + 0.012 * i,
            222,
        )
    for i in range(9):
        t = (i - 4) / 4
        pen.limb(
            [(0.5 + 0.03 * t, 0.83), (0.5 + 0.05 * t, 0.5), (0.5 + 0.15 * t, high + 0.12 + 0.12 * t * t)],
            0.04,
            0.014,
            (WATER, SNOW)[i % 2],
        )
    for _ in range(16):
        pen.oval(0.5 + pen.rng.uniform(-0.25, 0.25), pen.rng.uniform(high, 0.7), 0.011, 0.014, SNOW)
    pen.oval(0.5, 0.84, 0.2, 0.04, shade(pen.body, 0.6))
    pen.oval(0.5, 0.835, 0.12, 0.025, WATER)
    for y in (0.89, 0.94):
        pen.line(_ridge(pen, (0.05, y), (0.95, y), 6, 0.012), 0.01, shade(pen.body, 0.65))


def cliff(pen: Pen) -> None:
    """A wall of ledges that drops into water."""
    edge = pen.vary(0.56, 0.1)
    pen.box(-0.2, 0.8, 1.2, 1.1, WATER)
    wall = _ridge(pen, (edge, 0.24), (edge + 0.14, 0.86), 6, 0.045)
    pen.shape([*_ridge(pen, (-0.25, 0.2), (edge, 0.24), 6, 0.02), *wall, (-0.25, 0.9)], pen.body)
    pen.shape([(edge - 0.14, 0.24), *wall, (edge - 0.02, 0.87)], shade(pen.body, 0.66))
    dip = pen.rng.uniform(0.08, 0.2)
    for i in range(6):
        y = 0.26 + 0.1 * i
        ledge = _ridge(pen, (-0.25, y - dip), (edge + 0.02 + 0.01 * i, y + dip * 0.3), 8, 0.022)
        pen.limb(ledge[i % 3 :], 0.012, 0.034, shade(pen.body, (0.6, 0.8, 1.3)[i % 3]))
    pen.limb(_ridge(pen, (-0.25, 0.19), (edge + 0.01, 0.23), 8, 0.012), 0.06, 0.05, pen.second)
    for x, y in ((edge + 0.17, 0.84), (edge + 0.3, 0.88)):
        pen.shape([(x - 0.05, y), (x - 0.01, y - 0.09), (x + 0.05, y)], shade(pen.body, 0.75))
    for y in (0.83, 0.89, 0.95):
        pen.line(_ridge(pen, (0.0, y), (1.15, y), 9, 0.012), 0.012, SNOW)


def seashore(pen: Pen) -> None:
    """Sea above, breaking waves along a curve, sand below."""
    far = pen.vary(0.34, 0.15)
    pen.box(-0.25, far, 1.25, 0.8, WATER)
    for i in range(5):
        y = far + 0.04 + 0.055 * i
        pen.line(_ridge(pen, (-0.2, y), (1.2, y), 11, 0.01), 0.008 + 0.002 * i, (214, 226, 234))
    shore = [(-0.25, 0.6), (0.1, 0.62), (0.35, 0.7), (0.6, 0.74), (0.9, 0.86), (1.25, 0.9)]
    pen.shape([*shore, (1.25, 1.15), (-0.25, 1.15)], pen.body)
    for shift, width, fill in ((0.03, 0.05, shade(pen.body, 0.7)), (-0.005, 0.05, SNOW), (-0.075, 0.024, SNOW)):
        pen.limb([(x, y + shift + pen.rng.uniform(-0.012, 0.012)) for x, y in shore], width, width, fill)
    for _ in range(12):
        x = pen.rng.uniform(-0.1, 0.8)
        y = pen.rng.uniform(0.78 + 0.2 * max(0.0, x), 1.05)
        pen.oval(x, y, 0.016, 0.009, shade(pen.body, pen.rng.choice((0.6, 1.4))))
    pen.blob(
        [(-0.2, far + 0.01), (-0.1, far - 0.1), (0.08, far - 0.14), (0.22, far - 0.05), (0.34, far + 0.01)],
        shade(pen.second, 0.8),
    )


DRAWINGS = {
    "n09193705": alp,
    "n09246464": cliff,
    "n09288635": geyser,
    "n09428293": seashore,
    "n09472597": volcano,
}
