"""Parts that animals share: legs under a trunk, ears and muzzles, beaks and wings, fins and tails."""

from dataclasses import dataclass, field

from classvec.data.sketches.pen import Colour, Pen, Point, shade


@dataclass(frozen=True)
class Quadruped:
    """Proportions of an animal on four legs that looks to the left, in units of the picture.

    Attributes:
        length: Half the length of the trunk.
        girth: Half its height.
        leg: Length of the legs below the trunk.
        shank: Width of a leg.
        reach: Where the head is, seen from the shoulder.
        nape: Width of the neck.
        head: Half width and half height of the head.
        muzzle: How far the muzzle stands out.
        ear: Width and height of an ear; height below zero hangs.
        tail: Points of the tail, seen from the rump.
        brush: Width of the tail at its root.
    """

    length: float = 0.25
    girth: float = 0.13
    leg: float = 0.24
    shank: float = 0.06
    reach: Point = (-0.12, -0.16)
    nape: float = 0.12
    head: Point = (0.085, 0.07)
    muzzle: float = 0.07
    ear: Point = (0.04, 0.07)
    tail: tuple[Point, ...] = field(default=((0.0, 0.0), (0.08, 0.06), (0.1, 0.2)))
    brush: float = 0.035

    @property
    def trunk(self) -> Point:
        """Centre of the trunk, with the feet at the bottom of the picture."""
        return 0.56, 0.92 - self.leg - self.girth

    @property
    def shoulder(self) -> Point:
        """Where the neck begins."""
        return self.trunk[0] - self.length * 0.72, self.trunk[1] - self.girth * 0.2

    @property
    def face(self) -> Point:
        """Centre of the head."""
        return self.shoulder[0] + self.reach[0], self.shoulder[1] + self.reach[1]


def quadruped(pen: Pen, build: Quadruped) -> None:
    """Draws trunk, legs, neck, head, muzzle, ears, tail and eye."""
    x, y = build.trunk
    far = shade(pen.body, 0.7)
    _legs(pen, build, far, 0.09)
    rump = (x + build.length * 0.9, y - build.girth * 0.4)
    pen.limb([(rump[0] + dx, rump[1] + dy) for dx, dy in build.tail], build.brush, build.brush * 0.5, pen.body)
    pen.oval(x, y, build.length, build.girth, pen.body)
    pen.oval(x - build.length * 0.6, y, build.girth * 0.98, build.girth * 0.98, pen.body)
    pen.oval(x + build.length * 0.62, y - 0.005, build.girth * 0.95, build.girth, pen.body)
    _legs(pen, build, pen.body, 0.0)
    sx, sy = build.shoulder
    pen.limb([(sx + 0.02, sy), build.face], build.nape * 1.35, build.nape * 0.8, pen.body)
    _head(pen, build)


def _legs(pen: Pen, build: Quadruped, fill: Colour, offset: float) -> None:
    x, y = build.trunk
    top = y + build.girth * 0.3
    for hip, bend in ((-build.length * 0.74, -1), (build.length * 0.74, 1)):
        swing = pen.rng.uniform(-0.03, 0.03) + offset
        knee, foot = (x + hip + 0.012 * bend + swing * 0.6, 0.92 - build.leg * 0.5), (x + hip + swing, 0.92)
        pen.limb([(x + hip, top), knee, foot], build.shank * 1.7, build.shank * 0.8, fill)
        pen.oval(foot[0] - 0.012, foot[1], build.shank * 0.62, build.shank * 0.35, shade(fill, 0.6))


def _head(pen: Pen, build: Quadruped) -> None:
    x, y = build.face
    w, h = build.head
    ear_w, ear_h = build.ear
    for dx, fill in ((0.5, shade(pen.body, 0.7)), (0.15, pen.body)):
        pen.oval(
            x + w * dx, y - h * 0.7 - ear_h * 0.4, ear_w * 0.5, abs(ear_h) * 0.6, fill, turn=18 if ear_h > 0 else -12
        )
    pen.oval(x + w * 0.15, y - h * 0.7 - ear_h * 0.4, ear_w * 0.25, abs(ear_h) * 0.4, shade(pen.body, 0.55), turn=18)
    pen.limb([(x, y), (x - w * 0.4 - build.muzzle, y + h * 0.35 + build.muzzle * 0.35)], h * 1.5, h * 0.95, pen.body)
    pen.oval(x, y, w, h, pen.body)
    nose = (x - w * 0.55 - build.muzzle - h * 0.2, y + h * 0.25 + build.muzzle * 0.35)
    pen.oval(*nose, h * 0.26, h * 0.2, pen.ink)
    pen.line([(nose[0], nose[1] + h * 0.5), (x - w * 0.45, y + h * 0.62)], 0.008, pen.ink)
    pen.eye(x - w * 0.3, y - h * 0.22, 0.02)


def stripes(pen: Pen, x: float, y: float, rx: float, ry: float, count: int, fill: Colour, width: float = 0.022) -> None:
    """Draws bent stripes across an oval."""
    for i in range(count):
        t = (i + 0.5) / count * 2 - 1
        reach = ry * (1 - t * t) ** 0.5
        left = x + rx * t
        lean = pen.rng.uniform(-0.02, 0.02)
        pen.limb(
            [(left, y - reach * 0.98), (left + lean + 0.015, y), (left + lean, y + reach * 0.7)],
            width,
            width * 0.3,
            fill,
        )


def spots(pen: Pen, x: float, y: float, rx: float, ry: float, count: int, fill: Colour, radius: float = 0.02) -> None:
    """Scatters spots over an oval."""
    for _ in range(count):
        dx, dy = pen.rng.uniform(-0.85, 0.85), pen.rng.uniform(-0.85, 0.85)
        dy *= (1 - dx * dx) ** 0.5
        size = pen.vary(radius, 0.35)
        pen.oval(x + rx * dx, y + ry * dy, size, pen.vary(size, 0.3), fill)


def bird_legs(pen: Pen, x: float, top: float, foot: float, width: float = 0.016, gap: float = 0.08) -> None:
    """Draws two thin legs with three toes each."""
    for hip, fill in ((x + gap / 2, shade(pen.third, 0.65)), (x - gap / 2, pen.third)):
        ankle = hip + pen.rng.uniform(-0.02, 0.02)
        pen.line([(hip, top), (ankle + 0.012, (top + foot) / 2), (ankle, foot)], width, fill)
        for toe in (-0.05, -0.015, 0.03):
            pen.line([(ankle, foot - 0.005), (ankle + toe, foot + 0.018)], width * 0.8, fill)


def beak(pen: Pen, x: float, y: float, length: float, height: float, hook: float = 0.0) -> None:
    """Draws a beak to the left of (x, y); a hook bends its tip down."""
    tip = (x - length, y + hook)
    pen.shape(
        [(x, y - height / 2), (x - length * 0.6, y - height * 0.3 + hook * 0.2), tip, (x, y + height * 0.1)], pen.third
    )
    pen.shape([(x, y + height * 0.05), (tip[0] + length * 0.12, tip[1]), (x, y + height / 2)], shade(pen.third, 0.7))


def wing(pen: Pen, points: list[Point], fill: Colour, quills: int = 5) -> None:
    """Draws a wing: a curved outline whose first point is the shoulder and whose last are the tips of its quills."""
    pen.blob(points, fill)
    (sx, sy), tips = points[0], points[2:]
    for i in range(quills):
        x, y = tips[i * len(tips) // quills]
        share = pen.rng.uniform(0.25, 0.4)
        pen.line([(sx + (x - sx) * share, sy + (y - sy) * share), (x, y)], 0.008, shade(fill, 0.6))


def fin(pen: Pen, points: list[Point], fill: Colour) -> None:
    """Draws a fin with rays that spread from its first point."""
    pen.shape(points, fill)
    x, y = points[0]
    for (x1, y1), (x2, y2) in zip(points[1:], points[2:], strict=False):
        for t in (0.25, 0.7):
            pen.line([(x, y), (x1 + (x2 - x1) * t, y1 + (y2 - y1) * t)], 0.006, shade(fill, 0.65))
