"""Horos and OsiriX: regions exported as a property list (XML or JSON), with points in mm."""

from __future__ import annotations

import plistlib
import re
from pathlib import Path
from typing import Any

from casepack.annotate.importers.imported import (
    LESION,
    as_point,
    name_label,
    not_understood,
    nothing_drawn,
    open_ring,
    read_json,
    tracking_id,
)
from casepack.lesion import Caliper, Extent, Lesion, Outline, Point

_LINE, _POINT = 5, 19
_CLOSED = {6, 9, 11, 15}
"""Types of OsiriX: rectangle, oval, closed polygon, pencil."""
_POSITION = re.compile(r"\(([^(),]+),([^(),]+),([^(),]+)\)")


def read_horos(path: Path) -> tuple[Lesion, ...]:
    """Return a lesion for each name of a region; its points are in mm, LPS."""
    content = _read(path)
    regions: dict[str, list[tuple[int, tuple[Point, ...]]]] = {}
    try:
        for image in content["Images"]:
            for region in image["ROIs"]:
                points = tuple(_point(each) for each in region["Point_mm"])
                kind = int(region.get("Type", 11))
                regions.setdefault(str(region.get("Name") or ""), []).append((kind, points))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise not_understood(path) from None
    lesions = [
        Lesion(
            tracking_id=tracking_id(number),
            label=name_label(name, number),
            finding=LESION,
            sites=(),
            outlines=tuple(
                _outline(points) for kind, points in drawn if kind in _CLOSED and points
            ),
            calipers=tuple(
                Caliper(extent=Extent.LENGTH, ends=_outline(points))
                for kind, points in drawn
                if kind == _LINE
            ),
            markers=tuple(_outline(points[:1]) for kind, points in drawn if kind == _POINT),
        )
        for number, (name, drawn) in enumerate(regions.items(), 1)
    ]
    usable = tuple(lesion for lesion in lesions if lesion.outlines or lesion.calipers)
    if not usable:
        raise nothing_drawn(path)
    return usable


def _read(path: Path) -> Any:  # noqa: ANN401  # whatever the file holds
    if path.suffix.lower() == ".json":
        return read_json(path)
    try:
        return plistlib.loads(path.read_bytes())
    except Exception:  # noqa: BLE001  # expat's and plistlib's errors are many, and quote values
        raise not_understood(path) from None


def _point(text: Any) -> Point:  # noqa: ANN401  # whatever the file holds
    matched = _POSITION.fullmatch(str(text).strip())
    return as_point(matched.groups() if matched else text)


def _outline(points: tuple[Point, ...]) -> Outline:
    return Outline(time_point=None, series_number=None, points=open_ring(points))
