"""Where the patient lay at each study, and where the slices were planned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from casepack.sample.anatomy import Floats, build_spine
from casepack.sample.lesion import LesionShape
from casepack.sample.tissue import Sequence

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """How the patient lay: patient coordinates (LPS) = turn · anatomical coordinates + shift."""

    turn: Vector
    shift: Vector

    def to_patient(self, point: tuple[float, float, float]) -> Vector:
        """Return patient coordinates of an anatomical point."""
        return np.asarray(self.turn @ np.array(point) + self.shift)

    def to_anatomy(self, points: Vector) -> tuple[Vector, Vector, Vector]:
        """Return anatomical (x, y, z) of patient coordinates of shape (..., 3).

        Written out: a matrix product may be summed in another order on another machine.
        """
        a, b, c = (points[..., axis] - self.shift[axis] for axis in range(3))
        x, y, z = (a * t[0] + b * t[1] + c * t[2] for t in self.turn.T)
        return x, y, z


def turned(about_x: float, about_y: float, about_z: float) -> Vector:
    """Return the rotation by three small angles, degrees."""
    a, b, c = np.radians((about_x, about_y, about_z))
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return np.asarray(z @ y @ x)


POSES = (
    Pose(turn=turned(0.4, 0.6, -0.9), shift=np.array([2.4, 21.5, -58.0])),
    Pose(turn=turned(-0.5, -0.8, 1.6), shift=np.array([-3.1, 18.0, -63.5])),
)
"""At time point 1 and 2; the origin of patient coordinates is the isocentre of the magnet."""

_PLANNED = (turned(0, 0.5, -0.7), turned(0, -0.7, 1.4))
"""How the slices were turned to follow the patient, by eye."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The plane of one image, as its header says it (PS3.3 C.7.6.2.1.1)."""

    position: tuple[float, float, float]
    """Image Position (Patient), mm."""
    row: tuple[float, float, float]
    """Direction cosines along a row: to higher columns."""
    column: tuple[float, float, float]
    """Direction cosines along a column: to higher rows."""
    pixel: float
    """Pixel Spacing, mm, equal in both directions."""
    size: int
    """Rows and Columns."""

    @property
    def normal(self) -> Vector:
        """Direction of the next slice."""
        return np.cross(self.row, self.column)

    @property
    def location(self) -> float:
        """Slice Location: distance along the normal, mm."""
        return float(np.dot(self.normal, self.position))

    def at(self, row: float, column: float) -> Vector:
        """Return patient coordinates of a place in the image, pixel centres at whole numbers."""
        return np.asarray(
            np.array(self.position)
            + np.array(self.row) * column * self.pixel
            + np.array(self.column) * row * self.pixel
        )

    def points(self, offset: float = 0.0) -> Vector:
        """Return the centres of all pixels, shape (size, size, 3), moved along the normal."""
        steps = np.arange(self.size) * self.pixel
        start = np.array(self.position) + self.normal * offset
        return np.asarray(
            start
            + steps[:, None, None] * np.array(self.column)
            + steps[None, :, None] * np.array(self.row)
        )


def plan_slices(
    sequence: Sequence, study: int, *, slices: int, size: int, lesion: LesionShape
) -> tuple[Slice, ...]:
    """Return the planes of a series of a study (1 or 2), in order of Instance Number."""
    if sequence.number == 1:
        return _plan_localizer(sequence, study, size)
    if sequence.number == 4:
        return _plan_axial(sequence, study, slices, size, lesion)
    turn = _PLANNED[study - 1]
    centre = POSES[study - 1].to_patient((0.4, -24.0, 62.0))
    centre += turn[:, 1] * 1.5 * study
    return tuple(
        _slice(
            centre + turn[:, 0] * (number - slices // 2) * sequence.spacing,
            turn[:, 1],
            -turn[:, 2],
            sequence.field_of_view,
            size,
        )
        for number in range(slices)
    )


def axial_count(slices: int) -> int:
    """Return how many axial slices go with a number of sagittal ones; always odd."""
    return 2 * round(slices * 0.7) + 1


def axial_spacing(sequence: Sequence, slices: int) -> float:
    """Return the distance between axial slices that covers D11 to L1, mm."""
    levels = build_spine().levels
    length = float(levels.bottom[levels.place("L1")] - levels.top[levels.place("T11")])
    return max(sequence.spacing, round(length / (axial_count(slices) - 1), 1))


def _plan_axial(
    sequence: Sequence, study: int, slices: int, size: int, lesion: LesionShape
) -> tuple[Slice, ...]:
    pose, spine = POSES[study - 1], build_spine()
    s = lesion.centre[2]
    middle = pose.to_patient(spine.point(0.0, -4.0, s))
    below = pose.to_patient(spine.point(0.0, -4.0, s + 20.0))
    normal = (middle - below) / np.linalg.norm(middle - below)
    row = np.cross((0.0, 1.0, 0.0), normal)
    row /= np.linalg.norm(row)
    column = np.cross(normal, row)
    count, step = axial_count(slices), axial_spacing(sequence, slices)
    return tuple(
        _slice(
            middle + normal * step * (count // 2 - number),
            row,
            column,
            sequence.field_of_view,
            size,
        )
        for number in range(count)
    )


def _plan_localizer(sequence: Sequence, study: int, size: int) -> tuple[Slice, ...]:
    centre = POSES[study - 1].to_patient((0.0, 0.0, 60.0))
    centre[0] = 0.0
    x, y, z = np.eye(3)
    fov = sequence.field_of_view
    return (
        _slice(centre, y, -z, fov, size),
        _slice(centre + y * 6.0, x, -z, fov, size),
        _slice(centre - z * 70.0, x, y, fov, size),
    )


def _slice(centre: Vector, row: Vector, column: Vector, field: float, size: int) -> Slice:
    pixel = float(f"{field / size:.8g}")
    corner = centre - (row + column) * pixel * (size - 1) / 2
    return Slice(
        position=_rounded(corner, 6),
        row=_rounded(row, 9),
        column=_rounded(column, 9),
        pixel=pixel,
        size=size,
    )


def _rounded(vector: Vector, digits: int) -> tuple[float, float, float]:
    # Rounded before anything is computed from it: what is drawn is what the header says.
    x, y, z = (round(float(value), digits) + 0.0 for value in vector)
    return x, y, z


def to_curve(pose: Pose, points: Vector) -> tuple[Floats, Floats, Floats]:
    """Return (x, u, s) of patient coordinates, each of shape (N,)."""
    x, y, z = (axis.astype(np.float32) for axis in pose.to_anatomy(points.reshape(-1, 3)))
    s, u = build_spine().along(y, z)
    x += (1.4 * np.sin(s / 70)).astype(np.float32)  # a spine is never quite straight
    return x, u, s
