"""What recurs in the frames of a series is covered in all of them.

A name that stands in the same place in every image may be missed in one of them, where anatomy
behind it is bright. Frames are never replaced by a composite: that would lose a text that stands in
one frame only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from casepack.deidentify.pixels.boxes import Box, boxes_of, clip_boxes, mask_of

_SHARE: Final = 0.3
_FEWEST: Final = 2


def spread_over_series(
    boxes: Sequence[Sequence[Box]], rows: int, columns: int
) -> tuple[tuple[Box, ...], ...]:
    """Return the boxes of each frame, with the pixels that recur covered in every frame.

    Parameters
    ----------
    boxes
        For each frame of a series (of all its images of one size) what was found in it.
    rows, columns
        Size of the frames.

    Returns
    -------
    tuple
        For each frame its own boxes, then those of the pixels that lie in a box in at least 30 % of
        the frames and in at least two.
    """
    counts = np.zeros((rows, columns), dtype=np.int32)
    for found in boxes:
        if found:
            counts += mask_of(found, rows, columns)
    recurring = counts >= max(_FEWEST, _SHARE * len(boxes))
    everywhere = boxes_of(recurring) if recurring.any() else ()
    return tuple(clip_boxes((*found, *everywhere), rows, columns) for found in boxes)
