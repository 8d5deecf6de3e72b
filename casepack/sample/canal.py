"""What the canal holds: epidural fat and veins, dura, cerebrospinal fluid, cord and roots."""

from __future__ import annotations

import numpy as np

from casepack.sample.anatomy import Floats
from casepack.sample.arches import between_arches
from casepack.sample.canvas import Canvas, box, ellipse
from casepack.sample.lesion import CONUS_TIP, LesionShape, cord_axes

_ROOTS = 16


def paint_canal(canvas: Canvas, lesion: LesionShape) -> None:
    """Paint the canal and all in it."""
    with canvas.only((np.abs(canvas.u) < 15) & (np.abs(canvas.x) < 17)) as part:
        if not len(part.x):
            return
        lumbar = np.clip((part.s + 40) / 90, 0, 1)
        _paint_epidural(part, lumbar)
        sac = _paint_fluid(part, lumbar)
        _paint_roots(part, sac, lesion)
        _paint_cord(part, lesion)


def _paint_epidural(part: Canvas, lumbar: Floats) -> None:
    wide = 9.4 + 2.4 * lumbar
    canal = box(part.x, part.u - 0.3, wide, 8.5, 7.5)
    # Behind the dura, a pad of fat fills each gap between two laminae.
    rear = 8.6 + 3.4 * between_arches(part)
    pad = rounded_pad(part, rear)
    fat = 0.92 + 0.06 * part.fine(0.9, 0.9, 0.9)
    part.paint(part.inside(np.minimum(canal, pad)), "fat", fat)
    t = part.s - part.spine.levels.middle[part.spine.level_at(part.s)]
    pool = np.maximum(ellipse(part.x, t, 6.5, 6.5), np.maximum(part.u + 6.0, -8.6 - part.u))
    part.paint(0.75 * part.inside(pool), "vein")
    band = np.maximum(np.abs(part.u + 8.1) - 0.5, np.abs(part.x) - 7)
    part.paint(0.8 * part.inside(band), "ligament")


def rounded_pad(part: Canvas, rear: Floats) -> Floats:
    """Return the signed distance from the fat between the laminae, three-sided in section."""
    side = np.abs(part.x)
    return np.asarray(np.maximum(np.maximum(part.u + 0.75 * side - rear, 2 - part.u), side - 9))


def _paint_fluid(part: Canvas, lumbar: Floats) -> Floats:
    between = between_arches(part)
    t = part.s - part.spine.levels.middle[part.spine.level_at(part.s)]
    front = 0.5 * np.exp(-((t / 7) ** 2))
    deep = 7.2 + 0.25 * lumbar - 0.45 * between - 0.5 * front
    middle = -0.15 - 0.45 * between + 0.5 * front
    sac = ellipse(part.x, part.u - middle, 8.2 + 2.3 * lumbar, deep)
    part.paint(part.inside(sac), "ligament", np.full_like(sac, 1.8))
    # Pulsating fluid behind the thoracic cord loses signal.
    flow = np.clip(part.medium(0.16, 0.28, 0.06) - 0.1, 0, 1) * np.clip((part.u - 1.5) / 2.5, 0, 1)
    chest = np.clip((-part.s - 15) / 30, 0, 1)
    gain = 1 - np.minimum(0.85 * flow * chest, 0.75) + 0.02 * part.coarse(0.2, 0.2, 0.2)
    part.paint(part.inside(sac + 0.45), "csf", gain)
    return sac


def _paint_roots(part: Canvas, sac: Floats, lesion: LesionShape) -> None:
    with part.only((part.s > -14) & (sac < 0)) as inner:
        if not len(inner.x):
            return
        across, deep, middle = cord_axes(lesion, inner.s)
        fallen = np.clip((inner.s - 8) / 70, 0, 1)
        for root in range(_ROOTS):
            angle = 2 * np.pi * (root + 0.5) / _ROOTS
            spread = 0.55 + 0.4 * ((root * 7) % 5) / 5
            wander = 0.35 * np.sin(inner.s / 17 + 2.4 * root)
            x = np.cos(angle) * ((across + 0.9) * (1 - fallen) + fallen * 7.4 * spread)
            u = np.sin(angle) * (deep + 0.9) * (1 - fallen) + middle * (1 - fallen)
            u = u + fallen * (3.2 + np.sin(angle) * 2.6 * spread)
            thread = np.hypot(inner.x - x - wander, inner.u - u - 0.5 * wander) - 0.62
            starts = np.clip((inner.s + 12 - 2.2 * ((root * 5) % 8)) / 5, 0, 1)
            inner.paint(0.85 * inner.inside(thread) * starts, "nerve")


def _paint_cord(part: Canvas, lesion: LesionShape) -> None:
    near = (np.abs(part.u) < 9) & (np.abs(part.x) < 9) & (part.s < CONUS_TIP + 2)
    with part.only(near) as cord:
        if not len(cord.x):
            return
        across, deep, middle = cord_axes(lesion, cord.s)
        u = cord.u - middle
        edge = ellipse(cord.x, u, np.maximum(across, 0.3), np.maximum(deep, 0.3))
        cover = cord.inside(edge) * np.clip((CONUS_TIP - cord.s) / 2, 0, 1)
        cord.paint(cover, "white")
        wings = ellipse(np.abs(cord.x) - 0.36 * across, u, 0.2 * across + 0.1, 0.52 * deep + 0.1)
        bridge = np.maximum(np.abs(u) - 0.14 * deep, np.abs(cord.x) - 0.4 * across)
        cord.paint(0.9 * cover * cord.inside(np.minimum(wings, bridge)), "grey")
        if lesion.oedema:
            _paint_oedema(cord, cover, edge, deep)
        nodule = np.clip(
            0.5 - lesion.distance(cord.x, cord.u, cord.s) / (cord.softness + 0.8), 0, 1
        )
        cord.paint(cover * nodule, "lesion", 1 + 0.05 * cord.medium(0.8, 0.8, 0.8))


def _paint_oedema(cord: Canvas, cover: Floats, edge: Floats, deep: Floats) -> None:
    """From T6 to the conus, fading at its upper end, sparing a thin rim of the cord."""
    levels = cord.spine.levels
    upper = float(levels.middle[levels.place("T6")])
    start = np.clip((cord.s - upper + 8 + 4 * cord.coarse(0.2, 0.2, 0.08)) / 22, 0, 1)
    end = np.clip((CONUS_TIP - 3 - cord.s) / 7, 0, 1)
    core = np.clip(-edge / np.maximum(0.32 * deep, 0.3), 0, 1)
    strength = 0.62 + 0.3 * np.exp(-((cord.s / 75) ** 2)) + 0.06 * cord.coarse(0.3, 0.3, 0.15)
    cord.paint(cover * start * end * core * np.clip(strength, 0, 1), "oedema")
