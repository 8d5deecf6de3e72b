"""What lies around the spine: skin, fat, muscle, lungs, vessels and organs."""

from __future__ import annotations

import numpy as np

from casepack.sample.anatomy import Floats
from casepack.sample.canvas import Canvas, box, ellipse, ellipsoid
from casepack.sample.ribs import paint_ribs


def back_of(canvas: Canvas) -> Floats:
    """Return `u` of the skin of the back, with its furrow in the middle."""
    row = canvas.spine.index(canvas.s)
    lower = np.clip((canvas.s + 60) / 100, 0, 1)
    return canvas.spine.back[row] - (2.5 + 3 * lower) * np.exp(-((canvas.x / 17) ** 2))


def fascia_of(canvas: Canvas) -> Floats:
    """Return `u` of the fascia below the subcutaneous fat."""
    return back_of(canvas) - canvas.spine.fat[canvas.spine.index(canvas.s)]


def front_of(canvas: Canvas) -> Floats:
    """Return `u` of the front of the vertebral bodies."""
    return canvas.spine.front[canvas.spine.index(canvas.s)]


def paint_torso(canvas: Canvas) -> None:
    """Paint everything but the spine itself."""
    wall = _trunk(canvas, 0)
    canvas.paint(canvas.inside(wall), "skin")
    cavity = _cavity(canvas)
    with canvas.only((wall < 3) & (cavity > -4)) as part:
        _paint_fat_and_muscle(part)
    paint_ribs(canvas)
    with canvas.only(cavity < 2) as part:
        _paint_cavity(part.warped(1.3, 0.12))


def _trunk(canvas: Canvas, inset: float) -> Floats:
    """Return the signed distance from the trunk's surface, moved inwards."""
    back = back_of(canvas)
    p = np.abs(canvas.x) / (165 - inset)
    q = np.abs(canvas.u - back + 108) / (108 - 0.3 * inset)
    norm = (p**2.6 + q**2.6) ** np.float32(1 / 2.6)
    return np.maximum((norm - 1) * 100, canvas.u - back + 0.3 * inset)


def _paint_fat_and_muscle(canvas: Canvas) -> None:
    flesh = np.maximum(_trunk(canvas, 18), canvas.u - fascia_of(canvas))
    with canvas.only(flesh > -2) as part:
        lumps = 1 + 0.06 * part.coarse(0.2, 0.2, 0.2)
        part.paint(part.inside(_trunk(part, 0) + 1.8), "fat", lumps)
        strands = np.clip(1 - np.abs(part.medium(0.12, 0.62, 0.085)) * 8, 0, 1)
        strands += 0.7 * np.clip(1 - np.abs(part.fine(0.1, 0.55, 0.11)) * 6, 0, 1)
        layer = _trunk(part, 0)
        part.paint(0.5 * np.minimum(strands, 1) * part.inside(layer + 3), "septum")
        sheet = np.abs(part.u - fascia_of(part) - 5.5) - 0.35
        part.paint(0.5 * part.inside(sheet) * part.inside(layer + 3), "septum")
    with canvas.only(flesh < 1) as part:
        flesh = np.maximum(_trunk(part, 18), part.u - fascia_of(part))
        part.paint(part.inside(flesh), "ligament")
        part.paint(part.inside(flesh + 0.9), "muscle", 1 + 0.09 * part.medium(0.5, 0.6, 0.08))
        _paint_muscle_fat(part, part.inside(flesh + 1.5))


def _paint_muscle_fat(canvas: Canvas, cover: Floats) -> None:
    """Paint the fat planes between the muscles of the back, and streaks near the spine."""
    # Between multifidus, longissimus and iliocostalis: planes beside the spine.
    wave = 3.0 * canvas.coarse(0.3, 0.4, 0.05)
    inner = np.abs(np.abs(canvas.x) - 15 - 0.35 * (canvas.u - 8) - wave)
    outer = np.abs(np.abs(canvas.x) - 42 + 0.25 * (canvas.u - 8) - 1.3 * wave)
    thin = 0.9 + 0.5 * canvas.medium(0.3, 0.3, 0.1)
    planes = np.clip(1.2 - np.minimum(inner, outer) / np.maximum(thin, 0.3), 0, 1)
    streaks = np.clip(canvas.medium(0.42, 0.38, 0.07) - 0.75, 0, 1)
    near = np.exp(-((canvas.x / 24) ** 2)) * np.clip((canvas.u - 2) / 10, 0, 1)
    threads = np.clip(canvas.fine(0.42, 0.42, 0.09) - 1.0, 0, 1)
    amount = 0.7 * planes + streaks * (0.2 + near) + 0.5 * threads
    canvas.paint(cover * np.clip(amount, 0, 0.88), "fat")


def _cavity(canvas: Canvas) -> Floats:
    side = np.abs(canvas.x)
    hollow = np.clip((side - 20) / 26, 0, 1)
    rear = -15 + 25 * hollow * hollow * (3 - 2 * hollow) - 0.004 * np.maximum(side - 60, 0) ** 2
    return np.asarray(np.maximum(_trunk(canvas, 30), canvas.u - rear))


def _paint_cavity(canvas: Canvas) -> None:
    cover = canvas.inside(_cavity(canvas))
    diaphragm = -78 + 70 * np.exp(-(((canvas.u - 14) / 40) ** 2))
    above = canvas.s - diaphragm
    mottle = 0.86 + 0.10 * canvas.coarse(0.5, 0.5, 0.5) + 0.07 * canvas.fine(0.6, 0.6, 0.6)
    canvas.paint(cover, "fat", np.clip(mottle, 0.4, 1.1))
    strands = np.clip(canvas.medium(0.4, 0.4, 0.22) - 0.85, 0, 0.8)
    canvas.paint(cover * strands, "bowel")
    with canvas.only(above > -1) as part:
        _paint_belly(part)
    with canvas.only(above < 1) as part:
        _paint_chest(part)
    crest = np.clip((-canvas.u - 38) / 8, 0, 1) + np.clip((np.abs(canvas.x) - 30) / 8, 0, 1)
    canvas.paint(0.8 * cover * canvas.inside(np.abs(above) - 1.3) * np.minimum(crest, 1), "muscle")
    _paint_vessels(canvas)


def _paint_chest(canvas: Canvas) -> None:
    s, u, x = canvas.s, canvas.u, canvas.x
    cover = canvas.inside(_cavity(canvas))
    heart = ellipsoid((x - 20, u + 112, s + 122), (64, 46, 66)) + 3 * canvas.coarse(0.2, 0.2, 0.2)
    canvas.paint(cover * canvas.inside(heart), "myocardium")
    chambers = np.clip(canvas.coarse(0.2, 0.2, 0.2) * 3 + 1.9, 0, 1)
    canvas.paint(cover * canvas.inside(heart + 8) * chambers, "void")
    great = np.clip((canvas.coarse(0.3, 0.3, 0.16) - 0.35) * 6, 0, 1)
    deep = np.clip((-u - 58) / 5, 0, 1) * np.clip((-s - 170) / 8, 0, 1)
    canvas.paint(cover * great * deep * canvas.inside(-heart), "void")
    width = 21 + 26 * np.clip((-u - 62) / 25, 0, 1)
    lung = np.minimum(heart, np.abs(x - 5) - width)
    canvas.paint(cover * canvas.inside(-lung), "lung")
    branches = np.clip(canvas.medium(0.28, 0.28, 0.28) - 1.5, 0, 1)
    canvas.paint(cover * canvas.inside(-lung) * 0.5 * branches, "slow_blood")


def _paint_belly(canvas: Canvas) -> None:
    s, u, x = canvas.s, canvas.u, canvas.x
    cover = canvas.inside(_cavity(canvas))
    loops = np.clip((canvas.coarse(0.34, 0.34, 0.30) - 0.05) * 6, 0, 1)
    front = np.clip((-u - 62) / 10, 0, 1)
    canvas.paint(cover * loops * front, "bowel", 1 + 0.35 * canvas.coarse(0.5, 0.5, 0.5))
    stomach = ellipsoid((x - 55, u + 95, s + 10), (48, 34, 52))
    canvas.paint(cover * canvas.inside(stomach), "bowel")
    content = 0.8 + 0.25 * canvas.coarse(0.4, 0.4, 0.4)
    canvas.paint(cover * canvas.inside(stomach + 4) * 0.7, "nucleus", content)
    liver = ellipsoid((x + 72, u + 82, s + 2), (86, 60, 88))
    canvas.paint(cover * canvas.inside(liver), "liver", 1 + 0.05 * canvas.fine(1, 1, 1))
    vessels = np.clip(canvas.coarse(0.5, 0.5, 0.5) - 1.1, 0, 1) * 2
    vessels += np.clip(canvas.medium(0.33, 0.33, 0.33) - 1.6, 0, 1) * 2
    canvas.paint(cover * canvas.inside(liver + 5) * np.minimum(vessels, 1), "slow_blood")
    spleen = ellipsoid((x - 108, u + 38, s + 8), (34, 50, 52))
    canvas.paint(cover * canvas.inside(spleen), "spleen")
    for side, low in ((-1, 52), (1, 40)):
        kidney = ellipsoid((x - side * 60, u + 24, s - low), (29, 24, 52))
        rind = 1 + 0.12 * np.clip(kidney / 8 + 1, 0, 1) + 0.05 * canvas.medium(0.4, 0.4, 0.4)
        canvas.paint(cover * canvas.inside(kidney), "kidney", rind)
        sinus = ellipsoid((x - side * 52, u + 30, s - low), (12, 8, 30))
        canvas.paint(cover * canvas.inside(sinus), "fat")


def _paint_vessels(canvas: Canvas) -> None:
    s, u, x = canvas.s, canvas.u, canvas.x
    front = front_of(canvas)
    _paint_psoas(canvas, front)
    low = np.clip((s + 150) / 150, 0, 1)
    swirl = 1 + 0.6 * canvas.medium(0.3, 0.3, 0.05)
    _paint_vessel(
        canvas, ellipse(x - (19 - 14 * low), u - (front + 4 - 17 * low), 10.6, 10.6), swirl
    )
    trunk = np.hypot(x - 3, (u - front + 25 + 0.9 * np.maximum(s - 18, 0)) * 0.75) - 4
    _paint_vessel(canvas, np.where((s > 14) & (s < 55), trunk, 9), swirl)
    cava = ellipse(x + 17, u - (front - 10), 11.5, 8.5)
    lower = np.clip((s + 62) / 6, 0, 1)
    canvas.paint(canvas.inside(cava) * lower, "muscle")
    canvas.paint(canvas.inside(cava + 1.2) * lower, "slow_blood", swirl)
    azygos = ellipse(x + 5, u - front + 3.8, 2.8, 2.4)
    upper = np.clip((-s - 5) / 8, 0, 1)
    canvas.paint(canvas.inside(azygos) * upper, "slow_blood", swirl)
    gullet = ellipse(x - 2 - 9 * low, u - front + 15, 9.0, 5.5)
    fold = 1 + 0.25 * canvas.fine(0.5, 0.7, 0.2)
    canvas.paint(canvas.inside(gullet) * np.clip((-s - 55) / 8, 0, 1), "bowel", fold)
    pipe = ellipse(x + 1, u - front + 26, 8.5, 7.5)
    high = np.clip((-s - 182) / 8, 0, 1)
    canvas.paint(canvas.inside(pipe) * high, "muscle")
    canvas.paint(canvas.inside(pipe + 1.6) * high, "air")


def _paint_vessel(canvas: Canvas, distance: Floats, gain: Floats) -> None:
    canvas.paint(canvas.inside(distance), "muscle")
    canvas.paint(canvas.inside(distance + 1.3), "void", gain)


def _paint_psoas(canvas: Canvas, front: Floats) -> None:
    s, u, side = canvas.s, canvas.u, np.abs(canvas.x)
    grown = np.clip((s - 2) / 75, 0, 1)
    fibres = 1 + 0.1 * canvas.medium(0.5, 0.6, 0.09)
    psoas = ellipse(side - 25 - 9 * grown, u + 16, 3 + 14 * grown, 4 + 16 * grown)
    canvas.paint(canvas.inside(psoas) * np.clip((s - 2) / 8, 0, 1), "muscle", fibres)
    crus = box(side - 9, u - front + 4.2, 6.0, 2.2, 2.0)
    span = np.clip((s + 28) / 8, 0, 1) * np.clip((66 - s) / 14, 0, 1)
    canvas.paint(canvas.inside(crus) * span, "muscle", fibres)
