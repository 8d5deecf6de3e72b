"""Measurement Reports (TID 1500) as OHIF, dcmjs and highdicom write them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from casepack.annotate.geometry.planes import READ_ERRORS
from casepack.annotate.importers.imported import (
    LESION,
    as_pixel,
    as_point,
    graphic_outline,
    is_closed,
    name_label,
    not_understood,
    nothing_drawn,
    open_ring,
    tracking_id,
)
from casepack.annotate.objects import codes
from casepack.lesion import Caliper, Extent, ImageName, Lesion, Outline, Remark
from casepack.model import Code
from casepack.standard.codes import PUBLIC_SCHEMES

_GROUP, _TRACKING_UID, _TRACKING_ID, _FINDING = "125007", "112040", "112039", "121071"
_SITES = {"363698007", "G-C0E3"}
_NO_REMARKS = _SITES | {_FINDING, "276214006", "G-D228", "370129005", "G-C036"}
"""Finding, Finding Category, Measurement Method: what a group says besides its evaluations."""
_SAID_ANEW = {codes.PRESENCE.value, codes.CURRENT_RESPONSE.value}
"""What casepack says itself of a lesion, from what is drawn at all time points."""
_EXTENTS = {
    "103339001": Extent.LONG_AXIS,
    "G-A185": Extent.LONG_AXIS,
    "103340004": Extent.SHORT_AXIS,
    "G-A186": Extent.SHORT_AXIS,
}
"""Names of measurements, in SNOMED CT and in the retired SRT of older dcmjs."""
_TWO = 2
_ADVICE = (
    "A report whose regions are those of a Segmentation has none of its own: name the DICOM"
    " Segmentation that it refers to. Else draw a closed outline or a line."
)


@dataclass(slots=True, kw_only=True)
class _Group:
    """What the groups of one tracking UID hold."""

    label: str = ""
    finding: Code = LESION
    sites: list[Code] = field(default_factory=list)
    outlines: list[Outline] = field(default_factory=list)
    calipers: list[Caliper] = field(default_factory=list)
    markers: list[Outline] = field(default_factory=list)
    remarks: list[tuple[Code, Code, Outline | None]] = field(default_factory=list)

    @property
    def drawings(self) -> list[Outline]:
        """All that is drawn, outlines first."""
        return [*self.outlines, *(one.ends for one in self.calipers), *self.markers]


def read_measurement_report(path: Path, ds: Dataset) -> tuple[Lesion, ...]:
    """Return a lesion for each tracking UID: closed regions, lines and points, and what was found.

    Qualitative findings are taken if both of their codes are of public schemes: the meaning of any
    other may be what somebody typed. Spatial coordinates name their image; 3D ones lie in their
    Frame of Reference. A region given by a Segmentation is read from that Segmentation, not here.
    """
    groups: dict[str, _Group] = {}
    try:
        for number, item in enumerate(_find_groups(ds)):
            content = list(item.get("ContentSequence") or [])
            uid = next((str(each.UID) for each in content if _name(each) == _TRACKING_UID), "")
            _read_group(content, groups.setdefault(uid or f"{number}", _Group()))
    except (*READ_ERRORS, RecursionError):
        raise not_understood(path) from None
    usable = [group for group in groups.values() if group.outlines or group.calipers]
    if not usable:
        raise nothing_drawn(path, _ADVICE)
    return tuple(
        Lesion(
            tracking_id=tracking_id(number),
            label=name_label(group.label, number),
            finding=group.finding,
            sites=tuple(dict.fromkeys(group.sites)),
            outlines=tuple(dict.fromkeys(group.outlines)),
            calipers=tuple(dict.fromkeys(group.calipers)),
            markers=tuple(dict.fromkeys(group.markers)),
            remarks=tuple(
                Remark(concept=concept, value=value, drawing=drawing or group.drawings[0])
                for concept, value, drawing in dict.fromkeys(group.remarks)
            ),
        )
        for number, group in enumerate(usable, 1)
    )


def _find_groups(ds: Dataset) -> Iterator[Dataset]:
    for item in ds.get("ContentSequence") or []:
        if item.get("ValueType") == "CONTAINER" and _name(item) == _GROUP:
            yield item
        else:
            yield from _find_groups(item)


def _name(item: Dataset) -> str:
    names = item.get("ConceptNameCodeSequence")
    return str(names[0].get("CodeValue") or "") if names else ""


def _read_group(content: list[Dataset], group: _Group) -> None:
    before = len(group.outlines), len(group.calipers), len(group.markers)
    _read_content(content, group)
    kinds = (group.outlines, [one.ends for one in group.calipers], group.markers)
    drawn = [one for kind, start in zip(kinds, before, strict=True) for one in kind[start:]]
    said = next(iter(drawn), None)
    group.remarks += [(concept, value, said) for concept, value in _remarks(content)]


def _remarks(content: list[Dataset]) -> Iterator[tuple[Code, Code]]:
    """Yield concept and value of the qualitative evaluations of a group (TID 1410, 1411, 1501)."""
    for item in content:
        if item.get("ValueType") != "CODE" or item.get("RelationshipType") != "CONTAINS":
            continue
        names, values = item.get("ConceptNameCodeSequence"), item.get("ConceptCodeSequence")
        if names and values and _name(item) not in _NO_REMARKS | _SAID_ANEW:
            concept, value = _code(names[0]), _code(values[0])
            if {concept.scheme, value.scheme} <= PUBLIC_SCHEMES:
                yield concept, value


def _read_content(content: list[Dataset], group: _Group) -> None:
    for item in content:
        kind, name = str(item.get("ValueType") or ""), _name(item)
        if kind == "TEXT" and name == _TRACKING_ID:
            group.label = group.label or str(item.TextValue)
        elif kind == "CODE" and name == _FINDING:
            group.finding = _code(item.ConceptCodeSequence[0])
        elif kind == "CODE" and name in _SITES:
            group.sites.append(_code(item.ConceptCodeSequence[0]))
        elif kind in {"SCOORD", "SCOORD3D"}:
            _read_graphic(item, group, Extent.LENGTH)
        elif kind == "NUM":
            for each in item.get("ContentSequence") or []:
                if each.get("ValueType") in {"SCOORD", "SCOORD3D"}:
                    _read_graphic(each, group, _EXTENTS.get(name, Extent.LENGTH))


def _code(item: Dataset) -> Code:
    return Code(
        value=str(item.get("CodeValue") or item.get("LongCodeValue") or ""),
        scheme=str(item.CodingSchemeDesignator),
        meaning=str(item.CodeMeaning),
    )


def _read_graphic(item: Dataset, group: _Group, extent: Extent) -> None:
    drawn = _in_space(item) if item.ValueType == "SCOORD3D" else _on_image(item)
    if drawn is None:
        return
    kind, outline = drawn
    count = len(outline.points or outline.pixels)
    if kind == "outline":
        group.outlines.append(outline)
    elif count == 1:
        group.markers.append(outline)
    elif count == _TWO:
        group.calipers.append(Caliper(extent=extent, ends=outline))


def _in_space(item: Dataset) -> tuple[str, Outline] | None:
    data = np.array(item.GraphicData, dtype=np.float64).reshape(-1, 3)
    points = tuple(as_point(row) for row in data.tolist())
    closed = item.GraphicType in {"POLYGON", "POLYLINE"} and is_closed(points)
    if not closed and item.GraphicType not in {"POINT", "POLYLINE"}:
        return None
    outline = Outline(
        time_point=None,
        series_number=None,
        points=open_ring(points) if closed else points,
        frame_of_reference_uid=str(item.get("ReferencedFrameOfReferenceUID") or ""),
    )
    return ("outline" if closed else "line"), outline


def _on_image(item: Dataset) -> tuple[str, Outline] | None:
    data = np.array(item.GraphicData, dtype=np.float64).reshape(-1, 2)
    pixels = tuple(as_pixel(row, corner=True) for row in data.tolist())
    closed = graphic_outline(str(item.GraphicType), pixels)
    if closed is None and item.GraphicType not in {"POINT", "POLYLINE"}:
        return None
    reference = next(
        each.ReferencedSOPSequence[0]
        for each in item.ContentSequence
        if each.get("ValueType") == "IMAGE"
    )
    image = ImageName(
        sop_instance_uid=str(reference.ReferencedSOPInstanceUID),
        frame=int(np.atleast_1d(reference.get("ReferencedFrameNumber") or 1)[0]),
    )
    outline = Outline(time_point=None, series_number=None, image=image, pixels=closed or pixels)
    return ("line" if closed is None else "outline"), outline
