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

from functools import reduce
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
    scaled, contrast, equal = maps
    _write_scaled(frame, scaled[:rows, :columns])
    # beyond the border the last value goes on, until the contrast is known
    scaled[:rows, columns:] = scaled[:rows, columns - 1 : columns]
    scaled[rows:] = scaled[rows - 1]
    # before values are clipped: what stands on a bright plate differs from it all the same
    _write_contrast(scaled, contrast)
    np.clip(scaled, -0.5, 2, out=scaled)
    _write_equal_neighbours(frame, equal[:rows, :columns])
    maps[:, rows:], maps[:, :, columns:] = 0, 0
    return maps


def _up(size: int) -> int:
    return -(-size // STRIDE) * STRIDE


def _write_scaled(frame: Frame, into: Floats) -> None:
    low, high = _range(frame)
    np.subtract(frame, low, out=into, dtype=np.float32)
    into *= np.float32(1 / (high - low))


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
    strips = scaled.reshape(rows // _BLOCK, _BLOCK, columns)
    away = into.reshape(strips.shape)
    mean = _wide(_around(_block_means(strips.sum(axis=1))))
    # of the differences to the mean: no small difference of large numbers
    np.subtract(strips, mean, out=away)
    squares = np.einsum("ijk,ijk->ik", away, away)
    spread = np.sqrt(_around(_block_means(squares)))
    away *= _wide(0.5 / (spread + np.float32(_FLOOR)))
    np.clip(away, -_LARGEST_CONTRAST / 2, _LARGEST_CONTRAST / 2, out=away)


def _wide(blocks: Floats) -> Floats:
    return np.repeat(blocks, _BLOCK, axis=1)[:, None]


def _block_means(sums: Floats) -> Floats:
    first, second, third, fourth = (sums[:, part::_BLOCK] for part in range(_BLOCK))
    means: Floats = (first + second + third + fourth) * np.float32(1 / _BLOCK**2)
    return means


def _around(blocks: Floats) -> Floats:
    """Return the mean over a square of blocks; blocks beyond the border repeat the last one."""
    rows, columns = blocks.shape
    padded = np.pad(blocks, _REACH, mode="edge")
    width = 2 * _REACH + 1
    down: Floats = reduce(np.add, (padded[part : part + rows] for part in range(width)))
    around: Floats = reduce(np.add, (down[:, part : part + columns] for part in range(width)))
    around *= np.float32(1 / width**2)
    return around


def _write_equal_neighbours(frame: Frame, into: Floats) -> None:
    count = np.zeros(frame.shape, dtype=np.uint8)
    count[:, 1:] = frame[:, 1:] == frame[:, :-1]
    count[1:] += frame[1:] == frame[:-1]
    np.multiply(count, np.float32(0.5), out=into)
