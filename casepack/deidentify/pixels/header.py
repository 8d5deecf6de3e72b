"""The Image Pixel Module of a file, read from its raw elements."""

from __future__ import annotations

import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

from casepack.deidentify.pixels.boxes import Box
from casepack.deidentify.pixels.detect import LARGEST_FRAME
from casepack.deidentify.pixels.segmented import expand_segments
from casepack.deidentify.pixels.stored import EXPLICIT_BIG, StoredPixels, swap_bytes
from casepack.encoding import read_items
from casepack.errors import InstanceHeld
from casepack.model import Reason
from casepack.part_ten import PartTen

PIXEL_DATA: Final = 0x7FE00010
_FLOATS: Final = {0x7FE00008: "f4", 0x7FE00009: "f8"}
"""Float and Double Float Pixel Data."""
_EIGHT: Final = 8


def read_stored_pixels(file: PartTen) -> StoredPixels | None:
    """Return the Pixel Data of a file with what describes them; None when it has none.

    Raises
    ------
    InstanceHeld
        The description is missing or not understood, or the pixels are floating point numbers.
    """
    elements = {element.tag: element for element in file.elements}
    if _FLOATS.keys() & elements.keys():
        raise InstanceHeld(Reason.PIXELS_NOT_DECODED)
    pixel_data = elements.get(PIXEL_DATA)
    if pixel_data is None:
        return None
    try:
        stored = _bits(file)
        value = file.buffer[pixel_data.value : pixel_data.end]
        words = file.transfer_syntax_uid == EXPLICIT_BIG and pixel_data.vr == "OW"
        swapped = words and _number(file, 0x00280100) == _EIGHT
        return StoredPixels(
            transfer_syntax_uid=file.transfer_syntax_uid,
            value=swap_bytes(value) if swapped else value,
            swapped=swapped,
            rows=_number(file, 0x00280010),
            columns=_number(file, 0x00280011),
            frames=int(_text(file, 0x00280008) or "1"),
            samples=_number(file, 0x00280002, 1),
            bits_allocated=_number(file, 0x00280100),
            bits_stored=stored,
            high_bit=_number(file, 0x00280102, stored - 1),
            signed=_number(file, 0x00280103, 0) == 1,
            photometric=_text(file, 0x00280004),
            planar_configuration=_number(file, 0x00280006, 0),
            pixel_padding_value=_padding(file),
            palette=_palette(file),
            palette_first=_palette_first(file),
        )
    except (ValueError, struct.error):
        raise InstanceHeld(Reason.PIXELS_NOT_DECODED) from None


def read_float_frames(file: PartTen) -> NDArray[np.floating] | None:
    """Return the frames of an image whose pixels are floating point numbers; None for any other.

    Raises
    ------
    InstanceHeld
        Their number contradicts the header, or one of them is no number.
    """
    for element in file.elements:
        form = _FLOATS.get(element.tag)
        if form is None:
            continue
        try:
            frames = int(_text(file, 0x00280008) or "1")
            shape = (frames, _number(file, 0x00280010), _number(file, 0x00280011))
            raw = file.buffer[element.value : element.end]
            values = np.frombuffer(raw, f"{file.encoding.order}{form}").reshape(shape)
        except (ValueError, struct.error):
            raise InstanceHeld(Reason.PIXELS_NOT_DECODED) from None
        plain = values.astype(f"={form}")
        if min(shape) < 1 or shape[1] * shape[2] > LARGEST_FRAME or not np.isfinite(plain).all():
            raise InstanceHeld(Reason.PIXELS_NOT_DECODED)
        return plain
    return None


def _text(file: PartTen, tag: int) -> str:
    return (file.value(tag) or b"").decode("ascii").strip(" \x00")


def _raw(file: PartTen, tag: int) -> bytes | None:
    for element in file.elements:
        if element.tag == tag:
            return file.buffer[element.value : element.end]
    return None


def _number(file: PartTen, tag: int, absent: int | None = None) -> int:
    raw = _raw(file, tag)
    if not raw:
        if absent is None:
            raise ValueError
        return absent
    (number,) = struct.unpack_from(f"{file.encoding.order}H", raw)
    return int(number)


def _bits(file: PartTen) -> int:
    return _number(file, 0x00280101, _number(file, 0x00280100))


def _padding(file: PartTen) -> int | None:
    raw = _raw(file, 0x00280120)
    if not raw:
        return None
    signed = _number(file, 0x00280103, 0) == 1
    (number,) = struct.unpack_from(f"{file.encoding.order}{'h' if signed else 'H'}", raw)
    fits = -(1 << (_bits(file) - 1)) <= number if signed else number < 1 << _bits(file)
    return int(number) if fits else None


def _palette_first(file: PartTen) -> int:
    raw = _raw(file, 0x00281101)
    return struct.unpack_from(f"{file.encoding.order}3H", raw)[1] if raw else 0


def _palette(file: PartTen) -> NDArray[np.uint8] | None:
    """Return the palette in eight bits; None without one."""
    colours = []
    for part in range(3):
        descriptor = _raw(file, 0x00281101 + part)
        data, segments = _raw(file, 0x00281201 + part), _raw(file, 0x00281221 + part)
        if not descriptor or not (data or segments):
            return None
        entries, _, bits = struct.unpack_from(f"{file.encoding.order}3H", descriptor)
        entries = entries or 1 << 16
        raw = data or segments or b""
        packed = bits == _EIGHT and (not data or len(data) < 2 * entries)
        values = _packed_bytes(raw, file) if packed else _words(raw, file)
        if not data:
            values = expand_segments(values, entries, word=1 if packed else 2)
        largest = int(values[:entries].max(initial=0))
        shift = _EIGHT if largest >= 1 << _EIGHT else 0
        colours.append((values[:entries] >> shift).astype(np.uint8))
    shortest = min(len(colour) for colour in colours)
    return np.stack([colour[:shortest] for colour in colours], axis=-1) if shortest else None


def _words(raw: bytes, file: PartTen) -> NDArray[np.int64]:
    whole = raw[: len(raw) // 2 * 2]
    return np.frombuffer(whole, dtype=f"{file.encoding.order}u2").astype(np.int64)


def _packed_bytes(raw: bytes, file: PartTen) -> NDArray[np.int64]:
    """Return bytes that stand two in each word of VR OW."""
    values = np.frombuffer(raw, dtype=np.uint8)
    if file.transfer_syntax_uid == EXPLICIT_BIG:
        values = values[: len(values) // 2 * 2].reshape(-1, 2)[:, ::-1].ravel()
    return values.astype(np.int64)


_REGION_EDGES: Final = (0x00186018, 0x0018601A, 0x0018601C, 0x0018601E)
"""Region Location Min X0, Min Y0, Max X1 and Max Y1; the last two included in the region."""
_NUMBERS: Final = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d"}


class FileHeader:
    """The header of a file, as rules on burned-in text ask for it.

    Raises
    ------
    InstanceHeld
        Rows or Columns are missing.
    """

    def __init__(self, file: PartTen) -> None:
        self._file = file
        self._elements = {element.tag: element for element in file.elements}
        try:
            self.rows, self.columns = _number(file, 0x00280010), _number(file, 0x00280011)
        except (ValueError, struct.error):
            raise InstanceHeld(Reason.PIXELS_NOT_DECODED) from None

    def text(self, tag: int) -> str | None:
        """Return the value as text, several values joined by a backslash; None if it is absent."""
        if tag >> 16 == 2:  # noqa: PLR2004  # File Meta Information
            meta = self._file.meta_value(tag)
            return None if meta is None else meta.decode("latin-1")
        element = self._elements.get(tag)
        if element is not None:
            raw = self._file.buffer[element.value : element.end]
            return _as_text(raw, element.vr, self._file.encoding.order)
        return None

    def regions(self, tag: int) -> tuple[Box, ...]:
        """Return the regions that the Items of Sequence of Ultrasound Regions give."""
        boxes = []
        for element in self._file.elements:
            if element.tag == tag and element.vr in {"SQ", "UN"}:
                encoding, items = read_items(self._file.buffer, element, self._file.encoding)
                for item in items:
                    edges = {
                        part.tag: self._file.buffer[part.value : part.end]
                        for part in item
                        if part.tag in _REGION_EDGES
                    }
                    if len(edges) == len(_REGION_EDGES):
                        left, top, right, bottom = (
                            int.from_bytes(edges[edge], "little" if encoding.little else "big")
                            for edge in _REGION_EDGES
                        )
                        boxes.append(Box(left, top, right + 1, bottom + 1))
        return tuple(boxes)


def _as_text(raw: bytes, vr: str, order: str) -> str:
    form = _NUMBERS.get(vr)
    if form is None:
        # rules are in ASCII; what is not has no part in them
        return raw.decode("latin-1").strip(" \x00")
    count = len(raw) // struct.calcsize(form)
    return "\\".join(str(number) for number in struct.unpack_from(f"{order}{count}{form}", raw))
