"""DICOM Segmentations: binary, fractional and label map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from casepack.annotate.geometry.planes import READ_ERRORS
from casepack.annotate.importers.imported import (
    LESION,
    make_mask,
    name_label,
    not_understood,
    nothing_drawn,
    tracking_id,
)
from casepack.errors import CaseError
from casepack.lesion import Lesion, Mask
from casepack.model import Code

_SAME_PLACE = 1e-2
"""mm; frames nearer than this lie on one plane."""
_UNEVEN = 0.02
"""Part of the slice distance by which frames may miss an even grid."""


def read_segmentation(path: Path, ds: Dataset) -> tuple[Lesion, ...]:
    """Return a lesion for each segment, with its codes, on the grid of its frames."""
    try:
        stored = np.asarray(ds.pixel_array)
        if stored.ndim == 2:  # noqa: PLR2004  # a single frame
            stored = stored[np.newaxis]
        lesions = [
            lesion
            for number, segment in enumerate(ds.SegmentSequence, 1)
            if (lesion := _lesion(ds, stored, segment, number, path)) is not None
        ]
    except CaseError:
        raise
    except (*READ_ERRORS, RuntimeError):
        raise not_understood(path) from None
    if not lesions:
        raise nothing_drawn(path)
    return tuple(lesions)


def _lesion(
    ds: Dataset, stored: NDArray[Any], segment: Dataset, number: int, path: Path
) -> Lesion | None:
    segment_number = int(segment.SegmentNumber)
    frames, values = _frames(ds, stored, segment_number)
    if not len(values) or not values.any():
        return None
    sites = segment.get("AnatomicRegionSequence") or []
    return Lesion(
        tracking_id=tracking_id(number),
        label=name_label(segment.get("SegmentLabel"), number),
        finding=_code(segment.SegmentedPropertyTypeCodeSequence[0]) or LESION,
        sites=tuple(code for site in sites if (code := _code(site)) is not None),
        outlines=(),
        masks=(_mask(ds, frames, values, path),),
    )


def _frames(ds: Dataset, stored: NDArray[Any], segment: int) -> tuple[list[Dataset], NDArray[Any]]:
    """Return the frames of a segment, and how much of each pixel is lesion: 0 to 1."""
    groups = list(ds.PerFrameFunctionalGroupsSequence)
    if ds.SegmentationType == "LABELMAP":
        return groups, np.asarray(stored == segment)
    shared = ds.SharedFunctionalGroupsSequence[0]
    numbers = [
        int(_macro(group, shared, "SegmentIdentificationSequence").ReferencedSegmentNumber)
        for group in groups
    ]
    own = [place for place, number in enumerate(numbers) if number == segment]
    scale = float(ds.MaximumFractionalValue) if ds.SegmentationType == "FRACTIONAL" else 1.0
    return [groups[place] for place in own], stored[own] / scale


def _macro(group: Dataset, shared: Dataset, keyword: str) -> Dataset:
    """Return the Item of a functional group, of the frame or shared."""
    found = group.get(keyword) or shared[keyword].value
    item: Dataset = found[0]
    return item


def _mask(ds: Dataset, frames: list[Dataset], values: NDArray[Any], path: Path) -> Mask:
    shared = ds.SharedFunctionalGroupsSequence[0]
    orientation = np.array(
        _macro(frames[0], shared, "PlaneOrientationSequence").ImageOrientationPatient, float
    )
    measures = _macro(frames[0], shared, "PixelMeasuresSequence")
    row, column = orientation[:3], orientation[3:]
    normal = np.cross(row, column)
    origins = np.array(
        [_macro(each, shared, "PlanePositionSequence").ImagePositionPatient for each in frames],
        float,
    )
    offsets = origins @ normal
    order = np.argsort(offsets, kind="stable")
    gaps = np.diff(offsets[order])
    steps = gaps[gaps > _SAME_PLACE]
    distance = float(steps.min()) if len(steps) else _thickness(measures)
    places = (offsets - offsets[order[0]]) / distance
    if np.abs(places - np.round(places)).max() > _UNEVEN:
        raise CaseError(
            "is a Segmentation whose frames are not evenly apart",
            place=path.name,
            advice="Draw outlines instead, or segment an evenly spaced series.",
        )
    volume = np.zeros((values.shape[2], values.shape[1], int(np.round(places.max())) + 1))
    for frame, place in zip(values, np.round(places).astype(int), strict=True):
        volume[:, :, place] = np.maximum(volume[:, :, place], frame.T)
    spacing = [float(each) for each in measures.PixelSpacing]
    affine = np.column_stack(
        [row * spacing[1], column * spacing[0], normal * distance, origins[order[0]]]
    )
    return make_mask(
        volume, affine, frame_of_reference_uid=str(ds.get("FrameOfReferenceUID") or "")
    )


def _thickness(measures: Dataset) -> float:
    for keyword in ("SpacingBetweenSlices", "SliceThickness"):
        value = abs(float(measures.get(keyword) or 0))
        if value > 0:
            return value
    return 1.0


def _code(item: Dataset) -> Code | None:
    value = str(item.get("CodeValue") or item.get("LongCodeValue") or "")
    scheme, meaning = str(item.get("CodingSchemeDesignator") or ""), str(item.get("CodeMeaning"))
    return Code(value=value, scheme=scheme, meaning=meaning) if value and scheme else None
