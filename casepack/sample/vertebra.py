"""The bony spine: discs, bodies and the marrow and veins in them."""

from __future__ import annotations

import numpy as np

from casepack.sample.anatomy import CANAL_FRONT, Floats, Ints
from casepack.sample.canvas import Canvas, ellipse

# how bright the nucleus of the disc below is, from C6 down: she is sixty
_HYDRATION = (0.5, 0.5, 0.6, 0.6, 0.7, 0.75, 0.8, 0.6, 0.85, 0.5, 0.8, 0.75, 0.35, 0.85, 0.9, 0.8)


def variation(level: int, salt: int) -> float:
    """Return a number from -1 to 1 that belongs to a vertebra: no two are quite alike."""
    return float(np.sin(12.9898 * (level + 1) + 4.1414 * salt))


def rounded(first: Floats, second: Floats, radius: float) -> Floats:
    """Return the signed distance from what two shapes share, its edge rounded."""
    p, q = first + np.float32(radius), second + np.float32(radius)
    outer = np.hypot(np.maximum(p, 0), np.maximum(q, 0))
    return np.asarray(outer + np.minimum(np.maximum(p, q), 0) - np.float32(radius))


def marrow_gain(canvas: Canvas, level: Ints | int) -> Floats:
    """Return how bright marrow is: vertebra by vertebra, in patches, and trabecula by trabecula."""
    own = np.array([1 + 0.06 * variation(i, 1) for i in range(21)], dtype=np.float32)[level]
    patches = 0.08 * canvas.coarse(0.75, 0.75, 0.75) + 0.06 * canvas.medium(0.9, 0.9, 0.45)
    return np.asarray(own * (1 + patches + 0.11 * canvas.fine(0.9, 0.9, 0.65)))


def paint_column(canvas: Canvas) -> None:
    """Paint discs and vertebral bodies."""
    with canvas.only((canvas.u < -4) & (canvas.u > -58) & (np.abs(canvas.x) < 32)) as part:
        if len(part.x):
            _paint_column(part.warped(0.35, 0.22))


def _paint_column(part: Canvas) -> None:
    levels = part.spine.levels
    level = part.spine.level_at(part.s)
    half, t = levels.half_height[level], part.s - levels.middle[level]
    wide, deep = levels.width[level] / 2, levels.depth[level] / 2
    v = part.u + np.float32(CANAL_FRONT) + deep
    above = np.pad(levels.disc, (1, 0), mode="edge")[:-1]
    disc = np.where(t > 0, levels.disc[level], above[level])
    waist = 1 - 0.042 * np.clip(1 - (t / half) ** 2, 0, 1) ** 2
    # The back is hollowed a little, and the waist is seen in front and at the sides only.
    hollowed = v + 1.2 * np.exp(-((part.x / 7.5) ** 2))
    along = np.where(v > 0, hollowed, v / waist) / deep
    norm = (np.abs(part.x / (wide * waist)) ** 2.5 + np.abs(along) ** 2.5) ** np.float32(0.4)
    radial = (norm - 1) * np.minimum(wide, deep)
    part.paint(part.inside(radial - 0.5), "ligament")
    part.paint(part.inside(radial + 0.9), "annulus")
    middle = np.abs(t) - half - disc / 2
    _paint_nucleus(part, level, v / deep, middle, disc)
    wedge = np.array([0.05 * max(0.0, variation(i, 3)) for i in range(21)], dtype=np.float32)
    hollow = 0.8 + 0.6 * np.clip((part.s + 120) / 150, 0, 1)
    height = half * (1 + wedge[level] * v / deep) - hollow * np.clip(1 - norm**2, 0, 1)
    body = rounded(radial, np.abs(t) - height, 1.4)
    part.paint(part.inside(body), "cortex")
    part.paint(part.inside(body + 0.65), "marrow", marrow_gain(part, level))
    _paint_vein(part, t, v / deep, body)


def _paint_nucleus(part: Canvas, level: Ints, v: Floats, middle: Floats, disc: Floats) -> None:
    wide = part.spine.levels.width[level] / 2
    radius = np.hypot(part.x / (0.74 * wide), (v - 0.06) / 0.72)
    height = np.abs(middle) / (0.34 * disc + 0.9)
    reach = np.clip((1 - np.sqrt(radius**4 + height**2)) * 4, 0, 1)
    below = part.s > part.spine.levels.middle[level]
    owner = np.where(below, level, np.maximum(level - 1, 0))
    water = np.pad(np.array(_HYDRATION, dtype=np.float32), (0, 5), mode="edge")[owner]
    cleft = 1 - 0.4 * np.exp(-((middle / 0.9) ** 2)) * np.exp(-((radius / 0.6) ** 2))
    gain = water * cleft * (1 + 0.12 * part.medium(0.6, 0.6, 0.6))
    part.paint(reach * np.float32(0.95), "nucleus", gain)


def _paint_vein(part: Canvas, t: Floats, v: Floats, body: Floats) -> None:
    reach = np.clip((v + 0.25) / 1.25, 0, 1)
    channel = ellipse(part.x, t + 0.3, 0.8 + 3.0 * reach, 0.4 + 1.3 * reach**3)
    cover = part.inside(channel) * part.inside(body) * np.clip(reach * 2.5, 0, 1)
    part.paint(np.float32(0.55) * cover, "vein")
