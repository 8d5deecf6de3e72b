"""The figures of the case: key images at print size, with and without the lesion's outline.

Where a lesion is shown, a detail of it is written too, magnified and without the outline.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from casepack.case import Case, Picture
from casepack.errors import CaseError
from casepack.lesion import MeasuredLesion, Measurement
from casepack.model import Verified
from casepack.package.pictures.acquisition import label_series
from casepack.package.pictures.figure_pictures import (
    UNMARKED,
    Crop,
    Mark,
    choose_corner,
    choose_detail,
    whole,
    write_picture,
)
from casepack.package.pictures.frames import NO_PIXELS, NOT_DECODABLE, Frame, Window
from casepack.package.pictures.planes import FLAT_MM, centre_of
from casepack.package.pictures.rendering import decode_frames
from casepack.package.pictures.shown_series import ShownSeries, read_shown_series

_MOST_UNASKED = 6
"""Figures that are made when the case file asks for none."""
_REACH = 1.0
"""Slice thicknesses between a lesion's centre and a slice that is still taken to show it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedFigure:
    """A figure as it was written, tied to the image that it shows."""

    number: int
    """1 for the first."""
    panel: str
    """``a``, ``b`` ... of a figure with panels, else empty."""
    file: str
    """Below the folder of the figures; empty when the picture could not be made."""
    plain: str
    """The same without marks on the lesion, or `file` itself when it has none; empty as above."""
    caption: str
    time_point: int
    series_number: int | None
    series_instance_uid: str
    series_label: str
    sop_instance_uid: str
    frame: int
    """1 for the first frame."""
    lesion: str
    """Tracking identifier of the lesion shown, or empty."""
    marking: str
    """``outline`` as drawn, ``projected`` from a parallel series, ``pointer``, or empty."""
    window: Window
    """Window Center and Window Width."""
    crop: Crop
    """Left, top, width and height of what is shown, in pixels of the frame."""
    width: int
    height: int
    """Of the picture."""
    detail: str = ""
    """The lesion magnified, without its outline; empty when it fills the picture anyway."""
    detail_crop: Crop | None = None
    """What the detail shows, in pixels of the frame."""
    detail_corner: str = ""
    """Corner of the picture that is farthest from the lesion, such as ``top-left``."""
    skipped: str = ""
    """Why there is no picture, when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """A figure to make; `image` is a place in the series, 1 for the first."""

    place: str = ""
    """In the case file, such as ``figures.0``."""
    number: int = 0
    """Of the figure, 1 for the first; 0 where the case file asks for none."""
    panel: str = ""
    caption: str
    shown: ShownSeries
    lesion: MeasuredLesion | None = None
    image: int | None = None
    window: Window | None = None


def write_figures(
    folder: Path,
    verified: Verified,
    case: Case,
    lesions: Sequence[MeasuredLesion],
    *,
    shown: Sequence[ShownSeries] | None = None,
) -> tuple[PlacedFigure, ...]:
    """Write ``fig1.png``, ``fig1-plain.png`` and so on, and ``figures.json``.

    One figure for each that the case names; when it names none, the key images of the lesions,
    else the middle image of each series (six at most).

    Parameters
    ----------
    folder
        Made when it is not there.
    verified
        De-identified studies; the first is time point 1.
    case
        Its figures name series by Series Number and lesions by tracking identifier.
    lesions
        With the key image of each outline.
    shown
        The series of the studies, if they were read already.

    Raises
    ------
    CaseError
        A figure names a series, an image or a lesion that is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    series = read_shown_series(verified.deidentified) if shown is None else shown
    if case.figures:
        requests = [_request(picture, series, lesions) for picture in case.pictures]
    else:
        requests = _unasked(series, verified, case, lesions)
    placed = tuple(
        _place(folder, one.number or place, one, asked=bool(case.figures))
        for place, one in enumerate(requests, 1)
    )
    text = json.dumps([asdict(figure) for figure in placed], indent=2, ensure_ascii=False)
    (folder / "figures.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    return placed


def _request(
    figure: Picture, shown: Sequence[ShownSeries], lesions: Sequence[MeasuredLesion]
) -> _Request:
    where = f"case file: {figure.place}"
    asked = (figure.time_point, figure.series)
    series = next((one for one in shown if (one.time_point, one.series.number) == asked), None)
    if series is None:
        raise CaseError(
            "no series of images has this Series Number at this time point",
            place=f"{where}.series",
            advice="casepack inspect lists the series with their numbers.",
        )
    lesion = next((one for one in lesions if one.lesion.tracking_id == figure.lesion), None)
    if figure.lesion is not None and (lesion is None or not _at(lesion, figure.time_point)):
        raise CaseError(
            "no lesion with this tracking identifier is outlined at this time point",
            place=f"{where}.lesion",
        )
    return _Request(
        place=figure.place,
        number=figure.number,
        panel=figure.panel,
        caption=figure.caption,
        shown=series,
        lesion=lesion,
        image=figure.image,
        window=figure.window,
    )


def _unasked(
    shown: Sequence[ShownSeries],
    verified: Verified,
    case: Case,
    lesions: Sequence[MeasuredLesion],
) -> list[_Request]:
    by_uid = {one.series.series_instance_uid: one for one in shown}
    key_images = [
        _Request(
            caption=f"{_when(verified, case, one.time_point)}{lesion.lesion.label}.",
            shown=by_uid[one.series_instance_uid],
            lesion=lesion,
        )
        for lesion in lesions
        for one in lesion.measurements
        if one.series_instance_uid in by_uid
    ]
    middles = [
        _Request(
            caption=f"{_when(verified, case, one.time_point)}middle image of the series.",
            shown=one,
        )
        for one in shown
    ]
    return (key_images or middles)[:_MOST_UNASKED]


def _place(folder: Path, number: int, request: _Request, *, asked: bool) -> PlacedFigure:
    shown = request.shown
    frames, skipped = shown.frames, shown.skipped
    if not frames:
        reason = skipped[0].reason if skipped else NO_PIXELS
        return _without_picture(number, request, reason)
    frame, mark = _choose_frame(frames, request)
    values = next(value for _, value in decode_frames([frame]))
    window = request.window or shown.window
    name, label = f"fig{number}{request.panel}", _label(frames)
    size, detail = (0, 0), None
    if values is not None:
        size = write_picture(folder / f"{name}.png", frame, values, window, whole(frame), mark)
        if mark.dots:
            write_picture(folder / f"{name}-plain.png", frame, values, window, whole(frame))
        detail = choose_detail(frame, mark)
        if detail is not None:
            write_picture(folder / f"{name}-detail.png", frame, values, window, detail)
    return PlacedFigure(
        number=number,
        panel=request.panel,
        file="" if values is None else f"{name}.png",
        plain="" if values is None else f"{name}{'-plain' if mark.dots else ''}.png",
        caption=request.caption if asked else f"{label}, {request.caption}",
        time_point=request.shown.time_point,
        series_number=request.shown.series.number,
        series_instance_uid=request.shown.series.series_instance_uid,
        series_label=label,
        sop_instance_uid=frame.instance.sop_instance_uid,
        frame=frame.number,
        lesion=request.lesion.lesion.tracking_id if request.lesion else "",
        marking=mark.kind,
        window=window,
        crop=whole(frame),
        width=size[0],
        height=size[1],
        detail=f"{name}-detail.png" if detail else "",
        detail_crop=detail,
        detail_corner=choose_corner(frame, mark) if detail else "",
        skipped=NOT_DECODABLE if values is None else "",
    )


def _without_picture(number: int, request: _Request, reason: str) -> PlacedFigure:
    return PlacedFigure(
        number=number,
        panel=request.panel,
        file="",
        plain="",
        caption=request.caption,
        time_point=request.shown.time_point,
        series_number=request.shown.series.number,
        series_instance_uid=request.shown.series.series_instance_uid,
        series_label="",
        sop_instance_uid="",
        frame=1,
        lesion=request.lesion.lesion.tracking_id if request.lesion else "",
        marking="",
        window=request.window or (0.0, 0.0),
        crop=(0, 0, 0, 0),
        width=0,
        height=0,
        skipped=reason,
    )


def _choose_frame(frames: Sequence[Frame], request: _Request) -> tuple[Frame, Mark]:
    """Return the frame to show and the mark on it.

    The frame is the image that was asked for by its place, else the key image of the lesion, else
    the frame nearest to the lesion's centre, else the middle one.
    """
    measurements = _at(request.lesion, request.shown.time_point) if request.lesion else []
    if request.image is not None:
        if request.image > len(frames):
            raise CaseError(
                "a figure names an image after the last one of its series",
                place=f"case file: {request.place}.image",
            )
        frame = frames[request.image - 1]
        return frame, _mark(frame, measurements)
    for one in measurements:
        for frame in frames:
            if _shows(frame, one):
                return frame, _mark(frame, measurements)
    for one in measurements:
        placed = [(_gap(frame, one), place) for place, frame in enumerate(frames)]
        gap, place = min(placed)
        if gap < float("inf"):
            return frames[place], _mark(frames[place], measurements)
    return frames[len(frames) // 2], UNMARKED


def _mark(frame: Frame, measurements: Sequence[Measurement]) -> Mark:
    for one in measurements:
        if _shows(frame, one):
            return Mark(kind="outline", dots=one.polygon_px)
    for one in measurements:
        gap = _gap(frame, one)
        if frame.plane is None or gap > (frame.acquisition.thickness or 0) * _REACH:
            continue
        if frame.plane.spread(one.polygon_mm) < FLAT_MM:
            return Mark(kind="projected", dots=frame.plane.project(one.polygon_mm))
        return Mark(kind="pointer", dots=frame.plane.project([centre_of(one.polygon_mm)]))
    return UNMARKED


def _gap(frame: Frame, measurement: Measurement) -> float:
    """Return how far the lesion's centre lies from the frame in mm; infinite when incomparable."""
    same = frame.frame_of_reference_uid == measurement.frame_of_reference_uid
    if frame.plane is None or not same:
        return float("inf")
    return abs(frame.plane.distance(centre_of(measurement.polygon_mm)))


def _shows(frame: Frame, measurement: Measurement) -> bool:
    return (frame.instance.sop_instance_uid, frame.number) == (
        measurement.sop_instance_uid,
        measurement.frame,
    )


def _label(frames: Sequence[Frame]) -> str:
    return label_series([frame.acquisition for frame in frames], [frame.plane for frame in frames])


def _at(lesion: MeasuredLesion, time_point: int) -> list[Measurement]:
    return [one for one in lesion.measurements if one.time_point == time_point]


def _when(verified: Verified, case: Case, time_point: int) -> str:
    """Return ``Baseline, ``; nothing when there is one study only."""
    if len(verified.deidentified.studies) == 1:
        return ""
    if time_point <= len(case.time_points):
        return f"{case.time_points[time_point - 1].label}, "
    return f"Study {time_point}, "
