"""The plane of an image in the patient: pixels to mm and back, and the letters at its edges."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from casepack.lesion import Point

_SECOND_LETTER = 0.5
"""An edge that points 30 degrees or more to a second direction carries its letter too."""
_OBLIQUE = 0.8
"""Cosine below which a plane is called oblique: more than about 37 degrees off its name."""
FLAT_MM = 2.0
"""Spread of an outline across a slice below which it can be shown in that slice."""
_EPSILON = 1e-6


class Letters(NamedTuple):
    """Directions in the patient that the edges of an image point to, as for a biped.

    A, P, R, L, H and F (Patient Orientation, PS3.3 C.7.6.1.1.1).
    """

    left: str
    right: str
    top: str
    bottom: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """Image Plane of one frame (PS3.3 C.7.6.2.1.1); all lengths in mm, LPS."""

    position: Point
    """Image Position (Patient): the centre of the first pixel."""
    row: Point
    """Direction in which a row runs: from one column to the next."""
    column: Point
    """Direction in which a column runs: from one row to the next."""
    spacing: tuple[float, float]
    """Pixel Spacing: between rows, then between columns."""

    @property
    def normal(self) -> Point:
        """Unit vector across the plane, from the row to the column direction."""
        return _cross(self.row, self.column)

    @property
    def name(self) -> str:
        """``sagittal``, ``coronal`` or ``axial``: the anatomical plane nearest to this one."""
        sizes = [abs(part) for part in self.normal]
        return ("sagittal", "coronal", "axial")[sizes.index(max(sizes))]

    @property
    def oblique(self) -> bool:
        """True when the plane lies far from the anatomical plane that it is named for."""
        return max(abs(part) for part in self.normal) < _OBLIQUE

    @property
    def letters(self) -> Letters:
        """What the left, right, top and bottom edge of the image point to."""
        return Letters(
            left=_direction_letters(_negative(self.row)),
            right=_direction_letters(self.row),
            top=_direction_letters(_negative(self.column)),
            bottom=_direction_letters(self.column),
        )

    def distance(self, point: Point) -> float:
        """Return how far a point lies from the plane, along the normal."""
        return dot(_difference(point, self.position), self.normal)

    def spread(self, points: Sequence[Point]) -> float:
        """Return how far across the plane the points reach: little for a parallel cut."""
        distances = [self.distance(point) for point in points]
        return max(distances) - min(distances)

    def project(self, points: Iterable[Point]) -> tuple[tuple[float, float], ...]:
        """Return (column, row) of the points dropped onto the plane; pixel centres are whole."""
        projected = []
        for point in points:
            offset = _difference(point, self.position)
            across = dot(offset, self.row) / self.spacing[1]
            down = dot(offset, self.column) / self.spacing[0]
            projected.append((across, down))
        return tuple(projected)

    def resampled(self, across: float, down: float) -> Plane:
        """Return the plane of the same picture with `across` and `down` times as many pixels.

        The edges of the picture stay where they are, so the centre of its first pixel moves.
        """
        spacing = (self.spacing[0] / down, self.spacing[1] / across)
        right = (spacing[1] - self.spacing[1]) / 2
        below = (spacing[0] - self.spacing[0]) / 2
        moved = [
            start + right * along_row + below * along_column
            for start, along_row, along_column in zip(
                self.position, self.row, self.column, strict=True
            )
        ]
        return Plane(
            position=(moved[0], moved[1], moved[2]),
            row=self.row,
            column=self.column,
            spacing=spacing,
        )


def plane_from(
    position: Iterable[float], orientation: Iterable[float], spacing: Iterable[float]
) -> Plane | None:
    """Return the plane of the three Attributes, or None when they do not describe one.

    Parameters
    ----------
    position
        Image Position (Patient), mm.
    orientation
        Image Orientation (Patient): six direction cosines.
    spacing
        Pixel Spacing, mm: between rows, then between columns.
    """
    origin, cosines, distances = tuple(position), tuple(orientation), tuple(spacing)
    if (len(origin), len(cosines), len(distances)) != (3, 6, 2):
        return None
    if not all(map(math.isfinite, origin + cosines + distances)) or min(distances) <= 0:
        return None
    row = _unit((cosines[0], cosines[1], cosines[2]))
    column = _unit((cosines[3], cosines[4], cosines[5]))
    if row is None or column is None or _unit(_cross(row, column)) is None:
        return None
    return Plane(
        position=(origin[0], origin[1], origin[2]),
        row=row,
        column=column,
        spacing=(distances[0], distances[1]),
    )


def dot(one: Point, other: Point) -> float:
    """Return the scalar product."""
    return sum(a * b for a, b in zip(one, other, strict=True))


def centre_of(points: Iterable[Point]) -> Point:
    """Return the mean of the points."""
    across, down, along = zip(*points, strict=True)
    return (_mean(across), _mean(down), _mean(along))


def _mean(values: tuple[float, ...]) -> float:
    return math.fsum(values) / len(values)


def _direction_letters(direction: Point) -> str:
    named = zip(direction, ("LR", "PA", "HF"), strict=True)
    sized = sorted(((abs(part), pair[part < 0]) for part, pair in named), reverse=True)
    return "".join(
        letter for place, (size, letter) in enumerate(sized) if place == 0 or size > _SECOND_LETTER
    )


def _unit(vector: Point) -> Point | None:
    length = math.sqrt(dot(vector, vector))
    if length < _EPSILON:
        return None
    return (vector[0] / length, vector[1] / length, vector[2] / length)


def _cross(one: Point, other: Point) -> Point:
    return (
        one[1] * other[2] - one[2] * other[1],
        one[2] * other[0] - one[0] * other[2],
        one[0] * other[1] - one[1] * other[0],
    )


def _difference(one: Point, other: Point) -> Point:
    return (one[0] - other[0], one[1] - other[1], one[2] - other[2])


def _negative(vector: Point) -> Point:
    return (-vector[0], -vector[1], -vector[2])
