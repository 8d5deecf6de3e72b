"""The pictures of a figure: a part of a frame at print size, with letters, scale and marks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from casepack.package.pictures.drawing import (
    draw_letters,
    draw_outline,
    draw_pointer,
    draw_scale_bar,
)
from casepack.package.pictures.frames import Frame, Window
from casepack.package.pictures.rendering import Values, render_frame

HEIGHT = 800
"""Pixels, about: enough for a page and a slide, not an image archive."""
_WIDEST = 1200
_ZOOM_LIMIT = 4.0
_DETAIL_ZOOM_LIMIT = 16.0
_DETAIL_TIMES = 2.6
"""Side of a detail, in extents of the lesion."""
_DETAIL_LEAST_MM = 36.0
_DETAIL_LEAST_PIXELS = 24
_DETAIL_SHARE = 0.6
"""Of the frame's smaller side, above which a detail shows nothing more."""

Crop = tuple[int, int, int, int]
"""Left, top, width and height in pixels of the frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What points to the lesion: dots in pixels of the frame, one for a pointer."""

    kind: str
    """``outline`` as drawn, ``projected`` from a parallel series, ``pointer``, or empty."""
    dots: tuple[tuple[float, float], ...]


UNMARKED = Mark(kind="", dots=())


def whole(frame: Frame) -> Crop:
    """Return the crop that leaves nothing out."""
    return (0, 0, frame.columns, frame.rows)


def choose_detail(frame: Frame, mark: Mark) -> Crop | None:
    """Return the square around a lesion that is shown magnified; None where there is no use in it.

    A few times as wide as the lesion, square in the patient, and inside the frame.
    """
    if not mark.dots:
        return None
    tall, broad = frame.spacing or (frame.aspect, 1.0)
    columns, rows = [dot[0] for dot in mark.dots], [dot[1] for dot in mark.dots]
    extent = max((max(columns) - min(columns)) * broad, (max(rows) - min(rows)) * tall)
    least = _DETAIL_LEAST_MM if frame.spacing else _DETAIL_LEAST_PIXELS
    side = max(_DETAIL_TIMES * extent, least, _DETAIL_LEAST_PIXELS * min(tall, broad))
    if side > _DETAIL_SHARE * min(frame.columns * broad, frame.rows * tall):
        return None
    width, height = round(side / broad), round(side / tall)
    left = round((max(columns) + min(columns) + 1 - width) / 2)
    top = round((max(rows) + min(rows) + 1 - height) / 2)
    return (
        min(max(0, left), frame.columns - width),
        min(max(0, top), frame.rows - height),
        width,
        height,
    )


def choose_corner(frame: Frame, mark: Mark) -> str:
    """Return the corner of the figure that is farthest from the lesion, for its detail.

    Never the lower right one, where the scale bar is.
    """
    column = sum(dot[0] for dot in mark.dots) / len(mark.dots) / frame.columns
    row = sum(dot[1] for dot in mark.dots) / len(mark.dots) / frame.rows
    corners = {"bottom-left": (0.0, 1.0), "top-left": (0.0, 0.0), "top-right": (1.0, 0.0)}
    away = {
        name: (column - x) ** 2 * frame.columns**2 + (row - y) ** 2 * frame.rows**2
        for name, (x, y) in corners.items()
    }
    return max(away, key=lambda name: away[name])


def write_picture(
    path: Path, frame: Frame, values: Values, window: Window, crop: Crop, mark: Mark = UNMARKED
) -> tuple[int, int]:
    """Write a part of a frame as PNG, without any text in the file; return its width and height."""
    square = render_frame(frame, values, window)
    broad, tall = (size / count for size, count in zip(square.size, whole(frame)[2:], strict=True))
    left, top, width, height = crop
    box = (left * broad, top * tall, (left + width) * broad, (top + height) * tall)
    limit = _ZOOM_LIMIT if crop == whole(frame) else _DETAIL_ZOOM_LIMIT
    scale = min(HEIGHT / (height * tall), _WIDEST / (width * broad), limit)
    size = (max(1, round(width * broad * scale)), max(1, round(height * tall * scale)))
    picture = square.resize(size, Image.Resampling.LANCZOS, box=box)
    _annotate(picture, frame, crop, mark).save(path, format="PNG", compress_level=6)
    return size


def _annotate(picture: Image.Image, frame: Frame, crop: Crop, mark: Mark) -> Image.Image:
    """Return the picture with marks on the lesion, orientation letters and scale bar."""
    drawn = picture.convert("RGB")
    across, down = picture.width / crop[2], picture.height / crop[3]
    dots = [
        ((c + 0.5 - crop[0]) * across - 0.5, (r + 0.5 - crop[1]) * down - 0.5) for c, r in mark.dots
    ]
    if mark.kind == "pointer":
        draw_pointer(drawn, dots[0])
    elif dots:
        draw_outline(drawn, dots)
    if frame.plane is not None:
        draw_letters(drawn, frame.plane.letters)
    if frame.spacing is not None:
        draw_scale_bar(drawn, across / frame.spacing[1])
    return drawn.convert("L") if picture.mode == "L" and not dots else drawn
