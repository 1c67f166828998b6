"""Wheeled vehicles: wheels under a body of straight sheets, windows, lamps."""

from classvec.data.sketches.pen import Colour, Pen, Point, arc, ring, shade

GLASS: Colour = (205, 222, 230)


def wheel(pen: Pen, x: float, y: float, radius: float, spokes: int = 0) -> None:
    """Draws a tyre, a rim and, if there are any, spokes."""
    pen.oval(x, y, radius, radius, pen.ink)
    if not spokes:
        pen.oval(x, y, radius * 0.58, radius * 0.58, (196, 198, 202))
        pen.oval(x, y, radius * 0.2, radius * 0.2, pen.ink)
        return
    pen.oval(x, y, radius * 0.78, radius * 0.78, shade(pen.second, 1.3))
    for tip in arc(x, y, radius * 0.8, radius * 0.8, 10, 370 - 360 / spokes, spokes - 1):
        pen.line([(x, y), tip], 0.012, pen.ink)
    pen.oval(x, y, radius * 0.22, radius * 0.22, pen.ink)


def _window(pen: Pen, points: list[Point]) -> None:
    pen.shape(points, GLASS)
    pen.line([*points, points[0]], 0.012, shade(pen.body, 0.5))


def _lamps(pen: Pen, front: float, back: float, y: float) -> None:
    pen.oval(front, y, 0.022, 0.028, (252, 246, 205))
    pen.box(back - 0.02, y - 0.025, back, y + 0.025, (200, 60, 50))


def model_t(pen: Pen) -> None:
    """Upright cab, flat hood, spoked wheels under curved fenders."""
    dark = shade(pen.body, 0.6)
    roof = pen.vary(0.2, 0.12)
    pen.box(0.44, roof, 0.86, roof + 0.035, dark)
    for x in (0.46, 0.64, 0.83):
        pen.line([(x, roof), (x, 0.5)], 0.022, dark)
    _window(pen, [(0.48, roof + 0.05), (0.62, roof + 0.05), (0.62, 0.46), (0.48, 0.46)])
    _window(pen, [(0.66, roof + 0.05), (0.81, roof + 0.05), (0.81, 0.46), (0.66, 0.46)])
    pen.box(0.44, 0.47, 0.86, 0.7, pen.body)
    pen.shape([(0.2, 0.52), (0.44, 0.48), (0.44, 0.7), (0.2, 0.7)], shade(pen.body, 0.85))
    for x in (0.26, 0.31, 0.36):
        pen.line([(x, 0.55), (x, 0.67)], 0.01, dark)
    pen.box(0.17, 0.51, 0.2, 0.71, (205, 190, 150))
    pen.line([(0.64, 0.47), (0.64, 0.7)], 0.01, dark)
    pen.line([(0.36, 0.71), (0.7, 0.71)], 0.03, dark)
    for x in (0.26, 0.77):
        pen.shape([*arc(x, 0.77, 0.165, 0.19, 190, 350, 9), *arc(x, 0.77, 0.14, 0.15, 350, 190, 9)], dark)
        wheel(pen, x, 0.78, 0.14, 8)
    pen.oval(0.135, 0.56, 0.035, 0.042, (250, 244, 205))


def streetcar(pen: Pen) -> None:
    """A long box with a row of windows, a pole to the wire, small wheels."""
    wire = pen.vary(0.08, 0.4)
    pen.line([(-0.1, wire), (1.1, wire)], 0.01, pen.ink)
    pen.line([(0.5, 0.3), (0.62, wire + 0.01)], 0.016, pen.ink)
    for x in (0.24, 0.34, 0.68, 0.78):
        wheel(pen, x, 0.78, 0.065)
    pen.box(0.08, 0.3, 0.94, 0.75, pen.body)
    pen.box(0.06, 0.27, 0.96, 0.33, shade(pen.body, 0.6))
    pen.box(0.22, 0.23, 0.8, 0.28, shade(pen.body, 0.75))
    pen.box(0.08, 0.57, 0.94, 0.62, pen.second)
    count = pen.rng.randrange(5, 8)
    step = 0.8 / count
    for i in range(count):
        left = 0.115 + i * step
        _window(pen, [(left, 0.36), (left + step * 0.78, 0.36), (left + step * 0.78, 0.53), (left, 0.53)])
    pen.box(0.46, 0.36, 0.54, 0.75, shade(pen.body, 0.7))
    pen.box(0.475, 0.38, 0.525, 0.6, GLASS)
    _lamps(pen, 0.1, 0.94, 0.67)
    pen.line([(-0.1, 0.85), (1.1, 0.85)], 0.014, pen.ink)


def mountain_bike(pen: Pen) -> None:
    """Two large wheels of thin spokes in a frame of tubes."""
    for x in (0.23, 0.77):
        pen.line(ring(x, 0.66, 0.2, 0.2) + ring(x, 0.66, 0.2, 0.2)[:1], 0.036, pen.ink)
        for tip in arc(x, 0.66, 0.19, 0.19, pen.rng.uniform(0, 40), 330, 7):
            pen.line([(x, 0.66), tip], 0.005, (190, 192, 196))
        pen.oval(x, 0.66, 0.025, 0.025, (190, 192, 196))
    hub, crank = (0.77, 0.66), (0.52, 0.68)
    seat, head = (0.6, pen.vary(0.36, 0.06)), (0.3, 0.36)
    pen.line([hub, crank, head, seat, hub], 0.026, pen.body)
    pen.line([crank, seat, (0.615, 0.3)], 0.026, pen.body)
    pen.line([(0.23, 0.66), head, (0.285, 0.27)], 0.028, shade(pen.body, 0.75))
    pen.limb([(0.53, 0.29), (0.7, 0.28)], 0.025, 0.05, pen.ink)
    pen.line([(0.285, 0.27), (0.24, 0.24), (0.19, 0.27)], 0.026, pen.ink)
    pen.oval(*crank, 0.045, 0.045, pen.ink)
    pen.line([(0.47, 0.74), crank, (0.57, 0.62)], 0.018, (160, 162, 168))
    pen.line([(0.43, 0.745), (0.51, 0.745)], 0.022, pen.ink)


def tractor(pen: Pen) -> None:
    """One very large wheel, one small, an open cab and a pipe of exhaust."""
    pen.line([(0.3, 0.5), (0.3, 0.2)], 0.024, pen.ink)
    pen.box(0.12, 0.46, 0.55, 0.66, pen.body)
    pen.box(0.1, 0.47, 0.14, 0.67, shade(pen.body, 0.5))
    for y in (0.51, 0.55, 0.59):
        pen.line([(0.2, y), (0.42, y)], 0.012, shade(pen.body, 0.55))
    roof = pen.vary(0.16, 0.15)
    for x, foot in ((0.5, 0.5), (0.84, 0.54)):
        pen.line([(x, roof), (x, foot)], 0.026, shade(pen.body, 0.6))
    _window(pen, [(0.52, roof + 0.03), (0.82, roof + 0.03), (0.82, 0.47), (0.52, 0.47)])
    pen.box(0.46, roof - 0.02, 0.89, roof + 0.03, pen.body)
    pen.line([(0.56, 0.4), (0.62, 0.46)], 0.02, pen.ink)
    pen.shape(arc(0.7, 0.68, 0.27, 0.27, 190, 350, 9), shade(pen.body, 0.75))
    for x, y in arc(0.7, 0.68, 0.235, 0.235, 0, 342, 17):
        pen.box(x - 0.022, y - 0.022, x + 0.022, y + 0.022, pen.ink)
    wheel(pen, 0.7, 0.68, 0.235)
    pen.oval(0.7, 0.68, 0.14, 0.14, pen.second)
    pen.oval(0.7, 0.68, 0.045, 0.045, pen.ink)
    wheel(pen, 0.22, 0.79, 0.12)
    pen.oval(0.22, 0.79, 0.07, 0.07, pen.second)


def sports_car(pen: Pen) -> None:
    """Low and flat, a sloping windscreen, a spoiler."""
    pen.box(0.86, 0.43, 1.03, 0.46, shade(pen.body, 0.6))
    pen.line([(0.94, 0.45), (0.92, 0.54)], 0.024, shade(pen.body, 0.6))
    roof = pen.vary(0.42, 0.04)
    pen.shape([(0.32, 0.56), (0.5, roof + 0.015), (0.56, roof), (0.66, roof + 0.01), (0.9, 0.53)], shade(pen.body, 0.7))
    _window(pen, [(0.38, 0.55), (0.51, roof + 0.04), (0.57, roof + 0.03), (0.58, 0.55)])
    _window(pen, [(0.61, roof + 0.03), (0.66, roof + 0.04), (0.76, 0.53), (0.61, 0.55)])
    pen.shape(
        [(-0.04, 0.69), (0.0, 0.63), (0.16, 0.57), (0.36, 0.545), (0.88, 0.52), (1.0, 0.53), (1.0, 0.7), (-0.03, 0.73)],
        pen.body,
    )
    pen.shape([(0.06, 0.615), (0.3, 0.565), (0.98, 0.555), (0.98, 0.585), (0.3, 0.6)], pen.second)
    pen.line([(0.6, 0.56), (0.59, 0.7), (0.37, 0.71)], 0.009, shade(pen.body, 0.5))
    pen.line([(0.64, 0.62), (0.72, 0.6)], 0.022, pen.ink)
    for x in (0.17, 0.81):
        pen.oval(x, 0.695, 0.115, 0.115, shade(pen.body, 0.4))
        wheel(pen, x, 0.705, 0.1)
    _lamps(pen, 0.04, 1.0, 0.63)


def pickup(pen: Pen) -> None:
    """A cab in front and an open bed behind."""
    roof = pen.vary(0.28, 0.08)
    pen.shape([(0.22, 0.5), (0.32, roof), (0.56, roof), (0.58, 0.5)], pen.body)
    _window(pen, [(0.27, 0.48), (0.34, roof + 0.035), (0.42, roof + 0.035), (0.42, 0.48)])
    _window(pen, [(0.45, roof + 0.035), (0.54, roof + 0.035), (0.55, 0.48), (0.45, 0.48)])
    pen.shape([(0.02, 0.54), (0.06, 0.5), (0.58, 0.49), (0.58, 0.73), (0.02, 0.73)], pen.body)
    for x in (0.68, 0.8):
        pen.box(x, 0.4, x + 0.1, 0.5, pen.third)
    pen.box(0.6, 0.48, 0.97, 0.73, shade(pen.body, 0.85))
    pen.box(0.6, 0.47, 0.97, 0.51, shade(pen.body, 0.6))
    pen.line([(0.43, 0.5), (0.43, 0.71)], 0.01, shade(pen.body, 0.5))
    pen.line([(0.46, 0.55), (0.51, 0.55)], 0.014, pen.ink)
    pen.box(0.0, 0.68, 0.08, 0.74, (190, 194, 200))
    for x in (0.22, 0.78):
        pen.oval(x, 0.74, 0.13, 0.13, shade(pen.body, 0.4))
        wheel(pen, x, 0.76, 0.115)
    _lamps(pen, 0.05, 0.97, 0.58)


def steam_locomotive(pen: Pen) -> None:
    """A boiler with a chimney and a dome, a cab, coupled wheels, smoke."""
    for i in range(4):
        radius = 0.05 + 0.022 * i
        pen.oval(
            0.2 + 0.11 * i, 0.14 - 0.02 * i + pen.rng.uniform(-0.02, 0.02), radius * 1.2, radius, (206 + 6 * i,) * 3
        )
    pen.shape([(0.16, 0.2), (0.26, 0.2), (0.235, 0.42), (0.185, 0.42)], pen.ink)
    pen.box(0.12, 0.4, 0.68, 0.64, pen.body)
    pen.oval(0.12, 0.52, 0.05, 0.12, shade(pen.body, 0.6))
    for x in (0.3, 0.45, 0.6):
        pen.line([(x, 0.4), (x, 0.64)], 0.014, (205, 185, 120))
    pen.shape([*arc(0.42, 0.41, 0.06, 0.1, 180, 360, 8)], shade(pen.body, 0.7))
    pen.box(0.66, 0.26, 0.94, 0.7, shade(pen.body, 0.85))
    pen.box(0.63, 0.22, 0.97, 0.28, shade(pen.body, 0.5))
    _window(pen, [(0.72, 0.33), (0.88, 0.33), (0.88, 0.48), (0.72, 0.48)])
    pen.box(0.1, 0.64, 0.95, 0.7, pen.ink)
    pen.shape([(0.1, 0.68), (0.14, 0.68), (0.14, 0.88), (0.01, 0.88)], pen.second)
    for x in (0.38, 0.57, 0.76):
        wheel(pen, x, 0.77, 0.105, 8)
    wheel(pen, 0.2, 0.81, 0.065)
    rod = pen.rng.uniform(-0.05, 0.05)
    pen.line([(0.26, 0.74), (0.38, 0.77 + rod), (0.76, 0.77 + rod)], 0.022, (190, 192, 198))
    pen.line([(-0.1, 0.89), (1.1, 0.89)], 0.016, pen.ink)


def trailer_truck(pen: Pen) -> None:
    """A cab that pulls a long box on many wheels."""
    top = pen.vary(0.24, 0.1)
    pen.box(0.33, top, 0.98, 0.7, pen.second)
    for x in (0.45, 0.58, 0.71, 0.84):
        pen.line([(x, top), (x, 0.7)], 0.01, shade(pen.second, 0.75))
    pen.box(0.33, 0.68, 0.98, 0.73, pen.ink)
    pen.shape([(0.05, 0.52), (0.1, 0.34), (0.29, 0.34), (0.29, 0.76), (0.03, 0.76), (0.03, 0.56)], pen.body)
    _window(pen, [(0.085, 0.51), (0.125, 0.38), (0.24, 0.38), (0.24, 0.51)])
    pen.line([(0.305, 0.7), (0.305, 0.24)], 0.022, (196, 198, 204))
    pen.box(0.0, 0.7, 0.1, 0.77, (196, 198, 204))
    pen.line([(0.25, 0.54), (0.25, 0.74)], 0.009, shade(pen.body, 0.5))
    for x in (0.15, 0.42, 0.73, 0.88):
        wheel(pen, x, 0.79, 0.08)
    _lamps(pen, 0.045, 0.98, 0.61)


DRAWINGS = {
    "n03777568": model_t,
    "n03792782": mountain_bike,
    "n03930630": pickup,
    "n04285008": sports_car,
    "n04310018": steam_locomotive,
    "n04335435": streetcar,
    "n04465501": tractor,
    "n04467665": trailer_truck,
}
