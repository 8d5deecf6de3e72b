"""Bits of Pixel Data beyond Bits Stored (PS3.5 8.1.1), where overlays used to be hidden.

Whoever removes the overlay's Attributes and not its bits leaves the drawing behind; some viewers
show it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from casepack.model import Finding
from casepack.verify.contents.elements import Buffer, Element, PartTen, forget_pages
from casepack.verify.findings.findings import make_finding
from casepack.verify.holdings import Holding, Holdings, open_buffer

_PIXEL_DATA: Final = 0x7FE00010
_ALLOCATED, _STORED, _HIGH = 0x00280100, 0x00280101, 0x00280102
_REPRESENTATION: Final = 0x00280103
_SIZES: Final = {8: "u1", 16: "u2", 32: "u4"}
_CHUNK: Final = 1 << 20


def check_unused_bits(holdings: Holdings) -> Iterator[Finding]:
    """Yield a finding for each image whose values say more than Bits Stored holds."""
    for holding in holdings.dicom:
        if holding.is_image and _hides_something(holding):
            yield make_finding("bits-unused", file=holding.name, place="(7FE0,0010)")


def _hides_something(holding: Holding) -> bool:
    part_ten = holding.part_ten
    pixels = part_ten.top[_PIXEL_DATA]
    allocated, stored, high = (_number(part_ten, tag) for tag in (_ALLOCATED, _STORED, _HIGH))
    if pixels.undefined or allocated not in _SIZES or not 0 < stored < allocated:
        return False
    if high >= allocated or high < stored - 1:
        return False
    used = ((1 << stored) - 1) << (high - stored + 1)
    is_signed = _number(part_ten, _REPRESENTATION) == 1 and high == stored - 1
    dtype = np.dtype(("<" if part_ten.little else ">") + _SIZES[allocated])
    try:
        with open_buffer(holding.path) as data:
            body = data if part_ten.inflated is None else part_ten.inflated
            return any(
                _is_beyond(values, used, stored if is_signed else 0)
                for values in _read_values(body, pixels, dtype)
            )
    except OSError:
        return False


def _number(part_ten: PartTen, tag: int) -> int:
    element = part_ten.top.get(tag)
    if element is None:
        return 0
    return int.from_bytes(element.value[:2], "little" if part_ten.little else "big")


def _read_values(
    data: Buffer, pixels: Element, dtype: np.dtype[np.unsignedinteger]
) -> Iterator[np.ndarray[tuple[int], np.dtype[np.unsignedinteger]]]:
    for start in range(pixels.start, pixels.stop, _CHUNK):
        chunk = data[start : min(start + _CHUNK, pixels.stop)]
        yield np.frombuffer(chunk, dtype, len(chunk) // dtype.itemsize)
        forget_pages(data, start, start + _CHUNK)


def _is_beyond(
    values: np.ndarray[tuple[int], np.dtype[np.unsignedinteger]], used: int, signed: int
) -> bool:
    """Tell whether other bits are set than those that are used, or that repeat the sign."""
    every = (1 << 8 * values.itemsize) - 1
    beyond = values & values.dtype.type(every ^ used)
    if not signed:
        return bool(beyond.any())
    # of a negative number each of them may be set
    sign = values.dtype.type(1 << (signed - 1))
    negative = values & sign != 0
    return bool(((beyond != 0) & ~(negative & (beyond == every ^ used))).any())
