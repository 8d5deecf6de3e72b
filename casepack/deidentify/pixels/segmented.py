"""Segmented palettes (PS3.3 C.7.9.2): runs of entries, straight lines between them, and repeats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_DISCRETE, _LINEAR, _INDIRECT = range(3)
_OFFSET_BYTES: Final = 4
_BROKEN: Final = "a palette is not in valid segments"


def expand_segments(values: NDArray[np.int64], entries: int, *, word: int) -> NDArray[np.int64]:
    """Return the entries of a segmented palette.

    Parameters
    ----------
    values
        Segmented Palette Color Lookup Table Data, byte by byte or word by word.
    entries
        How many there are; what lies beyond is left out.
    word
        Bytes of one of the values.

    Raises
    ------
    ValueError
        A segment is none, or there are too few of them.
    """
    numbers = values.tolist()
    found: list[int] = []
    at = 0
    while len(found) < entries and at + 1 < len(numbers):
        kind, length = numbers[at : at + 2]
        if kind == _INDIRECT:
            parts = _OFFSET_BYTES // word
            if at + 2 + parts > len(numbers):
                raise ValueError(_BROKEN)
            # the least significant part comes first
            offset = sum(
                n << (8 * word * k) for k, n in enumerate(numbers[at + 2 : at + 2 + parts])
            )
            start = offset // word
            for _ in range(length):
                start = _copy(numbers, start, found)
                if len(found) >= entries:
                    break
            at += 2 + parts
        else:
            at = _copy(numbers, at, found)
    if len(found) < entries:
        raise ValueError(_BROKEN)
    return np.array(found[:entries], dtype=np.int64)


def _copy(numbers: Sequence[int], at: int, found: list[int]) -> int:
    """Add what a discrete or a linear segment gives, and return where the next begins."""
    kind, length = numbers[at : at + 2] if at + 1 < len(numbers) else (_INDIRECT, 0)
    end = at + 2 + (length if kind == _DISCRETE else 1)
    if kind not in {_DISCRETE, _LINEAR} or not length or end > len(numbers):
        raise ValueError(_BROKEN)
    if kind == _DISCRETE:
        found += numbers[at + 2 : end]
    else:
        # the first segment is a discrete one
        line = np.linspace(found[-1] if found else 0, numbers[end - 1], length + 1)
        found += np.rint(line[1:]).astype(int).tolist()
    return end
