"""Marks on a figure: lesion outline, pointer, orientation letters, scale bar.

Drawn at four times the size and averaged down, so that thin lines are smooth; only with the font
that comes with Pillow, so that every machine draws the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from casepack.package.pictures.planes import Letters

OUTLINE = (255, 214, 64)
"""Yellow: apart from every grey, and seen by the colour-blind."""
_WHITE = (240, 240, 240)
_SHADE = (0, 0, 0)
_FINE = 4
"""Times as fine a grid as the picture's."""
_MARGIN = 14
"""Pixels between a mark and the edge."""
_LETTER_SIZE = 26
_SCALE_SIZE = 20
_BAR_LENGTHS_MM = (100, 50, 20, 10, 5)
_BAR_SHARE = 0.3
"""Of the width of the picture that a scale bar may take."""

Dots = Sequence[tuple[float, float]]
"""(column, row) in pixels of the picture; pixel centres at whole numbers."""


def draw_outline(picture: Image.Image, polygon: Dots) -> None:
    """Draw a closed polygon as a thin line with a dark rim, in place, on an RGB picture."""
    mask = _stroke(picture.size, [*polygon, polygon[0]], width=4.2)
    picture.paste(_SHADE, mask=mask.point([value * 2 // 5 for value in range(256)]))
    picture.paste(OUTLINE, mask=_stroke(picture.size, [*polygon, polygon[0]], width=2.2))


def draw_pointer(picture: Image.Image, target: tuple[float, float]) -> None:
    """Draw an arrow from the lower left whose head stops short of the target."""
    column, row = target
    side = 1 if column > picture.width * 0.2 else -1
    tip = (column - side * 12, row + 12)
    tail = (column - side * 52, row + 52)
    head = [tip, (tip[0] - side * 5, tip[1] + 15), (tip[0] - side * 15, tip[1] + 5), tip]
    for colour, extra in ((_SHADE, 2.0), (OUTLINE, 0.0)):
        picture.paste(colour, mask=_stroke(picture.size, [tail, tip], width=2.2 + extra))
        picture.paste(colour, mask=_stroke(picture.size, head, width=1.2 + extra, filled=True))


def draw_letters(picture: Image.Image, letters: Letters) -> None:
    """Write what each edge points to in the middle of that edge."""
    middle, centre = picture.width / 2, picture.height / 2
    _write(picture, (_MARGIN, centre), letters.left, "lm", _LETTER_SIZE)
    _write(picture, (picture.width - _MARGIN, centre), letters.right, "rm", _LETTER_SIZE)
    _write(picture, (middle, _MARGIN), letters.top, "mt", _LETTER_SIZE)
    _write(picture, (middle, picture.height - _MARGIN), letters.bottom, "mb", _LETTER_SIZE)


def draw_scale_bar(picture: Image.Image, pixels_per_mm: float) -> None:
    """Draw a bar of 5 cm, 2 cm ... with its length above, in the lower right corner."""
    longest = picture.width * _BAR_SHARE
    length = next((mm for mm in _BAR_LENGTHS_MM if mm * pixels_per_mm <= longest), None)
    if length is None:
        return
    right, base = picture.width - _MARGIN - 2.0, picture.height - _MARGIN - 2.0
    left = right - length * pixels_per_mm
    for colour, width in ((_SHADE, 4.0), (_WHITE, 2.0)):
        for line in (
            [(left, base), (right, base)],
            [(left, base - 6), (left, base)],
            [(right, base - 6), (right, base)],
        ):
            picture.paste(colour, mask=_stroke(picture.size, line, width=width))
    text = f"{length / 10:g} cm"
    _write(picture, ((left + right) / 2, base - 7), text, "mb", _SCALE_SIZE)


def _write(
    picture: Image.Image, at: tuple[float, float], text: str, anchor: str, size: int
) -> None:
    ImageDraw.Draw(picture).text(
        at,
        text,
        fill=_WHITE,
        font=ImageFont.load_default(size),
        anchor=anchor,
        stroke_width=2,
        stroke_fill=_SHADE,
    )


def _stroke(
    size: tuple[int, int], dots: Dots, *, width: float, filled: bool = False
) -> Image.Image:
    """Return the coverage of a line through the dots, 0 to 255, in the size of the picture."""
    box = _box_around(size, dots, round(width) + 3)
    fine = [((column + 0.5 - box[0]) * _FINE, (row + 0.5 - box[1]) * _FINE) for column, row in dots]
    mask = Image.new("L", ((box[2] - box[0]) * _FINE, (box[3] - box[1]) * _FINE))
    draw = ImageDraw.Draw(mask)
    radius = width * _FINE / 2
    draw.line(fine, fill=255, width=round(width * _FINE), joint="curve")
    for column, row in fine:
        draw.ellipse((column - radius, row - radius, column + radius, row + radius), fill=255)
    if filled:
        draw.polygon(fine, fill=255)
    whole = Image.new("L", size)
    whole.paste(mask.reduce(_FINE), box[:2])
    return whole


def _box_around(size: tuple[int, int], dots: Dots, rim: int) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of the part of the picture that the dots can touch."""
    columns, rows = [dot[0] for dot in dots], [dot[1] for dot in dots]
    left = min(max(0, int(min(columns)) - rim), size[0] - 1)
    top = min(max(0, int(min(rows)) - rim), size[1] - 1)
    right = max(left + 1, min(size[0], int(max(columns)) + rim + 1))
    bottom = max(top + 1, min(size[1], int(max(rows)) + rim + 1))
    return (left, top, right, bottom)
