"""Pixel Data as they are stored, and the values of their frames.

Native Pixel Data are read here, bits beyond Bits Stored included. What is compressed is decoded by
pydicom's decoders, after the size that the code stream itself claims was compared with Rows and
Columns: no header makes a decoder allocate what is not there. Whatever cannot be decoded is held.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from casepack.deidentify.pixels.decoding import decode_stream
from casepack.deidentify.pixels.detect import LARGEST_FRAME
from casepack.errors import InstanceHeld
from casepack.model import Reason
from casepack.standard.uids import transfer_syntaxes

Values = NDArray[Any]

IMPLICIT_LITTLE: Final = "1.2.840.10008.1.2"
EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG: Final = "1.2.840.10008.1.2.2"
RLE_LOSSLESS: Final = "1.2.840.10008.1.2.5"
NATIVE: Final = frozenset({IMPLICIT_LITTLE, EXPLICIT_LITTLE, DEFLATED, EXPLICIT_BIG})
LOSSY_METHODS: Final = {
    # Transfer Syntaxes that may lose values, and their Defined Terms (PS3.3 C.7.6.1.1.5.1)
    "1.2.840.10008.1.2.4.50": "ISO_10918_1",
    "1.2.840.10008.1.2.4.51": "ISO_10918_1",
    "1.2.840.10008.1.2.4.53": "ISO_10918_1",
    "1.2.840.10008.1.2.4.55": "ISO_10918_1",
    "1.2.840.10008.1.2.4.81": "ISO_14495_1",
    "1.2.840.10008.1.2.4.91": "ISO_15444_1",
    "1.2.840.10008.1.2.4.93": "ISO_15444_2",
    "1.2.840.10008.1.2.4.203": "ISO_15444_15",
}
_SAMPLES: Final = {
    "MONOCHROME1": 1,
    "MONOCHROME2": 1,
    "PALETTE COLOR": 1,
    "RGB": 3,
    "YBR_FULL": 3,
    "YBR_FULL_422": 3,
    "YBR_RCT": 3,
    "YBR_ICT": 3,
}
_BITS_ALLOCATED: Final = frozenset({1, 8, 16, 32})
_J2K_SIZE: Final = b"\xff\x4f\xff\x51"
_START_OF_FRAME: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPixels:
    """The Image Pixel Module (PS3.3 C.7.6.3) of an image, as far as frames depend on it."""

    transfer_syntax_uid: str
    value: bytes | memoryview = field(repr=False)
    """Pixel Data; of encapsulated ones the Items, without the Sequence Delimitation Item or with
    it."""
    rows: int
    columns: int
    frames: int = 1
    samples: int = 1
    bits_allocated: int = 16
    bits_stored: int = 16
    high_bit: int = 15
    signed: bool = False
    photometric: str = "MONOCHROME2"
    planar_configuration: int = 0
    pixel_padding_value: int | None = None
    swapped: bool = False
    """In the file the bytes stand as in Big Endian words: bits of 8 in VR OW (PS3.5 A.3)."""
    palette: NDArray[np.uint8] | None = field(repr=False, default=None)
    """Red, green and blue of each entry, shape (entries, 3)."""
    palette_first: int = 0
    """Value that the first entry stands for."""

    @property
    def native(self) -> bool:
        """True when the Pixel Data are not compressed."""
        return self.transfer_syntax_uid in NATIVE

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a frame as `read_frame` returns it."""
        if self.native and self.photometric == "YBR_FULL_422":
            return (self.rows, self.columns // 2, 4)
        return (self.rows, self.columns, 3) if self.samples > 1 else (self.rows, self.columns)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of native values, in their byte order."""
        order = ">" if self.transfer_syntax_uid == EXPLICIT_BIG else "<"
        # signs are the business of `shown_values`: bits beyond Bits Stored are kept here
        return np.dtype(f"{order}u{max(1, self.bits_allocated // 8)}")


def swap_bytes(value: bytes | memoryview) -> bytes:
    """Return words with their bytes the other way round."""
    return np.frombuffer(value, dtype="<u2").byteswap().tobytes()


def is_lossy(transfer_syntax_uid: str) -> bool:
    """Tell whether a Transfer Syntax may lose values."""
    return transfer_syntax_uid in LOSSY_METHODS


def refuse_odd_pixels(pixels: StoredPixels) -> None:
    """Hold what the Image Pixel Module does not allow, or what is too large to be examined.

    Raises
    ------
    InstanceHeld
        The numbers contradict one another or the length of the Pixel Data.
    """
    good = (
        pixels.transfer_syntax_uid in transfer_syntaxes()
        and _SAMPLES.get(pixels.photometric) == pixels.samples
        and pixels.bits_allocated in _BITS_ALLOCATED
        and 1 <= pixels.bits_stored <= pixels.bits_allocated
        and pixels.bits_stored - 1 <= pixels.high_bit < pixels.bits_allocated
        and pixels.planar_configuration in {0, 1}
        and min(pixels.rows, pixels.columns, pixels.frames) >= 1
        and pixels.rows * pixels.columns <= LARGEST_FRAME
        and not (pixels.photometric == "YBR_FULL_422" and pixels.columns % 2)
        and not (pixels.photometric == "PALETTE COLOR" and pixels.palette is None)
        and not (pixels.bits_allocated == 1 and pixels.samples > 1)
    )
    if good and pixels.native:
        good = len(pixels.value) >= native_size(pixels)
    if not good:
        raise InstanceHeld(Reason.PIXELS_NOT_DECODED)


def native_size(pixels: StoredPixels) -> int:
    """Return how many bytes the frames take when they are not compressed."""
    count = int(np.prod(pixels.shape)) * pixels.frames
    return -(-count // 8) if pixels.bits_allocated == 1 else count * pixels.bits_allocated // 8


def read_frames(pixels: StoredPixels) -> Iterator[Values]:
    """Yield the stored values of each frame.

    Yields
    ------
    numpy.ndarray
        Shape (rows, columns), or (rows, columns, 3) as `decoded_photometric` says; of native
        YBR_FULL_422 (rows, columns / 2, 4) with two luminances and the two chrominances they share.

    Raises
    ------
    InstanceHeld
        The Pixel Data cannot be decoded.
    """
    refuse_odd_pixels(pixels)
    if pixels.native:
        for index in range(pixels.frames):
            yield native_frame(pixels, index)
    else:
        yield from _decode(pixels)


def native_frame(pixels: StoredPixels, index: int) -> Values:
    """Return a frame of native Pixel Data, writable."""
    count = int(np.prod(pixels.shape))
    if pixels.bits_allocated == 1:
        bits = np.unpackbits(
            np.frombuffer(pixels.value, dtype=np.uint8, count=native_size(pixels)),
            bitorder="little",
        )
        return bits[index * count : (index + 1) * count].reshape(pixels.shape)
    size = pixels.dtype.itemsize
    values = np.frombuffer(
        pixels.value, dtype=pixels.dtype, count=count, offset=index * count * size
    )
    if pixels.planar_configuration == 1 and len(pixels.shape) == 3 and pixels.shape[2] == 3:  # noqa: PLR2004  # colours
        return values.reshape(3, pixels.rows, pixels.columns).transpose(1, 2, 0).copy()
    return values.reshape(pixels.shape).copy()


def decoded_photometric(pixels: StoredPixels) -> str:
    """Return the Photometric Interpretation of what `read_frames` yields."""
    if pixels.native or pixels.samples == 1 or pixels.transfer_syntax_uid == RLE_LOSSLESS:
        return pixels.photometric
    return "RGB"


def encapsulated_frames(pixels: StoredPixels) -> list[bytes]:
    """Return the code streams of the frames.

    Raises
    ------
    InstanceHeld
        There are not as many as frames.
    """
    from pydicom.encaps import generate_frames  # noqa: PLC0415  # only compressed images need it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            streams = list(generate_frames(bytes(pixels.value), number_of_frames=pixels.frames))
    except Exception:  # noqa: BLE001  # pydicom raises all kinds, and quotes values
        raise InstanceHeld(Reason.PIXELS_NOT_DECODED) from None
    if len(streams) != pixels.frames:
        raise InstanceHeld(Reason.PIXELS_NOT_DECODED)
    return streams


def _decode(pixels: StoredPixels) -> Iterator[Values]:
    options: dict[str, Any] = {
        "rows": pixels.rows,
        "columns": pixels.columns,
        "number_of_frames": 1,
        "samples_per_pixel": pixels.samples,
        "bits_allocated": pixels.bits_allocated,
        "bits_stored": pixels.bits_stored,
        "pixel_representation": int(pixels.signed),
        "photometric_interpretation": pixels.photometric,
        "planar_configuration": pixels.planar_configuration,
        "pixel_keyword": "PixelData",
    }
    for stream in encapsulated_frames(pixels):
        if claimed_size(stream) not in {None, (pixels.rows, pixels.columns)}:
            raise InstanceHeld(Reason.PIXELS_NOT_DECODED)
        values = decode_stream(
            pixels.transfer_syntax_uid,
            stream,
            raw=decoded_photometric(pixels) != "RGB",
            options=options,
        )
        if values.shape != pixels.shape or not _within_bits(pixels, values):
            raise InstanceHeld(Reason.PIXELS_NOT_DECODED)
        yield values


def _within_bits(pixels: StoredPixels, values: Values) -> bool:
    """Tell whether decoded values fit Bits Stored: what lies beyond may be an overlay."""
    if pixels.samples > 1 or pixels.bits_stored >= values.dtype.itemsize * 8:
        return True
    signed = values.dtype.kind == "i"
    most = (1 << (pixels.bits_stored - signed)) - 1
    return int(values.max()) <= most and int(values.min()) >= (-most - 1 if signed else 0)


def claimed_size(stream: bytes) -> tuple[int, int] | None:
    """Return rows and columns that a JPEG, JPEG-LS or JPEG 2000 code stream claims, if any."""
    at = stream.find(_J2K_SIZE, 0, 1 << 12)
    if at >= 0 and len(stream) >= at + 24:
        width, height, left, top = struct.unpack_from(">4I", stream, at + 8)
        return height - top, width - left
    if not stream.startswith(b"\xff\xd8"):
        return None
    at = 2
    while at + 9 <= len(stream) and stream[at] == 0xFF:  # noqa: PLR2004  # marker
        if stream[at + 1] in _START_OF_FRAME:
            rows, columns = struct.unpack_from(">2H", stream, at + 5)
            return rows, columns
        at += 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
    return None


def shown_values(pixels: StoredPixels, frame: Values) -> Values:
    """Return what a frame shows, for `find_text`: stored bits with their sign, or RGB."""
    photometric = decoded_photometric(pixels)
    if photometric == "PALETTE COLOR":
        assert pixels.palette is not None  # noqa: S101  # `refuse_odd_pixels` saw to it
        index = _stored_bits(pixels, frame).astype(np.int64) - pixels.palette_first
        colours: Values = pixels.palette[np.clip(index, 0, len(pixels.palette) - 1)]
        return colours
    if frame.shape[-1:] == (4,) and photometric == "YBR_FULL_422":
        return frame[..., :2].reshape(pixels.rows, pixels.columns)
    if photometric in {"YBR_FULL", "YBR_FULL_422"}:
        return _rgb_of(frame.astype(np.float32), 1 << (pixels.bits_stored - 1))
    return _stored_bits(pixels, frame)


def _stored_bits(pixels: StoredPixels, frame: Values) -> Values:
    bits = frame.dtype.itemsize * 8
    if not pixels.native or pixels.bits_allocated == 1 or pixels.bits_stored == bits:
        values = frame.astype(frame.dtype.newbyteorder("="), copy=False)
        signed = pixels.signed and pixels.native and pixels.bits_allocated > 1
        plain: Values = values.view(f"i{bits // 8}") if signed else values
        return plain
    # push the unused bits out at both ends; a signed shift brings the sign back
    kind = "i" if pixels.signed else "u"
    up = bits - 1 - pixels.high_bit
    values = (frame.astype(f"u{bits // 8}") << up).view(f"{kind}{bits // 8}")
    shown: Values = values >> (bits - pixels.bits_stored)
    return shown


def _rgb_of(ybr: NDArray[np.float32], middle: int) -> Values:
    y, cb, cr = ybr[..., 0], ybr[..., 1] - middle, ybr[..., 2] - middle
    rgb = np.stack((y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb), axis=-1)
    colours: Values = np.clip(np.rint(rgb), 0, 2 * middle - 1).astype(np.int32)
    return colours
