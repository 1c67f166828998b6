"""Fish: fins with rays, gills, a tail that drives, scales."""

from classvec.data.sketches.pen import Pen, Point, arc, shade
from classvec.data.sketches.vertebrates import fin


def _face(pen: Pen, x: float, y: float, eye: float, gill: float) -> None:
    """Draws eye, mouth and the edge of the gills, of a fish whose snout is at (x, y)."""
    pen.line(arc(x + 0.13, y, 0.05, gill, -70, 70, 6), 0.012, shade(pen.body, 0.5))
    pen.line([(x + 0.005, y + 0.025), (x + 0.06, y + 0.045)], 0.012, pen.ink)
    pen.eye(x + 0.085, y - 0.03, eye)


def _scales(pen: Pen, x: float, y: float, columns: int, rows: int) -> None:
    for i in range(columns):
        for j in range(rows):
            cx, cy = x + 0.07 * i, y + 0.065 * (j - (rows - 1) / 2) + 0.03 * (i % 2)
            pen.line(arc(cx, cy, 0.03, 0.035, -80, 80, 4), 0.007, shade(pen.body, 0.65))


def goldfish(pen: Pen) -> None:
    """Round, with long flowing fins and a veil of a tail."""
    veil = shade(pen.body, 0.82)
    sway = pen.rng.uniform(-0.07, 0.07)
    fin(
        pen,
        [(0.62, 0.5), (0.86, 0.2 + sway), (0.98, 0.34 + sway), (0.86, 0.5), (0.98, 0.7 + sway), (0.86, 0.84 + sway),
         (0.66, 0.55)],
        veil,
    )  # fmt: skip
    fin(pen, [(0.36, 0.36), (0.36, 0.2), (0.5, 0.13), (0.64, 0.25), (0.6, 0.4)], veil)
    fin(pen, [(0.48, 0.66), (0.46, 0.84), (0.58, 0.86), (0.6, 0.62)], veil)
    pen.blob(
        [(0.1, 0.5), (0.22, 0.36), (0.42, pen.vary(0.29, 0.1)), (0.62, 0.43), (0.7, 0.5), (0.62, 0.58), (0.42, 0.71),
         (0.22, 0.64)],
        pen.body,
    )  # fmt: skip
    pen.oval(0.36, 0.62, 0.17, 0.055, shade(pen.body, 1.3), 6)
    _scales(pen, 0.32, 0.48, 5, 3)
    fin(pen, [(0.3, 0.56), (0.38, 0.7), (0.46, 0.62)], veil)
    _face(pen, 0.1, 0.49, 0.034, 0.1)


def great_white_shark(pen: Pen) -> None:
    """A spindle with a triangle on its back, gill slits and rows of teeth."""
    low = shade(pen.body, 0.72)
    pen.shape([(0.84, 0.46), (0.98, 0.22), (0.93, 0.48), (0.96, 0.66), (0.84, 0.52)], low)
    tip = pen.vary(0.2, 0.2)
    pen.blob([(0.42, 0.42), (0.5, tip + 0.1), (0.57, tip), (0.56, tip + 0.14), (0.6, 0.43)], low)
    pen.blob(
        [(0.02, 0.45), (0.16, 0.37), (0.42, 0.35), (0.66, 0.42), (0.9, 0.48), (0.66, 0.56), (0.42, 0.62), (0.2, 0.6),
         (0.08, 0.53)],
        pen.body,
    )  # fmt: skip
    pen.blob(
        [(0.08, 0.53), (0.2, 0.53), (0.45, 0.55), (0.7, 0.53), (0.6, 0.58), (0.42, 0.62), (0.2, 0.6)],
        shade(pen.body, 1.75),
    )
    pen.blob([(0.36, 0.55), (0.44, 0.56), (0.5, 0.7), (0.52, 0.8), (0.44, 0.74)], low)
    pen.shape([(0.7, 0.54), (0.76, 0.62), (0.75, 0.53)], low)
    pen.shape([(0.7, 0.43), (0.77, 0.37), (0.76, 0.45)], low)
    for i in range(4):
        pen.line(arc(0.28 + 0.026 * i, 0.49, 0.012, 0.055, -80, 80, 4), 0.009, pen.ink)
    pen.shape([(0.06, 0.52), (0.2, 0.54), (0.17, 0.6), (0.11, 0.585)], pen.ink)
    for i in range(4):
        x = 0.075 + 0.028 * i
        pen.shape(
            [(x, 0.522 + 0.15 * (x - 0.06)), (x + 0.022, 0.525 + 0.15 * (x - 0.06)), (x + 0.011, 0.56)], (246, 244, 232)
        )
    pen.eye(0.135, 0.445, 0.019)


def electric_ray(pen: Pen) -> None:
    """A disc seen from above, two small eyes, a short tail with fins."""
    sway, width = pen.rng.uniform(-0.1, 0.1), pen.vary(0.44, 0.06)
    fin(
        pen,
        [(0.5 + sway * 0.9, 0.84), (0.63 + sway, 0.97), (0.5 + sway, 0.94), (0.37 + sway, 0.98)],
        shade(pen.body, 0.7),
    )
    for side in (-1, 1):
        fin(pen, [(0.5, 0.6), (0.5 + side * 0.2, 0.66), (0.5 + side * 0.13, 0.76)], shade(pen.body, 0.75))
    pen.limb([(0.5, 0.56), (0.5 + sway * 0.4, 0.72), (0.5 + sway, 0.94)], 0.15, 0.02, pen.body)
    left = [(0.5 - width * 0.45, 0.14), (0.5 - width * 0.9, 0.3), (0.5 - width, 0.42), (0.5 - width * 0.6, 0.56)]
    pen.blob([(0.5, 0.1), *left, (0.5, 0.66), *[(1 - x, y) for x, y in left[::-1]]], pen.body)
    for side in (-1, 1):
        pen.line(
            arc(0.5 + side * width * 0.3, 0.4, width * 0.45, 0.18, 90 - 90 * side - 50, 90 - 90 * side + 50, 6),
            0.012,
            shade(pen.body, 0.68),
        )
    for x, y, radius in (
        (0.35, 0.44, 0.06),
        (0.65, 0.44, 0.06),
        (0.5, 0.53, 0.05),
        (0.42, 0.3, 0.03),
        (0.58, 0.3, 0.03),
    ):
        pen.oval(x, y, radius, radius, pen.second)
        pen.oval(x, y, radius * 0.55, radius * 0.55, shade(pen.body, 0.6))
    for side in (-1, 1):
        pen.oval(0.5 + side * 0.07, 0.19, 0.035, 0.03, shade(pen.body, 1.2))
        pen.eye(0.5 + side * 0.07, 0.185, 0.023)


def puffer(pen: Pen) -> None:
    """A ball of spines with small fins and a round mouth."""
    fin(pen, [(0.8, 0.5), (0.96, 0.38), (0.97, 0.62)], shade(pen.body, 0.75))
    fin(pen, [(0.7, 0.28), (0.82, 0.14), (0.86, 0.28)], shade(pen.body, 0.75))
    radius = pen.vary(0.34, 0.06)
    for x, y in arc(0.48, 0.51, 1, 1, 0, 342, 19):
        dx, dy = (x - 0.48) * radius, (y - 0.51) * radius
        pen.shape(
            [(0.48 + dx - dy * 0.1, 0.51 + dy + dx * 0.1), (0.48 + dx * 1.28, 0.51 + dy * 1.28),
             (0.48 + dx + dy * 0.1, 0.51 + dy - dx * 0.1)],
            shade(pen.body, 0.7),
        )  # fmt: skip
    pen.oval(0.48, 0.51, radius, radius, pen.body)
    pen.oval(0.45, 0.66, radius * 0.8, radius * 0.52, shade(pen.body, 1.6))
    for _ in range(12):
        x, y = 0.5 + pen.rng.uniform(-0.2, 0.25), 0.5 + pen.rng.uniform(-0.25, 0.1)
        pen.shape([(x - 0.014, y), (x + 0.014, y), (x + 0.02, y - 0.06)], shade(pen.body, 0.6))
    fin(pen, [(0.5, 0.56), (0.64, 0.48), (0.68, 0.58), (0.6, 0.66)], shade(pen.body, 0.7))
    pen.oval(0.155, 0.54, 0.05, 0.06, shade(pen.body, 0.8))
    pen.oval(0.135, 0.54, 0.02, 0.03, pen.ink)
    pen.eye(0.27, 0.42, 0.055)


def eel(pen: Pen) -> None:
    """A snake of a body with one fin along all of its back."""
    sway = pen.rng.uniform(-0.05, 0.05)
    path: list[Point] = [
        (0.16, 0.4), (0.3, 0.5 + sway), (0.42, 0.66), (0.58, 0.68 + sway), (0.68, 0.52), (0.78, 0.36 - sway),
        (0.96, 0.4),
    ]  # fmt: skip
    pen.limb([(x + 0.01, y - 0.07) for x, y in path], 0.12, 0.07, shade(pen.second, 0.8))
    pen.limb(path, 0.19, 0.03, pen.body)
    pen.limb([(x - 0.005, y + 0.04) for x, y in path[:5]], 0.05, 0.02, shade(pen.body, 1.45))
    pen.oval(0.13, 0.375, 0.115, 0.095, pen.body, 28)
    fin(pen, [(0.22, 0.46), (0.3, 0.56), (0.22, 0.58)], shade(pen.second, 0.7))
    _face(pen, 0.03, 0.355, 0.026, 0.07)


def anemone_fish(pen: Pen) -> None:
    """Three pale bands with dark edges, round fins."""
    edge = shade(pen.body, 0.6)
    fin(pen, [(0.74, 0.5), (0.9, 0.32), (0.97, 0.5), (0.9, 0.68)], edge)
    fin(pen, [(0.48, 0.34), (0.36, 0.2), (0.56, 0.16), (0.72, 0.28), (0.66, 0.42)], edge)
    fin(pen, [(0.5, 0.66), (0.44, 0.8), (0.6, 0.82), (0.66, 0.6)], edge)
    tall = pen.vary(0.2, 0.1)
    pen.blob(
        [(0.08, 0.5), (0.2, 0.5 - tall * 0.8), (0.42, 0.5 - tall), (0.66, 0.42), (0.8, 0.47), (0.8, 0.53), (0.66, 0.58),
         (0.42, 0.5 + tall), (0.2, 0.5 + tall * 0.8)],
        pen.body,
    )  # fmt: skip
    for x, half, width in ((0.29, tall * 0.95, 0.075), (0.52, tall * 0.82, 0.085), (0.74, 0.055, 0.05)):
        for grow, fill in ((0.03, pen.ink), (0.0, (243, 243, 238))):
            pen.limb([(x, 0.5 - half), (x + 0.03, 0.5), (x, 0.5 + half)], width + grow, width + grow, fill)
    fin(pen, [(0.38, 0.53), (0.46, 0.63), (0.5, 0.52)], edge)
    _face(pen, 0.07, 0.5, 0.032, 0.0)


DRAWINGS = {
    "n01443537": goldfish,
    "n01484850": great_white_shark,
    "n01496331": electric_ray,
    "n02526121": eel,
    "n02607072": anemone_fish,
    "n02655020": puffer,
}
