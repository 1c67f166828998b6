"""Devices: things with keys, strings, dials and locks, of hard and shiny material."""

from classvec.data.sketches.pen import Pen, Point, arc, ring, shade


def _keys(
    pen: Pen, left: float, right: float, top: float, bottom: float, rows: int, columns: int, round_keys: bool
) -> None:
    """Draws rows of keys on a board that widens towards the viewer."""
    for row in range(rows):
        y = top + (bottom - top) * (row + 0.5) / rows
        inset = 0.035 * (rows - 1 - row) / rows
        step = (right - left - 2 * inset) / columns
        for i in range(columns):
            x = left + inset + step * (i + 0.5 + 0.25 * (row % 2) - 0.125)
            h = (bottom - top) / rows * 0.36
            if round_keys:
                pen.oval(x, y, step * 0.43, h * 1.15, pen.ink)
                pen.oval(x, y - 0.005, step * 0.34, h * 0.85, (236, 234, 226))
                pen.line([(x - step * 0.1, y), (x + step * 0.1, y)], 0.012, pen.ink)
            else:
                pen.box(x - step * 0.4, y - h, x + step * 0.4, y + h, pen.ink)


def laptop(pen: Pen) -> None:
    """A lit screen over a flat board of keys."""
    lid = pen.vary(0.14, 0.2)
    pen.shape([(0.17, lid), (0.83, lid), (0.85, 0.6), (0.15, 0.6)], pen.ink)
    pen.shape([(0.2, lid + 0.035), (0.8, lid + 0.035), (0.815, 0.56), (0.185, 0.56)], (214, 228, 240))
    pen.box(0.24, lid + 0.07, 0.52, 0.42, pen.third)
    pen.box(0.24, lid + 0.07, 0.52, lid + 0.1, shade(pen.third, 0.5))
    for i in range(4):
        pen.line([(0.57, lid + 0.09 + 0.06 * i), (pen.vary(0.72, 0.06), lid + 0.09 + 0.06 * i)], 0.014, (120, 130, 142))
    pen.shape([(0.15, 0.61), (0.85, 0.61), (0.97, 0.86), (0.03, 0.86)], pen.body)
    pen.shape([(0.03, 0.86), (0.97, 0.86), (0.96, 0.9), (0.04, 0.9)], shade(pen.body, 0.55))
    _keys(pen, 0.12, 0.88, 0.63, 0.77, 4, 12, False)
    pen.shape([(0.4, 0.785), (0.6, 0.785), (0.615, 0.845), (0.385, 0.845)], shade(pen.body, 0.75))


def typewriter_keyboard(pen: Pen) -> None:
    """Close up: round keys with rims on bars, in rows like stairs, a space bar."""
    pen.shape([(0.06, 0.16), (0.94, 0.16), (1.0, 0.88), (0.0, 0.88)], pen.body)
    pen.shape([(0.12, 0.1), (0.88, 0.1), (0.94, 0.2), (0.06, 0.2)], shade(pen.body, 0.6))
    for i in range(12):
        x = 0.14 + 0.065 * i
        pen.line([(x, 0.12), (x + (x - 0.5) * 0.1, 0.74)], 0.01, (196, 198, 202))
    columns = pen.rng.randrange(8, 11)
    _keys(pen, 0.04, 0.96, 0.22, 0.76, 4, columns, True)
    pen.line([(0.26, 0.81), (0.74, 0.81)], 0.06, pen.ink)
    pen.line([(0.27, 0.8), (0.73, 0.8)], 0.03, (90, 90, 96))


def acoustic_guitar(pen: Pen) -> None:
    """A waist, a round hole, a long neck of frets, six strings."""
    pen.blob(
        [(0.5, 0.5), (0.62, 0.5), (0.66, 0.6), (0.645, 0.67), (0.75, 0.78), (0.7, 0.92), (0.5, 0.96), (0.3, 0.92),
         (0.25, 0.78), (0.355, 0.67), (0.34, 0.6), (0.38, 0.5)],
        shade(pen.body, 0.5),
    )  # fmt: skip
    pen.blob(
        [(0.5, 0.52), (0.61, 0.52), (0.64, 0.6), (0.62, 0.67), (0.72, 0.78), (0.68, 0.9), (0.5, 0.94), (0.32, 0.9),
         (0.28, 0.78), (0.38, 0.67), (0.36, 0.6), (0.39, 0.52)],
        pen.body,
    )  # fmt: skip
    for radius, fill in ((0.078, shade(pen.second, 0.9)), (0.06, pen.ink)):
        pen.oval(0.5, 0.68, radius, radius, fill)
    top = pen.vary(0.15, 0.15)
    pen.box(0.468, top, 0.532, 0.63, shade(pen.second, 0.5))
    pen.shape([(0.45, top - 0.11), (0.55, top - 0.11), (0.535, top + 0.02), (0.465, top + 0.02)], shade(pen.body, 0.6))
    for y in (top - 0.09, top - 0.055, top - 0.02):
        for side in (-1, 1):
            pen.oval(0.5 + side * 0.065, y, 0.02, 0.012, (220, 220, 214))
    for i in range(7):
        pen.line([(0.468, top + 0.06 * (i + 1)), (0.532, top + 0.06 * (i + 1))], 0.009, (214, 212, 200))
    pen.box(0.41, 0.825, 0.59, 0.855, pen.ink)
    for i in range(4):
        pen.line([(0.479 + 0.014 * i, top), (0.473 + 0.018 * i, 0.84)], 0.005, (238, 236, 226))


def grand_piano(pen: Pen) -> None:
    """An open lid on a stick, black and white keys, three legs."""
    lift = pen.vary(0.1, 0.4)
    pen.shape([(0.16, 0.46), (0.3, lift + 0.08), (0.84, lift), (0.96, 0.4), (0.9, 0.5)], shade(pen.body, 0.8))
    pen.line([(0.66, 0.5), (0.74, lift + 0.1)], 0.014, pen.ink)
    pen.shape([(0.06, 0.5), (0.92, 0.46), (0.96, 0.52), (0.94, 0.62), (0.06, 0.64)], pen.body)
    pen.shape([(0.2, 0.495), (0.88, 0.475), (0.9, 0.51), (0.2, 0.53)], (206, 176, 96))
    for i in range(7):
        pen.line([(0.24 + 0.09 * i, 0.495), (0.28 + 0.09 * i, 0.52)], 0.006, pen.ink)
    for x in (0.13, 0.46, 0.88):
        pen.shape([(x - 0.035, 0.62), (x + 0.035, 0.62), (x + 0.016, 0.92), (x - 0.016, 0.92)], shade(pen.body, 0.7))
        pen.oval(x, 0.93, 0.024, 0.018, (206, 176, 96))
    pen.shape([(0.02, 0.57), (0.46, 0.57), (0.46, 0.66), (0.02, 0.66)], shade(pen.body, 0.6))
    pen.box(0.04, 0.585, 0.44, 0.65, (246, 245, 238))
    for i in range(11):
        x = 0.055 + 0.036 * i
        pen.line([(x, 0.585), (x, 0.65)], 0.005, (120, 120, 120))
        if i % 7 not in (2, 6):
            pen.box(x + 0.008, 0.585, x + 0.026, 0.622, (16, 16, 18))
    pen.line([(0.26, 0.66), (0.27, 0.86)], 0.012, pen.ink)
    pen.line([(0.22, 0.87), (0.32, 0.87)], 0.016, (206, 176, 96))


def drum(pen: Pen) -> None:
    """A skin over a shell laced with cords, two sticks."""
    deep = pen.vary(0.76, 0.06)
    pen.shape(
        [(0.14, 0.42), (0.86, 0.42), (0.86, deep), *arc(0.5, deep, 0.36, 0.13, 0, 180, 10), (0.14, deep)], pen.body
    )
    zigzag: list[Point] = []
    for i in range(9):
        x, low = 0.145 + 0.089 * i, i % 2 == 0
        droop = 0.13 * (1 - ((x - 0.5) / 0.36) ** 2) ** 0.5
        zigzag.append((x, (deep - 0.02 if low else 0.46) + droop))
    pen.line(zigzag, 0.016, (240, 236, 220))
    for y in (0.42, deep - 0.02):
        upper, lower = arc(0.5, y, 0.37, 0.13, 180, 0, 12), arc(0.5, y + 0.055, 0.37, 0.13, 0, 180, 12)
        pen.shape([*upper, *lower], pen.second)
    pen.oval(0.5, 0.41, 0.37, 0.135, pen.second)
    pen.oval(0.5, 0.405, 0.335, 0.112, (240, 234, 218))
    for x, tip in ((0.2, 0.5), (0.92, 0.56)):
        high = pen.vary(0.1, 0.4)
        pen.line([(x, high), (tip, 0.38)], 0.024, shade(pen.third, 0.6))
        pen.oval(tip, 0.38, 0.03, 0.025, shade(pen.third, 0.6))


def analog_clock(pen: Pen) -> None:
    """A round face with twelve marks and two hands."""
    for radius, fill in (
        (0.43, shade(pen.body, 0.55)),
        (0.41, pen.body),
        (0.345, shade(pen.body, 0.5)),
        (0.335, (244, 242, 232)),
    ):
        pen.shape(ring(0.5, 0.5, radius, radius), fill)
    for i, (x, y) in enumerate(arc(0.5, 0.5, 0.315, 0.315, 0, 330, 11)):
        share = 0.8 if i % 3 == 0 else 0.9
        pen.line([(x, y), (0.5 + (x - 0.5) * share, 0.5 + (y - 0.5) * share)], 0.03 if i % 3 == 0 else 0.018, pen.ink)
    for length, width in ((0.18, 0.036), (0.27, 0.024)):
        turn = pen.rng.uniform(0, 360)
        (x, y), (tx, ty) = arc(0.5, 0.5, length, length, turn, turn + 180, 1)
        pen.line([(x, y), (0.5 + (tx - 0.5) * 0.2, 0.5 + (ty - 0.5) * 0.2)], width, pen.ink)
    x, y = arc(0.5, 0.5, 0.28, 0.28, pen.rng.uniform(0, 360), 0, 1)[0]
    pen.line([(0.5, 0.5), (x, y)], 0.009, (190, 50, 44))
    pen.oval(0.5, 0.5, 0.026, 0.026, pen.ink)


def padlock(pen: Pen) -> None:
    """A shackle of steel over a block with a keyhole."""
    rise = pen.vary(0.26, 0.12)
    left, right = arc(0.5, rise + 0.06, 0.21, 0.21, 180, 360, 12), arc(0.5, rise + 0.06, 0.13, 0.13, 360, 180, 12)
    pen.shape([(0.29, 0.5), *left, (0.71, 0.5), (0.63, 0.5), *right, (0.37, 0.5)], (184, 188, 196))
    pen.line([(0.31, 0.5), *arc(0.5, rise + 0.06, 0.19, 0.19, 180, 300, 8)], 0.016, (236, 238, 242))
    pen.box(0.19, 0.46, 0.81, 0.92, shade(pen.body, 0.6))
    pen.box(0.2, 0.47, 0.79, 0.9, pen.body)
    for y in (0.53, 0.84):
        pen.box(0.2, y, 0.79, y + 0.025, shade(pen.body, 0.65))
    pen.line([(0.24, 0.58), (0.24, 0.81)], 0.024, shade(pen.body, 1.5))
    pen.oval(0.5, 0.65, 0.062, 0.062, pen.ink)
    pen.shape([(0.475, 0.66), (0.525, 0.66), (0.55, 0.8), (0.45, 0.8)], pen.ink)


def harp(pen: Pen) -> None:
    """A column, a curved neck, a slanted soundbox, and strings between."""
    top = pen.vary(0.14, 0.2)
    for i in range(11):
        t = (i + 0.5) / 11
        x = 0.27 + 0.5 * t
        y = top + 0.13 + 0.16 * t - 0.12 * t * t
        pen.line([(x, y), (0.3 + 0.46 * t, 0.86 - 0.5 * t)], 0.007, (240, 236, 220))
    pen.line([(0.23, 0.9), (0.82, 0.34)], 0.075, pen.body)
    pen.line([(0.25, 0.9), (0.83, 0.36)], 0.022, shade(pen.body, 0.6))
    pen.line([(0.23, top + 0.02), (0.22, 0.9)], 0.055, shade(pen.body, 0.8))
    neck = [(0.2, top + 0.02), (0.3, top), (0.44, top + 0.14), (0.62, top + 0.2), (0.76, top + 0.1), (0.84, 0.36)]
    pen.limb(neck, 0.065, 0.065, pen.body)
    pen.limb([(0.2, top), (0.15, top + 0.03), (0.17, top + 0.08)], 0.05, 0.03, pen.body)
    for y in (0.3, 0.5, 0.7):
        pen.box(0.19, y, 0.26, y + 0.025, pen.second)
    pen.box(0.14, 0.88, 0.42, 0.94, shade(pen.body, 0.65))


DRAWINGS = {
    "n02676566": acoustic_guitar,
    "n02708093": analog_clock,
    "n03249569": drum,
    "n03452741": grand_piano,
    "n03495258": harp,
    "n03642806": laptop,
    "n03874599": padlock,
    "n04505470": typewriter_keyboard,
}
