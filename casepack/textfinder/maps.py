"""What the text detector sees of a frame: three maps of the stored values, without any window.

1. The values between their 0.5 and 99.5 percentile, 0 to 1, clipped to -0.5 to 2.
2. Local contrast: how far a value lies from the mean of the 28 x 28 pixels around it, in their
   standard deviations.
3. How many of the left and the upper neighbour hold the very same value, 0 to 1: drawn text is
   made of exact constants, tissue is not.

The maps do not change with Rescale Slope and Intercept, nor with Bits Stored. They are padded
with zeros to the stride of the network, as its convolutions pad, so that a border looks the same
everywhere.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Frame = NDArray[Any]

STRIDE: Final = 16
"""Rows and columns of the maps are multiples of it."""
_BLOCK: Final = 4
_REACH: Final = 3
"""Blocks to each side that count for local contrast."""
_SAMPLES: Final = 8192
_LOW, _HIGH = 0.005, 0.995
_FLOOR: Final = 0.02
"""Share of the range added to the standard deviation: noise in air is no contrast."""
_LARGEST_CONTRAST: Final = 4.0


def text_maps(frame: Frame) -> Floats:
    """Return the three maps of a frame.

    Parameters
    ----------
    frame
        Stored values of one sample, shape (rows, columns), any integer or floating type.

    Returns
    -------
    numpy.ndarray
        Shape (3, rows, columns), rows and columns rounded up to a multiple of `STRIDE`.
    """
    rows, columns = frame.shape
    maps = np.empty((3, _up(rows), _up(columns)), dtype=np.float32)
    scaled = _scaled(frame)
    # before values are clipped: what stands on a bright plate differs from it all the same
    _write_contrast(scaled, maps[1])
    np.clip(scaled, -0.5, 2, out=maps[0, :rows, :columns])
    _write_equal_neighbours(frame, maps[2, :rows, :columns])
    maps[:, rows:], maps[:, :, columns:] = 0, 0
    return maps


def _up(size: int) -> int:
    return -(-size // STRIDE) * STRIDE


def _scaled(frame: Frame) -> Floats:
    low, high = _range(frame)
    scaled = np.subtract(frame, low, dtype=np.float32)
    scaled *= np.float32(1 / (high - low))
    return scaled


def _range(frame: Frame) -> tuple[float, float]:
    step = max(1, round((frame.size / _SAMPLES) ** 0.5))
    sample = np.sort(frame[::step, ::step], axis=None)
    last = sample.size - 1
    low, high = float(sample[round(_LOW * last)]), float(sample[round(_HIGH * last)])
    if high <= low:
        # almost all is one value: a small text on an empty frame
        low, high = float(frame.min()), float(frame.max())
    return (low, high) if high > low else (low, low + 1)


def _write_contrast(scaled: Floats, into: Floats) -> None:
    rows, columns = into.shape
    if scaled.shape != into.shape:
        scaled = np.pad(
            scaled, ((0, rows - scaled.shape[0]), (0, columns - scaled.shape[1])), mode="edge"
        )
    mean = _around(_block_means(scaled))
    # of the differences to the mean: no small difference of large numbers
    strips = scaled.reshape(rows // _BLOCK, _BLOCK, columns)
    away = into.reshape(strips.shape)
    np.subtract(strips, np.repeat(mean, _BLOCK, axis=1)[:, None], out=away)
    spread = np.sqrt(_around(_block_means(np.square(away).reshape(rows, columns))))
    away *= np.repeat(np.float32(0.5) / (spread + _FLOOR), _BLOCK, axis=1)[:, None]
    np.clip(away, -_LARGEST_CONTRAST / 2, _LARGEST_CONTRAST / 2, out=away)


def _block_means(values: Floats) -> Floats:
    rows, columns = values.shape
    strips = values.reshape(rows // _BLOCK, _BLOCK, columns).sum(axis=1)
    first, second, third, fourth = (strips[:, part::_BLOCK] for part in range(_BLOCK))
    means: Floats = (first + second + third + fourth) * np.float32(1 / _BLOCK**2)
    return means


def _around(blocks: Floats) -> Floats:
    """Return the mean over a square of blocks; blocks beyond the border repeat the last one."""
    result = blocks
    for axis in (0, 1):
        before = [(0, 0), (0, 0)]
        before[axis] = (_REACH + 1, _REACH)
        summed = np.cumsum(np.pad(result, before, mode="edge"), axis=axis, dtype=np.float64)
        width = 2 * _REACH + 1
        first, last = (slice(0, -width), slice(width, None))
        taken = summed[last] - summed[first] if axis == 0 else summed[:, last] - summed[:, first]
        result = (taken / width).astype(np.float32)
    return result


def _write_equal_neighbours(frame: Frame, into: Floats) -> None:
    half = np.float32(0.5)
    into[:, 0] = 0
    np.multiply(frame[:, 1:] == frame[:, :-1], half, out=into[:, 1:])
    into[1:] += (frame[1:] == frame[:-1]) * half
