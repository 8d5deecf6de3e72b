"""Boxes of pixels that a run says it covered: nothing is left in them, and nothing else changed.

Original and result are decoded by pydicom and compared value by value. What a report declares is
believed only so far: a box must hold one value, and all around it must be the original's.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.utils import iter_pixels

from casepack.model import Edges, PixelRecord
from casepack.verify.contents.elements import silence_pydicom
from casepack.verify.images.overrides import read_reports

_LARGEST: Final = 1 << 26
"""Samples of a frame: more is no picture that a scanner makes."""
_COLOURS: Final = 3
_PLUGINS: Final = {"1.2.840.10008.1.2.4.50": "pillow"}
"""Decoders of lossy JPEG round differently; this is the one whose values were written."""

Boxes = Mapping[int, tuple[Edges, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Redaction:
    """What a run says of one image."""

    boxes: Boxes
    """By 1-based frame number."""

    def mask(self, frame: int, rows: int, columns: int) -> NDArray[np.bool_]:
        """Return the pixels inside the boxes of a frame."""
        inside = np.zeros((rows, columns), dtype=np.bool_)
        for left, top, right, bottom in self.boxes.get(frame, ()):
            inside[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = True
        return inside


def redactions_of(record: PixelRecord | None) -> dict[str, Redaction]:
    """Return what the record of a run says, by new SOP Instance UID."""
    if record is None:
        return {}
    return {
        uid: Redaction(boxes={frame + 1: boxes for frame, boxes in change.boxes})
        for uid, change in record.changes
    }


def declared_redactions(root: Path) -> dict[str, Redaction]:
    """Return what the first report in the folder says; empty if it says nothing, or nonsense."""
    for report in read_reports(root):
        try:
            changed = (report.get("pixels") or {}).get("changed", ())
            return {str(row["sop_instance_uid"]): _redaction(row) for row in changed}
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return {}


def _redaction(row: Mapping[str, Any]) -> Redaction:
    boxes: dict[int, tuple[Edges, ...]] = {}
    for covered in row["covered"]:
        found = []
        for left, top, right, bottom in covered["boxes"]:
            found.append((int(left), int(top), int(right), int(bottom)))
        boxes[int(covered["frame"])] = tuple(found)
    return Redaction(boxes=boxes)


def differs_in_boxes_only(original: Path, result: Path, redaction: Redaction) -> bool:
    """Tell whether an image is its original with each box filled with one value.

    Parameters
    ----------
    original, result
        DICOM files.
    redaction
        What was covered.
    """
    with silence_pydicom(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            pairs = zip(_frames(original), _frames(result), strict=True)
            return all(
                _is_covered(before, after, redaction, number)
                for number, (before, after) in enumerate(pairs, 1)
            )
        except Exception:  # noqa: BLE001  # decoders raise anything, and quote values
            return False


def _frames(path: Path) -> Iterator[NDArray[Any]]:
    ds = dcmread(path)
    if not 0 < ds.Rows * ds.Columns * ds.SamplesPerPixel <= _LARGEST:
        raise ValueError
    plugin = _PLUGINS.get(str(ds.file_meta.TransferSyntaxUID), "")
    for frame in iter_pixels(ds, decoding_plugin=plugin):
        yield _stored(ds, frame)


def _stored(ds: Dataset, frame: NDArray[Any]) -> NDArray[Any]:
    """Return the stored bits alone: others are not shown, and may be cleared."""
    bits = int(ds.BitsStored)
    if frame.dtype.kind not in "iu" or bits >= frame.dtype.itemsize * 8:
        return frame.astype(np.int64)
    low = 0 if ds.file_meta.TransferSyntaxUID.is_compressed else int(ds.HighBit) + 1 - bits
    values = (frame.astype(np.int64) >> low) & ((1 << bits) - 1)
    if ds.PixelRepresentation:
        values -= (values >> (bits - 1)) << bits
    return values


def _is_covered(
    before: NDArray[Any], after: NDArray[Any], redaction: Redaction, number: int
) -> bool:
    if before.shape != after.shape:
        return False
    inside = redaction.mask(number, before.shape[0], before.shape[1])
    if not np.array_equal(before[~inside], after[~inside]):
        return False
    filled = after[inside].reshape(-1, _COLOURS if after.ndim == _COLOURS else 1)
    return not len(filled) or bool((filled == filled[0]).all())
