"""Whether the written forms of a lesion agree: Segmentation, report and model.

Nothing is taken from the objects' builders: pixels and content items are read from the files as
any receiver would, and measured again.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.utils import unpack_bits

from casepack.annotate.geometry.planes import READ_ERRORS, Vector
from casepack.annotate.geometry.polygon import find_long_axis, find_short_axis
from casepack.annotate.geometry.raster import Image, trace_outline
from casepack.errors import StudyError
from casepack.lesion import MeasuredLesion, Measurement, Segment
from casepack.model import Deidentified, Finding, Instance, Severity

_SAME = 2e-3
"""Relative; Numeric Value is a Decimal String of 16 characters, pixel data are exact."""
_FULL = 255
_CONCEPTS = {
    "area": "42798000",
    "long axis": "103339001",
    "short axis": "103340004",
    "volume": "118565006",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Read:
    """A Segmentation as it stands in its file."""

    tracking_uid: str
    source_series: frozenset[str]
    spacing: tuple[float, float]
    normal: Vector
    positions: Vector
    """Image Position (Patient) of each frame, shape ``(frames, 3)``."""
    sources: tuple[tuple[str, int], ...]
    """SOP Instance UID and frame number of the image of each frame."""
    values: Image
    """Shape (frames, Rows, Columns), 0 to 255."""


def compare_forms(
    annotated: Deidentified, lesions: Sequence[MeasuredLesion]
) -> tuple[Finding, ...]:
    """Measure each lesion again from its Segmentations, and compare model, SEG and SR.

    - The pixels of the Segmentation are those of the model; their volume is that of the model.
    - The axes of the Segmentation on the key image are those of the outline, to a pixel's
      diagonal at each end: an outline runs between pixels. A warning, as a thin or tiny outline
      holds few pixel centres or none.
    - The numbers of the report are those of the model.

    Parameters
    ----------
    annotated
        As `casepack.annotate.annotation.annotate` returns it.

    Raises
    ------
    StudyError
        An object cannot be read.
    """
    segmentations: list[_Read] = []
    reported: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for study in annotated.studies:
        for series in study.series:
            for instance in series.instances:
                if series.modality == "SEG":
                    segmentations.append(_read_segmentation(instance))
                elif series.modality == "SR":
                    key_values = _read_report(instance)
                    for uid, concept, value in key_values:
                        key = (study.study_instance_uid, uid)
                        reported.setdefault(key, []).append((concept, value))
    return tuple(
        finding
        for number, lesion in enumerate(lesions)
        for finding in (
            *_compare_segments(lesion, segmentations, f"lesions[{number}]"),
            *_compare_report(lesion, reported, f"lesions[{number}]"),
        )
    )


def _compare_segments(
    lesion: MeasuredLesion, segmentations: Sequence[_Read], place: str
) -> Iterator[Finding]:
    for number, segment in enumerate(lesion.segments):
        where = f"{place}.segments[{number}]"
        found = next(
            (
                each
                for each in segmentations
                if each.tracking_uid == lesion.tracking_uid
                and segment.series_instance_uid in each.source_series
            ),
            None,
        )
        if found is None:
            yield _finding("segmentation-missing", "a segmented lesion has no Segmentation", where)
            continue
        drawn = {(each.sop_instance_uid, each.frame): each.values for each in segment.frames}
        stored = {
            source: found.values[frame].tobytes() for frame, source in enumerate(found.sources)
        }
        if drawn != stored:
            yield _finding("segmentation-differs", "the Segmentation holds other pixels", where)
        if not _volume_agrees(segment, found):
            yield _finding("segmentation-volume", "the Segmentation has another volume", where)
        for place_in, measurement in enumerate(lesion.measurements):
            if measurement.series_instance_uid == segment.series_instance_uid:
                yield from _compare_axes(measurement, found, f"{place}.measurements[{place_in}]")


def _volume_agrees(segment: Segment, found: _Read) -> bool:
    if segment.volume_ml is None or len(found.positions) < 2:  # noqa: PLR2004  # no distance
        return True
    gaps = np.diff(np.sort(found.positions @ found.normal))
    volume = float(found.values.sum(dtype=np.int64)) / _FULL
    volume *= found.spacing[0] * found.spacing[1] * float(gaps.min()) / 1000
    return _is_same(volume, segment.volume_ml)


def _compare_axes(measurement: Measurement, found: _Read, place: str) -> Iterator[Finding]:
    source = (measurement.sop_instance_uid, measurement.frame)
    if source not in found.sources:
        yield _finding("segmentation-slice", "the key image has no segmented frame", place)
        return
    traced = trace_outline(found.values[found.sources.index(source)])
    if traced is None:
        yield _finding("segmentation-slice", "the key image has no segmented frame", place)
        return
    vertices = traced * np.array([found.spacing[1], found.spacing[0]])
    long_axis = find_long_axis(vertices)
    short_axis = find_short_axis(vertices, long_axis)
    allowed = 2 * float(np.hypot(*found.spacing))
    if abs(long_axis.length - measurement.long_axis_mm) > allowed:
        yield _finding("segmentation-axes", "the Segmentation has another long axis", place)
    # the short axis turns with the long one, whose direction is loose in a round lesion
    round_one = measurement.short_axis_mm > measurement.long_axis_mm - allowed
    if not round_one and abs(short_axis.length - measurement.short_axis_mm) > allowed:
        yield _finding("segmentation-axes", "the Segmentation has another short axis", place)


def _compare_report(
    lesion: MeasuredLesion,
    reported: dict[tuple[str, str], list[tuple[str, float]]],
    place: str,
) -> Iterator[Finding]:
    for number, measurement in enumerate(lesion.measurements):
        said = reported.get((measurement.study_instance_uid, lesion.tracking_uid), [])
        for name, value in (
            ("area", measurement.area_mm2),
            ("long axis", measurement.long_axis_mm),
            ("short axis", measurement.short_axis_mm),
        ):
            if not _says(said, name, value):
                where = f"{place}.measurements[{number}]"
                yield _finding("report-differs", f"no report says this {name}", where)
    for number, segment in enumerate(lesion.segments):
        said = reported.get((segment.study_instance_uid, lesion.tracking_uid), [])
        if segment.volume_ml is not None and not _says(said, "volume", segment.volume_ml):
            where = f"{place}.segments[{number}]"
            yield _finding("report-differs", "no report says this volume", where)


def _says(said: Sequence[tuple[str, float]], name: str, value: float) -> bool:
    return any(concept == _CONCEPTS[name] and _is_same(value, other) for concept, other in said)


def _is_same(one: float, other: float) -> bool:
    return abs(one - other) <= _SAME * max(abs(one), abs(other), _SAME)


_RASTER = frozenset({"segmentation-slice", "segmentation-axes"})
"""A thin or tiny outline may differ so from the pixels that it fills."""


def _finding(code: str, message: str, place: str) -> Finding:
    return Finding(
        code=code,
        severity=Severity.WARNING if code in _RASTER else Severity.ERROR,
        message=message,
        section="PS3.16 TID 1500, PS3.3 A.51",
        advice="Annotate a fresh copy of the de-identified study; report this if it stays.",
        place=place,
    )


def _read(instance: Instance) -> Dataset:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom's warnings quote values
            return dcmread(instance.path)
    except READ_ERRORS:
        raise StudyError("an annotation cannot be read") from None


def _read_segmentation(instance: Instance) -> _Read:
    ds = _read(instance)
    try:
        shared = ds.SharedFunctionalGroupsSequence[0]
        spacing = shared.PixelMeasuresSequence[0].PixelSpacing
        orientation = shared.PlaneOrientationSequence[0].ImageOrientationPatient
        frames = list(ds.PerFrameFunctionalGroupsSequence)
        return _Read(
            tracking_uid=str(ds.SegmentSequence[0].TrackingUID),
            source_series=frozenset(
                str(each.SeriesInstanceUID) for each in ds.ReferencedSeriesSequence
            ),
            spacing=(float(spacing[0]), float(spacing[1])),
            normal=np.cross(np.array(orientation[:3], float), np.array(orientation[3:], float)),
            positions=np.array(
                [each.PlanePositionSequence[0].ImagePositionPatient for each in frames], float
            ),
            sources=tuple(_source(each) for each in frames),
            values=_values(ds),
        )
    except READ_ERRORS:
        raise StudyError("a Segmentation cannot be understood") from None


def _source(frame: Dataset) -> tuple[str, int]:
    reference = frame.DerivationImageSequence[0].SourceImageSequence[0]
    number = reference.get("ReferencedFrameNumber") or 1
    return str(reference.ReferencedSOPInstanceUID), int(number)


def _values(ds: Dataset) -> Image:
    shape = (int(ds.NumberOfFrames), int(ds.Rows), int(ds.Columns))
    count = shape[0] * shape[1] * shape[2]
    if ds.BitsAllocated == 1:
        bits = np.asarray(unpack_bits(ds.PixelData))[:count]
        return np.asarray(bits.reshape(shape) * _FULL).astype(np.uint8)
    stored = np.frombuffer(ds.PixelData, np.uint8)[:count].reshape(shape)
    scale = _FULL / int(ds.MaximumFractionalValue)
    return np.asarray(np.round(stored * scale)).astype(np.uint8)


def _read_report(instance: Instance) -> Iterator[tuple[str, str, float]]:
    """Yield (tracking UID, Code Value, number) of each measurement of a report."""
    ds = _read(instance)
    try:
        for group in _groups(ds):
            uids = [str(item.UID) for item in group.ContentSequence if _code(item) == "112040"]
            for item in group.ContentSequence:
                if item.ValueType == "NUM" and uids:
                    value = item.MeasuredValueSequence[0].NumericValue
                    yield uids[0], _code(item), float(value)
    except READ_ERRORS:
        raise StudyError("a report cannot be understood") from None


def _groups(ds: Dataset) -> Iterator[Dataset]:
    for item in ds.get("ContentSequence") or []:
        if _code(item) == "125007":
            yield item
        else:
            yield from _groups(item)


def _code(item: Dataset) -> str:
    names = item.get("ConceptNameCodeSequence")
    return str(names[0].get("CodeValue") or "") if names else ""
