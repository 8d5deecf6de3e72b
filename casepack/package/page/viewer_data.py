"""What the viewer of the case page knows: stacks, their geometry, outlines on their pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from casepack.case import Case
from casepack.lesion import MeasuredLesion, Measurement
from casepack.package.pictures.figures import PlacedFigure
from casepack.package.pictures.planes import FLAT_MM, centre_of
from casepack.package.pictures.previews import Picture, Stack

PREVIEWS = "preview/"
"""Folder of the previews, as seen from the page."""
_AXES = {"sagittal": "RL", "coronal": "AP", "axial": "FH"}
"""Letters of the negative and positive direction of the position along a plane's normal."""
_HALF = 0.5


def describe_viewer(
    case: Case, stacks: Sequence[Stack], lesions: Sequence[MeasuredLesion]
) -> dict[str, object]:
    """Return the content of the JSON block that the viewer reads.

    Image coordinates are those of SVG: (0, 0) is the corner of the picture, not the centre of its
    first pixel. Lengths are in mm, LPS.
    """
    count = max((stack.time_point for stack in stacks), default=0)
    return {
        "timePoints": [name_time_point(case, number) for number in range(1, count + 1)],
        "stacks": [_stack(stack) for stack in stacks],
        "marks": [
            mark
            for number, lesion in enumerate(lesions)
            for measurement in lesion.measurements
            for mark in _marks(number, lesion, measurement, stacks)
        ],
    }


def name_time_point(case: Case, time_point: int) -> str:
    """Return ``Follow-up, day 96``, or ``Study 2`` when the case does not name it."""
    if time_point > len(case.time_points):
        return f"Study {time_point}"
    known = case.time_points[time_point - 1]
    if len(case.time_points) == 1 or (time_point > 1 and known.day == 0):
        return known.label
    return f"{known.label}, day {known.day}"


def find_image(
    stacks: Sequence[Stack], sop_instance_uid: str, frame: int
) -> tuple[int, int] | None:
    """Return the places of the stack and the picture that show a frame."""
    for place, stack in enumerate(stacks):
        for number, image in enumerate(stack.images):
            if (image.sop_instance_uid, image.frame) == (sop_instance_uid, frame):
                return place, number
    return None


def view_of(figure: PlacedFigure, stacks: Sequence[Stack]) -> tuple[int, int] | None:
    """Return the places of the stack and the picture that a figure was made from."""
    return find_image(stacks, figure.sop_instance_uid, figure.frame)


def describe_position(image: Picture) -> str:
    """Return where a picture lies, as ``L 12.4 mm``; empty when it is not known."""
    if image.position is None or image.plane is None:
        return ""
    letters = _AXES[image.plane.name]
    position = round(image.position, 1) + 0.0
    return f"{letters[position >= 0]} {abs(position):.1f} mm"


def _stack(stack: Stack) -> dict[str, object]:
    centre, width = stack.window
    title = " \u00b7 ".join(
        part for part in (stack.label, stack.detail, _called(stack.description)) if part
    )
    return {
        "timePoint": stack.time_point,
        "label": stack.label,
        "plane": stack.plane,
        "title": title,
        "note": _skipped(stack),
        "window": f"C {centre:.0f} W {width:.0f}",
        "frameOfReference": stack.frame_of_reference_uid,
        "images": [_image(image) for image in stack.images],
    }


def _called(description: str) -> str:
    return f"\u201c{description}\u201d" if description else ""


def _skipped(stack: Stack) -> str:
    reasons = Counter(one.reason for one in stack.skipped)
    return "; ".join(
        f"{count} {'file' if count == 1 else 'files'} not shown: {reason}"
        for reason, count in sorted(reasons.items())
    )


def _image(image: Picture) -> dict[str, Any]:
    plane = image.plane
    content: dict[str, Any] = {
        "file": PREVIEWS + image.file,
        "width": image.width,
        "height": image.height,
        "place": describe_position(image),
        "letters": list(plane.letters) if plane else [],
        "position": None,
    }
    if plane is not None:
        content["position"] = _rounded(plane.position, 3)
        content["row"] = _rounded(plane.row, 6)
        content["column"] = _rounded(plane.column, 6)
        content["spacing"] = _rounded(plane.spacing, 6)
    return content


def _marks(
    number: int, lesion: MeasuredLesion, measurement: Measurement, stacks: Sequence[Stack]
) -> Iterator[dict[str, object]]:
    """Yield the outline where it was drawn, and where parallel series show the same place."""
    for place, stack in enumerate(stacks):
        if stack.time_point != measurement.time_point:
            continue
        drawn = find_image([stack], measurement.sop_instance_uid, measurement.frame)
        if drawn is not None:
            image = stack.images[drawn[1]]
            yield {
                **_mark(number, lesion, measurement, place, drawn[1]),
                "projected": False,
                "points": [_on_picture(dot, image) for dot in measurement.polygon_px],
                "axes": [
                    [_on_picture(dot, image) for dot in axis]
                    for axis in (measurement.long_axis_px, measurement.short_axis_px)
                ],
            }
            continue
        nearest = _nearest(stack, measurement)
        if nearest is not None:
            plane = stack.images[nearest].plane
            dots = plane.project(measurement.polygon_mm) if plane else ()
            yield {
                **_mark(number, lesion, measurement, place, nearest),
                "projected": True,
                "points": [_rounded((c + _HALF, r + _HALF), 2) for c, r in dots],
                "axes": [],
            }


def _mark(
    number: int, lesion: MeasuredLesion, measurement: Measurement, stack: int, image: int
) -> dict[str, object]:
    long_axis, short_axis = measurement.long_axis_mm, measurement.short_axis_mm
    return {
        "lesion": number,
        "label": lesion.lesion.label,
        "size": f"{long_axis:.1f} \u00d7 {short_axis:.1f} mm",
        "stack": stack,
        "image": image,
        "centre": _rounded(centre_of(measurement.polygon_mm), 2),
    }


def _nearest(stack: Stack, measurement: Measurement) -> int | None:
    """Return the picture of a parallel stack that the outline lies in, or None."""
    if stack.frame_of_reference_uid != measurement.frame_of_reference_uid:
        return None
    centre = centre_of(measurement.polygon_mm)
    places = [
        (abs(image.plane.distance(centre)), place)
        for place, image in enumerate(stack.images)
        if image.plane is not None and image.plane.spread(measurement.polygon_mm) < FLAT_MM
    ]
    if not places:
        return None
    distance, place = min(places)
    return place if distance <= (stack.thickness or 0) else None


def _on_picture(dot: tuple[float, float], image: Picture) -> list[float]:
    column, row = dot
    across, down = image.width / image.columns, image.height / image.rows
    return _rounded(((column + _HALF) * across, (row + _HALF) * down), 2)


def _rounded(values: Sequence[float], digits: int) -> list[float]:
    return [round(value, digits) + 0.0 for value in values]  # the sum turns -0.0 into 0.0
