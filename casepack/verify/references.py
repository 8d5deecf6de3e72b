"""Whether every reference resolves (PS3.3 C.12.1, C.17.2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from casepack.model import Finding
from casepack.verify.contents.elements import Element, Path, plain_text
from casepack.verify.findings.findings import make_finding
from casepack.verify.holdings import Holding, Holdings

_REFERENCED_CLASS: Final = 0x00081150
_REFERENCED_INSTANCE: Final = 0x00081155
_REFERENCED_FRAME: Final = 0x00081160
_REFERENCED_SEGMENT: Final = 0x0062000B
_SEGMENT_NUMBER: Final = 0x00620004
_SEGMENT_IDENTIFICATION: Final = 0x0062000A
_FRAME_OF_REFERENCE: Final = 0x00200052
_REFERENCED_FRAME_OF_REFERENCE: Final = 0x30060024
_FRAMES: Final = 0x00280008
_STUDY: Final = 0x0020000D
_SERIES: Final = 0x0020000E
_EXTERNAL_CLASSES: Final = (
    "1.2.840.10008.3.1.2.",
    "1.2.840.10008.5.1.4.31",
    "1.2.840.10008.5.1.4.34",
)
"""Performed Procedure Steps, Detached Studies, Worklist: never part of a set of files."""
_PATIENT_ID: Final = 0x00100020


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A reference to another SOP Instance, as it stands in an Item."""

    sop_class_uid: str
    sop_instance_uid: str = field(repr=False)
    frames: tuple[int, ...]
    path: Path
    place: str
    study_uid: str = field(repr=False, default="")
    series_uid: str = field(repr=False, default="")


def read_references(elements: tuple[Element, ...]) -> Iterator[Reference]:
    """Yield the references of a Data Set, with the Study and Series that enclose them."""
    values: dict[Path, dict[int, Element]] = defaultdict(dict)
    for element in elements:
        if element.tag in _OF_INTEREST:
            values[element.path][element.tag] = element
    for path, item in values.items():
        uid = item.get(_REFERENCED_INSTANCE)
        if uid is None or not path:
            continue
        yield Reference(
            sop_class_uid=_text(item.get(_REFERENCED_CLASS)),
            sop_instance_uid=_text(uid),
            frames=_numbers(item.get(_REFERENCED_FRAME)),
            path=path,
            place=uid.place,
            study_uid=_enclosing(values, path, _STUDY),
            series_uid=_enclosing(values, path, _SERIES),
        )


_OF_INTEREST: Final = frozenset(
    {_REFERENCED_CLASS, _REFERENCED_INSTANCE, _REFERENCED_FRAME, _STUDY, _SERIES}
)


def _text(element: Element | None) -> str:
    return "" if element is None else plain_text(element.value)


def _numbers(element: Element | None) -> tuple[int, ...]:
    parts = _text(element).split("\\")
    return tuple(int(part) for part in parts if part.strip().isdecimal())


def _enclosing(values: dict[Path, dict[int, Element]], path: Path, tag: int) -> str:
    """Return the UID that an Item around `path` gives; the Data Set's own is no such Item."""
    for depth in range(len(path), 0, -1):
        found = values.get(path[:depth], {}).get(tag)
        if found is not None:
            return _text(found)
    return ""


def check_references(holdings: Holdings, *, compared: bool = False) -> Iterator[Finding]:
    """Check that the UIDs are there, distinct, and referred to correctly.

    Parameters
    ----------
    holdings
        The files.
    compared
        The originals are at hand, so that a reference of an image to somewhere else needs no word:
        whether it resolved before is known.
    """
    yield from _check_uids(holdings)
    spaces = {one.text(_FRAME_OF_REFERENCE) for one in holdings.dicom if not one.is_document}
    for holding in holdings.dicom:
        found = list(_check_segments(holding, holdings))
        found += _check_spaces(holding, spaces) if holding.is_document else ()
        for code, place in found:
            yield make_finding(code, file=holding.name, place=place)
        for code, place in _check_file(holding, holdings):
            if not (compared and code == "reference-external"):
                yield make_finding(code, file=holding.name, place=place)


def _check_uids(holdings: Holdings) -> Iterator[Finding]:
    seen: set[str] = set()
    patients: set[str] = set()
    for holding in holdings.dicom:
        for tag in (0x00080016, 0x00080018, _STUDY, _SERIES):
            if not holding.text(tag):
                place = f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
                yield make_finding("uid-missing", file=holding.name, place=place)
        uid = holding.sop_instance_uid
        if uid and uid in seen:
            yield make_finding("uid-duplicate", file=holding.name, place="(0008,0018)")
        seen.add(uid)
        patients.add(holding.text(_PATIENT_ID))
    if len(patients) > 1:
        yield make_finding("patients-mixed", place="(0010,0020)")


def _check_file(holding: Holding, holdings: Holdings) -> Iterator[tuple[str, str]]:
    for reference in read_references(holding.part_ten.elements):
        target = holdings.by_uid.get(reference.sop_instance_uid)
        if target is not None:
            yield from _check_target(reference, target)
        elif not reference.sop_instance_uid:
            continue
        elif holding.is_document and not _is_external(reference):
            yield "reference-dangling", reference.place
        else:
            yield "reference-external", reference.place


def _check_segments(holding: Holding, holdings: Holdings) -> Iterator[tuple[str, str]]:
    """Check that segments that are named by number are in the Segmentation."""
    targets = {
        reference.path: holdings.by_uid.get(reference.sop_instance_uid)
        for reference in read_references(holding.part_ten.elements)
    }
    for element in holding.part_ten.elements:
        if element.tag != _REFERENCED_SEGMENT:
            continue
        of_itself = bool(element.path) and element.path[-1][0] == _SEGMENT_IDENTIFICATION
        target = holding if of_itself else targets.get(element.path)
        if target is not None and not _shorts(element, holding) <= _segments_of(target):
            yield "reference-segment", element.place


def _segments_of(holding: Holding) -> set[int]:
    found = [one for one in holding.part_ten.elements if one.tag == _SEGMENT_NUMBER]
    return set().union(*(_shorts(one, holding) for one in found))


def _shorts(element: Element, holding: Holding) -> set[int]:
    """Return the values of an element of VR US."""
    order: Literal["little", "big"] = "little" if holding.part_ten.little else "big"
    pairs = range(0, len(element.value) - 1, 2)
    return {int.from_bytes(element.value[at : at + 2], order) for at in pairs}


def _check_spaces(holding: Holding, spaces: Collection[str]) -> Iterator[tuple[str, str]]:
    """Check that what is said in coordinates is said in those of an image that is there."""
    for element in holding.part_ten.elements:
        of_itself = element.tag == _FRAME_OF_REFERENCE and not element.path
        if of_itself or element.tag == _REFERENCED_FRAME_OF_REFERENCE:
            uid = plain_text(element.value)
            if uid and uid not in spaces:
                yield "reference-space", element.place


def _is_external(reference: Reference) -> bool:
    return reference.sop_class_uid.startswith(_EXTERNAL_CLASSES)


def _check_target(reference: Reference, target: Holding) -> Iterator[tuple[str, str]]:
    if reference.sop_class_uid and reference.sop_class_uid != target.sop_class_uid:
        yield "reference-class", reference.place
    frames = target.text(_FRAMES)
    count = int(frames) if frames.isdecimal() else 1
    if any(not 1 <= frame <= count for frame in reference.frames):
        yield "reference-frame", reference.place
    for uid, tag in ((reference.study_uid, _STUDY), (reference.series_uid, _SERIES)):
        if uid and uid != target.text(tag):
            yield "reference-series", reference.place
