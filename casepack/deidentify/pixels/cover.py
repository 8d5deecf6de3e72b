"""Boxes of an image filled with a constant, and proof that nothing else changed.

Only frames with a box are encoded again: without loss, and in the Transfer Syntax of the image
where an encoder for it exists (RLE, JPEG-LS, JPEG 2000). Else the whole image becomes Explicit VR
Little Endian, which holds the decoded values exactly, and the reason is given. Frames without a box
keep their code stream byte for byte as long as the Transfer Syntax stays.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from casepack.deidentify.pixels.boxes import Box, clip_boxes, mask_of
from casepack.deidentify.pixels.stored import (
    EXPLICIT_LITTLE,
    RLE_LOSSLESS,
    StoredPixels,
    Values,
    decoded_photometric,
    encapsulated_frames,
    native_frame,
    native_size,
    read_frames,
    refuse_odd_pixels,
)
from casepack.errors import InstanceHeld
from casepack.model import Reason

_JPEG_LS: Final = "1.2.840.10008.1.2.4.80"
_JPEG_LS_NEAR_LOSSLESS: Final = "1.2.840.10008.1.2.4.81"
_JPEG_2000_LOSSLESS: Final = "1.2.840.10008.1.2.4.90"
_JPEG_2000: Final = "1.2.840.10008.1.2.4.91"
_LOSSLESS_ENCODERS: Final = {
    RLE_LOSSLESS: RLE_LOSSLESS,
    _JPEG_LS: _JPEG_LS,
    # both allow streams without loss, which their lossless namesakes' encoders write
    _JPEG_LS_NEAR_LOSSLESS: _JPEG_LS,
    _JPEG_2000_LOSSLESS: _JPEG_2000_LOSSLESS,
    _JPEG_2000: _JPEG_2000_LOSSLESS,
}
NO_ENCODER: Final = "no lossless encoder for the Transfer Syntax of the original"
LOSSY_COLOURS: Final = "the colour transform of the original loses values"
ENCODER_FAILED: Final = "the encoder does not give these values back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """An image with its boxes covered."""

    pixels: StoredPixels
    """The new Pixel Data and what describes them."""
    frames: tuple[int, ...]
    """Frames that were changed, 0-based."""
    reason: str = ""
    """Why the Transfer Syntax is another one, if it is."""


def fill_constant(pixels: StoredPixels, frame: Values, outside: Values) -> tuple[int, ...]:
    """Return what a covered pixel holds: the value, or one for each sample.

    Parameters
    ----------
    pixels
        The image.
    frame
        One of its frames, as `read_frames` yields it.
    outside
        Pixels that are not covered, shape (rows, columns).

    Returns
    -------
    tuple
        Black. Unsigned: 0, or the largest stored value of MONOCHROME1; signed: the darkest value
        that the frame holds, so that no window has to reach further; Pixel Padding Value where
        there is one; the darkest entry of a palette.
    """
    photometric = decoded_photometric(pixels)
    middle = 1 << (pixels.bits_stored - 1)
    match photometric:
        case "RGB" | "YBR_RCT" | "YBR_ICT":
            return (0, 0, 0)
        case "YBR_FULL_422" if pixels.native:
            return (0, 0, middle, middle)
        case "YBR_FULL" | "YBR_FULL_422":
            return (0, middle, middle)
        case "PALETTE COLOR":
            assert pixels.palette is not None  # noqa: S101  # `refuse_odd_pixels` saw to it
            darkest = int(pixels.palette.astype(np.int64).sum(axis=1).argmin())
            return (max(0, darkest + pixels.palette_first),)
        case _:
            return (_black(pixels, frame, outside, inverted=photometric == "MONOCHROME1"),)


def _black(pixels: StoredPixels, frame: Values, outside: Values, *, inverted: bool) -> int:
    if pixels.pixel_padding_value is not None:
        return pixels.pixel_padding_value
    if not pixels.signed:
        return (1 << pixels.bits_stored) - 1 if inverted else 0
    shown = _with_sign(pixels, frame)[outside]
    if not shown.size:
        return 0
    return int(shown.max() if inverted else shown.min())


def _with_sign(pixels: StoredPixels, frame: Values) -> Values:
    if frame.dtype.kind == "i":
        return frame
    low = pixels.high_bit + 1 - pixels.bits_stored
    values = (frame.astype(np.int64) >> low) & ((1 << pixels.bits_stored) - 1)
    return values - ((values >> (pixels.bits_stored - 1)) << pixels.bits_stored)


def cover(pixels: StoredPixels, boxes: Sequence[Sequence[Box]]) -> Covered:
    """Fill boxes with black.

    Parameters
    ----------
    pixels
        The image as it is.
    boxes
        For each of its frames the boxes to cover.

    Returns
    -------
    Covered
        The image, decoded again and found to be black inside the boxes and unchanged outside.

    Raises
    ------
    InstanceHeld
        The image cannot be decoded, or the proof failed.
    """
    refuse_odd_pixels(pixels)
    clipped = [aligned(pixels, found) for found in boxes]
    touched = tuple(index for index, found in enumerate(clipped) if found)
    if not touched:
        return Covered(pixels=pixels, frames=())
    if pixels.native:
        done = Covered(pixels=_cover_native(pixels, clipped), frames=touched)
    else:
        done = _cover_encapsulated(pixels, clipped, touched)
    if not _proven(pixels, done, clipped):
        if done.pixels.native:
            raise InstanceHeld(Reason.NOT_UNDERSTOOD)
        done = _decompressed(pixels, clipped, touched, ENCODER_FAILED)
        if not _proven(pixels, done, clipped):
            raise InstanceHeld(Reason.NOT_UNDERSTOOD)
    return done


def aligned(pixels: StoredPixels, boxes: Sequence[Box]) -> tuple[Box, ...]:
    """Return boxes as they are covered: clipped, and to whole pairs where pixels share values."""
    if pixels.native and pixels.photometric == "YBR_FULL_422":
        # two columns share their chrominances
        boxes = [Box(box[0] // 2 * 2, box[1], -(-box[2] // 2) * 2, box[3]) for box in boxes]
    return clip_boxes(boxes, pixels.rows, pixels.columns)


def _fill(pixels: StoredPixels, frame: Values, boxes: Sequence[Box]) -> Values:
    inside = mask_of(boxes, pixels.rows, pixels.columns)
    values = fill_constant(pixels, frame, ~inside)
    if frame.shape[-1:] == (4,) and pixels.native and pixels.photometric == "YBR_FULL_422":
        inside = inside[:, ::2]
    filled = frame.copy()
    if frame.dtype.kind == "u":
        # bits beyond Bits Stored become 0 too: they may hold an overlay
        low = pixels.high_bit + 1 - pixels.bits_stored if pixels.native else 0
        values = tuple((value & ((1 << pixels.bits_stored) - 1)) << low for value in values)
    filled[inside] = values if frame.ndim > inside.ndim else values[0]
    return filled


def _cover_native(pixels: StoredPixels, boxes: Sequence[Sequence[Box]]) -> StoredPixels:
    if pixels.bits_allocated == 1:
        frames = [
            _fill(pixels, native_frame(pixels, index), found) for index, found in enumerate(boxes)
        ]
        packed = np.packbits(np.concatenate([frame.ravel() for frame in frames]), bitorder="little")
        rest = bytes(pixels.value)[len(packed) :]
        return replace(pixels, value=packed.tobytes() + rest)
    value = bytearray(pixels.value)
    size = native_size(pixels) // pixels.frames
    for index, found in enumerate(boxes):
        if found:
            filled = _fill(pixels, native_frame(pixels, index), found)
            value[index * size : (index + 1) * size] = _native_bytes(pixels, filled)
    return replace(pixels, value=bytes(value))


def _native_bytes(pixels: StoredPixels, frame: Values) -> bytes:
    colours = 3
    if pixels.planar_configuration == 1 and frame.shape[2:] == (colours,):
        frame = frame.transpose(2, 0, 1)
    return frame.tobytes()


def _cover_encapsulated(
    pixels: StoredPixels, boxes: Sequence[Sequence[Box]], touched: tuple[int, ...]
) -> Covered:
    encoder = _LOSSLESS_ENCODERS.get(pixels.transfer_syntax_uid)
    if encoder is None:
        return _decompressed(pixels, boxes, touched, NO_ENCODER)
    if pixels.photometric in {"YBR_ICT", "YBR_FULL_422"}:
        return _decompressed(pixels, boxes, touched, LOSSY_COLOURS)
    from pydicom.encaps import encapsulate  # noqa: PLC0415  # only compressed images need it

    streams = encapsulated_frames(pixels)
    try:
        for index, frame in enumerate(read_frames(pixels)):
            if boxes[index]:
                streams[index] = _encode(pixels, encoder, _fill(pixels, frame, boxes[index]))
    except InstanceHeld:
        raise
    except Exception:  # noqa: BLE001  # encoders raise all kinds, and quote values
        return _decompressed(pixels, boxes, touched, ENCODER_FAILED)
    return Covered(pixels=replace(pixels, value=encapsulate(streams)), frames=touched)


def _encode(pixels: StoredPixels, encoder: str, frame: Values) -> bytes:
    from pydicom.pixels.encoders.base import get_encoder  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bytes(
            get_encoder(encoder).encode(
                np.ascontiguousarray(frame),
                rows=pixels.rows,
                columns=pixels.columns,
                number_of_frames=1,
                samples_per_pixel=pixels.samples,
                bits_allocated=pixels.bits_allocated,
                bits_stored=pixels.bits_stored,
                pixel_representation=int(pixels.signed),
                photometric_interpretation=pixels.photometric,
                planar_configuration=0,
            )
        )


def _decompressed(
    pixels: StoredPixels, boxes: Sequence[Sequence[Box]], touched: tuple[int, ...], reason: str
) -> Covered:
    filled = [
        _fill(pixels, frame, found) for frame, found in zip(read_frames(pixels), boxes, strict=True)
    ]
    data = b"".join(
        frame.astype(frame.dtype.newbyteorder("<"), copy=False).tobytes() for frame in filled
    )
    new = replace(
        pixels,
        transfer_syntax_uid=EXPLICIT_LITTLE,
        value=data + b"\x00" * (len(data) % 2),
        bits_allocated=filled[0].dtype.itemsize * 8,
        high_bit=pixels.bits_stored - 1,
        photometric=decoded_photometric(pixels),
        planar_configuration=0,
    )
    return Covered(pixels=new, frames=touched, reason=reason)


def _proven(pixels: StoredPixels, done: Covered, boxes: Sequence[Sequence[Box]]) -> bool:
    """Whether the covered image, read again, differs from the original in the boxes alone."""
    try:
        pairs = zip(read_frames(pixels), _same_sign(done.pixels, pixels), boxes, strict=True)
        return all(
            _differs_inside_only(pixels, before, after, found) for before, after, found in pairs
        )
    except InstanceHeld:
        return False


def _same_sign(new: StoredPixels, old: StoredPixels) -> Iterator[Values]:
    for frame in read_frames(new):
        if new.native and not old.native and old.signed:
            yield frame.view(f"{frame.dtype.byteorder}i{frame.dtype.itemsize}")
        else:
            yield frame


def _differs_inside_only(
    pixels: StoredPixels, before: Values, after: Values, boxes: Sequence[Box]
) -> bool:
    inside = mask_of(boxes, pixels.rows, pixels.columns)
    expected = _fill(pixels, before, boxes) if boxes else before
    if before.shape[-1:] == (4,) and pixels.photometric == "YBR_FULL_422":
        inside = inside[:, ::2]
    return (
        before.shape == after.shape
        and np.array_equal(before[~inside], after[~inside])
        and np.array_equal(expected[inside], after[inside])
    )
