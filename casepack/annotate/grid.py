"""Masks tied to the images of a series, and what their voxels measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from casepack.annotate.geometry.planes import Plane, Vector, slice_thickness
from casepack.annotate.geometry.raster import Image
from casepack.annotate.shelf import Shelf, two_time_points
from casepack.errors import CaseError
from casepack.lesion import Mask, Segment, SegmentedFrame

_ONE_GRID = 0.1
"""Voxels; a grid that is off by less anywhere is that of the images: rounding in a header."""
_SAME_PLACE = 1e-2
"""mm; frames nearer than this show one slice."""
_PARALLEL = 1e-4
_FLAT = 1e-9
"""mm3; no voxel is smaller."""
_MM3_PER_ML = 1000.0
_FULL = 255
_HALF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VoxelStack:
    """The parallel frames of a series along their normal, and a value for each pixel."""

    planes: tuple[Plane, ...]
    values: Image
    """Shape (frames, Rows, Columns), 0 to 255."""


def fit_mask(shelf: Shelf, mask: Mask, place: str) -> VoxelStack:
    """Return the frames of the series that a mask was drawn on, with the mask on them.

    The grid of the mask may run along the axes of the images in any order and direction. Of
    several series on one grid it is the first by Series Number.

    Raises
    ------
    CaseError
        The grid is none of the series' (says by how many voxels it misses), unless the mask asks
        to be resampled; some of the lesion lies outside the images; the mask is empty.
    """
    if not any(mask.values):
        raise CaseError("holds no voxel of a lesion", place=place, advice="Draw the lesion.")
    if (
        not np.isfinite(mask.affine).all()
        or abs(np.linalg.det(np.array(mask.affine)[:, :3])) < _FLAT
    ):
        raise CaseError("has a grid without a volume", place=place)
    stacks = [order_stack(planes) for planes in shelf.find(mask, place)]
    misfits = [_misfit(mask, planes) for planes in stacks]
    least = min(misfits)
    if not mask.resample and not least <= _ONE_GRID:
        raise CaseError(
            f"lies on another grid than the images: it is off by {least:.1f} voxels",
            place=place,
            advice='Draw on the images themselves, or write "resample": true for a mask of the'
            " same Frame of Reference.",
        )
    fitting = [
        planes
        for planes, misfit in zip(stacks, misfits, strict=True)
        if misfit <= max(_ONE_GRID, least)
    ]
    if mask.time_point is None and len({shelf.time_point(each[0]) for each in fitting}) > 1:
        raise two_time_points(place)
    planes = fitting[0]
    if not planes[0].frame_of_reference_uid:
        raise CaseError(
            "lies on images without a Frame of Reference UID",
            place=place,
            advice="De-identify with a recipe that replaces this UID and does not remove it.",
        )
    return _sampled(mask, planes, place)


def order_stack(planes: Sequence[Plane]) -> tuple[Plane, ...]:
    """Return the frames parallel to the first along their normal, one for each place."""
    first = planes[0]
    alike = [
        plane
        for plane in planes
        if plane.size == first.size
        and np.allclose(plane.row, first.row, rtol=0, atol=_PARALLEL)
        and np.allclose(plane.column, first.column, rtol=0, atol=_PARALLEL)
        and np.allclose(plane.spacing, first.spacing, rtol=_PARALLEL)
    ]
    offsets = [float((plane.origin - first.origin) @ first.normal) for plane in alike]
    ordered: list[Plane] = []
    last = -np.inf
    for number in sorted(range(len(alike)), key=lambda each: (offsets[each], each)):
        if offsets[number] - last > _SAME_PLACE:
            ordered.append(alike[number])
            last = offsets[number]
    return tuple(ordered)


def slice_distance(planes: Sequence[Plane]) -> float:
    """Return the distance between the slices of an ordered stack in mm: the median of the gaps.

    A single slice is as far from the next as it is thick.
    """
    if len(planes) == 1:
        return slice_thickness(planes[0], tuple(planes))
    normal = planes[0].normal
    offsets = [float((plane.origin - planes[0].origin) @ normal) for plane in planes]
    return float(np.median(np.diff(offsets)))


def _to_indices(mask: Mask, plane: Plane) -> tuple[Vector, Vector]:
    """Return the map from (column, row) of a plane to the indices (i, j, k) of a mask."""
    affine = np.array(mask.affine)
    inverse = np.linalg.inv(affine[:, :3])
    axes = np.stack([plane.row * plane.spacing[1], plane.column * plane.spacing[0]], axis=1)
    return inverse @ axes, inverse @ (plane.origin - affine[:, 3])


def _misfit(mask: Mask, planes: Sequence[Plane]) -> float:
    """Return how far, in voxels, pixel centres of the images lie from voxel centres at most."""
    worst = 0.0
    touched = 0
    for plane in planes:
        steps, origin = _to_indices(mask, plane)
        size = np.array([plane.size[1] - 1, plane.size[0] - 1])
        corners = origin + np.array([[0, 0], [1, 0], [0, 1], [1, 1]]) * size @ steps.T
        # a voxel reaches half its size beyond its centre
        beyond = corners.min(axis=0) - mask.shape[::-1], -corners.max(axis=0) - 1
        if float(np.max(beyond)) > -_HALF:
            continue
        touched += 1
        drift = np.abs(steps - np.round(steps)) @ size
        worst = max(worst, float((np.abs(origin - np.round(origin)) + drift).max()))
    return worst if touched else np.inf


def _sampled(mask: Mask, planes: tuple[Plane, ...], place: str) -> VoxelStack:
    voxels = np.frombuffer(mask.values, dtype=np.uint8).reshape(mask.shape)
    values = np.zeros((len(planes), *planes[0].size), dtype=np.uint8)
    for number, plane in enumerate(planes):
        steps, origin = _to_indices(mask, plane)
        columns, rows = np.meshgrid(np.arange(plane.size[1]), np.arange(plane.size[0]))
        nearest = np.round(
            origin + columns[..., np.newaxis] * steps[:, 0] + rows[..., np.newaxis] * steps[:, 1]
        ).astype(np.int64)
        inside = np.all((nearest >= 0) & (nearest < mask.shape[::-1]), axis=-1)
        i, j, k = nearest[inside].T
        values[number][inside] = voxels[k, j, i]
    if not mask.fractional:
        values = np.where(values > 0, np.uint8(_FULL), np.uint8(0))
    _refuse_outside(mask, voxels, planes, place)
    if not mask.resample and np.count_nonzero(values) != np.count_nonzero(voxels):
        raise CaseError(
            "holds slices of the lesion that the series has no image of",
            place=place,
            advice="Name the series it was drawn on, with all of its images.",
        )
    if not values.any():
        raise CaseError("meets no pixel of the images", place=place)
    return VoxelStack(planes=planes, values=values)


def _refuse_outside(mask: Mask, voxels: Image, planes: tuple[Plane, ...], place: str) -> None:
    """Refuse voxels of the lesion that lie beyond the images by more than half a slice."""
    affine = np.array(mask.affine)
    k, j, i = np.nonzero(voxels)
    points = np.stack([i, j, k], axis=1) @ affine[:, :3].T + affine[:, 3]
    first = planes[0]
    size = np.array([first.size[1] - 0.5, first.size[0] - 0.5])
    pixels = first.project(points)
    scale = np.array([first.spacing[1], first.spacing[0]])
    aside = (np.maximum(-0.5 - pixels, pixels - size) * scale).max()
    normal = first.normal
    offsets = (points - first.origin) @ normal
    ends = [float((plane.origin - first.origin) @ normal) for plane in (first, planes[-1])]
    half = slice_distance(planes) / 2
    beyond = max(ends[0] - half - offsets.min(), offsets.max() - ends[1] - half)
    outside = max(float(aside), float(beyond))
    if outside > _SAME_PLACE:
        raise CaseError(
            f"reaches {outside:.1f} mm out of the images",
            place=place,
            advice="Name the series it was drawn on; check time_point.",
        )


def measure_stack(
    shelf: Shelf, stack: VoxelStack, *, fractional: bool, spatial: bool = True
) -> Segment:
    """Return a lesion's voxels with its volume and extents.

    A voxel is as high as the slices are apart, so that gaps between slices are filled: its
    volume is pixel area times that distance. Fractional voxels count with their fraction.
    Extents are those of the voxels' corners along z, y and x of the patient; of a fractional
    region, of the voxels that are lesion by half at least.

    Parameters
    ----------
    spatial
        False: only a slice of the lesion is known, so it has no volume and no extents.
    """
    first = stack.planes[0]
    height = slice_distance(stack.planes)
    axes = (first.row * first.spacing[1], first.column * first.spacing[0], first.normal * height)
    numbers = [number for number in range(len(stack.planes)) if stack.values[number].any()]
    extents: list[float | None] = [None, None, None]
    volume = None
    if spatial:
        volume = float(stack.values.sum(dtype=np.int64)) / _FULL
        volume *= first.spacing[0] * first.spacing[1] * height / _MM3_PER_ML
        extents = list(_extents(stack, axes))
    return Segment(
        time_point=shelf.time_point(first),
        study_instance_uid=shelf.study_uid(first),
        series_instance_uid=first.series_instance_uid,
        frame_of_reference_uid=first.frame_of_reference_uid,
        rows=first.size[0],
        columns=first.size[1],
        fractional=fractional,
        frames=tuple(
            SegmentedFrame(
                sop_class_uid=stack.planes[number].instance.sop_class_uid,
                sop_instance_uid=stack.planes[number].instance.sop_instance_uid,
                frame=stack.planes[number].frame,
                values=stack.values[number].tobytes(),
            )
            for number in numbers
        ),
        volume_ml=None if volume is None else round(volume, 6),
        transverse_mm=extents[0],
        anteroposterior_mm=extents[1],
        craniocaudal_mm=extents[2],
    )


def _extents(stack: VoxelStack, axes: Sequence[Vector]) -> tuple[float | None, ...]:
    centres = [
        plane.place(np.argwhere(stack.values[number] > _FULL / 2)[:, ::-1].astype(np.float64))
        for number, plane in enumerate(stack.planes)
    ]
    points = np.concatenate(centres)
    if not len(points):
        return (None, None, None)
    corners = np.abs(np.stack(axes)).sum(axis=0)
    return tuple(round(float(each), 6) for each in np.ptp(points, axis=0) + corners)
