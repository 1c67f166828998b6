"""Crafts: hulls that swim and hulls that fly, with sails, decks, wings and portholes."""

from classvec.data.sketches.pen import Pen, Point, arc, ring, shade

GLASS = (210, 226, 234)


def _sea(pen: Pen, y: float) -> None:
    """Draws waves along a waterline."""
    for row in range(3):
        points: list[Point] = []
        for i in range(9):
            points.append((-0.1 + 0.15 * i, y + 0.055 * row + 0.02 * (-1) ** i))
        pen.limb(points, 0.02, 0.02, (214, 226, 232) if row % 2 == 0 else (150, 172, 186))


def _portholes(pen: Pen, left: float, right: float, y: float, count: int, radius: float = 0.013) -> None:
    for i in range(count):
        pen.oval(left + (right - left) * i / (count - 1), y, radius, radius, GLASS)


def schooner(pen: Pen) -> None:
    """Two masts of sails over a curved hull."""
    for mast, top in ((0.4, pen.vary(0.1, 0.3)), (0.66, pen.vary(0.07, 0.3))):
        pen.line([(mast, top), (mast, 0.76)], 0.018, pen.ink)
        pen.shape(
            [(mast + 0.015, top + 0.08), (mast + 0.16, top + 0.15), (mast + 0.2, 0.66), (mast + 0.015, 0.67)],
            pen.second,
        )
        for t in (0.3, 0.6):
            y = top + 0.12 + t * (0.55 - top)
            pen.line([(mast + 0.015, y), (mast + 0.16 + 0.03 * t, y + 0.02)], 0.007, shade(pen.second, 0.75))
    pen.shape([(0.39, 0.16), (0.39, 0.66), (0.16, 0.66)], shade(pen.second, 0.85))
    pen.shape([(0.3, 0.26), (0.24, 0.6), (0.04, 0.68)], shade(pen.second, 0.7))
    pen.line([(0.02, 0.68), (0.2, 0.72)], 0.016, pen.ink)
    pen.shape([(0.1, 0.7), (0.3, 0.74), (0.7, 0.74), (0.93, 0.69), (0.87, 0.84), (0.24, 0.86)], pen.body)
    pen.line([(0.11, 0.715), (0.3, 0.755), (0.7, 0.755), (0.92, 0.705)], 0.014, shade(pen.body, 1.6))
    _sea(pen, 0.85)


def container_ship(pen: Pen) -> None:
    """Stacks of boxes on a long hull, a bridge at the stern."""
    for column in range(6):
        for row in range(pen.rng.randrange(2, 5)):
            fill = (pen.second, pen.third, shade(pen.body, 0.8), shade(pen.second, 0.7))[(column * 2 + row) % 4]
            left, top = 0.17 + 0.095 * column, 0.53 - 0.075 * row
            pen.box(left, top, left + 0.088, top + 0.068, fill)
            pen.line([(left + 0.044, top), (left + 0.044, top + 0.068)], 0.006, shade(fill, 0.7))
    pen.box(0.76, 0.28, 0.89, 0.62, (232, 234, 236))
    pen.box(0.74, 0.25, 0.91, 0.31, (214, 216, 220))
    for y in (0.35, 0.42, 0.49):
        _portholes(pen, 0.785, 0.865, y, 4, 0.011)
    pen.box(0.9, 0.35, 0.95, 0.6, shade(pen.third, 0.8))
    pen.shape([(0.01, 0.57), (0.14, 0.6), (0.97, 0.6), (0.94, 0.82), (0.1, 0.82)], pen.body)
    pen.shape([(0.07, 0.74), (0.955, 0.74), (0.94, 0.84), (0.1, 0.84)], shade(pen.body, 0.5))
    pen.line([(0.02, 0.585), (0.14, 0.615), (0.97, 0.615)], 0.012, shade(pen.body, 1.5))
    _sea(pen, 0.83)


def submarine(pen: Pen) -> None:
    """A cigar with a tower, a periscope, fins and a screw."""
    high = pen.vary(0.14, 0.3)
    pen.line([(0.46, 0.4), (0.46, high), (0.4, high)], 0.022, pen.ink)
    pen.line([(0.52, 0.4), (0.52, high + 0.08)], 0.014, pen.ink)
    pen.shape([(0.36, 0.5), (0.39, 0.3), (0.58, 0.3), (0.62, 0.5)], shade(pen.body, 0.8))
    pen.box(0.32, 0.37, 0.66, 0.4, shade(pen.body, 0.55))
    pen.shape([(0.84, 0.54), (0.95, 0.38), (0.97, 0.38), (0.95, 0.74), (0.84, 0.6)], shade(pen.body, 0.6))
    for dy in (-0.07, 0.07):
        pen.oval(0.985, 0.56 + dy, 0.016, 0.06, (190, 180, 130))
    pen.shape(
        [*arc(0.2, 0.57, 0.18, 0.135, 90, 270, 9), (0.7, 0.435), (0.96, 0.545), (0.96, 0.58), (0.7, 0.705)], pen.body
    )
    pen.shape([(0.04, 0.6), (0.88, 0.6), (0.7, 0.705), (0.2, 0.705)], shade(pen.body, 0.65))
    _portholes(pen, 0.16, 0.66, 0.53, 5, 0.026)
    pen.line([(0.1, 0.49), (0.7, 0.46)], 0.01, shade(pen.body, 1.5))
    _sea(pen, 0.82)


def gondola(pen: Pen) -> None:
    """A thin hull with high curved ends, and a standing oar."""
    pen.line([(0.74, 0.34), (0.97, 0.86)], 0.02, (150, 110, 70))
    outer = [
        (0.03, 0.3), (0.08, 0.32), (0.14, 0.6), (0.32, 0.71), (0.66, 0.71), (0.86, 0.58), (0.94, 0.34), (0.98, 0.36),
    ]  # fmt: skip
    inner = [(0.9, 0.68), (0.72, 0.82), (0.3, 0.82), (0.1, 0.68)]
    pen.shape([*outer, *inner], pen.body)
    pen.line([(0.08, 0.36), (0.13, 0.61), (0.32, 0.72), (0.66, 0.72), (0.87, 0.59)], 0.014, shade(pen.second, 1.3))
    for y in (0.34, 0.39, 0.44):
        pen.line([(0.025, y), (0.075, y + 0.005)], 0.016, (206, 208, 214))
    pen.box(0.42, pen.vary(0.55, 0.06), 0.58, 0.72, pen.second)
    pen.shape(arc(0.5, 0.57, 0.1, 0.09, 180, 360, 7), shade(pen.second, 0.7))
    pen.box(0.33, 0.64, 0.4, 0.71, pen.third)
    _sea(pen, 0.82)


def airliner(pen: Pen) -> None:
    """A tube with a row of windows, swept wings, engines, a tall tail."""
    pen.shape([(0.44, 0.47), (0.62, 0.47), (0.74, 0.24), (0.69, 0.24)], shade(pen.body, 0.6))
    pen.shape([(0.78, 0.46), (0.92, pen.vary(0.17, 0.15)), (0.99, 0.17), (0.95, 0.47)], pen.second)
    pen.shape(
        [*arc(0.16, 0.5, 0.14, 0.075, 90, 270, 9), (0.72, 0.425), (0.97, 0.44), (0.97, 0.47), (0.74, 0.575)], pen.body
    )
    pen.shape([(0.04, 0.53), (0.9, 0.51), (0.74, 0.575), (0.16, 0.575)], shade(pen.body, 0.7))
    pen.shape([(0.055, 0.47), (0.1, 0.44), (0.13, 0.47)], GLASS)
    _portholes(pen, 0.19, 0.76, 0.478, 13, 0.011)
    pen.line([(0.04, 0.515), (0.94, 0.49)], 0.012, pen.second)
    pen.shape([(0.84, 0.49), (0.96, 0.59), (0.99, 0.58), (0.94, 0.48)], shade(pen.body, 0.55))
    for x, y in ((0.4, 0.6), (0.51, 0.69)):
        pen.shape(
            [*arc(x, y + 0.02, 0.025, 0.035, 90, 270, 5), (x + 0.1, y - 0.005), (x + 0.1, y + 0.045)],
            shade(pen.second, 0.8),
        )
    pen.shape([(0.36, 0.53), (0.55, 0.53), (0.76, 0.8), (0.71, 0.81)], shade(pen.body, 0.8))
    pen.line([(0.36, 0.53), (0.71, 0.81)], 0.012, shade(pen.body, 1.5))


def airship(pen: Pen) -> None:
    """A long balloon with seams and tail fins, a cabin below."""
    low = shade(pen.body, 0.55)
    for y in (0.22, 0.62):
        pen.shape([(0.76, 0.42), (0.86, y), (0.97, y), (0.94, 0.43)], pen.second)
    fat = pen.vary(0.19, 0.1)
    pen.shape(ring(0.48, 0.42, 0.45, fat), pen.body)
    for share in (-0.66, -0.33, 0.0, 0.33, 0.66):
        pen.line(arc(0.48, 0.42, 0.45, fat * abs(share), 180, 180 + (180 if share < 0 else -180), 12), 0.009, low)
    pen.shape([(0.78, 0.41), (0.98, 0.38), (0.98, 0.46), (0.78, 0.44)], shade(pen.second, 0.7))
    pen.shape([(0.34, 0.42 + fat * 0.93), (0.6, 0.42 + fat * 0.93), (0.56, 0.49 + fat), (0.38, 0.49 + fat)], low)
    _portholes(pen, 0.4, 0.54, 0.45 + fat, 4, 0.014)
    for x in (0.3, 0.66):
        pen.line([(x, 0.42 + fat * 0.9), (x, 0.47 + fat)], 0.012, pen.ink)
        pen.oval(x, 0.475 + fat, 0.03, 0.014, pen.ink)


def balloon(pen: Pen) -> None:
    """A globe of coloured gores with a basket on ropes."""
    width = pen.vary(0.31, 0.08)
    for x in (-0.07, -0.02, 0.03, 0.07):
        pen.line([(0.5 + x * 2.2, 0.6), (0.5 + x, 0.83)], 0.008, pen.ink)
    gores = (1.0, 0.72, 0.42, 0.14)
    for i, share in enumerate(gores):
        outline = [
            *arc(0.5, 0.35, width * share, 0.3, 180, 360, 12), (0.5 + 0.09 * share, 0.72), (0.5 - 0.09 * share, 0.72),
        ]  # fmt: skip
        pen.shape(outline, (pen.body, pen.second)[i % 2])
    pen.box(0.42, 0.69, 0.58, 0.725, shade(pen.body, 0.5))
    pen.box(0.425, 0.82, 0.575, 0.94, shade(pen.third, 0.7))
    for y in (0.85, 0.88, 0.91):
        pen.line([(0.425, y), (0.575, y)], 0.008, shade(pen.third, 0.4))
    pen.box(0.41, 0.81, 0.59, 0.835, shade(pen.third, 0.45))


DRAWINGS = {
    "n02690373": airliner,
    "n02692877": airship,
    "n02782093": balloon,
    "n03095699": container_ship,
    "n03447447": gondola,
    "n04147183": schooner,
    "n04347754": submarine,
}
