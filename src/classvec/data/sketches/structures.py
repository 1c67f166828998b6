"""Structures: walls with doors and windows, roofs, arches, towers."""

from classvec.data.sketches.pen import Colour, Pen, arc, shade

DARK: Colour = (46, 44, 52)


def _window(pen: Pen, x: float, y: float, w: float, h: float) -> None:
    """Draws a framed window with a cross of bars, around its centre."""
    pen.box(x - w / 2 - 0.012, y - h / 2 - 0.012, x + w / 2 + 0.012, y + h / 2 + 0.012, shade(pen.body, 1.6))
    pen.box(x - w / 2, y - h / 2, x + w / 2, y + h / 2, DARK)
    pen.line([(x, y - h / 2), (x, y + h / 2)], 0.008, shade(pen.body, 1.6))
    pen.line([(x - w / 2, y), (x + w / 2, y)], 0.008, shade(pen.body, 1.6))


def _opening(pen: Pen, x: float, top: float, foot: float, w: float, fill: Colour = DARK) -> None:
    """Draws a door or window with a round arch."""
    pen.shape([(x + w / 2, foot), (x - w / 2, foot), *arc(x, top + w / 2, w / 2, w / 2, 180, 360, 8)], fill)


def _merlons(pen: Pen, left: float, right: float, y: float, count: int, fill: Colour) -> None:
    step = (right - left) / (2 * count - 1)
    for i in range(count):
        pen.box(left + 2 * i * step, y - 0.05, left + (2 * i + 1) * step, y + 0.01, fill)


def barn(pen: Pen) -> None:
    """A roof bent twice, boards, and a great door with a cross."""
    eaves = pen.vary(0.46, 0.06)
    pen.shape([(0.62, eaves), (0.97, eaves - 0.02), (0.97, 0.86), (0.62, 0.88)], shade(pen.body, 0.65))
    pen.shape(
        [(0.36, 0.13), (0.84, 0.12), (0.99, eaves - 0.14), (0.99, eaves), (0.64, eaves + 0.02), (0.56, 0.26)],
        shade(pen.second, 0.8),
    )
    pen.shape(
        [(0.1, 0.88), (0.1, eaves), (0.18, 0.26), (0.37, 0.14), (0.56, 0.26), (0.64, eaves), (0.64, 0.88)], pen.body
    )
    for x in (0.18, 0.26, 0.48, 0.56):
        pen.line([(x, 0.3), (x, 0.88)], 0.008, shade(pen.body, 0.72))
    pen.line([(0.07, eaves + 0.02), (0.17, 0.25), (0.37, 0.12), (0.57, 0.25), (0.67, eaves + 0.02)], 0.034, pen.second)
    pen.box(0.24, 0.55, 0.5, 0.88, shade(pen.body, 0.55))
    pen.line([(0.24, 0.88), (0.24, 0.55), (0.5, 0.55), (0.5, 0.88), (0.24, 0.55)], 0.022, (240, 240, 236))
    pen.line([(0.24, 0.88), (0.5, 0.55)], 0.022, (240, 240, 236))
    pen.box(0.31, 0.3, 0.43, 0.43, DARK)
    pen.line([(0.31, 0.3), (0.43, 0.3), (0.43, 0.43), (0.31, 0.43), (0.31, 0.3)], 0.016, (240, 240, 236))
    for x in (0.74, 0.87):
        _window(pen, x, 0.66, 0.06, 0.09)


def castle(pen: Pen) -> None:
    """Towers with battlements, a gate with a grate, flags."""
    for x, top, half in (
        (0.5, pen.vary(0.28, 0.15), 0.13),
        (0.16, pen.vary(0.34, 0.15), 0.1),
        (0.84, pen.vary(0.34, 0.15), 0.1),
    ):
        fill = shade(pen.body, 0.85 if x != 0.5 else 0.72)
        if x == 0.5:
            pen.line([(x, top - 0.22), (x, top)], 0.014, pen.ink)
            pen.shape([(x, top - 0.22), (x + 0.14, top - 0.17), (x, top - 0.12)], pen.second)
        pen.box(x - half, top, x + half, 0.9, fill)
        pen.box(x - half - 0.02, top - 0.01, x + half + 0.02, top + 0.05, fill)
        _merlons(pen, x - half - 0.02, x + half + 0.02, top, 4, fill)
        for y in (top + 0.14, top + 0.3):
            _opening(pen, x, y, y + 0.09, 0.035)
    pen.box(0.24, 0.58, 0.76, 0.9, pen.body)
    _merlons(pen, 0.24, 0.76, 0.58, 7, pen.body)
    _opening(pen, 0.5, 0.66, 0.9, 0.18)
    for x in (0.46, 0.5, 0.54):
        pen.line([(x, 0.68), (x, 0.9)], 0.01, shade(pen.body, 0.6))
    for y in (0.74, 0.81):
        pen.line([(0.42, y), (0.58, y)], 0.01, shade(pen.body, 0.6))


def church(pen: Pen) -> None:
    """A steeple with a cross beside a nave with pointed windows."""
    tip = pen.vary(0.14, 0.2)
    pen.line([(0.27, tip - 0.12), (0.27, tip + 0.02)], 0.016, pen.ink)
    pen.line([(0.225, tip - 0.075), (0.315, tip - 0.075)], 0.016, pen.ink)
    pen.shape([(0.38, 0.44), (0.86, 0.42), (0.97, 0.6), (0.4, 0.62)], pen.second)
    pen.box(0.4, 0.6, 0.94, 0.9, shade(pen.body, 0.85))
    for x in (0.52, 0.67, 0.82):
        pen.shape([(x - 0.035, 0.83), (x - 0.035, 0.7), (x, 0.64), (x + 0.035, 0.7), (x + 0.035, 0.83)], DARK)
        pen.line([(x, 0.66), (x, 0.83)], 0.008, shade(pen.body, 1.5))
    pen.shape([(0.27, tip), (0.42, 0.36), (0.12, 0.36)], pen.second)
    pen.shape([(0.27, tip), (0.42, 0.36), (0.29, 0.36)], shade(pen.second, 0.7))
    pen.box(0.14, 0.36, 0.4, 0.9, pen.body)
    pen.box(0.12, 0.35, 0.42, 0.385, shade(pen.body, 0.6))
    for x in (0.22, 0.32):
        _opening(pen, x, 0.43, 0.56, 0.06)
    _opening(pen, 0.27, 0.69, 0.9, 0.13, shade(pen.third, 0.5))


def beacon(pen: Pen) -> None:
    """A lighthouse: a tapering tower in bands, a lantern, beams of light."""
    y = pen.vary(0.2, 0.12)
    for side in (-1, 1):
        pen.shape([(0.5, y + 0.03), (0.5 + side * 0.55, y - 0.09), (0.5 + side * 0.55, y + 0.13)], (250, 244, 200))
    pen.blob([(0.14, 0.96), (0.24, 0.87), (0.5, 0.85), (0.8, 0.88), (0.9, 0.96)], shade(pen.third, 0.5))
    for i in range(5):
        t, t2 = i / 5, (i + 1) / 5
        top, low = y + 0.1 + (0.8 - y) * t, y + 0.1 + (0.8 - y) * t2
        w, w2 = 0.085 + 0.07 * t, 0.085 + 0.07 * t2
        pen.shape([(0.5 - w, top), (0.5 + w, top), (0.5 + w2, low), (0.5 - w2, low)], (pen.body, pen.second)[i % 2])
    for t in (0.3, 0.55):
        pen.box(0.48, y + 0.1 + 0.7 * t, 0.52, y + 0.16 + 0.7 * t, DARK)
    _opening(pen, 0.5, 0.78, 0.9, 0.07)
    pen.box(0.385, y + 0.08, 0.615, y + 0.115, pen.ink)
    pen.box(0.445, y - 0.04, 0.555, y + 0.09, (252, 244, 190))
    for x in (0.445, 0.5, 0.555):
        pen.line([(x, y - 0.04), (x, y + 0.09)], 0.01, pen.ink)
    pen.shape([(0.42, y - 0.03), (0.5, y - 0.12), (0.58, y - 0.03)], shade(pen.second, 0.6))


def suspension_bridge(pen: Pen) -> None:
    """Two towers, a cable that hangs between them, a deck on hangers."""
    top, sag = pen.vary(0.16, 0.2), pen.vary(0.56, 0.05)
    for x in (0.27, 0.73):
        for dx in (-0.035, 0.035):
            pen.box(x + dx - 0.016, top, x + dx + 0.016, 0.9, pen.body)
        for y in (top + 0.02, top + 0.2, 0.5, 0.74):
            pen.box(x - 0.045, y, x + 0.045, y + 0.03, shade(pen.body, 0.75))
        pen.box(x - 0.08, 0.86, x + 0.08, 0.93, shade(pen.body, 0.5))
    pen.box(-0.15, 0.64, 1.15, 0.685, shade(pen.second, 0.75))
    middle = [(0.27 + 0.046 * i, sag - (sag - top - 0.02) * ((i - 5) / 5) ** 2) for i in range(11)]
    left = [(-0.15 + 0.07 * i, 0.64 - (0.62 - top) * (i / 6) ** 1.6) for i in range(7)]
    for cable in (middle, left, [(1 - x, y) for x, y in left]):
        pen.line(cable, 0.016, pen.ink)
        for x, y in cable:
            pen.line([(x, y), (x, 0.64)], 0.006, pen.ink)


def triumphal_arch(pen: Pen) -> None:
    """A block of stone with one large arch, columns, an attic with letters."""
    pen.box(0.12, 0.3, 0.88, 0.9, pen.body)
    pen.box(0.1, pen.vary(0.12, 0.15), 0.9, 0.3, shade(pen.body, 0.85))
    for y in (0.1, 0.3):
        pen.box(0.07, y, 0.93, y + 0.035, shade(pen.body, 1.35))
    for row in range(2):
        for i in range(9):
            if pen.rng.random() < 0.85:
                pen.box(0.24 + 0.06 * i, 0.185 + 0.05 * row, 0.275 + 0.06 * i, 0.21 + 0.05 * row, shade(pen.body, 0.5))
    width = pen.vary(0.3, 0.08)
    _opening(pen, 0.5, 0.4, 0.91, width + 0.05, shade(pen.body, 1.35))
    _opening(pen, 0.5, 0.42, 0.91, width)
    pen.shape(
        [(0.5 + width / 2, 0.91), (0.5 + width / 2, 0.6), (0.44 + width / 2, 0.58), (0.44 + width / 2, 0.91)],
        shade(pen.body, 0.5),
    )
    for x in (0.17, 0.27, 0.73, 0.83):
        pen.box(x - 0.024, 0.37, x + 0.024, 0.86, shade(pen.body, 1.25))
        pen.line([(x + 0.014, 0.38), (x + 0.014, 0.85)], 0.012, shade(pen.body, 0.6))
        pen.box(x - 0.038, 0.345, x + 0.038, 0.38, shade(pen.body, 1.45))
        pen.box(x - 0.038, 0.84, x + 0.038, 0.9, shade(pen.body, 0.75))


def mosque(pen: Pen) -> None:
    """A great dome with a crescent between minarets."""
    for x, top in ((0.12, pen.vary(0.2, 0.15)), (0.88, pen.vary(0.2, 0.15))):
        pen.box(x - 0.035, top, x + 0.035, 0.9, pen.body)
        pen.box(x - 0.055, top + 0.14, x + 0.055, top + 0.17, shade(pen.body, 0.65))
        pen.shape([(x - 0.045, top), (x, top - 0.14), (x + 0.045, top)], pen.second)
        pen.box(x - 0.01, top + 0.05, x + 0.01, top + 0.11, DARK)
    pen.box(0.2, 0.6, 0.8, 0.9, pen.body)
    pen.box(0.3, 0.5, 0.7, 0.62, shade(pen.body, 0.8))
    pen.blob([(0.3, 0.51), (0.29, 0.4), (0.38, 0.26), (0.5, 0.17), (0.62, 0.26), (0.71, 0.4), (0.7, 0.51)], pen.second)
    for x, width in ((0.4, 0.1), (0.5, 0.0), (0.6, 0.1)):
        pen.line([(0.5, 0.2), (x + (0.5 - x) * -width, 0.5)], 0.008, shade(pen.second, 0.7))
    pen.line([(0.5, 0.1), (0.5, 0.2)], 0.012, pen.ink)
    pen.line(arc(0.5, 0.07, 0.032, 0.034, -40, 220, 8), 0.014, pen.ink)
    for x in (0.34, 0.42, 0.5, 0.58, 0.66):
        _opening(pen, x, 0.53, 0.59, 0.035)
    for x in (0.29, 0.71):
        _opening(pen, x, 0.68, 0.9, 0.09)
    _opening(pen, 0.5, 0.66, 0.9, 0.17, shade(pen.third, 0.45))


DRAWINGS = {
    "n02793495": barn,
    "n02814860": beacon,
    "n02980441": castle,
    "n03028079": church,
    "n03788195": mosque,
    "n04366367": suspension_bridge,
    "n04486054": triumphal_arch,
}
