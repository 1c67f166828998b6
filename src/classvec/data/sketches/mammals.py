"""Mammals: four legs, ears, a muzzle, fur; each with proportions and marks of its own."""

from classvec.data.sketches.pen import Pen, arc, shade
from classvec.data.sketches.vertebrates import Quadruped, quadruped, spots, stripes


def african_elephant(pen: Pen) -> None:
    """Trunk, tusk, great ears, columns of legs."""
    build = Quadruped(
        length=pen.vary(0.27), girth=pen.vary(0.2, 0.06), leg=0.22, shank=0.11, reach=(-0.1, -0.08), nape=0.2,
        head=(0.12, 0.13), muzzle=0.0, ear=(0.01, 0.01), brush=0.02,
    )  # fmt: skip
    quadruped(pen, build)
    x, y = build.face
    curl = pen.rng.uniform(-0.06, 0.08)
    pen.limb(
        [(x - 0.07, y + 0.05), (x - 0.14, y + 0.2), (x - 0.12, y + 0.36), (x - 0.17 - curl, y + 0.42)],
        0.1,
        0.04,
        pen.body,
    )
    pen.limb([(x - 0.05, y + 0.1), (x - 0.12, y + 0.19), (x - 0.2, y + 0.17)], 0.03, 0.012, (240, 236, 220))
    ear = [(x + 0.03, y - 0.11), (x + 0.16, y - 0.13), (x + 0.21, y), (x + 0.15, y + 0.16), (x + 0.05, y + 0.12)]
    pen.blob(ear, shade(pen.body, 0.62))
    pen.blob([(px * 0.86 + (x + 0.1) * 0.14, py * 0.86 + y * 0.14) for px, py in ear], shade(pen.body, 0.82))


def zebra(pen: Pen) -> None:
    """A horse with stripes and an upright mane."""
    build = Quadruped(
        length=pen.vary(0.24), girth=0.12, leg=pen.vary(0.28), shank=0.05, reach=(-0.13, -0.21), muzzle=0.1,
        head=(0.075, 0.06),
    )  # fmt: skip
    quadruped(pen, build)
    (x, y), (fx, fy) = build.trunk, build.face
    stripes(pen, x, y, build.length * 1.12, build.girth, 9, pen.second)
    sx, sy = build.shoulder
    pen.limb([(sx + 0.07, sy - 0.09), (fx + 0.09, fy + 0.02), (fx + 0.02, fy - 0.08)], 0.04, 0.03, pen.second)
    for t in (0.15, 0.4, 0.65):
        nx, ny = sx + (fx - sx) * t, sy + (fy - sy) * t
        pen.limb([(nx - 0.05, ny + 0.01), (nx + 0.05, ny + 0.05)], 0.022, 0.018, pen.second)
    for hip in (-0.74, 0.74):
        for step in (0.35, 0.6):
            px, py = x + build.length * hip, 0.92 - build.leg * (1 - step)
            pen.line([(px - 0.035, py), (px + 0.035, py + 0.01)], 0.016, pen.second)


def giraffe(pen: Pen) -> None:
    """A very long neck, horns, patches."""
    build = Quadruped(
        length=0.18, girth=0.1, leg=pen.vary(0.33, 0.06), shank=0.042, reach=(-0.16, pen.vary(-0.4, 0.08)), nape=0.085,
        head=(0.06, 0.045), muzzle=0.07, ear=(0.03, 0.04), tail=((0, 0), (0.05, 0.08), (0.05, 0.2)), brush=0.018,
    )  # fmt: skip
    quadruped(pen, build)
    (x, y), (fx, fy), (sx, sy) = build.trunk, build.face, build.shoulder
    spots(pen, x, y, build.length, build.girth, 16, pen.second, 0.022)
    for t in (0.1, 0.25, 0.4, 0.55, 0.7, 0.85):
        pen.oval(sx + (fx - sx) * t + pen.rng.uniform(-0.02, 0.02), sy + (fy - sy) * t, 0.018, 0.022, pen.second)
    for dx in (-0.01, 0.03):
        pen.line([(fx + dx, fy - 0.03), (fx + dx + 0.01, fy - 0.09)], 0.014, pen.second)


def tiger(pen: Pen) -> None:
    """A cat: low and long, round head, short muzzle, stripes, long tail."""
    build = Quadruped(
        length=pen.vary(0.27), girth=0.115, leg=0.17, shank=0.075, reach=(-0.11, -0.07), nape=0.13, head=(0.105, 0.1),
        muzzle=0.015, ear=(0.07, 0.06), tail=((0, 0), (0.09, -0.02), (0.13, -0.18), (0.08, -0.28)), brush=0.042,
    )  # fmt: skip
    quadruped(pen, build)
    (x, y), (fx, fy) = build.trunk, build.face
    stripes(pen, x + 0.04, y, build.length * 1.1, build.girth, 8, pen.second, 0.026)
    for dy in (-0.085, -0.055):
        pen.line([(fx - 0.035, fy + dy), (fx + 0.05, fy + dy - 0.005)], 0.012, pen.second)
    for dy in (0.0, 0.04):
        pen.line([(fx + 0.05, fy + dy), (fx + 0.105, fy + dy + 0.012)], 0.014, pen.second)
    _whiskers(pen, fx - 0.08, fy + 0.05)


def lion(pen: Pen) -> None:
    """A cat with a mane and a tassel on its tail."""
    tail = ((0.0, 0.0), (0.08, 0.0), (0.13, 0.1), (0.12, 0.22))
    build = Quadruped(
        length=pen.vary(0.25), girth=0.12, leg=0.2, shank=0.07, reach=(-0.1, -0.12), nape=0.13, head=(0.1, 0.095),
        muzzle=0.02, ear=(0.06, 0.05), tail=tail, brush=0.028,
    )  # fmt: skip
    x, y = build.trunk
    fx, fy = build.face
    pen.oval(x + build.length * 0.9 + 0.12, y + 0.19, 0.03, 0.045, pen.second)
    mane = [
        (fx + 0.05 + px * pen.vary(0.2, 0.1), fy + 0.03 + py * pen.vary(0.21, 0.1))
        for px, py in arc(0, 0, 1, 1, 0, 336, 14)
    ]
    quadruped(pen, build)
    pen.blob(mane, pen.second)
    pen.oval(fx, fy, 0.1, 0.1, pen.body)
    for dx in (-0.06, 0.08):
        pen.oval(fx + dx, fy - 0.1, 0.03, 0.032, pen.body)
    pen.oval(fx - 0.055, fy + 0.05, 0.055, 0.042, shade(pen.body, 1.25))
    pen.oval(fx - 0.085, fy + 0.028, 0.022, 0.016, pen.ink)
    pen.eye(fx - 0.055, fy - 0.03, 0.018)
    pen.eye(fx + 0.035, fy - 0.03, 0.018)
    _whiskers(pen, fx - 0.06, fy + 0.06)


def hog(pen: Pen) -> None:
    """Round, short legs, a snout with two nostrils, a curly tail."""
    build = Quadruped(
        length=pen.vary(0.27), girth=pen.vary(0.18, 0.06), leg=0.13, shank=0.065, reach=(-0.11, -0.03), nape=0.2,
        head=(0.12, 0.115), muzzle=0.06, ear=(0.075, 0.09),
        tail=((0, 0), (0.06, -0.04), (0.08, 0.02), (0.04, 0.01), (0.06, -0.05), (0.11, -0.04)), brush=0.02,
    )  # fmt: skip
    quadruped(pen, build)
    x, y = build.face
    pen.oval(x - 0.155, y + 0.055, 0.034, 0.055, shade(pen.body, 1.3))
    for dy in (-0.018, 0.022):
        pen.oval(x - 0.162, y + 0.055 + dy, 0.01, 0.012, pen.ink)


def wood_rabbit(pen: Pen) -> None:
    """Sits: round body, high haunch, long ears, a tuft for a tail."""
    pen.oval(0.79, 0.72, 0.06, 0.06, shade(pen.body, 1.6))
    pen.oval(0.57, 0.68, pen.vary(0.23), 0.2, pen.body)
    pen.oval(0.65, 0.73, 0.15, 0.15, shade(pen.body, 0.88))
    pen.limb([(0.4, 0.74), (0.38, 0.88), (0.33, 0.9)], 0.08, 0.05, pen.body)
    pen.limb([(0.74, 0.88), (0.55, 0.9)], 0.07, 0.06, shade(pen.body, 0.8))
    for dx, fill in ((0.06, shade(pen.body, 0.75)), (0.0, pen.body)):
        tip = (0.43 + dx * 2 + pen.rng.uniform(-0.04, 0.04), pen.vary(0.1, 0.3))
        pen.limb([(0.35 + dx, 0.42), (0.38 + dx * 1.6, 0.26), tip], 0.075, 0.04, fill)
        pen.limb([(0.36 + dx, 0.38), (0.385 + dx * 1.6, 0.26), tip], 0.035, 0.015, shade(pen.third, 1.3))
    pen.oval(0.34, 0.47, 0.125, 0.1, pen.body, turn=-12)
    pen.oval(0.265, 0.5, 0.06, 0.05, shade(pen.body, 1.2))
    pen.oval(0.215, 0.48, 0.017, 0.014, pen.ink)
    pen.eye(0.31, 0.445, 0.024)
    _whiskers(pen, 0.25, 0.51)


def arabian_camel(pen: Pen) -> None:
    """One hump, a neck that dips and rises, long legs."""
    build = Quadruped(
        length=0.22, girth=0.11, leg=pen.vary(0.3, 0.08), shank=0.05, reach=(-0.2, -0.2), nape=0.01, head=(0.075, 0.05),
        muzzle=0.07, ear=(0.025, 0.035), tail=((0, 0), (0.04, 0.08), (0.04, 0.18)), brush=0.02,
    )  # fmt: skip
    (x, y), (fx, fy), (sx, sy) = build.trunk, build.face, build.shoulder
    top = y - pen.vary(0.25, 0.08)
    pen.blob(
        [(x - 0.15, y - 0.04), (x - 0.05, top + 0.04), (x + 0.01, top), (x + 0.07, top + 0.04), (x + 0.16, y - 0.04)],
        pen.body,
    )
    pen.limb(
        [(sx + 0.03, sy + 0.01), (sx - 0.09, sy + 0.05), (sx - 0.16, sy - 0.05), (fx + 0.02, fy)], 0.12, 0.065, pen.body
    )
    quadruped(pen, build)
    pen.limb(
        [(x - 0.04, top + 0.05), (x + 0.01, top + 0.015), (x + 0.06, top + 0.05)], 0.03, 0.03, shade(pen.body, 0.72)
    )


def ram(pen: Pen) -> None:
    """A fleece of curls, and a horn that winds around the ear."""
    build = Quadruped(
        length=pen.vary(0.23), girth=0.15, leg=0.19, shank=0.05, reach=(-0.1, -0.12), nape=0.12, head=(0.085, 0.075),
        muzzle=0.07, ear=(0.03, -0.03), tail=((0, 0), (0.04, 0.06)), brush=0.06,
    )  # fmt: skip
    quadruped(pen, build)
    (x, y), (fx, fy) = build.trunk, build.face
    for px, py in arc(x, y, build.length * 1.02, build.girth * 0.95, 0, 345, 16):
        pen.oval(px, py, 0.055, 0.055, pen.body)
    for _ in range(14):
        px, py = x + pen.rng.uniform(-0.2, 0.2), y + pen.rng.uniform(-0.1, 0.1)
        pen.line(arc(px, py, 0.03, 0.03, 180, 400, 5), 0.01, shade(pen.body, 0.7))
    curl = [
        (fx, fy - 0.07), (fx + 0.1, fy - 0.1), (fx + 0.15, fy), (fx + 0.08, fy + 0.09), (fx + 0.01, fy + 0.05),
        (fx + 0.06, fy),
    ]  # fmt: skip
    pen.limb(curl, 0.075, 0.02, pen.second)


def _whiskers(pen: Pen, x: float, y: float) -> None:
    for dy in (-0.02, 0.01, 0.04):
        pen.line([(x, y), (x - 0.1, y + dy)], 0.005, pen.ink)
        pen.line([(x + 0.03, y), (x + 0.12, y + dy + 0.01)], 0.005, pen.ink)


DRAWINGS = {
    "n02129165": lion,
    "n02129604": tiger,
    "n02325366": wood_rabbit,
    "n02391049": zebra,
    "n02395406": hog,
    "n02412080": ram,
    "n02437312": arabian_camel,
    "n02439033": giraffe,
    "n02504458": african_elephant,
}
