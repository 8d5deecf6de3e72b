"""3D Slicer Markups: ``.mrk.json`` (schema of 3D Slicer 4.11 and later).

Closed curves are outlines, lines are distances, points are marked points. A curve is the polygon
of its control points: Slicer's interpolation between them is not repeated.
"""

from __future__ import annotations

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
from casepack.errors import CaseError
from casepack.lesion import Caliper, Extent, Lesion, Outline, Point

_FLIPS: dict[object, bool] = {"LPS": False, "RAS": True, 0: True, 1: False, "0": True, "1": False}
"""Coordinate systems, by name or by the number of older files."""
_UNITS = ("mm", ["mm", "UCUM", "millimeter"])
_SKIPPED = {"missing", "preview"}
"""Position Status of control points that were never placed."""


def read_slicer_markups(path: Path) -> tuple[Lesion, ...]:
    """Return a lesion for each closed curve; lines and points go to the first."""
    content = read_json(path)
    try:
        markups = [_markup(each, path) for each in content["markups"]]
    except CaseError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError):
        raise not_understood(path) from None
    curves = [(name, points) for kind, name, points in markups if kind == "ClosedCurve"]
    calipers = tuple(
        Caliper(extent=Extent.LENGTH, ends=_outline(points))
        for kind, _, points in markups
        if kind == "Line" and len(points) == 2  # noqa: PLR2004  # two ends
    )
    markers = tuple(
        _outline((point,)) for kind, _, points in markups if kind == "Fiducial" for point in points
    )
    if not curves and not calipers:
        raise nothing_drawn(path)
    lesions: list[Lesion] = []
    for number, (name, points) in enumerate(curves or [("", ())], 1):
        lesions.append(
            Lesion(
                tracking_id=tracking_id(number),
                label=name_label(name, number),
                finding=LESION,
                sites=(),
                outlines=(_outline(points),) if points else (),
                calipers=calipers if number == 1 else (),
                markers=markers if number == 1 else (),
            )
        )
    return tuple(lesions)


def _markup(markup: Any, path: Path) -> tuple[str, str, tuple[Point, ...]]:  # noqa: ANN401  # JSON
    system = markup.get("coordinateSystem", "LPS")
    if system not in _FLIPS:
        raise CaseError("has a coordinate system that is neither LPS nor RAS", place=path.name)
    if markup.get("coordinateUnits", "mm") not in _UNITS:
        raise CaseError("has coordinates that are not in mm", place=path.name)
    placed = [
        point
        for point in markup["controlPoints"]
        if point.get("positionStatus", "defined") not in _SKIPPED
    ]
    points = tuple(as_point(point["position"], flip=_FLIPS[system]) for point in placed)
    kind = str(markup["type"])
    if kind == "ClosedCurve":
        points = open_ring(points)
    return kind, str(markup.get("name") or ""), points


def _outline(points: tuple[Point, ...]) -> Outline:
    return Outline(time_point=None, series_number=None, points=points)
