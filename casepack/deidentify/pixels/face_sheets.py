"""Pictures for a reviewer: each series from which a face was removed, before and after.

A section from the middle, and the skin as a relief where slices lie near enough. They show the
face, so they belong where the crosswalk is, never into a result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from casepack.deidentify.pixels.boxes import mask_of
from casepack.deidentify.pixels.faces import FaceVerdict, read_sections
from casepack.deidentify.pixels.looks import Face
from casepack.deidentify.pixels.planes import Plane
from casepack.deidentify.pixels.relief import draw_relief
from casepack.deidentify.pixels.sheets import draw_figure, save_picture
from casepack.deidentify.pixels.stored import Values
from casepack.deidentify.pixels.surface import air_level, skin_points
from casepack.deidentify.private_files import open_private
from casepack.errors import TargetError
from casepack.model import FileSet, Series

Picture = NDArray[np.uint8]
Sections = list[tuple[Plane, Values]]

_DENSE: Final = 0.3
"""Share of a relief that must be known for it to show anything."""
_GAP: Final = 8
_HEIGHT: Final = 480
_PAGE: Final = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Faces: review</title>
<style>body{font:16px sans-serif;margin:2em;max-width:90em}img{max-width:100%;margin-right:1em}
figure{margin:0 0 2em}</style></head><body>
<h1>Faces: review</h1>
<p>These pictures show what the patient looks like. Keep them with the crosswalk, and delete them
when the review is done. Left: the original; right: the result. Where too much or too little is
gone, give the region in the recipe: <code>ADD Face Above 118 InFrontOf -62</code>.</p>
"""


def write_face_sheets(
    folder: Path, file_set: FileSet, verdicts: Mapping[Path, FaceVerdict]
) -> tuple[Path, ...]:
    """Write the pictures and one page, all readable by the owner alone.

    Parameters
    ----------
    folder
        Outside of the result; made if it is not there.
    file_set
        The originals.
    verdicts
        What `assess_faces` said of them.

    Returns
    -------
    tuple
        The page, then the pictures; nothing when no face was removed.

    Raises
    ------
    TargetError
        They cannot be written.
    """
    pairs: list[tuple[str, Image.Image]] = []
    for series in (series for study in file_set.studies for series in study.series):
        before, after = _sections(series, verdicts)
        if before:
            title = f"Series {series.number}" if series.number is not None else "Series"
            pairs.append((f"{title}, section", _beside(*_middle(before, after))))
            air = air_level(before)
            skin = skin_points(before, air)
            relief = draw_relief(skin)
            if (relief > 0).mean() >= _DENSE:
                covered = draw_relief(skin_points(after, air), skin)
                pairs.append((f"{title}, relief of the skin", _beside(relief, covered)))
    return _write(folder, pairs) if pairs else ()


def _sections(series: Series, verdicts: Mapping[Path, FaceVerdict]) -> tuple[Sections, Sections]:
    """Return the frames of a series before and after; none when no face was removed from it."""
    before: Sections = []
    after: Sections = []
    statuses = {verdicts[instance.path].status for instance in series.instances}
    if Face.REMOVED not in statuses:
        return before, after
    for instance in series.instances:
        boxes = verdicts[instance.path].boxes
        for number, (plane, values) in enumerate(read_sections(instance.path)):
            covered = values.copy()
            covered[mask_of(boxes.get(number, ()), *values.shape)] = values.min()
            before.append((plane, values))
            after.append((plane, covered))
    return before, after


def _middle(before: Sections, after: Sections) -> tuple[Picture, Picture]:
    """Return the middle one of the sections that were changed, of equal size on both sides."""
    changed = [
        at
        for at, (one, other) in enumerate(zip(before, after, strict=True))
        if not np.array_equal(one[1], other[1])
    ]
    at = changed[len(changed) // 2]
    low, high = np.percentile(before[at][1], (0.5, 99.5))
    first, second = (
        np.clip((part[at][1] - low) / max(high - low, 1) * 255, 0, 255).astype(np.uint8)
        for part in (before, after)
    )
    return np.stack([first] * 3, axis=-1), np.stack([second] * 3, axis=-1)


def _beside(before: Picture, after: Picture) -> Image.Image:
    width = max(1, round(before.shape[1] * _HEIGHT / before.shape[0]))
    sheet = Image.new("RGB", (2 * width + _GAP, _HEIGHT), "white")
    for place, picture in ((0, before), (width + _GAP, after)):
        drawn = Image.fromarray(picture)
        sheet.paste(drawn.resize((width, _HEIGHT), Image.Resampling.BILINEAR), (place, 0))
    return sheet


def _write(folder: Path, pairs: Sequence[tuple[str, Image.Image]]) -> tuple[Path, ...]:
    names, figures = [], []
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number, (title, picture) in enumerate(pairs, start=1):
            names.append(name := f"face-{number:03}.png")
            save_picture(folder / name, picture)
            figures.append(draw_figure(name, title))
        with open_private(folder / "index.html") as target:
            target.write((_PAGE + "".join(figures) + "</body></html>\n").encode())
    except OSError:
        raise TargetError(
            "the pictures for the review cannot be written",
            advice="Check that their folder is writable and that the disk has room.",
        ) from None
    return (folder / "index.html", *(folder / name for name in names))
