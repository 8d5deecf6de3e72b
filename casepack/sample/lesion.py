"""The lesion at T12 and the shape of the cord around it, at each time point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from casepack.sample.anatomy import Floats
from casepack.sample.canvas import ellipsoid


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionShape:
    """An ovoid in the cord: centre and half-axes along (x, u, s), mm."""

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]
    oedema: bool
    """Whether the cord is oedematous from T6 to the conus."""

    def distance(self, x: Floats, u: Floats, s: Floats) -> Floats:
        """Return the signed distance from the surface, negative inside."""
        p = tuple(
            np.asarray(axis - np.float32(at), dtype=np.float32)
            for axis, at in zip((x, u, s), self.centre, strict=True)
        )
        smooth = ellipsoid((p[0], p[1], p[2]), self.radii)
        wave = np.sin(0.55 * p[2] + 0.7) * np.sin(0.8 * p[1] + 0.5 * p[0] + 0.3)
        return np.asarray(smooth + np.float32(0.05 * self.radii[1]) * wave, dtype=np.float32)


LESIONS: tuple[LesionShape, LesionShape] = (
    LesionShape(centre=(0.3, 0.4, 1.5), radii=(5.3, 5.0, 11.4), oedema=True),
    LesionShape(centre=(0.5, 0.6, 1.0), radii=(3.0, 2.7, 5.6), oedema=False),
)
"""At time point 1 and 2: smaller after treatment, and no oedema."""

CONUS_TIP = 37.0
"""Arc length at which the cord ends: lower half of L1."""


def cord_axes(lesion: LesionShape, s: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the cord's half-axes across (x) and along u, and its middle in u, mm."""
    enlargement = np.exp(-(((s + 2) / 22) ** 2))
    upper = np.clip((-s - 150) / 60, 0, 1)
    taper = np.sqrt(np.clip((CONUS_TIP - s) / 34, 0, 1))
    across = (4.3 + 1.0 * enlargement + 0.7 * upper) * taper
    deep = (3.15 + 0.85 * enlargement + 0.25 * upper) * taper
    middle = -0.9 * np.exp(-(((s + 130) / 70) ** 2)) + 0.9 * np.clip((s + 30) / 50, 0, 1)
    rise = (s - lesion.centre[2]) / (lesion.radii[2] * 1.45)
    bulge = np.clip(1 - rise * rise, 0, 1) ** np.float32(0.75)
    room = (1.0, 0.9)
    wide = lesion.radii[0] + room[0]
    thick = lesion.radii[1] + room[1]
    across = across + np.maximum(wide - across, 0) * bulge * taper
    deep = deep + np.maximum(thick - deep, 0) * bulge * taper
    middle = middle + (lesion.centre[1] - middle) * bulge
    return tuple(np.asarray(value, dtype=np.float32) for value in (across, deep, middle))  # type: ignore[return-value]
