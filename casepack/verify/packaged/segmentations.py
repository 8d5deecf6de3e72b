"""What a Segmentation (PS3.3 A.51) holds of each lesion, counted from its bytes."""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from casepack.verify.contents.elements import Buffer, Element, Path, plain_text
from casepack.verify.holdings import Holding, open_buffer

SEGMENTATION: Final = "1.2.840.10008.5.1.4.1.1.66.4"
_STUDY: Final = 0x0020000D
_ROWS, _COLUMNS, _FRAMES = 0x00280010, 0x00280011, 0x00280008
_TYPE: Final = 0x00620001
_MAXIMUM: Final = 0x0062000E
_PIXEL_DATA: Final = 0x7FE00010
_SEGMENTS, _SEGMENT_NUMBER, _TRACKING_UID = 0x00620002, 0x00620004, 0x00620021
_SHARED, _PER_FRAME = 0x52009229, 0x52009230
_IDENTIFICATION, _REFERENCED_SEGMENT = 0x0062000A, 0x0062000B
_DERIVATION, _SOURCE = 0x00089124, 0x00082112
_REFERENCED_INSTANCE, _REFERENCED_FRAME = 0x00081155, 0x00081160
_MEASURES, _SPACING, _BETWEEN = 0x00289110, 0x00280030, 0x00180088

Frame = tuple[str, int]
"""SOP Instance UID of the source image, frame number."""
Items = Mapping[Path, Mapping[int, Element]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmented:
    """A segment with the frames that it is on."""

    name: str = field(repr=False)
    study_instance_uid: str = field(repr=False)
    tracking_uid: str
    pixels: Mapping[Frame, float] = field(repr=False)
    """Pixels of the segment on each source frame; occupancies count in part."""
    pixel_mm2: float
    between_mm: float
    """Spacing Between Slices; 0 if it is not given."""

    @property
    def volume_ml(self) -> float:
        """Volume of all voxels."""
        return sum(self.pixels.values()) * self.pixel_mm2 * self.between_mm / 1000


def read_segments(holding: Holding) -> Iterator[Segmented]:
    """Yield the segments of a Segmentation; of a compressed or broken one, none."""
    if holding.sop_class_uid != SEGMENTATION:
        return
    items: defaultdict[Path, dict[int, Element]] = defaultdict(dict)
    for element in holding.part_ten.elements:
        items[element.path][element.tag] = element
    counts = _count_pixels(holding)
    pixels: defaultdict[int, dict[Frame, float]] = defaultdict(dict)
    for number, count in enumerate(counts):
        segment, source = _frame_of(items, number)
        pixels[segment][source] = pixels[segment].get(source, 0.0) + count
    row_mm, column_mm, between_mm = _spacing(items)
    for path, item in items.items():
        if len(path) == 1 and path[0][0] == _SEGMENTS:
            yield Segmented(
                name=holding.name,
                study_instance_uid=holding.text(_STUDY),
                tracking_uid=_text(item, _TRACKING_UID),
                pixels=pixels[_short(item, _SEGMENT_NUMBER)],
                pixel_mm2=row_mm * column_mm,
                between_mm=between_mm,
            )


def _frame_of(items: Items, number: int) -> tuple[int, Frame]:
    """Return the segment of a frame, and the frame that it was drawn on."""
    groups: Path = ((_PER_FRAME, number),)
    shared: Path = ((_SHARED, 0),)
    segment = items.get((*groups, (_IDENTIFICATION, 0))) or items.get(
        (*shared, (_IDENTIFICATION, 0)), {}
    )
    source = items.get((*groups, (_DERIVATION, 0), (_SOURCE, 0)), {})
    frame = _text(source, _REFERENCED_FRAME)
    return _short(segment, _REFERENCED_SEGMENT), (
        _text(source, _REFERENCED_INSTANCE),
        int(frame) if frame.isdecimal() else 1,
    )


def _spacing(items: Items) -> tuple[float, float, float]:
    """Return the distances of rows, columns and slices in mm; 0 where they are not given."""
    measures = items.get(((_SHARED, 0), (_MEASURES, 0)), {})
    parts = [*_text(measures, _SPACING).split("\\"), _text(measures, _BETWEEN)]
    try:
        row, column, between = (abs(float(part or 0)) for part in parts)
    except ValueError:
        return 0.0, 0.0, 0.0
    return row, column, between


def _count_pixels(holding: Holding) -> list[float]:
    """Return the pixels of each frame; empty when they cannot be read."""
    top = holding.part_ten.top
    element = top.get(_PIXEL_DATA)
    size = _short(top, _ROWS) * _short(top, _COLUMNS)
    frames = holding.text(_FRAMES)
    count = int(frames) if frames.isdecimal() else 0
    binary = holding.text(_TYPE) == "BINARY"
    needed = -(-size * count // 8) if binary else size * count
    if element is None or element.undefined or not 0 < needed <= element.length:
        return []
    maximum = 1 if binary else max(_short(top, _MAXIMUM), 1)
    try:
        with open_buffer(holding.path) as data:
            body = data if holding.part_ten.inflated is None else holding.part_ten.inflated
            values = (_read_frame(body, element.start, size, n, binary) for n in range(count))
            return [float(frame.sum(dtype=np.int64)) / maximum for frame in values]
    except OSError:
        return []


def _read_frame(
    data: Buffer, start: int, size: int, number: int, binary: bool
) -> NDArray[np.uint8]:
    """Return the values of a frame; of binary ones the bits follow without a gap (PS3.5 8.1.1)."""
    if not binary:
        return np.frombuffer(data[start + number * size : start + (number + 1) * size], np.uint8)
    first, last = number * size, (number + 1) * size
    packed = np.frombuffer(data[start + first // 8 : start + -(-last // 8)], np.uint8)
    return np.unpackbits(packed, bitorder="little")[first % 8 : first % 8 + size]


def _text(item: Mapping[int, Element], tag: int) -> str:
    return plain_text(item[tag].value) if tag in item else ""


def _short(item: Mapping[int, Element], tag: int) -> int:
    """Return a value of two bytes in the order of today; 0 if there is none."""
    value = item[tag].value if tag in item else b""
    return int(struct.unpack_from("<H", value)[0]) if len(value) > 1 else 0
