"""Outlines as SVG: one drawing a key image, in the pixel grid of that image.

Laid over the image at its size in pixels, the outline lies where it was drawn: user units are
pixels, counted from the top left corner of the first pixel.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydicom import dcmread

from casepack.lesion import MeasuredLesion, Measurement
from casepack.model import Deidentified
from casepack.package.page.markup import escape

_NOT_NAME = re.compile(r"[^A-Za-z0-9-]+")
_DIGITS = 3
_HALF = 0.5
"""Our positions count from the centre of the first pixel, SVG from its corner."""


def write_outlines(
    folder: Path, deidentified: Deidentified, lesions: Sequence[MeasuredLesion]
) -> None:
    """Write the outlines of all lesions into an existing folder."""
    wanted = {one.sop_instance_uid for lesion in lesions for one in lesion.measurements}
    sizes: dict[str, tuple[int, int]] = {}
    for instance in deidentified.instances:
        if instance.sop_instance_uid in wanted:
            header = dcmread(instance.path, specific_tags=["Rows", "Columns"])
            sizes[instance.sop_instance_uid] = (int(header.Rows), int(header.Columns))
    for name, drawing in draw_outlines(lesions, sizes).items():
        (folder / name).write_text(drawing, encoding="utf-8", newline="\n")


def draw_outlines(
    lesions: Sequence[MeasuredLesion], sizes: Mapping[str, tuple[int, int]]
) -> dict[str, str]:
    """Return file name to SVG of each key image that carries outlines of a lesion.

    Parameters
    ----------
    sizes
        Rows and Columns by SOP Instance UID; an image that is not there is left out.
    """
    drawings: dict[str, str] = {}
    for number, lesion in enumerate(lesions, 1):
        on_image: dict[tuple[str, int], list[Measurement]] = {}
        for one in lesion.measurements:
            on_image.setdefault((one.sop_instance_uid, one.frame), []).append(one)
        for place, ((uid, frame), group) in enumerate(on_image.items(), 1):
            if uid not in sizes:
                continue
            name = _NOT_NAME.sub("-", lesion.lesion.tracking_id).strip("-") or "lesion"
            file = f"{number}-{name}-time-point-{group[0].time_point}-{place}.svg"
            drawings[file] = _drawing(lesion, group, sizes[uid], uid, frame)
    return drawings


def _drawing(
    lesion: MeasuredLesion,
    group: Sequence[Measurement],
    size: tuple[int, int],
    uid: str,
    frame: int,
) -> str:
    rows, columns = size
    label = escape(lesion.lesion.label)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {columns} {rows}">',
        f"<title>{label}</title>",
        f"<desc>SOP Instance UID {uid}, frame {frame}, tracking UID {lesion.tracking_uid}</desc>",
    ]
    for one in group:
        lines += [
            _shape("polygon", "outline", "#ffd400", one.polygon_px),
            _shape("polyline", "long-axis", "#00e5ff", one.long_axis_px),
            _shape("polyline", "short-axis", "#00e5ff", one.short_axis_px),
        ]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _shape(kind: str, name: str, colour: str, positions: Sequence[tuple[float, float]]) -> str:
    points = " ".join(
        f"{round(column + _HALF, _DIGITS) + 0.0},{round(row + _HALF, _DIGITS) + 0.0}"
        for column, row in positions
    )
    style = f'fill="none" stroke="{colour}" vector-effect="non-scaling-stroke"'
    return f'<{kind} class="{name}" {style} points="{points}"/>'
