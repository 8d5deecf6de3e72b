"""Text that seems to be drawn into the pixels: every frame of every image looked at by the network.

The network is the one that de-identification uses; what makes a line of text of its answer is
decided here anew, so that only lines that are plain to it are named.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.pixels.utils import iter_pixels

from casepack.model import Finding, Progress, no_progress
from casepack.textfinder.network import CELL, text_likelihood
from casepack.verify.contents.elements import silence_pydicom
from casepack.verify.findings.findings import make_finding
from casepack.verify.holdings import Holding, Holdings

Values = NDArray[Any]
Mask = NDArray[np.bool_]

_SURE, _POSSIBLE = 0.8, 0.1
_FEWEST_CELLS: Final = 3
_HIGH: Final = 0.06
"""Height of a line that is asked about, as a share of the smaller side of the frame."""
_SHARE: Final = 0.004
"""Of the pixels of a line: how many hold its value, beyond what values beside it have."""
_NEAR: Final = 16
_OFTEN, _OUTSTANDING = 8, 3
"""The most frequent values, and how many times as frequent as those beside them."""
_MOST_VALUES: Final = 1 << 16
_MANY_BITS: Final = 10
_IMAGE_TYPE, _LOSSY, _BITS_STORED, _SYNTAX = 0x00080008, 0x00282110, 0x00280101, 0x00020010
_LOSSY_SYNTAXES: Final = frozenset(
    f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 81, 91, 93, 112, 203)
)
_AROUND: Final = tuple((down, right) for down in (-1, 0, 1) for right in (-1, 0, 1))
_LARGEST: Final = 1 << 24
"""Pixels of a frame: more is not looked at."""
_GREY: Final = 2
_STUDY, _SERIES = 0x0020000D, 0x0020000E


def check_burned_in(holdings: Holdings, *, progress: Progress = no_progress) -> Iterator[Finding]:
    """Yield a finding for each series in which the network sees text, or that it cannot see."""
    series: dict[tuple[str, str], list[Holding]] = {}
    for holding in holdings.dicom:
        if holding.is_image:
            series.setdefault((holding.text(_STUDY), holding.text(_SERIES)), []).append(holding)
    total, done = sum(map(len, series.values())), 0
    for members in series.values():
        seen: dict[str, list[Holding]] = {"text-in-pixels": [], "pixels-not-examined": []}
        for holding in members:
            done += 1
            progress("look", done, total)
            code = _look(holding)
            if code:
                seen[code].append(holding)
        for code, found in seen.items():
            if found:
                place = f"{len(found)} of {len(members)} image(s) of the series"
                yield make_finding(code, file=found[0].name, place=place)


def _look(holding: Holding) -> str:
    """Return the code of what is to be said of an image; empty if nothing is."""
    acquired = _is_as_acquired(holding)
    with silence_pydicom(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            frames = _frames(holding.path)
            return "text-in-pixels" if any(_holds_text(one, acquired) for one in frames) else ""
        except Exception:  # noqa: BLE001  # decoders raise anything, and quote values
            return "pixels-not-examined"


def _is_as_acquired(holding: Holding) -> bool:
    """Tell an image of many values that is neither derived nor compressed with loss."""
    kinds = [part.strip() for part in holding.text(_IMAGE_TYPE).upper().split("\\")[:2]]
    lossy = holding.text(_LOSSY) == "01" or holding.text(_SYNTAX) in _LOSSY_SYNTAXES
    bits = holding.part_ten.top.get(_BITS_STORED)
    many = bits is not None and int.from_bytes(bits.value[:2], "little") >= _MANY_BITS
    return kinds == ["ORIGINAL", "PRIMARY"] and many and not lossy


def _frames(path: Path) -> Iterator[Values]:
    ds = dcmread(path)
    if not 0 < ds.Rows * ds.Columns <= _LARGEST:
        raise ValueError
    yield from iter_pixels(ds)


def _holds_text(frame: Values, acquired: bool) -> bool:
    """Tell whether there is a line of text; of colours, either extreme is looked at."""
    planes = [frame] if frame.ndim == _GREY else [frame.max(axis=-1), frame.min(axis=-1)]
    return any(_is_line(plane, line, acquired) for plane in planes for line in _lines(plane))


def _lines(plane: Values) -> Iterator[Mask]:
    """Yield the cells that may be text and hang together, where three of them are plain text."""
    likelihood = text_likelihood(plane).mean
    left = {(int(row), int(column)) for row, column in np.argwhere(likelihood >= _POSSIBLE)}
    for seed in map(tuple, np.argwhere(likelihood >= _SURE).tolist()):
        if seed not in left:
            continue
        left.discard(seed)
        line = [seed]
        for row, column in line:
            near = {(row + down, column + right) for down, right in _AROUND} & left
            left -= near
            line += sorted(near)
        cells = np.zeros(likelihood.shape, dtype=np.bool_)
        cells[tuple(zip(*line, strict=True))] = True
        if np.count_nonzero(cells & (likelihood >= _SURE)) >= _FEWEST_CELLS:
            yield cells


def _is_line(plane: Values, cells: Mask, acquired: bool) -> bool:
    """Tell a line of text from a row of vertebrae, which looks like a line of large letters.

    In an image as it was acquired, text was drawn last: one value repeats itself. Lines of usual
    height are taken for text all the same.
    """
    rows, columns = np.nonzero(cells)
    length = max(int(np.ptp(rows)), int(np.ptp(columns))) + 1
    height = CELL * len(rows) / length
    if not acquired or height < _HIGH * min(plane.shape):
        return True
    mask = cells.repeat(CELL, axis=0).repeat(CELL, axis=1)[: plane.shape[0], : plane.shape[1]]
    values = plane[mask].astype(np.int64)
    counts = np.bincount(values - values.min())
    if len(counts) > _MOST_VALUES:
        return True
    padded = np.pad(counts, _NEAR)
    for value in np.argsort(counts)[-_OFTEN:]:
        beside = np.delete(padded[value : value + 2 * _NEAR + 1], _NEAR)
        usual = np.sort(beside)[-_OFTEN:].mean()
        if counts[value] - _OUTSTANDING * usual >= _SHARE * len(values):
            return True
    return False
