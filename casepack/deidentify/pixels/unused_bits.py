"""Bits beyond Bits Stored: where overlays used to be hidden.

Until the 2004 edition of the standard an overlay could be stored in the unused bits of Pixel Data
(PS3.5 8.1.2, Overlay Bit Position (60xx,0102)). Removing group 60xx leaves such text in place.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from casepack.deidentify.pixels.stored import (
    StoredPixels,
    Values,
    native_frame,
    native_size,
    refuse_odd_pixels,
)


def hides_in_unused_bits(pixels: StoredPixels) -> bool:
    """Return whether native values have bits set beyond Bits Stored that do not repeat the sign.

    Raises
    ------
    InstanceHeld
        The description of the Pixel Data is not understood.
    """
    refuse_odd_pixels(pixels)
    if not pixels.native or pixels.bits_allocated in {1, pixels.bits_stored}:
        return False
    frames = (native_frame(pixels, index) for index in range(pixels.frames))
    return any(bool((_unused_bits(pixels, frame) != 0).any()) for frame in frames)


def clear_unused_bits(pixels: StoredPixels) -> StoredPixels:
    """Return native Pixel Data without them: zero, or the sign repeated. The rest is as it was."""
    if not hides_in_unused_bits(pixels):
        return pixels
    count = native_size(pixels) // pixels.dtype.itemsize
    values = np.frombuffer(pixels.value, dtype=pixels.dtype, count=count)
    cleared = values ^ _unused_bits(pixels, values)
    data = cleared.astype(pixels.dtype).tobytes() + bytes(pixels.value[native_size(pixels) :])
    return replace(pixels, value=data)


def _unused_bits(pixels: StoredPixels, values: Values) -> Values:
    """Return the unused bits that differ from what they should be."""
    low = pixels.high_bit + 1 - pixels.bits_stored
    kind = values.dtype.newbyteorder("=").type
    everything = (1 << pixels.bits_allocated) - 1
    used = ((1 << pixels.bits_stored) - 1) << low
    unused = values & kind(everything ^ used)
    if not pixels.signed:
        return np.asarray(unused)
    above = kind(everything ^ ((1 << (pixels.high_bit + 1)) - 1))
    negative = (values >> kind(pixels.high_bit)) & kind(1) == 1
    should = np.where(negative, above, kind(0))
    # some writers do not repeat the sign
    plain: Values = np.where((unused & above) == 0, unused, unused ^ should)
    return plain
