"""Random fields fixed in the anatomy, so that all sequences and both studies share them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from casepack.sample.anatomy import Floats

_SIDE = 64
"""A power of two: places wrap round with a bit mask."""
_MASK = _SIDE - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Textures:
    """Periodic cubes of smooth noise, mean 0 and standard deviation 1, by correlation length."""

    fine: Floats
    medium: Floats
    coarse: Floats


def build_textures(seed: int) -> Textures:
    """Return the fields of a seed; correlation lengths 1.2, 3 and 8 samples."""
    random = np.random.default_rng([seed, 71])
    fine, medium, coarse = (_field(random, length) for length in (1.2, 3.0, 8.0))
    return Textures(fine=fine, medium=medium, coarse=coarse)


def _field(random: np.random.Generator, length: float) -> Floats:
    noise = random.standard_normal((_SIDE, _SIDE, _SIDE))
    axis = np.fft.fftfreq(_SIDE)
    half = np.fft.rfftfreq(_SIDE)
    square = axis[:, None, None] ** 2 + axis[None, :, None] ** 2 + half[None, None, :] ** 2
    spectrum = np.fft.rfftn(noise) * np.exp(-2 * (np.pi * length * 0.5) ** 2 * square)
    spectrum[0, 0, 0] = 0
    field = np.fft.irfftn(spectrum, s=noise.shape, axes=(0, 1, 2))
    return np.asarray(field / field.std(), dtype=np.float32)


def sample(
    field: Floats, x: Floats, u: Floats, s: Floats, scale: tuple[float, float, float]
) -> Floats:
    """Return the field at points, interpolated; `scale` is samples for each mm along (x, u, s)."""
    corner, part = [], []
    for axis, factor in zip((x, u, s), scale, strict=True):
        place = axis * np.float32(factor) + np.float32(4096)
        whole = place.astype(np.int32)
        part.append(place - whole)
        corner.append((whole & _MASK, (whole + 1) & _MASK))
    flat = field.reshape(-1)
    total = np.zeros(x.shape, dtype=np.float32)
    for i in (0, 1):
        wi = part[0] if i else 1 - part[0]
        for j in (0, 1):
            wij = wi * (part[1] if j else 1 - part[1])
            row = (corner[0][i] * _SIDE + corner[1][j]) * _SIDE
            low, high = flat[row + corner[2][0]], flat[row + corner[2][1]]
            total += wij * (low + (high - low) * part[2])
    return total
