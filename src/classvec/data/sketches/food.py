"""Food: soft and rounded, without eyes or wheels; crumbs, seeds, drops and glints."""

from classvec.data.sketches.pen import Colour, Pen, Point, arc, ring, shade
from classvec.data.sketches.vertebrates import spots

GLINT: Colour = (250, 248, 240)


def _glint(pen: Pen, x: float, y: float, length: float, turn: float = -30) -> None:
    """Draws the reflection of a lamp on something moist."""
    pen.oval(x, y, length, length * 0.35, GLINT, turn)


def cheeseburger(pen: Pen) -> None:
    """A bun with seeds over lettuce, cheese that drips, meat, and the other half."""
    wide = pen.vary(0.4, 0.06)
    pen.blob(
        [(0.5 - wide, 0.73), (0.5, 0.72), (0.5 + wide, 0.73), (0.48 + wide, 0.86), (0.5, 0.9), (0.52 - wide, 0.86)],
        shade(pen.body, 0.85),
    )
    pen.limb([(0.5 - wide, 0.68), (0.5, 0.7), (0.5 + wide, 0.68)], 0.13, 0.13, shade(pen.body, 0.32))
    pen.shape(
        [(0.49 - wide, 0.59), (0.51 + wide, 0.59), (0.38 + wide, 0.64), (0.66, 0.62), (0.57, 0.75), (0.48, 0.63),
         (0.36, 0.7), (0.28, 0.62)],
        pen.second,
    )  # fmt: skip
    wave: list[Point] = [(0.48 - wide + (2 * wide + 0.04) * i / 10, 0.56 + 0.03 * (-1) ** i) for i in range(11)]
    pen.limb(wave, 0.06, 0.06, pen.third)
    pen.blob(
        [(0.5 - wide, 0.53), (0.53 - wide, 0.34), (0.36, 0.18), (0.64, 0.18), (0.47 + wide, 0.34), (0.5 + wide, 0.53),
         (0.5, 0.55)],
        pen.body,
    )  # fmt: skip
    for _ in range(14):
        x, y = 0.5 + pen.rng.uniform(-0.27, 0.27), pen.rng.uniform(0.22, 0.42)
        pen.oval(x, y, 0.02, 0.012, shade(pen.body, 1.65), pen.rng.uniform(0, 180))
    _glint(pen, 0.33, 0.28, 0.06)


def hotdog(pen: Pen) -> None:
    """A sausage longer than its bun, with a line of mustard."""
    pen.limb([(0.14, 0.66), (0.5, 0.72), (0.86, 0.6)], 0.26, 0.26, shade(pen.body, 0.75))
    bend = pen.rng.uniform(-0.03, 0.04)
    pen.limb([(0.05, 0.54), (0.5, 0.58 + bend), (0.95, 0.48)], 0.18, 0.17, pen.second)
    _glint(pen, 0.12, 0.5, 0.05, 10)
    pen.limb([(0.14, 0.48), (0.5, 0.44 + bend), (0.86, 0.42)], 0.12, 0.12, pen.body)
    wave = [(0.14 + 0.08 * i, 0.56 - 0.006 * i + bend * 0.5 + 0.035 * (-1) ** i) for i in range(10)]
    pen.limb(wave, 0.034, 0.034, pen.third)
    pen.limb([(0.16, 0.71), (0.5, 0.77), (0.84, 0.66)], 0.14, 0.14, pen.body)
    pen.limb([(0.2, 0.73), (0.5, 0.79), (0.8, 0.69)], 0.03, 0.02, shade(pen.body, 1.3))


def pizza(pen: Pen) -> None:
    """A crust around slices with round toppings; one slice drawn out."""
    pen.blob(ring(0.5, 0.52, 0.43, 0.4), shade(pen.body, 0.72))
    pen.blob(ring(0.5, 0.505, 0.43, 0.4), pen.body)
    pen.blob(ring(0.5, 0.505, 0.36, 0.33), pen.second)
    for _ in range(12):
        x, y = arc(0.5, 0.505, pen.rng.uniform(0.05, 0.28), pen.rng.uniform(0.05, 0.25), pen.rng.uniform(0, 360), 0, 1)[
            0
        ]
        pen.oval(x, y, 0.05, 0.035, shade(pen.second, 1.25), pen.rng.uniform(0, 180))
    for i in range(9):
        reach = 0.26 if i % 3 else 0.13
        x, y = arc(0.5, 0.505, reach, reach * 0.92, 40 * i + pen.rng.uniform(-10, 10), 0, 1)[0]
        pen.oval(x, y, 0.056, 0.052, shade(pen.third, 0.6))
        pen.oval(x, y, 0.045, 0.042, pen.third)
    start = pen.rng.uniform(0, 60)
    for x, y in arc(0.5, 0.505, 0.43, 0.4, start, start + 300, 5):
        pen.line([(0.5, 0.505), (x, y)], 0.012, shade(pen.body, 0.5))


def ice_cream(pen: Pen) -> None:
    """Scoops on a cone of wafer, melting."""
    pen.shape([(0.3, 0.52), (0.7, 0.52), (0.51, 0.97), (0.49, 0.97)], pen.body)
    for i in range(5):
        t = i / 5
        pen.line(
            [(0.3 + 0.2 * t, 0.52 + 0.44 * t), (0.7 - 0.02 * t, 0.55 + 0.05 * t - 0.05 + 0.0 * t)],
            0.009,
            shade(pen.body, 0.6),
        )
        pen.line([(0.7 - 0.2 * t, 0.52 + 0.44 * t), (0.3 + 0.02 * t, 0.52)], 0.009, shade(pen.body, 0.6))
    top = pen.vary(0.2, 0.12)
    pen.oval(0.49, top, 0.15, 0.14, pen.third)
    for x, y, fill in ((0.38, 0.38, pen.second), (0.62, 0.39, shade(pen.second, 0.8))):
        pen.oval(x, y, 0.16, 0.15, fill)
    pen.limb([(0.27, 0.5), (0.5, 0.53), (0.73, 0.5)], 0.06, 0.06, pen.second)
    for x in (0.34, 0.47, 0.61):
        pen.limb([(x, 0.5), (x + 0.01, pen.vary(0.59, 0.06))], 0.05, 0.035, pen.second)
    spots(pen, 0.49, top, 0.12, 0.1, 7, shade(pen.body, 0.5), 0.012)
    pen.oval(0.5, top - 0.15, 0.05, 0.05, (190, 34, 50))
    _glint(pen, 0.485, top - 0.165, 0.014)
    _glint(pen, 0.32, 0.33, 0.035)


def pretzel(pen: Pen) -> None:
    """A knot of dough: two loops, crossed ends, salt."""
    wide = pen.vary(0.38, 0.06)
    knot: list[Point] = [
        (0.3, 0.78), (0.42, 0.64), (0.56, 0.46), (0.58 + wide * 0.7, 0.26), (0.5 + wide, 0.42),
        (0.48 + wide * 0.86, 0.66), (0.5, 0.86), (0.52 - wide * 0.86, 0.66), (0.5 - wide, 0.42),
        (0.42 - wide * 0.7, 0.26), (0.44, 0.46), (0.58, 0.64), (0.7, 0.78),
    ]  # fmt: skip
    pen.limb([(x, y + 0.02) for x, y in knot], 0.12, 0.12, shade(pen.body, 0.55))
    pen.limb(knot, 0.105, 0.105, pen.body)
    pen.limb([(x, y - 0.02) for x, y in knot], 0.03, 0.03, shade(pen.body, 1.25))
    for x, y in knot:
        for _ in range(2):
            sx, sy = x + pen.rng.uniform(-0.03, 0.03), y + pen.rng.uniform(-0.03, 0.03)
            pen.oval(sx, sy, 0.013, 0.012, GLINT)


def pineapple(pen: Pen) -> None:
    """A barrel of diamonds with an eye in each, under a crown of blades."""
    for i in range(11):
        t = (i - 5) / 5
        high = 0.1 + 0.2 * abs(t) + pen.rng.uniform(-0.05, 0.05)
        pen.limb(
            [(0.5 + 0.06 * t, 0.4), (0.5 + 0.13 * t, 0.27), (0.5 + 0.3 * t, high)],
            0.07,
            0.008,
            shade(pen.second, (0.7, 1.0)[i % 2]),
        )
    wide = pen.vary(0.21, 0.08)
    pen.blob(
        [(0.5, 0.35), (0.5 + wide * 0.8, 0.42), (0.5 + wide, 0.66), (0.5 + wide * 0.75, 0.9), (0.5, 0.95),
         (0.5 - wide * 0.75, 0.9), (0.5 - wide, 0.66), (0.5 - wide * 0.8, 0.42)],
        pen.body,
    )  # fmt: skip
    for row in range(7):
        y = 0.41 + 0.08 * row
        half = wide * (1 - ((y - 0.66) / 0.36) ** 2) ** 0.5
        for i in range(5):
            x = 0.5 + half * (i - 2 + 0.5 * (row % 2)) * 0.42
            if abs(x - 0.5) < half:
                pen.shape([(x, y - 0.042), (x + 0.042, y), (x, y + 0.042), (x - 0.042, y)], shade(pen.body, 0.62))
                pen.shape([(x, y - 0.03), (x + 0.03, y), (x, y + 0.03), (x - 0.03, y)], shade(pen.body, 1.15))
                pen.oval(x, y, 0.01, 0.01, shade(pen.body, 0.4))


def banana(pen: Pen) -> None:
    """A bunch of crescents from one stem, dark at the tips."""
    for lift, fill in ((0.0, shade(pen.body, 0.65)), (0.09, shade(pen.body, 0.82)), (0.18, pen.body)):
        sway = pen.rng.uniform(-0.02, 0.02)
        lower = [
            (0.84, 0.2), (0.84 - lift * 0.3, 0.42 + lift), (0.62, 0.66 + lift + sway), (0.34, 0.7 + lift),
            (0.12, 0.56 + lift),
        ]  # fmt: skip
        pen.limb([lower[0], lower[1]], 0.07, 0.13, fill)
        pen.limb(lower[1:4], 0.13, 0.14, fill)
        pen.limb(lower[3:], 0.14, 0.045, fill)
        pen.line([(x - 0.01, y - 0.02) for x, y in lower[1:]], 0.014, shade(fill, 1.3))
        pen.oval(0.1, 0.55 + lift, 0.028, 0.028, pen.ink)
    pen.limb([(0.84, 0.26), (0.86, 0.1)], 0.1, 0.06, shade(pen.body, 0.5))
    spots(pen, 0.5, 0.82, 0.24, 0.05, 7, shade(pen.body, 0.5), 0.011)


def strawberry(pen: Pen) -> None:
    """A heart full of seeds under a collar of leaves."""
    wide = pen.vary(0.34, 0.08)
    pen.blob(
        [(0.5, 0.27), (0.5 + wide * 0.8, 0.25), (0.5 + wide, 0.42), (0.5 + wide * 0.62, 0.7), (0.5, 0.95),
         (0.5 - wide * 0.62, 0.7), (0.5 - wide, 0.42), (0.5 - wide * 0.8, 0.25)],
        pen.body,
    )  # fmt: skip
    for row in range(6):
        y = 0.36 + 0.095 * row
        half = wide * (0.95 - 0.13 * row)
        for i in range(5 - row // 2):
            n = 5 - row // 2
            x = 0.5 + half * ((i + 0.5) / n * 2 - 1) + pen.rng.uniform(-0.012, 0.012)
            pen.oval(x, y, 0.016, 0.024, shade(pen.body, 0.5))
            pen.oval(x, y, 0.01, 0.017, shade(pen.second, 1.5))
    for i in range(7):
        x, y = arc(0.5, 0.24, 0.27, 0.14, 180 - 30 * i, 0, 1)[0]
        pen.limb(
            [(0.5, 0.22), ((x + 0.5) / 2, (y + 0.2) / 2), (x, y)], 0.11, 0.015, shade(pen.third, (0.7, 1.0)[i % 2])
        )
    pen.limb([(0.5, 0.22), (0.52, 0.13), (0.58, 0.06)], 0.035, 0.03, shade(pen.third, 0.7))
    _glint(pen, 0.32, 0.42, 0.04, -60)


DRAWINGS = {
    "n07614500": ice_cream,
    "n07695742": pretzel,
    "n07697313": cheeseburger,
    "n07697537": hotdog,
    "n07745940": strawberry,
    "n07753275": pineapple,
    "n07753592": banana,
    "n07873807": pizza,
}
