"""Painting tissues over one another with soft edges: partial volume without supersampling."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from casepack.sample.anatomy import Floats, Spine
from casepack.sample.texture import Textures, sample

SignalTable = dict[str, Floats]
"""Tissue to signal, one value for each channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """Signal of points in space.

    Attributes
    ----------
    x, u, s
        Places of the N points along the curve of the spine, mm.
    softness
        Width of an edge: the size of a pixel, mm.
    channels
        Signal, shape (channels, N), painted in place.
    """

    x: Floats
    u: Floats
    s: Floats
    softness: float
    channels: Floats
    signals: SignalTable
    spine: Spine
    textures: Textures

    def paint(self, cover: Floats, tissue: str, gain: Floats | None = None) -> None:
        """Lay a tissue over what is there; `cover` is 0 to 1, `gain` varies its signal."""
        where = np.flatnonzero(cover)
        if not len(where):
            return
        colour = self.signals[tissue][:, None]
        if 3 * len(where) > cover.size:
            target = colour if gain is None else colour * gain
            self.channels[...] += cover * (target - self.channels)
            return
        # Most tissues cover few points: those alone are painted.
        target = colour if gain is None else colour * gain[where]
        under = self.channels[:, where]
        self.channels[:, where] = under + cover[where] * (target - under)

    def inside(self, distance: Floats) -> Floats:
        """Return how much of a point's pixel lies where the signed distance is negative."""
        cover = np.float32(0.5) - distance * np.float32(1 / self.softness)
        return np.clip(cover, 0, 1, out=cover)

    @contextmanager
    def only(self, condition: NDArray[np.bool_]) -> Iterator[Canvas]:
        """Give a canvas of the points where a condition holds; it may have none."""
        where = np.flatnonzero(condition)
        part = replace(
            self,
            x=self.x[where],
            u=self.u[where],
            s=self.s[where],
            channels=self.channels[:, where],
        )
        yield part
        self.channels[:, where] = part.channels

    def warped(self, shift: float, scale: float) -> Canvas:
        """Return a canvas whose places are moved about smoothly: nothing in a body is straight.

        It shares the channels; `shift` is the standard deviation in mm, `scale` samples each mm.
        """
        s = self.s + np.float32(shift) * self.medium(scale, scale, scale)
        u = self.u + np.float32(0.8 * shift) * sample(
            self.textures.medium, self.u, self.s, self.x, (scale, scale, scale)
        )
        return replace(self, u=u, s=s)

    def fine(self, x: float, u: float, s: float) -> Floats:
        """Return the fine field; arguments are samples for each mm."""
        return sample(self.textures.fine, self.x, self.u, self.s, (x, u, s))

    def medium(self, x: float, u: float, s: float) -> Floats:
        """Return the medium field; arguments are samples for each mm."""
        return sample(self.textures.medium, self.x, self.u, self.s, (x, u, s))

    def coarse(self, x: float, u: float, s: float) -> Floats:
        """Return the coarse field; arguments are samples for each mm."""
        return sample(self.textures.coarse, self.x, self.u, self.s, (x, u, s))


def ellipsoid(offsets: tuple[Floats, Floats, Floats], radii: tuple[float, float, float]) -> Floats:
    """Return the signed distance, to first order, from an ellipsoid."""
    ratio = sum((axis * np.float32(1 / r)) ** 2 for axis, r in zip(offsets, radii, strict=True))
    slope = sum((axis * np.float32(1 / r**2)) ** 2 for axis, r in zip(offsets, radii, strict=True))
    k0, k1 = np.sqrt(ratio), np.sqrt(slope) + np.float32(1e-6)
    return np.asarray(k0 * (k0 - 1) / k1, dtype=np.float32)


def ellipse(across: Floats, along: Floats, a: Floats | float, b: Floats | float) -> Floats:
    """Return the signed distance, to first order, from an ellipse with half-axes a and b."""
    p, q = across / a, along / b
    k0 = np.sqrt(p * p + q * q)
    k1 = np.sqrt((p / a) ** 2 + (q / b) ** 2) + np.float32(1e-6)
    return np.asarray(k0 * (k0 - 1) / k1, dtype=np.float32)


def box(across: Floats, along: Floats, a: Floats | float, b: Floats | float, r: float) -> Floats:
    """Return the signed distance from a rectangle with half-sides a and b and corners rounded."""
    p, q = np.abs(across) - a + np.float32(r), np.abs(along) - b + np.float32(r)
    outer = np.hypot(np.maximum(p, 0), np.maximum(q, 0))
    return np.asarray(outer + np.minimum(np.maximum(p, q), 0) - np.float32(r), dtype=np.float32)
