"""The spine of the phantom: levels, the curve of the canal, and coordinates along it.

Anatomical frame: mm, x to the left, y to posterior, z to the head; the origin is the middle of the
canal at mid T12. Along the curve: `s` is the arc length from there, positive to the feet; `u` the
distance to posterior of the middle of the canal, in the median plane and at a right angle to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
"""Single precision wherever there is one value for each point."""
Ints = NDArray[np.int32]

CANAL_FRONT = 8.6
"""Distance of the back of the vertebral bodies from the middle of the canal, mm."""
STEP = 0.25
"""Spacing of the tables along the curve, mm."""

# name, body height, disc height below, body depth, body width, tilt of the curve in degrees
# (positive: running to posterior on the way down). Sizes as in common anatomy texts, rounded.
_LEVELS: tuple[tuple[str, float, float, float, float, float], ...] = (
    ("C6", 13.0, 5.0, 17.0, 24.0, 14.0),
    ("C7", 14.5, 5.0, 17.5, 26.0, 17.0),
    ("T1", 16.5, 4.4, 18.0, 28.0, 22.0),
    ("T2", 17.8, 4.2, 19.0, 28.0, 22.5),
    ("T3", 18.2, 3.9, 20.5, 27.0, 21.0),
    ("T4", 18.9, 3.8, 22.0, 27.0, 18.0),
    ("T5", 19.2, 3.9, 23.5, 27.5, 14.0),
    ("T6", 19.9, 4.1, 25.0, 28.5, 9.5),
    ("T7", 20.1, 4.4, 26.5, 29.5, 5.0),
    ("T8", 20.8, 4.6, 27.5, 30.5, 0.0),
    ("T9", 21.3, 5.0, 28.0, 32.0, -5.0),
    ("T10", 22.4, 5.4, 28.5, 34.0, -9.0),
    ("T11", 23.2, 5.9, 29.5, 36.5, -11.5),
    ("T12", 24.8, 6.8, 30.5, 39.5, -12.0),
    ("L1", 26.2, 8.0, 31.5, 42.5, -10.5),
    ("L2", 27.1, 9.2, 32.5, 44.5, -7.0),
    ("L3", 27.6, 10.4, 33.5, 46.5, 0.0),
    ("L4", 27.2, 11.2, 34.0, 48.5, 7.0),
    ("L5", 27.4, 10.0, 34.0, 50.0, 16.0),
    ("S1", 30.0, 2.5, 31.0, 50.0, 32.0),
    ("S2", 24.0, 2.5, 22.0, 44.0, 44.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Vertebrae from C6 to S2, one value each; lengths in mm along the curve."""

    names: tuple[str, ...]
    top: Floats
    bottom: Floats
    middle: Floats
    half_height: Floats
    disc: Floats
    """Height of the disc below."""
    depth: Floats
    width: Floats

    def place(self, name: str) -> int:
        """Return the row of a vertebra."""
        return self.names.index(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spine:
    """The curve of the canal with its levels, sampled every `STEP` mm of arc length."""

    levels: Levels
    start: float
    """Arc length of the first sample."""
    y: Floats
    z: Floats
    tilt: Floats
    """Radians; tangent (sin, -cos) in (y, z)."""
    level: Ints
    """Nearest vertebra: it owns half of each disc beside it."""
    back: Floats
    """`u` of the skin beside the furrow of the back."""
    fat: Floats
    """Thickness of the subcutaneous fat of the back, mm."""
    front: Floats
    """`u` of the front of the vertebral bodies."""

    def index(self, s: Floats) -> Ints:
        """Return rows of the tables nearest to arc lengths."""
        rows = ((s - np.float32(self.start)) * np.float32(1 / STEP) + np.float32(0.5)).astype(
            np.int32
        )
        return np.clip(rows, 0, len(self.y) - 1, out=rows)

    def level_at(self, s: Floats) -> Ints:
        """Return the vertebra nearest to each arc length."""
        return self.level[self.index(s)]

    def along(self, y: Floats, z: Floats) -> tuple[Floats, Floats]:
        """Return (s, u) of points; two steps of Newton's iteration from the same height."""
        s = np.interp(-z, -self.z, self.arc).astype(np.float32)
        s, _ = self._foot(s, y, z)
        return self._foot(s, y, z)

    def _foot(self, s: Floats, y: Floats, z: Floats) -> tuple[Floats, Floats]:
        row = self.index(s)
        sine, cosine = np.sin(self.tilt[row]), np.cos(self.tilt[row])
        across, up = y - self.y[row], z - self.z[row]
        return self.arc[row] + across * sine - up * cosine, across * cosine + up * sine

    @property
    def arc(self) -> Floats:
        """Arc length of each sample."""
        return (self.start + STEP * np.arange(len(self.y))).astype(np.float32)

    def point(self, x: float, u: float, s: float) -> tuple[float, float, float]:
        """Return the anatomical (x, y, z) of a place along the curve."""
        arc = self.arc
        tilt = float(np.interp(s, arc, self.tilt))
        y = float(np.interp(s, arc, self.y)) + u * np.cos(tilt)
        z = float(np.interp(s, arc, self.z)) + u * np.sin(tilt)
        return x, float(y), float(z)


@cache
def build_spine() -> Spine:
    """Lay the vertebrae one below the other and bend the canal through them."""
    names, heights, discs, depths, widths, tilts = zip(*_LEVELS, strict=True)
    height, disc = np.array(heights), np.array(discs)
    top = np.concatenate(([0.0], np.cumsum(height + disc)[:-1]))
    origin = top[names.index("T12")] + height[names.index("T12")] / 2
    top -= origin
    middle = top + height / 2
    levels = Levels(
        names=names,
        top=_single(top),
        bottom=_single(top + height),
        middle=_single(middle),
        half_height=_single(height / 2),
        disc=_single(disc),
        depth=_single(depths),
        width=_single(widths),
    )
    start = float(np.floor(top[0] - 60))
    arc = np.arange(start, top[-1] + height[-1] + 40, STEP)
    tilt = np.radians(_smooth_knots(arc, middle, np.array(tilts)))
    y, z = np.cumsum(np.sin(tilt)) * STEP, -np.cumsum(np.cos(tilt)) * STEP
    zero = round(-start / STEP)
    y, z = y - y[zero], z - z[zero]
    edges = (top + height + disc / 2)[:-1]
    # She lies on her back, which flattens it; neck and shoulders curve away from the table.
    back = 58 - 19 * (np.maximum(z - 85, 0) / 110) ** 2 + 2.5 * np.clip((-z - 20) / 90, 0, 1)
    back += 0.5 * np.sin(arc / 14) + 0.4 * np.sin(arc / 5.3 + 1)
    return Spine(
        levels=levels,
        start=start,
        y=_single(y),
        z=_single(z),
        tilt=_single(tilt),
        level=np.searchsorted(edges, arc).astype(np.int32),
        back=_single(back - y),
        fat=_single(11.5 + 6.5 * np.clip((arc + 60) / 130, 0, 1)),
        front=_single(-CANAL_FRONT - np.interp(arc, middle, depths)),
    )


def _smooth_knots(
    arc: NDArray[np.float64], at: NDArray[np.float64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Interpolate and smooth over about one vertebra, so that the canal has no kinks."""
    raw = np.interp(arc, at, values)
    kernel = np.hanning(int(36 / STEP))
    padded = np.pad(raw, len(kernel), mode="edge")
    smooth = np.convolve(padded, kernel / kernel.sum(), mode="same")
    return smooth[len(kernel) : -len(kernel)]


def _single(values: object) -> Floats:
    return np.asarray(values, dtype=np.float32)
