"""The back of the vertebrae: pedicles, joints, laminae, processes, and what lies between them."""

from __future__ import annotations

import numpy as np

from casepack.sample.anatomy import Floats
from casepack.sample.canvas import Canvas, box, ellipse
from casepack.sample.torso import fascia_of
from casepack.sample.vertebra import marrow_gain, rounded, variation

# how far the spinous process descends for each mm to posterior, from C6 down
_DESCENT = (0.3, 0.4, 0.5, 0.65, 0.8, 0.95, 1.1, 1.2, 1.2, 1.05, 0.85, 0.6, 0.36, 0.24, 0.16, 0.12)


def paint_arches(canvas: Canvas) -> None:
    """Paint the posterior elements of all vertebrae and the soft tissue between them."""
    near = (canvas.u > -22) & (canvas.u < 62) & (np.abs(canvas.x) < 46)
    with canvas.only(near) as all_behind:
        if not len(all_behind.x):
            return
        behind = all_behind.warped(0.9, 0.13)
        _paint_between(behind)
        for level in range(len(canvas.spine.levels.names)):
            _paint_arch(behind, level)


def between_arches(canvas: Canvas) -> Floats:
    """Return 1 where the laminae leave room for fat, 0 below them."""
    levels = canvas.spine.levels
    level = canvas.spine.level_at(canvas.s)
    arch = levels.middle[level] + 0.52 * levels.half_height[level]
    away = np.abs(canvas.s - arch) / (levels.half_height[level] + 2.5)
    return np.asarray(np.clip(1.5 * away - 0.35, 0, 1))


def _paint_between(canvas: Canvas) -> None:
    side = np.abs(canvas.x)
    fascia = fascia_of(canvas)
    middle = np.maximum(side - 3.4, np.maximum(9 - canvas.u, canvas.u - fascia + 1.0))
    streaks = 0.5 * canvas.medium(0.5, 0.2, 0.42) + 0.45 * canvas.fine(0.6, 0.3, 0.55)
    streaks += 0.3 * canvas.coarse(0.6, 0.4, 0.6)
    canvas.paint(canvas.inside(middle), "interspinous", np.clip(1 + 0.5 * streaks, 0.2, 2))
    cord = np.maximum(side - 3.2, np.abs(canvas.u - fascia + 0.9) - 1.0)
    canvas.paint(0.8 * canvas.inside(cord), "ligament")
    fat = box(side - 14.5, canvas.u + 3.5, 6.5, 8.0, 3.0)
    canvas.paint(canvas.inside(fat), "fat", 0.84 + 0.14 * canvas.medium(0.5, 0.5, 0.5))
    rear = 9.6 + 3.6 * between_arches(canvas)
    flavum = np.maximum(np.abs(canvas.u + side * 0.62 - rear) - 1.3, side - 13)
    canvas.paint(canvas.inside(flavum), "flavum")


def _paint_arch(canvas: Canvas, level: int) -> None:
    levels = canvas.spine.levels
    middle, half = float(levels.middle[level]), float(levels.half_height[level])
    near = (canvas.s > middle - half - 12) & (canvas.s < middle + half + 56)
    if not near.any():
        return
    with canvas.only(near) as part:
        _paint_nerve(part, middle, half)
        bone = _pedicle(part, level)
        for shape in (_transverse, _pillar, _lamina, _spinous):
            bone = np.minimum(bone, shape(part, level))
        with part.only(bone < part.softness) as solid:
            edge = bone[bone < part.softness]
            solid.paint(solid.inside(edge), "cortex")
            solid.paint(solid.inside(edge + 0.85), "marrow", marrow_gain(solid, level))
        _paint_joint(part, level)


def _arch_middle(part: Canvas, level: int) -> float:
    levels = part.spine.levels
    return float(levels.middle[level] + 0.52 * levels.half_height[level])


def _lamina(part: Canvas, level: int) -> Floats:
    tall = 8.0 if level < 13 else 8.6
    along = part.s - _arch_middle(part, level)
    across = part.u - 12.2 + 0.62 * np.abs(part.x) - 0.15 * along
    flat = box(across * np.float32(0.85), along, 2.6, tall, 2.2)
    return np.maximum(flat, np.abs(part.x) - 13.5)


def _spinous(part: Canvas, level: int) -> Floats:
    descent = _DESCENT[min(level, len(_DESCENT) - 1)] + 0.06 * variation(level, 5)
    lumbar = float(np.clip((level - 10) / 4, 0, 1))
    tip = fascia_of(part) - 3.0 - 1.8 * abs(variation(level, 7))
    reach = np.clip((part.u - 11) / np.maximum(tip - 11, 5), 0, 1.2)
    along = part.s - _arch_middle(part, level) - 1.0 - descent * (part.u - 11) + 1.5 * reach**2
    tall = 6.0 + 1.8 * lumbar - (2.2 - 2.6 * lumbar) * reach
    tall = (
        tall
        + 1.2 * np.exp(-(((reach - 1) / 0.2) ** 2))
        - 1.6 * np.exp(-(((reach - 0.35) / 0.2) ** 2))
    )
    flat = np.abs(along) / np.sqrt(1 + descent**2) - tall
    bone = rounded(flat, np.maximum(part.u - tip, 10 - part.u), 2.6)
    thick = 2.1 + 1.8 * np.exp(-(((reach - 1) / 0.22) ** 2)) + 1.2 * np.exp(-((reach / 0.15) ** 2))
    return np.asarray(np.maximum(bone, np.abs(part.x - 0.9 * variation(level, 9) * reach) - thick))


def _pedicle(part: Canvas, level: int) -> Floats:
    levels = part.spine.levels
    half = float(levels.half_height[level])
    side = np.abs(part.x) - (12.6 + 0.10 * (float(levels.width[level]) - 28))
    high = float(levels.middle[level]) - 0.40 * half
    # Waisted between body and joint, so that the foramen below it is rounded.
    waist = 0.52 * half + 0.045 * (part.u + 2.5) ** 2
    tall = rounded(np.abs(side) - 3.4, np.abs(part.s - high) - waist, 2.8)
    return np.asarray(np.maximum(tall, np.abs(part.u + 3.5) - 10))


def _pillar_place(part: Canvas, level: int) -> tuple[Floats, Floats]:
    levels = part.spine.levels
    half = float(levels.half_height[level])
    along = part.s - float(levels.middle[level]) - 0.1 * half
    side = np.abs(part.x) - 14.8 - 0.1 * (float(levels.width[level]) - 28)
    return side, along


def _pillar(part: Canvas, level: int) -> Floats:
    side, along = _pillar_place(part, level)
    half = float(part.spine.levels.half_height[level])
    round_ = ellipse(side, part.u - 7.0 + 0.2 * along, 5.2, 4.6)
    return rounded(round_, np.abs(along) - half - 3.6, 2.8)


def _paint_joint(part: Canvas, level: int) -> None:
    """Paint the joint with the vertebra below: a dark cleft with a thread of fluid."""
    side, along = _pillar_place(part, level)
    levels = part.spine.levels
    edge = along - float(levels.half_height[level]) - 0.5 * float(levels.disc[level])
    lumbar = float(np.clip((level - 12) / 2, 0, 1))
    # Thoracic joints face the back; lumbar ones face the middle.
    cleft = (1 - lumbar) * (part.u - 8.0 + 0.25 * edge) + lumbar * (side + 0.5)
    span = np.maximum(np.abs(edge) - 6.5, ellipse(side, part.u - 8, 6.0, 5.5))
    part.paint(part.inside(np.maximum(np.abs(cleft) - 1.3, span)), "cortex")
    part.paint(0.5 * part.inside(np.maximum(np.abs(cleft) - 0.35, span + 1.5)), "csf")


def _transverse(part: Canvas, level: int) -> Floats:
    middle = float(part.spine.levels.middle[level])
    long = 30.0 if level < 11 else 24.0 + 4 * (level - 11)
    along = np.clip((np.abs(part.x) - 14) / (long - 14), 0, 1)
    thick = 4.4 if level < 12 else 3.4
    centre = 8 + 8 * along if level < 12 else 6 + 3 * along
    reach = np.maximum(np.abs(part.x) - long, 13 - np.abs(part.x))
    rod = np.hypot(part.u - centre, part.s - middle + 2.0 + 2 * along) - thick
    return np.asarray(np.maximum(rod, reach))


def _paint_nerve(part: Canvas, middle: float, half: float) -> None:
    side = np.abs(part.x)
    down = np.clip((side - 9) / 12, 0, 1)
    at = part.s - middle - 0.42 * half - 3 * down
    nerve = np.hypot(part.u + 1.5 + 3 * down, at) - (1.5 + 1.5 * np.exp(-(((side - 15) / 4) ** 2)))
    part.paint(part.inside(np.maximum(nerve, np.maximum(8 - side, side - 30))), "nerve")
    vessel = np.hypot(part.u + 5.5, at + 3.4) - 1.2
    part.paint(0.8 * part.inside(np.maximum(vessel, np.maximum(9 - side, side - 20))), "void")
