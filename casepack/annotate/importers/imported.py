"""What all readers share: codes where a program gives none, safe names, errors without values."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from casepack.errors import CaseError, ToolMissingError
from casepack.lesion import Lesion, Mask, Pixel, Point
from casepack.model import Code

LESION = Code(value="52988006", scheme="SCT", meaning="Lesion")
"""Finding of a drawing whose program names none."""
_LABEL_LENGTH = 64
_UNPRINTABLE = {"Cc", "Cs"}
_CLOSED = 3
_SAME_POINT = 1e-5
"""mm or pixels; programs repeat points that differ by rounding."""
_FULL = 255
_ROUND_STEPS = 72


def name_label(name: object, number: int) -> str:
    """Return the name of a region as a label; where there is none, its number."""
    text = str(name or "").strip()
    kept = "".join(each for each in text if unicodedata.category(each) not in _UNPRINTABLE)
    return kept[:_LABEL_LENGTH].strip() or f"Lesion {number}"


def tracking_id(number: int) -> str:
    """Return the tracking identifier of the n-th region: never one that a program wrote."""
    return f"lesion-{number}"


def missing_library(name: str) -> ToolMissingError:
    """Return the error of a library that is not installed."""
    return ToolMissingError(
        f"this form of drawing is read with {name}, which is not installed",
        advice="Install it with: pip install 'casepack[import]'",
    )


def not_understood(path: Path) -> CaseError:
    """Return the error of a file that does not hold what its form promises."""
    return CaseError(
        "does not hold what a drawing of its form should",
        place=path.name,
        advice="Save it again from the program that it was drawn with.",
    )


def nothing_drawn(path: Path, advice: str = "Draw a closed outline or a mask.") -> CaseError:
    """Return the error of a file without a usable region."""
    return CaseError(
        "holds no region that can be taken as a lesion", place=path.name, advice=advice
    )


def read_json(path: Path) -> Any:  # noqa: ANN401  # whatever the file holds
    """Return the content of a JSON file."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        raise CaseError("is not JSON", place=path.name) from None


def finite(*values: float) -> bool:
    """Tell whether all values are numbers."""
    return all(math.isfinite(value) for value in values)


def as_point(values: Sequence[Any], *, flip: bool = False) -> Point:
    """Return three values as a point in LPS; `flip` turns RAS into LPS.

    Raises
    ------
    ValueError
        They are not three finite numbers.
    """
    x, y, z = (float(value) for value in values)
    if not finite(x, y, z):
        msg = "not a number"
        raise ValueError(msg)
    return (0.0 - x, 0.0 - y, z) if flip else (x, y, z)


def as_pixel(values: Sequence[Any], *, corner: bool) -> Pixel:
    """Return (column, row) with pixel centres at whole numbers.

    Parameters
    ----------
    corner
        True: the values count from the corner of the first pixel, as in Graphic Data.
    """
    column, row = (float(value) for value in values)
    if not finite(column, row):
        msg = "not a number"
        raise ValueError(msg)
    return (column - 0.5, row - 0.5) if corner else (column, row)


Position = TypeVar("Position", Point, Pixel)


def open_ring(points: Sequence[Position]) -> tuple[Position, ...]:
    """Return a polygon without points that repeat the one before, or the first at the end."""
    kept: list[Position] = []
    for point in points:
        if not kept or math.dist(point, kept[-1]) > _SAME_POINT:
            kept.append(point)
    while len(kept) > 1 and math.dist(kept[0], kept[-1]) <= _SAME_POINT:
        kept.pop()
    return tuple(kept)


def is_closed(points: Sequence[Sequence[float]]) -> bool:
    """Tell whether a polyline ends where it begins, with a polygon between."""
    return len(points) > _CLOSED and bool(np.allclose(points[0], points[-1], rtol=0, atol=1e-6))


def ellipse_points(centre: Pixel, one: Pixel, other: Pixel) -> tuple[Pixel, ...]:
    """Return an ellipse as a polygon, from its centre and its two half axes as vectors."""
    points = []
    for step in range(_ROUND_STEPS):
        cosine = math.cos(2 * math.pi * step / _ROUND_STEPS)
        sine = math.sin(2 * math.pi * step / _ROUND_STEPS)
        points.append(
            (
                centre[0] + one[0] * cosine + other[0] * sine,
                centre[1] + one[1] * cosine + other[1] * sine,
            )
        )
    return tuple(points)


def graphic_outline(kind: str, points: Sequence[Pixel]) -> tuple[Pixel, ...] | None:
    """Return a closed graphic of a DICOM Graphic Type as a polygon; None where it is none.

    CIRCLE is a centre and a point on it, ELLIPSE the ends of its two axes (PS3.3 C.18.6.1.2).
    """
    if kind in {"POLYLINE", "INTERPOLATED", "POLYGON"} and is_closed(points):
        return open_ring(points)
    if kind == "CIRCLE" and len(points) == 2:  # noqa: PLR2004  # centre and point
        (x, y), (u, v) = points
        return ellipse_points((x, y), (u - x, v - y), (y - v, u - x))
    if kind == "ELLIPSE" and len(points) == 4:  # noqa: PLR2004  # ends of two axes
        (a, b), (c, d), (e, f), (g, h) = points
        centre = ((a + c) / 2, (b + d) / 2)
        return ellipse_points(centre, ((c - a) / 2, (d - b) / 2), ((g - e) / 2, (h - f) / 2))
    return None


def make_mask(
    values: NDArray[Any], affine: NDArray[np.float64], *, frame_of_reference_uid: str = ""
) -> Mask:
    """Return a region of an array (i, j, k) with its affine (indices to mm, LPS).

    Whole numbers: the region is where they are not 0. Fractions between 0 and 1 stay fractions.
    Only the box that holds the region is kept.
    """
    fractional = bool(np.any((values > 0) & (values < 1)))
    if fractional:
        filled = np.round(np.clip(values, 0, 1) * _FULL).astype(np.uint8)
    else:
        filled = np.where(values != 0, _FULL, 0).astype(np.uint8)
    found = np.argwhere(filled)
    low = found.min(axis=0) if len(found) else np.zeros(3, int)
    high = found.max(axis=0) + 1 if len(found) else np.ones(3, int)
    box = filled[tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))]
    rows = np.array(affine[:3], dtype=np.float64)
    rows[:, 3] = rows[:, :3] @ low + rows[:, 3]
    turned = np.ascontiguousarray(np.transpose(box))
    return Mask(
        time_point=None,
        series_number=None,
        shape=(turned.shape[0], turned.shape[1], turned.shape[2]),
        affine=tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in rows),
        values=turned.tobytes(),
        fractional=fractional,
        frame_of_reference_uid=frame_of_reference_uid,
    )


def label_values(values: NDArray[Any]) -> list[float]:
    """Return the labels of a label map; fractions between 0 and 1 are one region.

    Raises
    ------
    ValueError
        It holds other fractions, or negative numbers: it is an image and no label map.
    """
    found = np.unique(values)
    if not np.all(np.isfinite(found)) or (len(found) and found[0] < 0):
        msg = "no label map"
        raise ValueError(msg)
    whole = np.array_equal(found, np.round(found))
    if not whole and found[-1] > 1:
        msg = "no label map"
        raise ValueError(msg)
    if not whole:
        return [1.0]
    labels = [float(each) for each in found if each != 0]
    if len(labels) > _MOST_LABELS:
        msg = "no label map"
        raise ValueError(msg)
    return labels


def label_region(values: NDArray[Any], label: float) -> NDArray[Any]:
    """Return one region of a label map, or the fractions of the only one."""
    if np.array_equal(values, np.round(values)):
        return np.asarray(values == label)
    return values


_MOST_LABELS = 255


def label_lesions(values: NDArray[Any], affine: NDArray[np.float64]) -> tuple[Lesion, ...]:
    """Return a lesion for each label of a label map, named by its number.

    Raises
    ------
    ValueError
        It is an image and no label map.
    """
    return tuple(
        Lesion(
            tracking_id=tracking_id(number),
            label=f"Label {label:g}",
            finding=LESION,
            sites=(),
            outlines=(),
            masks=(make_mask(label_region(values, label), affine),),
        )
        for number, label in enumerate(label_values(values), 1)
    )
