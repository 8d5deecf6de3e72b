"""Whether lesions, figures and case name instances that are there, and agree with the reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise
from math import dist, sqrt
from pathlib import Path
from typing import Any, Final

from casepack.model import Finding
from casepack.standard.uids import derived_uid
from casepack.verify.findings.findings import make_finding
from casepack.verify.holdings import Holding, Holdings, relative_name
from casepack.verify.packaged.documents import (
    BadDocument,
    as_mapping,
    as_number,
    as_sequence,
    as_text,
    is_inside,
    read_json,
)
from casepack.verify.packaged.measurements import (
    AREA,
    LENGTH,
    LONG_AXIS,
    SHORT_AXIS,
    VOLUME,
    Measured,
    read_measurements,
)
from casepack.verify.packaged.segmentations import Segmented, read_segments

_SAME: Final = 0.01
"""mm or mm2: below it two numbers are the same."""
_SAME_VOLUME: Final = 0.01
"""Of a volume: positions of slices are rounded."""
_SPACE: Final = 3
"""Coordinates of a point in the patient."""
_NUMBERS: Final = {
    "long_axis_mm": LONG_AXIS,
    "short_axis_mm": SHORT_AXIS,
    "craniocaudal_mm": LENGTH,
    "area_mm2": AREA,
}
_UIDS: Final = {
    "study_instance_uid": 0x0020000D,
    "series_instance_uid": 0x0020000E,
    "sop_class_uid": 0x00080016,
    "frame_of_reference_uid": 0x00200052,
}
_FRAMES: Final = 0x00280008
_REPORTS: Final = "1.2.840.10008.5.1.4.1.1.88."


def check_annotations(payload: Path, holdings: Holdings) -> Iterator[Finding]:
    """Check ``lesions.json``, ``figures.json`` and ``case.json`` against the DICOM files."""
    for name, check in (
        ("annotations/lesions.json", _check_lesions),
        ("figures/figures.json", _check_figures),
        ("case.json", _check_case),
        ("deid/report.json", _check_nothing),
    ):
        path = payload / name
        if not path.is_file():
            continue
        file = relative_name(path, holdings.root)
        try:
            content = read_json(path)
        except BadDocument:
            yield make_finding("json-invalid", file=file)
            continue
        for code, place in check(content, payload, holdings):
            yield make_finding(code, file=file, place=place)


def _check_nothing(*_: object) -> Iterator[tuple[str, str]]:
    """Check no more than that it can be read: what it says is compared where it is used."""
    return iter(())


def _check_lesions(content: object, payload: Path, holdings: Holdings) -> Iterator[tuple[str, str]]:
    reported = [
        measured
        for holding in holdings.dicom
        if holding.sop_class_uid.startswith(_REPORTS) and _is_of_case(holding, "measurement-report")
        for measured in read_measurements(holding)
    ]
    yield from _check_reported(content, reported)
    yield from _check_segments(content, reported, holdings)
    for index, entry in enumerate(as_sequence(as_mapping(content).get("lesions"))):
        lesion = as_mapping(entry)
        tracking_uid = as_text(lesion.get("tracking_uid"))
        for number, one in enumerate(as_sequence(lesion.get("measurements"))):
            place = f"lesions[{index}].measurements[{number}]"
            measurement = as_mapping(one)
            if not _names_instance(measurement, payload, holdings):
                yield "lesion-unresolved", place
            for name in _differing(measurement, tracking_uid, reported):
                yield "lesion-differs", f"{place}.{name}"


def _is_of_case(holding: Holding, role: str) -> bool:
    """Tell an object of the case's lesions from one that the study brought along.

    The Series of the former has a UID that is made of the Study's.
    """
    study, series = (holding.text(_UIDS[f"{level}_instance_uid"]) for level in ("study", "series"))
    return series == derived_uid(role, "series", study)


def _names_instance(entry: Mapping[str, Any], payload: Path, holdings: Holdings) -> bool:
    """Tell whether the entry's UIDs, path and frame are those of one DICOM file."""
    holding = holdings.by_uid.get(as_text(entry.get("sop_instance_uid")))
    if holding is None:
        return False
    if any(name in entry and entry[name] != holding.text(tag) for name, tag in _UIDS.items()):
        return False
    path = as_text(entry.get("path"))
    if "path" in entry and (payload / path) != holding.path:
        return False
    return _has_frame(holding, entry.get("frame", 1))


def _has_frame(holding: Holding, frame: object) -> bool:
    frames = holding.text(_FRAMES)
    count = int(frames) if frames.isdecimal() else 1
    return isinstance(frame, int) and 1 <= frame <= count


def _differing(
    measurement: Mapping[str, Any], tracking_uid: str, reported: list[Measured]
) -> Iterator[str]:
    """Yield the numbers that no report of that study and lesion has.

    A craniocaudal extent is reported only of an outline that lies along the body.
    """
    study = as_text(measurement.get("study_instance_uid"))
    for name, concept in _NUMBERS.items():
        value = as_number(measurement.get(name))
        key = (study, tracking_uid, concept)
        same = any(_is_same(value, one.value) for one in reported if _key(one) == key)
        if not same and concept != LENGTH:
            yield name


def _is_same(value: float | None, other: float) -> bool:
    return value is not None and abs(value - other) <= _SAME


def _key(measured: Measured) -> tuple[str, str, str]:
    return measured.study_instance_uid, measured.tracking_uid, measured.concept


def _check_reported(content: object, reported: list[Measured]) -> Iterator[tuple[str, str]]:
    """Check the other way: what a report measures stands in the plain file as well."""
    plain: defaultdict[tuple[str, str, str], list[float | None]] = defaultdict(list)
    for entry in as_sequence(as_mapping(content).get("lesions")):
        lesion = as_mapping(entry)
        for one in as_sequence(lesion.get("measurements")):
            measurement = as_mapping(one)
            for name, concept in _NUMBERS.items():
                study = as_text(measurement.get("study_instance_uid"))
                key = (study, as_text(lesion.get("tracking_uid")), concept)
                plain[key].append(as_number(measurement.get(name)))
    names = {concept: name for name, concept in _NUMBERS.items()}
    for measured in reported:
        if measured.concept in names:
            values = plain[_key(measured)]
            if not any(_is_same(value, measured.value) for value in values):
                yield "lesion-differs", names[measured.concept]


def _check_segments(
    content: object, reported: list[Measured], holdings: Holdings
) -> Iterator[tuple[str, str]]:
    """Check that each segment is in a Segmentation, and that areas and volumes are its voxels'."""
    segments = [
        one
        for holding in holdings.dicom
        if _is_of_case(holding, "segmentation")
        for one in read_segments(holding)
    ]
    unlisted = {(one.name, one.tracking_uid): one for one in segments}
    for index, entry in enumerate(as_sequence(as_mapping(content).get("lesions"))):
        lesion = as_mapping(entry)
        tracking_uid = as_text(lesion.get("tracking_uid"))
        own = [one for one in segments if one.tracking_uid == tracking_uid]
        for number, other in enumerate(as_sequence(lesion.get("segments"))):
            listed = as_mapping(other)
            place = f"lesions[{index}].segments[{number}]"
            same = [one for one in own if _is_of(one, listed)]
            for one in same:
                unlisted.pop((one.name, one.tracking_uid), None)
            if not same or not _has_volume(listed, same, tracking_uid, reported):
                yield "segment-differs", place
        for number, other in enumerate(as_sequence(lesion.get("measurements"))):
            if not _has_area(as_mapping(other), own):
                yield "segment-differs", f"lesions[{index}].measurements[{number}].area_mm2"
    for one in unlisted.values():
        yield "segment-differs", one.name


def _is_of(segment: Segmented, listed: Mapping[str, Any]) -> bool:
    frames = {
        (as_text(frame.get("sop_instance_uid")), as_number(frame.get("frame")))
        for frame in map(as_mapping, as_sequence(listed.get("frames")))
    }
    study = as_text(listed.get("study_instance_uid"))
    return segment.study_instance_uid == study and segment.pixels.keys() == frames


def _has_volume(
    listed: Mapping[str, Any],
    segments: list[Segmented],
    tracking_uid: str,
    reported: list[Measured],
) -> bool:
    """Tell whether a volume, if one is given, is that of the report and of the voxels."""
    volume = as_number(listed.get("volume_ml"))
    if volume is None:
        return True
    key = (as_text(listed.get("study_instance_uid")), tracking_uid, VOLUME)
    same = [one.value for one in reported if _key(one) == key and _is_same(volume, one.value)]
    # a stack whose slices are not spaced evenly has no distance to multiply with
    voxels = [one.volume_ml for one in segments if one.between_mm]
    near = [one for one in voxels if abs(one - volume) <= _SAME + _SAME_VOLUME * volume]
    return bool(same) and (bool(near) or not voxels)


def _has_area(measurement: Mapping[str, Any], segments: list[Segmented]) -> bool:
    """Tell whether the area of an outline is that of its pixels, but for those that it crosses."""
    area = as_number(measurement.get("area_mm2"))
    number = measurement.get("frame", 1)
    frame = (
        as_text(measurement.get("sop_instance_uid")),
        number if isinstance(number, int) else 0,
    )
    found = [(one.pixels[frame], one.pixel_mm2) for one in segments if frame in one.pixels]
    points = [
        [as_number(value) or 0.0 for value in as_sequence(point)]
        for point in as_sequence(measurement.get("polygon_mm"))
    ]
    if area is None or not found or {len(point) for point in points} != {_SPACE}:
        return not found
    outline = sum(dist(one, other) for one, other in pairwise([*points[-1:], *points]))
    return any(abs(n * mm2 - area) <= outline * sqrt(mm2) / 2 + mm2 for n, mm2 in found)


def _check_figures(content: object, payload: Path, holdings: Holdings) -> Iterator[tuple[str, str]]:
    rows = as_mapping(content).get("figures", content)
    for index, entry in enumerate(as_sequence(rows)):
        figure = as_mapping(entry)
        if as_text(figure.get("skipped")):
            continue
        pictures = [as_text(figure.get(name)) for name in ("file", "plain", "detail")]
        holding = holdings.by_uid.get(as_text(figure.get("sop_instance_uid")))
        there = all(is_inside(payload / "figures", name) for name in pictures if name)
        series = figure.get("series_instance_uid")
        if (
            holding is None
            or not (pictures[0] and there)
            or series not in {None, holding.text(_UIDS["series_instance_uid"])}
            or not _has_frame(holding, figure.get("frame", 1))
        ):
            yield "figure-unresolved", f"figures[{index}]"


def _check_case(content: object, payload: Path, holdings: Holdings) -> Iterator[tuple[str, str]]:
    listed: set[str] = set()
    for index, one in enumerate(as_sequence(as_mapping(content).get("studies"))):
        study = as_mapping(one)
        for number, other in enumerate(as_sequence(study.get("series"))):
            series = as_mapping(other)
            place = f"studies[{index}].series[{number}]"
            for entry in as_sequence(series.get("instances")):
                instance = {
                    **as_mapping(entry),
                    "study_instance_uid": study.get("study_instance_uid"),
                    "series_instance_uid": series.get("series_instance_uid"),
                    "frame": 1,
                }
                listed.add(as_text(instance.get("sop_instance_uid")))
                if not _names_instance(instance, payload, holdings):
                    yield "case-unresolved", place
    for holding in holdings.dicom:
        if holding.sop_instance_uid not in listed:
            yield "case-unresolved", relative_name(holding.path, payload)
