"""Clothing: cloth that hangs, with folds, hems and stitches."""

from classvec.data.sketches.pen import Pen, Point, arc, shade


def folds(pen: Pen, top: float, bottom: float, left: float, right: float, count: int, flare: float = 0.0) -> None:
    """Draws creases that fall from one line to another and spread by ``flare``."""
    for i in range(count):
        t = (i + pen.rng.uniform(0.3, 0.7)) / count
        x = left + (right - left) * t
        end = x + (t - 0.5) * flare
        fill = shade(pen.body, pen.rng.choice((0.72, 0.8, 1.2)))
        pen.limb([(x, top), ((x + end) / 2 + 0.01, (top + bottom) / 2), (end, bottom)], 0.006, 0.022, fill)


def _stitches(pen: Pen, points: list[Point]) -> None:
    for (x1, y1), (x2, y2) in zip(points, points[1:], strict=False):
        for t in (0.05, 0.3, 0.55, 0.8):
            near, far = (
                (x1 + (x2 - x1) * t, y1 + (y2 - y1) * t),
                (x1 + (x2 - x1) * (t + 0.13), y1 + (y2 - y1) * (t + 0.13)),
            )
            pen.line([near, far], 0.008, shade(pen.body, 1.65))


def jersey(pen: Pen) -> None:
    """Short sleeves, a round collar, a stripe and a number."""
    hem = pen.vary(0.88, 0.05)
    for side in (-1, 1):
        drop = pen.vary(0.43, 0.12)
        pen.shape(
            [(0.5 + side * 0.14, 0.14), (0.5 + side * 0.3, 0.2), (0.5 + side * 0.44, drop),
             (0.5 + side * 0.31, drop + 0.07), (0.5 + side * 0.2, 0.34)],
            shade(pen.body, 0.85),
        )  # fmt: skip
        pen.line([(0.5 + side * 0.435, drop - 0.03), (0.5 + side * 0.31, drop + 0.04)], 0.03, pen.second)
    pen.shape([(0.36, 0.12), (0.64, 0.12), (0.74, 0.2), (0.72, hem), (0.28, hem), (0.26, 0.2)], pen.body)
    folds(pen, 0.6, hem - 0.02, 0.3, 0.7, 6)
    pen.shape(arc(0.5, 0.12, 0.13, 0.1, 0, 180, 8), shade(pen.body, 0.45))
    pen.line(arc(0.5, 0.12, 0.13, 0.1, 0, 180, 8), 0.025, pen.second)
    pen.box(0.285, 0.64, 0.715, 0.7, pen.second)
    pen.line([(0.43, 0.35), (0.47, 0.32), (0.47, 0.56)], 0.035, pen.second)
    pen.line([(0.54, 0.34), (0.6, 0.34), (0.6, 0.44), (0.54, 0.44), (0.54, 0.55), (0.61, 0.55)], 0.028, pen.second)


def jean(pen: Pen) -> None:
    """Two legs, a belt with loops, curved pockets, seams."""
    spread = pen.vary(0.06, 0.6)
    for side in (-1, 1):
        x = 0.5 + side * spread
        pen.shape(
            [(0.5, 0.14), (0.5 + side * 0.2, 0.14), (x + side * 0.22, 0.93), (x + side * 0.05, 0.94), (0.5, 0.42)],
            shade(pen.body, 1.0 if side < 0 else 0.88),
        )
        _stitches(pen, [(0.5 + side * 0.18, 0.24), (x + side * 0.2, 0.92)])
        pen.line([(x + side * 0.05, 0.905), (x + side * 0.22, 0.895)], 0.012, shade(pen.body, 0.6))
        pen.line(arc(0.5 + side * 0.2, 0.2, 0.11, 0.11, 90, 90 + side * 90, 5), 0.014, shade(pen.body, 0.55))
        for y in (0.5, 0.64, 0.7):
            pen.limb(
                [(x + side * 0.06, y), (x + side * 0.11, y + 0.02), (x + side * 0.15, y)],
                0.01,
                0.006,
                shade(pen.body, 0.7),
            )
    pen.box(0.29, 0.09, 0.71, 0.17, shade(pen.body, 0.72))
    for x in (0.33, 0.42, 0.58, 0.67):
        pen.box(x - 0.012, 0.08, x + 0.012, 0.18, shade(pen.body, 1.2))
    pen.line([(0.5, 0.17), (0.5, 0.43)], 0.012, shade(pen.body, 0.5))
    pen.oval(0.5, 0.13, 0.022, 0.022, (206, 176, 96))


def gown(pen: Pen) -> None:
    """A narrow bodice over a wide skirt of folds."""
    wide = pen.vary(0.38, 0.1)
    for side in (-1, 1):
        pen.line([(0.5 + side * 0.09, 0.06), (0.5 + side * 0.1, 0.18)], 0.022, pen.body)
    pen.shape(
        [(0.37, 0.15), (0.44, 0.19), (0.5, 0.22), (0.56, 0.19), (0.63, 0.15), (0.61, 0.32), (0.57, 0.42), (0.43, 0.42),
         (0.39, 0.32)],
        shade(pen.body, 0.9),
    )  # fmt: skip
    pen.shape(
        [(0.43, 0.4), (0.57, 0.4), (0.5 + wide * 0.7, 0.64), (0.5 + wide, 0.9), (0.5 + wide * 0.5, 0.94), (0.5, 0.92),
         (0.5 - wide * 0.5, 0.94), (0.5 - wide, 0.9), (0.5 - wide * 0.7, 0.64)],
        pen.body,
    )  # fmt: skip
    folds(pen, 0.44, 0.9, 0.44, 0.56, 9, wide * 1.7)
    pen.box(0.42, 0.385, 0.58, 0.43, pen.second)
    pen.line([(0.56, 0.42), (0.6, 0.56)], 0.026, pen.second)
    pen.limb(
        [(0.5 - wide * 0.95, 0.87), (0.5 - wide * 0.4, 0.9), (0.5 + wide * 0.4, 0.9), (0.5 + wide * 0.95, 0.87)],
        0.024,
        0.024,
        pen.second,
    )


def sombrero(pen: Pen) -> None:
    """A very wide brim turned up, a tall crown, a patterned band."""
    pen.oval(0.5, 0.68, 0.47, 0.14, shade(pen.body, 0.7))
    pen.oval(0.5, 0.65, 0.47, 0.13, pen.body)
    pen.line(arc(0.5, 0.65, 0.43, 0.105, 0, 360, 24), 0.02, pen.second)
    pen.oval(0.5, 0.65, 0.25, 0.065, shade(pen.body, 0.55))
    top = pen.vary(0.2, 0.2)
    pen.shape(
        [(0.28, 0.64), (0.34, 0.42), (0.42, top), (0.5, top + 0.03), (0.58, top), (0.66, 0.42), (0.72, 0.64),
         (0.6, 0.69), (0.4, 0.69)],
        pen.body,
    )  # fmt: skip
    pen.line([(0.5, top + 0.03), (0.51, 0.42)], 0.016, shade(pen.body, 0.65))
    pen.shape([(0.285, 0.61), (0.31, 0.53), (0.5, 0.57), (0.69, 0.53), (0.715, 0.61), (0.5, 0.66)], pen.second)
    for i in range(6):
        x = 0.33 + 0.065 * i
        pen.line([(x - 0.02, 0.58), (x, 0.615), (x + 0.02, 0.58)], 0.012, pen.third)


def sock(pen: Pen) -> None:
    """A knitted tube with a heel, a toe and a ribbed cuff."""
    foot = pen.vary(0.16, 0.15)
    pen.shape(
        [(0.46, 0.1), (0.76, 0.1), (0.75, 0.6), (0.78, 0.76), (0.7, 0.86), (0.5, 0.87), (foot + 0.06, 0.9),
         (foot, 0.82), (foot + 0.04, 0.72), (0.4, 0.63), (0.46, 0.5)],
        pen.body,
    )  # fmt: skip
    for y in (0.3, 0.42):
        pen.box(0.458, y, 0.755, y + 0.055, pen.second)
    pen.shape([(0.755, 0.6), (0.78, 0.76), (0.7, 0.86), (0.62, 0.8), (0.66, 0.66)], pen.second)
    pen.shape(
        [(foot + 0.06, 0.9), (foot, 0.82), (foot + 0.04, 0.72), (foot + 0.11, 0.7), (foot + 0.15, 0.8),
         (foot + 0.12, 0.895)],
        pen.second,
    )  # fmt: skip
    pen.box(0.445, 0.08, 0.775, 0.22, shade(pen.body, 0.85))
    for i in range(8):
        pen.line([(0.465 + 0.041 * i, 0.085), (0.465 + 0.041 * i, 0.215)], 0.012, shade(pen.body, 0.6))
    folds(pen, 0.5, 0.6, 0.48, 0.7, 3)


def mitten(pen: Pen) -> None:
    """One thumb, a round end, a ribbed cuff and a knitted star."""
    tilt = pen.rng.uniform(-0.03, 0.04)
    pen.shape(
        [(0.66, 0.66), (0.78, 0.48), (0.88 + tilt, 0.42), (0.94 + tilt, 0.48), (0.9, 0.58), (0.72, 0.76)],
        shade(pen.body, 0.85),
    )
    pen.shape(
        [(0.28, 0.72), (0.25, 0.4), *arc(0.47, 0.32, 0.22, 0.24, 180, 360, 10), (0.71, 0.5), (0.7, 0.72)], pen.body
    )
    for y in (0.62, 0.16):
        for i in range(5):
            x = 0.32 + 0.08 * i
            pen.line([(x - 0.025, y), (x, y + 0.03), (x + 0.025, y)], 0.014, pen.second)
    for dx, dy in ((0.0, 0.12), (0.1, 0.06), (0.1, -0.06)):
        pen.line([(0.48 - dx, 0.38 - dy), (0.48 + dx, 0.38 + dy)], 0.024, pen.second)
    pen.box(0.27, 0.71, 0.71, 0.92, pen.second)
    for i in range(9):
        pen.line([(0.295 + 0.049 * i, 0.71), (0.295 + 0.049 * i, 0.92)], 0.014, shade(pen.second, 0.65))


def wig(pen: Pen) -> None:
    """Hair without a head: strands that part above an empty oval."""
    length = pen.vary(0.86, 0.06)
    left = [(0.5, 0.1), (0.26, 0.18), (0.16, 0.45), (0.17, length), (0.37, length + 0.03)]
    pen.blob(
        [*left, (0.36, 0.5), (0.64, 0.5), (0.63, length + 0.03), (0.83, length), (0.84, 0.45), (0.74, 0.18)], pen.body
    )
    for side in (-1, 1):
        for i in range(7):
            x = 0.5 + side * (0.15 + 0.028 * i)
            end = x + side * pen.rng.uniform(-0.03, 0.04)
            curve = [
                (0.5 + side * 0.01, 0.12), (0.5 + side * (0.1 + 0.022 * i), 0.2 + 0.01 * i), (x, 0.5),
                (end, length - 0.02),
            ]  # fmt: skip
            pen.limb(curve, 0.008, 0.02, shade(pen.body, (0.62, 1.25, 0.8)[i % 3]))
    pen.oval(0.5, 0.52, 0.125, 0.19, shade(pen.body, 0.32))
    for i in range(6):
        x = 0.38 + 0.048 * i
        pen.limb([(0.5, 0.12), ((x + 0.5) / 2, 0.25), (x, 0.44)], 0.03, 0.035, shade(pen.body, (1.0, 0.75)[i % 2]))


def trench_coat(pen: Pen) -> None:
    """Long, double-breasted, with lapels, buttons and a knotted belt."""
    for side in (-1, 1):
        pen.shape(
            [(0.5 + side * 0.15, 0.14), (0.5 + side * 0.24, 0.18), (0.5 + side * pen.vary(0.34), 0.6),
             (0.5 + side * 0.24, 0.63), (0.5 + side * 0.17, 0.36)],
            shade(pen.body, 0.8),
        )  # fmt: skip
        pen.line([(0.5 + side * 0.35, 0.54), (0.5 + side * 0.22, 0.57)], 0.02, shade(pen.body, 0.5))
    hem = pen.vary(0.94, 0.03)
    pen.shape(
        [(0.38, 0.12), (0.62, 0.12), (0.72, 0.2), (0.66, 0.48), (0.77, hem), (0.23, hem), (0.34, 0.48), (0.28, 0.2)],
        pen.body,
    )
    folds(pen, 0.56, hem - 0.02, 0.38, 0.64, 5, 0.25)
    pen.line([(0.53, 0.3), (0.55, hem)], 0.012, shade(pen.body, 0.5))
    pen.shape([(0.44, 0.1), (0.56, 0.1), (0.52, 0.3), (0.48, 0.3)], pen.third)
    for side in (-1, 1):
        pen.shape(
            [(0.5 + side * 0.03, 0.08), (0.5 + side * 0.14, 0.12), (0.5 + side * 0.18, 0.25), (0.5 + side * 0.09, 0.27),
             (0.5 + side * 0.02, 0.34)],
            shade(pen.body, 0.65),
        )  # fmt: skip
    for y in (0.38, 0.62, 0.74):
        for x in (0.44, 0.6):
            pen.oval(x, y, 0.016, 0.018, pen.ink)
    pen.shape([(0.335, 0.46), (0.665, 0.46), (0.67, 0.52), (0.33, 0.52)], pen.second)
    pen.box(0.49, 0.45, 0.56, 0.53, shade(pen.second, 0.6))


DRAWINGS = {
    "n03450230": gown,
    "n03594734": jean,
    "n03595614": jersey,
    "n03775071": mitten,
    "n04254777": sock,
    "n04259630": sombrero,
    "n04479046": trench_coat,
    "n04584207": wig,
}
