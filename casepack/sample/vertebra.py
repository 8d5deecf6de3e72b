"""The bony spine: discs, bodies, laminae, spinous processes, pedicles, joints and ribs."""

from __future__ import annotations

import numpy as np

from casepack.sample.anatomy import Floats
from casepack.sample.canvas import Canvas, box, ellipse, places
from casepack.sample.torso import CANAL_FRONT, fascia_of

_NAMES = ("C6", "C7", "T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "T10")
# how far the spinous process descends for each mm to posterior, from C6 down
_DESCENT = (0.3, 0.4, 0.5, 0.65, 0.8, 0.95, 1.1, 1.2, 1.2, 1.05, 0.85, 0.6, 0.36, 0.24, 0.16, 0.12)
# how bright the nucleus of the disc below is: she is sixty
_HYDRATION = (0.5, 0.5, 0.6, 0.6, 0.7, 0.75, 0.8, 0.6, 0.85, 0.5, 0.8, 0.75, 0.35, 0.85, 0.9, 0.8)


def paint_bones(canvas: Canvas) -> None:
    """Paint discs, bodies and posterior elements."""
    _paint_behind(canvas)
    _paint_foramina(canvas)
    _paint_column(canvas)
    for level in range(len(canvas.spine.levels.names)):
        _paint_arch(canvas, level)


def _variation(level: int, salt: int) -> float:
    """Return a number from -1 to 1 that belongs to a vertebra: no two are quite alike."""
    return float(np.sin(12.9898 * (level + 1) + 4.1414 * salt))


def _of_level(values: list[float] | Floats, canvas: Canvas, level: np.ndarray) -> Floats:  # type: ignore[type-arg]
    count = len(canvas.spine.levels.names)
    table = np.asarray(values, dtype=np.float32)[:count]
    table = np.pad(table, (0, count - len(table)), mode="edge")
    return np.asarray(table[level], dtype=np.float32)


def _paint_column(canvas: Canvas) -> None:
    levels = canvas.spine.levels
    where = places((canvas.u < -4) & (canvas.u > -58) & (np.abs(canvas.x) < 32))
    part = canvas.part(where)
    level = part.spine.level_at(part.s)
    half, t = levels.half_height[level], part.s - levels.middle[level]
    wide = levels.width[level] / 2
    deep = levels.depth[level] / 2
    v = part.u + CANAL_FRONT + deep
    above = np.pad(levels.disc, (1, 0), mode="edge")[:-1]
    disc = np.where(t > 0, levels.disc[level], above[level])
    waist = 1 - 0.075 * np.clip(1 - (t / half) ** 2, 0, 1) ** 2
    rear = v + 1.3 * np.exp(-((part.x / 7.5) ** 2)) * (v > 0)
    rear = np.where(v > 0, rear * 1.0, v / waist)
    norm = (np.abs(part.x / (wide * waist)) ** 2.5 + np.abs(rear / deep) ** 2.5) ** np.float32(0.4)
    radial = ((norm - 1) * np.minimum(wide, deep)).astype(np.float32)
    part.paint(part.inside(radial - 1.0), "ligament")
    part.paint(part.inside(radial + 0.2), "annulus")
    _paint_nucleus(part, level, norm, v / deep, np.abs(t) - half - disc / 2, disc)
    wedge = 1 + _of_level([0.05 * max(0.0, _variation(i, 3)) for i in range(21)], part, level) * (
        v / deep
    )
    hollow = 0.9 + 0.5 * np.clip((part.s + 120) / 150, 0, 1)
    height = half * wedge - hollow * np.clip(1 - norm**2, 0, 1) + 0.25 * part.medium(0.5, 0.5, 0)
    flat = (np.abs(t) - height).astype(np.float32)
    body = _rounded(radial, flat, 1.6)
    part.paint(part.inside(body), "cortex")
    part.paint(part.inside(body + 0.85), "marrow", _marrow_gain(part, level))
    _paint_vein(part, t, v / deep, body)
    canvas.restore(where, part)


def _rounded(first: Floats, second: Floats, radius: float) -> Floats:
    p, q = first + np.float32(radius), second + np.float32(radius)
    outer = np.hypot(np.maximum(p, 0), np.maximum(q, 0))
    return np.asarray(outer + np.minimum(np.maximum(p, q), 0) - np.float32(radius), np.float32)


def _marrow_gain(part: Canvas, level: np.ndarray | int) -> Floats:  # type: ignore[type-arg]
    own = [1 + 0.07 * _variation(i, 1) for i in range(21)]
    base = np.asarray(own, dtype=np.float32)[level]
    patches = 0.07 * part.coarse(0.75, 0.75, 0.75) + 0.055 * part.medium(0.9, 0.9, 0.45)
    return np.asarray(base * (1 + patches + 0.05 * part.fine(1.3, 1.3, 0.8)), dtype=np.float32)


def _paint_nucleus(
    part: Canvas,
    level: np.ndarray,
    norm: Floats,
    v: Floats,
    middle: Floats,
    disc: Floats,  # type: ignore[type-arg]
) -> None:
    del norm
    wide = part.spine.levels.width[level] / 2
    radius = np.hypot(part.x / (0.74 * wide), (v - 0.06) / 0.72)
    height = np.abs(middle) / (0.34 * disc + 0.9)
    reach = np.clip((1 - np.sqrt(radius**4 + height**2)) * 4, 0, 1)
    below = part.s > part.spine.levels.middle[level]
    owner = np.where(below, level, np.maximum(level - 1, 0))
    water = _of_level(list(_HYDRATION), part, owner)
    cleft = 1 - 0.45 * np.exp(-((middle / 0.9) ** 2)) * np.exp(-((radius / 0.6) ** 2))
    gain = water * cleft * (1 + 0.08 * part.medium(0.6, 0.6, 0.6))
    part.paint((reach * 0.95).astype(np.float32), "nucleus", gain.astype(np.float32))


def _paint_vein(part: Canvas, t: Floats, v: Floats, body: Floats) -> None:
    reach = np.clip((v + 0.25) / 1.25, 0, 1)
    channel = ellipse(part.x, t + 0.3, 1.2 + 3.2 * reach, 0.45 + 1.9 * reach**2)
    part.paint(0.75 * part.inside(channel) * part.inside(body) * np.clip(reach * 5, 0, 1), "vein")


def _paint_behind(canvas: Canvas) -> None:
    fascia = fascia_of(canvas)
    middle = np.maximum(np.abs(canvas.x) - 3.4, np.maximum(9 - canvas.u, canvas.u - fascia + 1.5))
    stripes = canvas.medium(0.3, 0.28, 0.42)
    canvas.paint(canvas.inside(middle), "interspinous", 1 + np.float32(0.32) * stripes)
    cord = np.maximum(np.abs(canvas.x) - 3.2, np.abs(canvas.u - fascia + 1.2) - 1.3)
    canvas.paint(0.9 * canvas.inside(cord), "ligament")
    slope = np.abs(canvas.x) * 0.62
    flavum = np.maximum(np.abs(canvas.u + slope - 11.2) - 1.8, np.abs(canvas.x) - 14)
    canvas.paint(canvas.inside(flavum.astype(np.float32)), "flavum")


def _paint_foramina(canvas: Canvas) -> None:
    side = np.abs(canvas.x)
    fat = box(side - 14.5, canvas.u + 3.5, 6.5, 8.0, 3.0)
    canvas.paint(canvas.inside(fat), "fat", np.asarray(0.9 + 0.08 * canvas.fine(1, 1, 1)))


def _paint_arch(canvas: Canvas, level: int) -> None:
    levels = canvas.spine.levels
    middle, half = float(levels.middle[level]), float(levels.half_height[level])
    near = (canvas.s > middle - half - 18) & (canvas.s < middle + half + 62)
    where = places(near & (canvas.u > -20) & (canvas.u < 56) & (np.abs(canvas.x) < 60))
    if not len(where):
        return
    part = canvas.part(where)
    gain = _marrow_gain(part, level)
    _paint_nerve(part, middle, half)
    for distance, rim in (
        (_pedicle(part, level), 1.0),
        (_transverse(part, level), 1.1),
        (_pillar(part, level), 1.1),
        (_lamina(part, level), 1.0),
        (_spinous(part, level), 0.9),
    ):
        part.paint(part.inside(distance), "cortex")
        part.paint(part.inside(distance + np.float32(rim)), "marrow", gain)
    _paint_rib(part, level, gain)
    canvas.restore(where, part)


def _arch_middle(part: Canvas, level: int) -> float:
    levels = part.spine.levels
    return float(levels.middle[level] + 0.52 * levels.half_height[level])


def _lamina(part: Canvas, level: int) -> Floats:
    tall = 8.2 if level < 13 else 8.8
    along = part.s - _arch_middle(part, level)
    across = part.u - 12.6 + 0.62 * np.abs(part.x) - 0.17 * along
    flat = box(across * np.float32(0.85), along, 2.9, tall, 2.2)
    return np.asarray(np.maximum(flat, np.abs(part.x) - 13.5), dtype=np.float32)


def _spinous(part: Canvas, level: int) -> Floats:
    descent = _DESCENT[min(level, len(_DESCENT) - 1)] + 0.06 * _variation(level, 5)
    lumbar = float(np.clip((level - 10) / 4, 0, 1))
    tip = fascia_of(part) - 3.0 - 1.2 * abs(_variation(level, 7))
    reach = np.clip((part.u - 11) / np.maximum(tip - 11, 5), 0, 1.2)
    start = _arch_middle(part, level) + 1.0
    along = part.s - start - descent * (part.u - 11) + 1.5 * reach * reach
    cosine = 1 / np.sqrt(1 + descent**2)
    tall = (
        (6.2 + 2.2 * lumbar)
        - (2.2 - 2.6 * lumbar) * reach
        + 1.2 * np.exp(-(((reach - 1) / 0.2) ** 2))
    )
    length = np.maximum(part.u - tip, 10 - part.u)
    flat = _rounded(
        np.asarray(np.abs(along) * cosine - tall, np.float32), np.asarray(length, np.float32), 2.4
    )
    thick = 2.1 + 1.8 * np.exp(-(((reach - 1) / 0.22) ** 2)) + 1.2 * np.exp(-((reach / 0.15) ** 2))
    shift = 0.9 * _variation(level, 9)
    return np.asarray(np.maximum(flat, np.abs(part.x - shift * reach) - thick), dtype=np.float32)


def _pedicle(part: Canvas, level: int) -> Floats:
    levels = part.spine.levels
    half = float(levels.half_height[level])
    side = np.abs(part.x) - (12.6 + 0.10 * (float(levels.width[level]) - 28))
    tall = box(side, part.s - float(levels.middle[level]) + 0.42 * half, 3.4, 0.50 * half, 2.6)
    return np.asarray(np.maximum(tall, np.abs(part.u + 3) - 9.5), dtype=np.float32)


def _pillar(part: Canvas, level: int) -> Floats:
    levels = part.spine.levels
    half = float(levels.half_height[level])
    along = part.s - float(levels.middle[level]) - 0.1 * half
    lean = part.u - 7.5 + 0.2 * along
    side = np.abs(part.x) - 14.5 - 0.1 * (float(levels.width[level]) - 28)
    tall = box(lean, along, 4.2 - 0.0 * half, half + 4.2, 3.2)
    return np.asarray(np.maximum(tall, np.abs(side) - 4.6), dtype=np.float32)


def _transverse(part: Canvas, level: int) -> Floats:
    middle = float(part.spine.levels.middle[level])
    long = 30.0 if level < 11 else 24.0 + 4 * (level - 11)
    along = np.clip((np.abs(part.x) - 14) / (long - 14), 0, 1)
    thick = 4.6 if level < 12 else 3.4
    centre = 8 + 8 * along if level < 12 else 6 + 3 * along
    reach = np.maximum(np.abs(part.x) - long, 14 - np.abs(part.x))
    rod = np.hypot(part.u - centre, part.s - middle + 2.0 + 2 * along) - thick
    return np.asarray(np.maximum(rod, reach), dtype=np.float32)


def _paint_nerve(part: Canvas, middle: float, half: float) -> None:
    side = np.abs(part.x)
    down = np.clip((side - 9) / 12, 0, 1)
    at = part.s - middle - 0.42 * half - 3 * down
    nerve = np.hypot(part.u + 1.5 + 3 * down, at) - (1.5 + 1.5 * np.exp(-(((side - 15) / 4) ** 2)))
    nerve = np.maximum(nerve, np.maximum(8 - side, side - 30))
    part.paint(part.inside(nerve.astype(np.float32)), "nerve")
    vessel = np.hypot(part.u + 5.5, at + 3.4) - 1.2
    vessel = np.maximum(vessel, np.maximum(9 - side, side - 20))
    part.paint(0.8 * part.inside(vessel.astype(np.float32)), "void")


_RIB = ((18.0, -9.0, -3.0), (30.0, 6.0, 0.0), (46.0, 18.0, 8.0), (60.0, 18.0, 15.0))


def _paint_rib(part: Canvas, level: int, gain: Floats) -> None:
    if not 2 <= level <= 13 or float(np.abs(part.x).max()) < 15:
        return
    top = float(part.spine.levels.top[level])
    short = 0.0 if level < 12 else 4.0
    side = np.abs(part.x)
    nearest = np.full(part.x.shape, 99, dtype=np.float32)
    for first, second in zip(_RIB[:-1], _RIB[1:], strict=True):
        start = np.array(first) + (2.0, short / 2, top + short)
        step = np.array(second) - np.array(first)
        p = (side - start[0], part.u - start[1], part.s - start[2])
        at = np.clip(sum(a * b for a, b in zip(p, step, strict=True)) / (step @ step), 0, 1)
        gap = np.sqrt(
            sum((a - at * b) ** 2 * w for a, b, w in zip(p, step, (1, 1, 0.55), strict=True))
        )
        nearest = np.minimum(nearest, gap - 4.0).astype(np.float32)
    part.paint(part.inside(nearest), "cortex")
    part.paint(part.inside(nearest + np.float32(1.2)), "marrow", gain)
