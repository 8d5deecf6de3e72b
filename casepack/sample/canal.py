"""What the canal holds: epidural fat and veins, dura, cerebrospinal fluid, cord and roots."""

from __future__ import annotations

import numpy as np

from casepack.sample.anatomy import Floats
from casepack.sample.canvas import Canvas, box, ellipse, places
from casepack.sample.lesion import CONUS_TIP, LesionShape, cord_axes

_ROOTS = 16


def paint_canal(canvas: Canvas, lesion: LesionShape) -> None:
    """Paint the canal and all in it."""
    where = places((np.abs(canvas.u) < 14) & (np.abs(canvas.x) < 17))
    part = canvas.part(where)
    lumbar = np.clip((part.s + 40) / 90, 0, 1)
    _paint_epidural(part, lumbar)
    sac = _paint_fluid(part, lumbar)
    _paint_roots(part, sac, lesion)
    _paint_cord(part, lesion)
    canvas.restore(where, part)


def _between_arches(part: Canvas) -> Floats:
    """Return 1 where the laminae leave room for fat, 0 below them."""
    levels = part.spine.levels
    level = part.spine.level_at(part.s)
    arch = levels.middle[level] + 0.52 * levels.half_height[level]
    away = np.abs(part.s - arch + 3.5) / (levels.half_height[level] + 3)
    return np.asarray(np.clip(1.25 * away, 0, 1), dtype=np.float32)


def _paint_epidural(part: Canvas, lumbar: Floats) -> None:
    wide = 9.4 + 2.4 * lumbar
    canal = box(part.x, part.u - 0.6, wide, 8.8, 7.5)
    part.paint(part.inside(canal), "fat", np.asarray(0.92 + 0.06 * part.fine(1, 1, 1)))
    level = part.spine.level_at(part.s)
    t = part.s - part.spine.levels.middle[level]
    pool = ellipse(part.x, t, 6.0, 4.5)
    front = np.maximum(pool, np.maximum(part.u + 6.4, -8.4 - part.u))
    part.paint(0.7 * part.inside(front.astype(np.float32)), "vein")
    band = np.maximum(np.abs(part.u + 8.0) - 0.75, np.abs(part.x) - 7)
    part.paint(0.85 * part.inside(band.astype(np.float32)), "ligament")


def _paint_fluid(part: Canvas, lumbar: Floats) -> Floats:
    between = _between_arches(part)
    deep = 7.35 + 0.25 * lumbar - 0.75 * between
    middle = -0.2 - 0.65 * between
    wide = 8.2 + 2.3 * lumbar
    sac = ellipse(part.x, part.u - middle, wide, deep)
    part.paint(part.inside(sac), "ligament", np.full_like(sac, 1.6))
    flow = np.clip(part.medium(0.22, 0.3, 0.075) - 0.25, 0, 1) * np.clip((part.u - 2) / 3, 0, 1)
    chest = np.clip((-part.s - 15) / 30, 0, 1)
    gain = 1 - np.minimum(0.75 * flow * chest, 0.7) + 0.02 * part.coarse(0.2, 0.2, 0.2)
    part.paint(part.inside(sac + 0.7), "csf", gain.astype(np.float32))
    return sac


def _paint_roots(part: Canvas, sac: Floats, lesion: LesionShape) -> None:
    where = places((part.s > -14) & (sac < 0))
    if not len(where):
        return
    inner = part.part(where)
    across, deep, middle = cord_axes(lesion, inner.s)
    fallen = np.clip((inner.s - 8) / 70, 0, 1)
    for root in range(_ROOTS):
        angle = 2 * np.pi * (root + 0.5) / _ROOTS
        spread = 0.55 + 0.4 * ((root * 7) % 5) / 5
        wander = 0.35 * np.sin(inner.s / 17 + 2.4 * root)
        x = np.cos(angle) * (across + 0.9) * (1 - fallen) + fallen * np.cos(angle) * 7.4 * spread
        u = np.sin(angle) * (deep + 0.9) * (1 - fallen) + fallen * (
            3.2 + np.sin(angle) * 2.6 * spread
        )
        thread = (
            np.hypot(inner.x - x - wander, inner.u - middle * (1 - fallen) - u - 0.5 * wander)
            - 0.62
        )
        starts = np.clip((inner.s + 12 - 2.2 * ((root * 5) % 8)) / 5, 0, 1)
        inner.paint(0.85 * inner.inside(thread.astype(np.float32)) * starts, "nerve")
    part.restore(where, inner)


def _paint_cord(part: Canvas, lesion: LesionShape) -> None:
    where = places((np.abs(part.u) < 9) & (np.abs(part.x) < 9) & (part.s < CONUS_TIP + 2))
    cord = part.part(where)
    across, deep, middle = cord_axes(lesion, cord.s)
    u = cord.u - middle
    edge = ellipse(cord.x, u, np.maximum(across, 0.3), np.maximum(deep, 0.3))
    cover = cord.inside(edge) * np.clip((CONUS_TIP - cord.s) / 2, 0, 1)
    cord.paint(cover, "white")
    wings = ellipse(np.abs(cord.x) - 0.36 * across, u, 0.2 * across + 0.1, 0.52 * deep + 0.1)
    bridge = np.maximum(np.abs(u) - 0.14 * deep, np.abs(cord.x) - 0.4 * across)
    grey = np.minimum(wings, bridge).astype(np.float32)
    cord.paint(cover * cord.inside(grey) * 0.9, "grey")
    if lesion.oedema:
        _paint_oedema(cord, cover, edge, deep)
    cord.paint(
        cover * cord.inside(lesion.distance(cord.x, cord.u, cord.s)),
        "lesion",
        np.asarray(1 + 0.025 * cord.medium(0.9, 0.9, 0.9), dtype=np.float32),
    )
    part.restore(where, cord)


def _paint_oedema(cord: Canvas, cover: Floats, edge: Floats, deep: Floats) -> None:
    """From T6 to the conus, fading at its upper end, sparing a thin rim of the cord."""
    levels = cord.spine.levels
    upper = float(levels.middle[levels.place("T6")])
    start = np.clip((cord.s - upper + 8 + 4 * cord.coarse(0.2, 0.2, 0.08)) / 22, 0, 1)
    end = np.clip((CONUS_TIP - 3 - cord.s) / 7, 0, 1)
    core = np.clip(-edge / np.maximum(0.32 * deep, 0.3), 0, 1)
    strength = 0.68 + 0.27 * np.exp(-((cord.s / 75) ** 2)) + 0.05 * cord.coarse(0.3, 0.3, 0.15)
    cord.paint((cover * start * end * core * np.clip(strength, 0, 1)).astype(np.float32), "oedema")
