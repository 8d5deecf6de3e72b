"""LabelMe: JSON with pixel positions on an exported picture of one image.

Positions count from the corner of the first pixel. Which image it is, the lesion file says.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from casepack.annotate.importers.imported import (
    LESION,
    as_pixel,
    graphic_outline,
    name_label,
    not_understood,
    nothing_drawn,
    open_ring,
    read_json,
    tracking_id,
)
from casepack.lesion import Caliper, Extent, Lesion, Outline, Pixel

_TWO = 2


def read_labelme(path: Path) -> tuple[Lesion, ...]:
    """Return a lesion for each label, with its polygons, rectangles, circles, lines and points."""
    content = read_json(path)
    labels: dict[str, list[tuple[str, tuple[Pixel, ...]]]] = {}
    try:
        for shape in content["shapes"]:
            points = tuple(as_pixel(point, corner=True) for point in shape["points"])
            kind = str(shape.get("shape_type") or "polygon")
            labels.setdefault(str(shape.get("label") or ""), []).append((kind, points))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise not_understood(path) from None
    lesions = [
        _lesion(number, label, shapes) for number, (label, shapes) in enumerate(labels.items(), 1)
    ]
    usable = tuple(lesion for lesion in lesions if lesion.outlines or lesion.calipers)
    if not usable:
        raise nothing_drawn(path)
    return usable


def _lesion(number: int, label: str, shapes: list[tuple[str, Any]]) -> Lesion:
    outlines = [outline for kind, points in shapes if (outline := _outline(kind, points))]
    return Lesion(
        tracking_id=tracking_id(number),
        label=name_label(label, number),
        finding=LESION,
        sites=(),
        outlines=tuple(_placed(points) for points in outlines),
        calipers=tuple(
            Caliper(extent=Extent.LENGTH, ends=_placed(points))
            for kind, points in shapes
            if kind in {"line", "linestrip"} and len(points) == _TWO
        ),
        markers=tuple(_placed(points) for kind, points in shapes if kind == "point"),
    )


def _outline(kind: str, points: tuple[Pixel, ...]) -> tuple[Pixel, ...] | None:
    if kind == "polygon":
        return open_ring(points)
    if kind == "rectangle" and len(points) == _TWO:
        (left, top), (right, bottom) = points
        return ((left, top), (right, top), (right, bottom), (left, bottom))
    return graphic_outline("CIRCLE", points) if kind == "circle" else None


def _placed(pixels: tuple[Pixel, ...]) -> Outline:
    return Outline(time_point=None, series_number=None, pixels=pixels)
