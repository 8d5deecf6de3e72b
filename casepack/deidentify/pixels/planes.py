"""Where the frames of an image lie in the patient, read from its raw elements.

PS3.3 C.7.6.2 (Image Plane), and for multi-frame images C.7.6.16.2 (Plane Position, Plane
Orientation and Pixel Measures Macros, shared or of each frame).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from casepack.encoding import Element, read_items, unpad
from casepack.part_ten import PartTen

Vectors = NDArray[np.float64]
Values = Mapping[int, str]

_POSITION: Final = 0x00200032
_ORIENTATION: Final = 0x00200037
_SPACING: Final = 0x00280030
_THICKNESS: Final = 0x00180050
_WANTED: Final = frozenset({_POSITION, _ORIENTATION, _SPACING, _THICKNESS})
_SHARED: Final = 0x52009229
_EACH_FRAME: Final = 0x52009230
_MACROS: Final = frozenset({0x00209113, 0x00209116, 0x00289110})
_THINNEST: Final = 1.0
"""Slice Thickness that is taken where none is given, mm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """The plane of a frame, in mm in the patient coordinate system (LPS)."""

    position: tuple[float, float, float]
    """Centre of the first pixel."""
    row: tuple[float, float, float]
    """Direction cosines along a row: to higher columns."""
    column: tuple[float, float, float]
    """Direction cosines along a column: to higher rows."""
    spacing: tuple[float, float]
    """Between rows, between columns, mm."""
    thickness: float
    rows: int
    columns: int

    def points(self) -> Vectors:
        """Return the centres of the pixels, shape (rows, columns, 3)."""
        down = np.arange(self.rows)[:, None, None] * self.spacing[0] * np.array(self.column)
        across = np.arange(self.columns)[None, :, None] * self.spacing[1] * np.array(self.row)
        points: Vectors = np.array(self.position) + down + across
        return points

    def corners(self) -> Vectors:
        """Return the corners of the slab that the frame shows, shape (8, 3)."""
        down = np.array(self.column) * self.spacing[0]
        across = np.array(self.row) * self.spacing[1]
        through = np.cross(self.row, self.column) * self.thickness / 2
        start = np.array(self.position)
        return np.array(
            [
                start + across * i + down * j + through * k
                for i in (-0.5, self.columns - 0.5)
                for j in (-0.5, self.rows - 0.5)
                for k in (-1, 1)
            ]
        )

    def reach(self, axis: int) -> float:
        """Return how far a voxel reaches from its centre along an axis of the patient, mm."""
        normal = np.cross(self.row, self.column)
        return float(
            abs(self.row[axis]) * self.spacing[1] / 2
            + abs(self.column[axis]) * self.spacing[0] / 2
            + abs(normal[axis]) * self.thickness / 2
        )


def read_planes(file: PartTen, rows: int, columns: int, frames: int) -> tuple[Plane, ...]:
    """Return the plane of each frame; nothing when that of one of them is not known.

    Raises
    ------
    InstanceHeld
        The functional groups are not valid encoding.
    """
    own = dict(_values(file, file.elements))
    shared = next(_groups(file, _SHARED), {})
    each = list(_groups(file, _EACH_FRAME)) or [{}] * frames
    if len(each) != frames or (frames > 1 and _POSITION in own and _POSITION not in each[0]):
        return ()
    planes = [_plane({**own, **shared, **part}, rows, columns) for part in each]
    return tuple(plane for plane in planes if plane) if all(planes) else ()


def _values(file: PartTen, elements: Iterable[Element]) -> Iterator[tuple[int, str]]:
    for element in elements:
        if element.tag in _WANTED:
            raw = unpad(file.buffer[element.value : element.end])
            yield element.tag, raw.decode("latin-1")


def _groups(file: PartTen, tag: int) -> Iterator[dict[int, str]]:
    """Yield what the macros of each Item of a functional groups sequence say."""
    for element in file.elements:
        if element.tag != tag:
            continue
        inner, items = read_items(file.buffer, element, file.encoding)
        for item in items:
            found: dict[int, str] = {}
            for macro in item:
                if macro.tag in _MACROS:
                    _, parts = read_items(file.buffer, macro, inner)
                    for part in parts:
                        found.update(_values(file, part))
            yield found


def _plane(values: Values, rows: int, columns: int) -> Plane | None:
    try:
        position, orientation, spacing = (
            _numbers(values[tag], count)
            for tag, count in ((_POSITION, 3), (_ORIENTATION, 6), (_SPACING, 2))
        )
        thickness = _numbers(values.get(_THICKNESS) or str(_THINNEST), 1)[0]
    except (KeyError, ValueError):
        return None
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    square = abs(np.linalg.norm(row) - 1) + abs(np.linalg.norm(column) - 1) + abs(row @ column)
    if not square < 0.01 or min(spacing) <= 0 or thickness <= 0:  # noqa: PLR2004  # rounded cosines
        return None
    return Plane(
        position=(position[0], position[1], position[2]),
        row=(orientation[0], orientation[1], orientation[2]),
        column=(orientation[3], orientation[4], orientation[5]),
        spacing=(spacing[0], spacing[1]),
        thickness=thickness,
        rows=rows,
        columns=columns,
    )


def _numbers(text: str, count: int) -> tuple[float, ...]:
    numbers = tuple(float(part) for part in text.split("\\"))
    if len(numbers) != count or not np.isfinite(numbers).all():
        raise ValueError
    return numbers
