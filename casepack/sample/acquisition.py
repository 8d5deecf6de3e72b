"""From the phantom to pixels: slice profile, coil, fat shift, resolution, noise, 12 bits."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from casepack.sample.anatomy import Floats, build_spine
from casepack.sample.arches import paint_arches
from casepack.sample.canal import paint_canal
from casepack.sample.canvas import Canvas, SignalTable
from casepack.sample.geometry import POSES, Slice, to_curve
from casepack.sample.lesion import LESIONS
from casepack.sample.texture import Textures
from casepack.sample.tissue import Sequence, signal_table
from casepack.sample.torso import paint_torso
from casepack.sample.vertebra import paint_column

Pixels = NDArray[np.uint16]

_PROFILE = ((-0.33, 0.3), (0.0, 0.4), (0.33, 0.3))
"""Parts of the slice thickness and their weights."""
_LOCALIZER, _SAGITTAL = 1, 2
_FAT_SHIFT_HZ = 220.0
"""Between water and fat at 1.5 T."""


def render(
    plane: Slice, thickness: float, study: int, signals: SignalTable, textures: Textures
) -> Floats:
    """Return the noise-free signal of a slice, shape (channels, size, size)."""
    x, u, s = to_curve(POSES[study - 1], plane.points())
    channels = np.zeros((len(signals["air"]), len(x)), dtype=np.float32)
    canvas = Canvas(
        x=x,
        u=u,
        s=s,
        softness=plane.pixel,
        signals=signals,
        spine=build_spine(),
        textures=textures,
        channels=channels,
    )
    paint_torso(canvas)
    near = np.flatnonzero((np.abs(u) < 64) & (np.abs(x) < 46))
    if len(near):
        points = plane.points().reshape(-1, 3)[near]
        around, mixed = channels[:, near], np.zeros((len(channels), len(near)), dtype=np.float32)
        for offset, weight in _PROFILE:
            x, u, s = to_curve(POSES[study - 1], points + plane.normal * offset * thickness)
            sheet = replace(canvas, x=x, u=u, s=s, channels=around.copy())
            paint_arches(sheet)
            paint_column(sheet)
            paint_canal(sheet, LESIONS[study - 1])
            mixed += sheet.channels * np.float32(weight)
        channels[:, near] = mixed
    return channels.reshape(-1, plane.size, plane.size)


def acquire(
    channels: Floats, plane: Slice, sequence: Sequence, study: int, random: np.random.Generator
) -> Pixels:
    """Return the 12-bit magnitude image of one sequence's water and fat, shape (2, n, n)."""
    coil = _coil(plane, _SAGITTAL if sequence.number in {2, 3, 5} else sequence.number, study)
    noise = random.standard_normal((2, plane.size, plane.size)) * sequence.noise
    water = channels[0] * coil + noise[0] + 1j * noise[1]
    fat = np.fft.fft2(channels[1] * coil) * _fat_phase(plane.size, sequence)
    spectrum = np.fft.fft2(water) + fat
    image = np.abs(np.fft.ifft2(spectrum * _passband(plane.size, sequence)))
    return np.clip(np.rint(image * scale_of(sequence)), 0, 4095).astype(np.uint16)


def scale_of(sequence: Sequence) -> float:
    """Return stored value for each unit of signal: the brightest tissue is near 1500."""
    signals = signal_table((sequence_name(sequence),))
    brightest = max(float(signals[tissue].sum()) for tissue in ("fat", "csf", "lesion"))
    return 1500.0 / brightest


def sequence_name(sequence: Sequence) -> str:
    """Return the key of a sequence in the parameters."""
    return ("localizer", "sagittal_t1", "sagittal_t2", "axial_t2", "sagittal_t1_gd")[
        sequence.number - 1
    ]


@lru_cache(maxsize=1)  # sagittal series share their planes
def _coil(plane: Slice, view: int, study: int) -> Floats:
    """Spine coil below the back; in sagittal series a saturation band in front of the spine."""
    x, y, z = POSES[study - 1].to_anatomy(plane.points())
    depth = np.maximum(58 - y, 0)
    if view == _LOCALIZER:
        return np.asarray(0.45 + 0.55 / (1 + (depth / 110) ** 2), dtype=np.float32)
    fall = 0.16 + 0.90 / (1 + (depth / 112) ** 2)
    fall *= 1 + 0.05 * np.cos(z / 19) * np.exp(-depth / 40)
    fall *= 1 / (1 + (np.maximum(np.abs(z - 60) - 118, 0) / 48) ** 2)
    fall *= 1 / (1 + (x / 150) ** 2)
    if view == _SAGITTAL:
        # the band is tilted, as the operator laid it along the front of the spine
        edge = y + 72 + 0.12 * (z - 60)
        fall *= 0.20 + 0.80 / (1 + np.exp(-edge / 5.0))
    return np.asarray(fall, dtype=np.float32)


def _fat_phase(size: int, sequence: Sequence) -> NDArray[np.complex128]:
    shift = _FAT_SHIFT_HZ / sequence.bandwidth
    return np.asarray(np.exp(-2j * np.pi * np.fft.fftfreq(size) * shift)[None, :])


def _passband(size: int, sequence: Sequence) -> NDArray[np.float64]:
    """Window in k-space: fewer steps along phase (rows), rounded off against ringing."""
    rows = _taper(np.abs(np.fft.fftfreq(size)) / (0.5 * sequence.phase_resolution))
    columns = _taper(np.abs(np.fft.fftfreq(size)) / 0.5)
    return rows[:, None] * columns[None, :]


def _taper(frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    edge = np.clip((frequency - 0.62) / 0.40, 0, 1)
    return np.asarray(np.where(frequency <= 1.0, 0.5 + 0.5 * np.cos(np.pi * edge), 0.0))
