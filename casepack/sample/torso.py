"""What lies around the spine: skin, fat, muscle, lungs, vessels and organs."""

from __future__ import annotations

import numpy as np

from casepack.sample.anatomy import Floats
from casepack.sample.canvas import Canvas, box, ellipse, ellipsoid

CANAL_FRONT = 8.6
"""Distance of the back of the vertebral bodies from the middle of the canal, mm."""


def back_of(canvas: Canvas) -> Floats:
    """Return `u` of the skin of the back: flat, for she lies on it, with a furrow in the middle."""
    row = canvas.spine.index(canvas.s)
    y, z = canvas.spine.y[row], canvas.spine.z[row]
    upper = np.maximum(z - 85, 0) / 110
    lower = np.clip((-z - 20) / 90, 0, 1)
    flat = 58 - 19 * upper**2 + 2.5 * lower
    furrow = (2.5 + 3 * lower) * np.exp(-((canvas.x / 17) ** 2))
    return np.asarray(flat - y - furrow + 0.8 * canvas.coarse(0.06, 0, 0.06), dtype=np.float32)


def fascia_of(canvas: Canvas) -> Floats:
    """Return `u` of the fascia below the subcutaneous fat."""
    thickness = 11.5 + 6.5 * np.clip((canvas.s + 60) / 130, 0, 1)
    return np.asarray(back_of(canvas) - thickness, dtype=np.float32)


def front_of(canvas: Canvas) -> Floats:
    """Return `u` of the front of the vertebral bodies."""
    arc, depth = canvas.spine.levels.middle, canvas.spine.levels.depth
    return np.asarray(-CANAL_FRONT - np.interp(canvas.s, arc, depth), dtype=np.float32)


def paint_torso(canvas: Canvas) -> None:
    """Paint everything but the spine itself."""
    back, fascia = back_of(canvas), fascia_of(canvas)
    wall = _trunk(canvas, back, 0)
    canvas.paint(canvas.inside(wall), "skin")
    canvas.paint(canvas.inside(wall + 2.0), "fat", _lumpy(canvas))
    strands = np.clip(1 - np.abs(canvas.medium(0.25, 0.9, 0.12)) * 7, 0, 1)
    canvas.paint(0.55 * strands * canvas.inside(wall + 3.0), "septum")
    flesh = np.maximum(_trunk(canvas, back, 18), canvas.u - fascia)
    canvas.paint(canvas.inside(flesh), "ligament")
    canvas.paint(canvas.inside(flesh + 1.2), "muscle", _fibres(canvas))
    _paint_muscle_fat(canvas, canvas.inside(flesh + 2.0))
    _paint_cavity(canvas, canvas.inside(_cavity(canvas, back)))


def _trunk(canvas: Canvas, back: Floats, inset: float) -> Floats:
    middle = back - 108
    p = np.abs(canvas.x) / (165 - inset)
    q = np.abs(canvas.u - middle) / (108 - 0.3 * inset)
    norm = (p**2.6 + q**2.6) ** np.float32(1 / 2.6)
    return np.asarray(np.maximum((norm - 1) * 100, canvas.u - back + inset * 0.3), np.float32)


def _lumpy(canvas: Canvas) -> Floats:
    return np.asarray(1 + 0.05 * canvas.coarse(0.2, 0.2, 0.2), dtype=np.float32)


def _fibres(canvas: Canvas) -> Floats:
    return np.asarray(1 + 0.10 * canvas.medium(0.5, 0.6, 0.09), dtype=np.float32)


def _paint_muscle_fat(canvas: Canvas, cover: Floats) -> None:
    planes = np.clip(1 - np.abs(canvas.coarse(0.55, 0.55, 0.16)) * 6.5, 0, 1)
    streaks = np.clip(canvas.medium(0.6, 0.55, 0.11) - 0.9, 0, 1)
    near = np.exp(-((canvas.x / 26) ** 2)) * np.clip((canvas.u - 4) / 8, 0, 1)
    canvas.paint(cover * np.clip(0.75 * planes + streaks * (0.3 + 0.9 * near), 0, 0.9), "fat")


def _cavity(canvas: Canvas, back: Floats) -> Floats:
    side = np.abs(canvas.x)
    hollow = np.clip((side - 20) / 24, 0, 1)
    rear = -15 + 25 * hollow * hollow * (3 - 2 * hollow) - 0.004 * np.maximum(side - 60, 0) ** 2
    return np.asarray(np.maximum(_trunk(canvas, back, 30), canvas.u - rear), dtype=np.float32)


def _paint_cavity(canvas: Canvas, cover: Floats) -> None:
    canvas.paint(cover, "fat", np.float32(0.9) * _lumpy(canvas))
    diaphragm = -78 + 70 * np.exp(-(((canvas.u - 14) / 40) ** 2))
    above = canvas.s - diaphragm.astype(np.float32)
    chest, belly = cover * canvas.inside(above), cover * canvas.inside(-above)
    _paint_belly(canvas, belly)
    _paint_chest(canvas, chest)
    canvas.paint(0.8 * cover * canvas.inside(np.abs(above) - 1.5), "muscle")
    _paint_vessels(canvas)


def _paint_chest(canvas: Canvas, cover: Floats) -> None:
    s, u, x = canvas.s, canvas.u, canvas.x
    heart = ellipsoid((x - 22, u + 118, s + 128), (62, 48, 58))
    canvas.paint(cover * canvas.inside(heart), "myocardium")
    chambers = np.clip(canvas.coarse(0.11, 0.11, 0.11) * 3 + 1.2, 0, 1)
    canvas.paint(cover * canvas.inside(heart + 9) * chambers, "void")
    width = 21 + 30 * np.clip((-u - 58) / 25, 0, 1)
    lung = np.minimum(heart, np.abs(x - 5) - width.astype(np.float32))
    canvas.paint(cover * canvas.inside(-lung), "lung")
    branches = np.clip(canvas.medium(0.28, 0.28, 0.28) - 1.7, 0, 1)
    canvas.paint(cover * canvas.inside(-lung) * 0.45 * branches, "slow_blood")


def _paint_belly(canvas: Canvas, cover: Floats) -> None:
    s, u, x = canvas.s, canvas.u, canvas.x
    loops = np.clip((canvas.coarse(0.28, 0.28, 0.28) - 0.1) * 5, 0, 1)
    front = np.clip((-u - 62) / 10, 0, 1)
    canvas.paint(cover * loops * front, "bowel", 1 + np.float32(0.3) * canvas.coarse(0.4, 0.4, 0.4))
    stomach = ellipsoid((x - 55, u + 95, s + 10), (48, 34, 52))
    canvas.paint(cover * canvas.inside(stomach), "bowel")
    canvas.paint(cover * canvas.inside(stomach + 5) * 0.7, "nucleus")
    liver = ellipsoid((x + 72, u + 82, s + 2), (88, 62, 88))
    canvas.paint(cover * canvas.inside(liver), "liver", 1 + np.float32(0.05) * canvas.fine(1, 1, 1))
    vessels = np.clip(canvas.coarse(0.36, 0.36, 0.36) - 1.25, 0, 1) * 1.4
    canvas.paint(cover * canvas.inside(liver + 5) * np.minimum(vessels, 1), "slow_blood")
    spleen = ellipsoid((x - 108, u + 38, s + 8), (34, 50, 52))
    canvas.paint(cover * canvas.inside(spleen), "spleen")
    for side, low in ((-1, 52), (1, 40)):
        kidney = ellipsoid((x - side * 60, u + 24, s - low), (29, 24, 52))
        canvas.paint(cover * canvas.inside(kidney), "kidney")
        sinus = ellipsoid((x - side * 54, u + 30, s - low), (11, 9, 30))
        canvas.paint(cover * canvas.inside(sinus), "fat")


def _paint_vessels(canvas: Canvas) -> None:
    s, u, x = canvas.s, canvas.u, canvas.x
    front = front_of(canvas)
    _paint_psoas(canvas, front)
    low = np.clip((s + 150) / 150, 0, 1)
    swirl = 1 + np.float32(0.5) * canvas.medium(0.3, 0.3, 0.05)
    aorta = ellipse(x - (19 - 14 * low), u - (front + 4 - 17 * low), 10.6, 10.6)
    _paint_vessel(canvas, aorta, swirl)
    trunk = np.hypot(x - 3, (u - front + 25 + 0.9 * np.maximum(s - 18, 0)) * 0.75) - 4
    gate = np.clip((s - 12) / 4, 0, 1) * np.clip((60 - s) / 10, 0, 1)
    _paint_vessel(canvas, np.asarray(np.where(gate > 0, trunk, 9), np.float32), swirl)
    cava = ellipse(x + 17, u - (front - 10), 11.5, 8.5)
    lower = np.clip((s + 62) / 6, 0, 1)
    canvas.paint(canvas.inside(cava) * lower, "muscle")
    canvas.paint(canvas.inside(cava + 1.2) * lower, "slow_blood", swirl)
    azygos = ellipse(x + 5, u - front + 3.6, 2.6, 2.3)
    upper = np.clip((-s - 5) / 8, 0, 1)
    canvas.paint(canvas.inside(azygos) * upper, "slow_blood", swirl)
    gullet = ellipse(x - 2 - 9 * low, u - front + 17, 9.0, 5.5)
    canvas.paint(canvas.inside(gullet) * np.clip((-s - 55) / 8, 0, 1), "bowel")
    pipe = ellipse(x + 1, u - front + 27, 8.5, 8.0)
    high = np.clip((-s - 178) / 8, 0, 1)
    canvas.paint(canvas.inside(pipe) * high, "muscle")
    canvas.paint(canvas.inside(pipe + 1.8) * high, "air")


def _paint_vessel(canvas: Canvas, distance: Floats, gain: Floats) -> None:
    canvas.paint(canvas.inside(distance), "muscle")
    canvas.paint(canvas.inside(distance + 1.5), "void", gain)


def _paint_psoas(canvas: Canvas, front: Floats) -> None:
    s, u, side = canvas.s, canvas.u, np.abs(canvas.x)
    grown = np.clip((s - 2) / 75, 0, 1)
    psoas = ellipse(side - 25 - 9 * grown, u + 16, 3 + 14 * grown, 4 + 16 * grown)
    canvas.paint(canvas.inside(psoas) * np.clip((s - 2) / 8, 0, 1), "muscle", _fibres(canvas))
    crus = box(side - 9, u - front + 4.5, 6.0, 2.6, 2.0)
    span = np.clip((s + 28) / 8, 0, 1) * np.clip((66 - s) / 14, 0, 1)
    canvas.paint(canvas.inside(crus) * span, "muscle", _fibres(canvas))
