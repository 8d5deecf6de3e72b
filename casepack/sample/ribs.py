"""The ribs: from the vertebral bodies round the wall of the chest."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from casepack.sample.anatomy import Floats
from casepack.sample.canvas import Canvas

_COURSE = (
    (17.0, -9.0, -3.0),
    (30.0, 7.0, 0.0),
    (46.0, 17.0, 8.0),
    (75.0, 14.0, 22.0),
    (112.0, -10.0, 44.0),
    (136.0, -62.0, 76.0),
)
"""Places (|x|, u, s) below the top of the vertebra that a rib belongs to."""
_FIRST, _LAST = 2, 13
_RADIUS = 3.9


def paint_ribs(canvas: Canvas) -> None:
    """Paint the ribs of T1 to T12."""
    levels = canvas.spine.levels
    side = np.abs(canvas.x)
    if float(side.max()) < _COURSE[0][0] - _RADIUS:
        return
    for level in range(_FIRST, _LAST + 1):
        top = float(levels.top[level])
        reach = 2 if level == _LAST else 4 if level == _LAST - 1 else len(_COURSE) - 1
        near = (canvas.s > top - 10) & (canvas.s < top + 86) & (side > 12) & (canvas.u < 26)
        if not near.any():
            continue
        with canvas.only(near) as part:
            distance = _distance(part, top, reach)
            with part.only(distance < part.softness) as rib:
                edge = distance[distance < part.softness]
                rib.paint(rib.inside(edge), "cortex")
                texture = 1 + 0.08 * rib.medium(0.8, 0.8, 0.5)
                rib.paint(rib.inside(edge + 1.1), "marrow", texture)


def _distance(part: Canvas, top: float, reach: int) -> Floats:
    place = (np.abs(part.x), part.u, part.s - np.float32(top))
    nearest = np.full(part.x.shape, 99, dtype=np.float32)
    for first, second in pairwise(_COURSE[: reach + 1]):
        step = tuple(b - a for a, b in zip(first, second, strict=True))
        p = tuple(axis - np.float32(start) for axis, start in zip(place, first, strict=True))
        length = sum(value * value for value in step)
        along = sum((a * np.float32(b) for a, b in zip(p, step, strict=True)), np.float32(0))
        at = np.clip(along / np.float32(length), 0, 1)
        # Flat in section: taller along the spine than thick.
        gap = [a - at * np.float32(b) for a, b in zip(p, step, strict=True)]
        away = np.sqrt(gap[0] ** 2 + gap[1] ** 2 + 0.45 * gap[2] ** 2)
        nearest = np.minimum(nearest, away - np.float32(_RADIUS))
    return nearest
