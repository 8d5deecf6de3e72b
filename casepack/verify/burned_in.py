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
from casepack.textfinder.network import text_likelihood
from casepack.verify.elements import silence_pydicom
from casepack.verify.findings import make_finding
from casepack.verify.holdings import Holding, Holdings

_SURE: Final = 0.8
_LARGEST: Final = 1 << 24
"""Pixels of a frame: more is not looked at."""
_GREY: Final = 2
_STUDY, _SERIES = 0x0020000D, 0x0020000E
_SPATIAL_STEPS: Final = ((0, 1), (1, 0), (1, 1), (1, -1))


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
            code = _look(holding.path)
            if code:
                seen[code].append(holding)
        for code, found in seen.items():
            if found:
                place = f"{len(found)} of {len(members)} image(s) of the series"
                yield make_finding(code, file=found[0].name, place=place)


def _look(path: Path) -> str:
    """Return the code of what is to be said of an image; empty if nothing is."""
    with silence_pydicom(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return "text-in-pixels" if any(map(_holds_text, _frames(path))) else ""
        except Exception:  # noqa: BLE001  # decoders raise anything, and quote values
            return "pixels-not-examined"


def _frames(path: Path) -> Iterator[NDArray[Any]]:
    ds = dcmread(path)
    if not 0 < ds.Rows * ds.Columns <= _LARGEST:
        raise ValueError
    yield from iter_pixels(ds)


def _holds_text(frame: NDArray[Any]) -> bool:
    """Tell whether three cells in a row, in any direction, are text; of colours, either extreme."""
    planes = [frame] if frame.ndim == _GREY else [frame.max(axis=-1), frame.min(axis=-1)]
    return any(_holds_line(text_likelihood(plane) >= _SURE) for plane in planes)


def _holds_line(sure: NDArray[np.bool_]) -> bool:
    if not sure.any():
        return False
    rows, columns = sure.shape
    padded = np.zeros((rows + 2, columns + 4), dtype=np.bool_)
    padded[:rows, 2 : columns + 2] = sure
    return any(
        bool(
            (
                sure
                & padded[down : down + rows, 2 + across : 2 + across + columns]
                & padded[2 * down : 2 * down + rows, 2 + 2 * across : 2 + 2 * across + columns]
            ).any()
        )
        for down, across in _SPATIAL_STEPS
    )
