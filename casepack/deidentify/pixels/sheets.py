"""Pictures for a reviewer: every candidate with its boxes, before and after.

They show what was burned in, so they belong where the crosswalk is, never into a result.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from casepack.deidentify.pixels.boxes import Box
from casepack.deidentify.pixels.stored import StoredPixels, Values, shown_values
from casepack.deidentify.private_files import open_private
from casepack.deidentify.review_page import GAP
from casepack.errors import TargetError

_WIDEST: Final = 640
"""Pixels of one picture on the page; larger frames are shown smaller."""
_NARROWEST: Final = 256
"""Smaller frames are shown larger, by whole numbers."""
_OUTLINE: Final = (255, 96, 0)
_PAGE: Final = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Burned-in text: review</title>
<style>body{font:16px sans-serif;margin:2em;max-width:90em}img{max-width:100%}
figure{margin:0 0 2em}</style></head><body>
<h1>Burned-in text: review</h1>
<p>These pictures show what identifies the patient. Keep them with the crosswalk, and delete them
when the review is done. Decide in <a href="../review.html">the review sheet</a>, where each box has
a row; there a box can be added too.</p>
<h2>Each box</h2>
<p>Left: the original, with what was found; right: the result.</p>
"""
_SERIES: Final = """<h2>Each series</h2>
<p>Left: the largest value of all its images at each place, with all boxes; right: the smallest.
Text that stands in one image alone shows too.</p>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A frame with something found in it."""

    series_number: int | None
    instance_number: int | None
    frame: int
    """1-based frame number."""
    before: NDArray[np.uint8] = field(repr=False)
    """Shape (rows, columns, 3)."""
    after: NDArray[np.uint8] = field(repr=False)
    boxes: tuple[Box, ...] = ()
    images: int = 1
    """How many images of the series have this box."""

    @property
    def title(self) -> str:
        """Where it is, in numbers that identify nobody."""
        parts = (
            ("Series", self.series_number),
            ("Image", self.instance_number),
            ("Frame", self.frame),
        )
        title = ", ".join(f"{name} {number}" for name, number in parts if number is not None)
        return title if self.images == 1 else f"{title} and {self.images - 1} more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """What all frames of a series show together."""

    series_number: int | None
    images: int
    largest: NDArray[np.uint8] = field(repr=False)
    """Largest value at each pixel, shape (rows, columns, 3)."""
    smallest: NDArray[np.uint8] = field(repr=False)
    boxes: tuple[Box, ...] = ()

    @property
    def title(self) -> str:
        """Which series it is."""
        number = "" if self.series_number is None else f" {self.series_number}"
        return f"Series{number}, {self.images} image(s): largest and smallest values"


def grey_picture(pixels: StoredPixels, frame: Values) -> NDArray[np.uint8]:
    """Return a frame in eight bits, from its 0.5 to its 99.5 percentile, shape (rows, columns, 3).

    Parameters
    ----------
    pixels
        The image.
    frame
        One of its frames, as `read_frames` yields it.
    """
    return grey_of(shown_values(pixels, frame), inverted=pixels.photometric == "MONOCHROME1")


def grey_of(shown: Values, *, inverted: bool = False) -> NDArray[np.uint8]:
    """Return shown values in eight bits, shape (rows, columns, 3)."""
    low, high = np.percentile(shown, (0.5, 99.5))
    if high <= low:
        low, high = float(shown.min()), float(max(shown.max(), shown.min() + 1))
    scaled = np.clip((shown.astype(np.float32) - low) / (high - low), 0, 1)
    if inverted:
        scaled = 1 - scaled
    eight = np.rint(scaled * 255).astype(np.uint8)
    return eight if eight.ndim == 3 else np.stack([eight] * 3, axis=-1)  # noqa: PLR2004  # colours


def draw_comparison(comparison: Comparison) -> Image.Image:
    """Draw the original with its boxes beside the result."""
    return _side_by_side(comparison.before, comparison.after, comparison.boxes)


def draw_projection(projection: Projection) -> Image.Image:
    """Draw the largest values of a series, with all its boxes, beside the smallest."""
    return _side_by_side(projection.largest, projection.smallest, projection.boxes)


def _side_by_side(
    left_side: NDArray[np.uint8], right_side: NDArray[np.uint8], boxes: Sequence[Box]
) -> Image.Image:
    rows, columns = left_side.shape[:2]
    share = min(float(max(1, _NARROWEST // columns)), _WIDEST / columns)
    size = (max(1, round(columns * share)), max(1, round(rows * share)))
    before, after = (
        Image.fromarray(part).resize(size, Image.Resampling.BOX) for part in (left_side, right_side)
    )
    draw = ImageDraw.Draw(before)
    for box in boxes:
        left, top, right, bottom = (round(edge * share) for edge in box)
        draw.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), outline=_OUTLINE)
    sheet = Image.new("RGB", (2 * size[0] + GAP, size[1]), "white")
    sheet.paste(before, (0, 0))
    sheet.paste(after, (size[0] + GAP, 0))
    return sheet


def write_contact_sheets(
    folder: Path, comparisons: Iterable[Comparison], projections: Iterable[Projection] = ()
) -> tuple[Path, ...]:
    """Write a PNG for each box and each series, and one page, all readable by the owner alone.

    Parameters
    ----------
    folder
        Outside of the result; made if it is not there.
    comparisons, projections
        In the order in which they are to be shown.

    Returns
    -------
    tuple
        The page, then the pictures of the boxes, then those of the series.

    Raises
    ------
    TargetError
        They cannot be written.
    """
    names: list[str] = []
    figures: list[str] = []
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number, comparison in enumerate(comparisons, start=1):
            names.append(f"candidate-{number:04}.png")
            save_picture(folder / names[-1], draw_comparison(comparison))
            title = f"{comparison.title}: {_counted(comparison.boxes)}"
            figures.append(draw_figure(names[-1], title))
        if not figures:
            figures.append("<p>Nothing was found.</p>\n")
        figures.append(_SERIES)
        for number, projection in enumerate(projections, start=1):
            names.append(f"series-{number:04}.png")
            save_picture(folder / names[-1], draw_projection(projection))
            figures.append(draw_figure(names[-1], projection.title))
        with open_private(folder / "index.html") as target:
            target.write((_PAGE + "".join(figures) + "</body></html>\n").encode())
    except OSError:
        raise TargetError(
            "the pictures for the review cannot be written",
            advice="Check that their folder is writable and that the disk has room.",
        ) from None
    return (folder / "index.html", *(folder / name for name in names))


def save_picture(path: Path, picture: Image.Image) -> None:
    """Write a picture that only its owner may read."""
    with open_private(path) as target:
        picture.save(target, "PNG")


def draw_figure(name: str, title: str) -> str:
    """Return a picture with its title, as HTML."""
    text = escape(title)
    image = f'<img src="{name}" alt="{text}">'
    return f"<figure><figcaption>{text}</figcaption>{image}</figure>\n"


def _counted(boxes: Sequence[Box]) -> str:
    return "1 box" if len(boxes) == 1 else f"{len(boxes)} boxes"
