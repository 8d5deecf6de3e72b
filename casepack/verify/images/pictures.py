"""The contact sheet: one small picture of each series, for a person to look at.

A picture that is likely to carry burned-in text is not drawn: the page is handed on.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from casepack.verify.contents.elements import silence_pydicom
from casepack.verify.holdings import Holding, Holdings

_LONGEST_SIDE: Final = 192
_QUALITY: Final = 72
_LARGEST: Final = 1 << 26
"""Samples of a frame: more is no picture that a scanner makes."""
_PERCENTILES: Final = (1.0, 99.5)
_COLOUR: Final = 3
_STUDY, _SERIES, _NUMBER = 0x0020000D, 0x0020000E, 0x00200013
_BURNED_IN: Final = 0x00280301
_CAPTURES: Final = "1.2.840.10008.5.1.4.1.1.7"

DOCUMENT: Final = "no image"
MARKED: Final = "Burned In Annotation is YES: not shown"
CAPTURE: Final = "a secondary capture not marked as free of text: not shown"
UNDECODED: Final = "the Pixel Data cannot be decoded here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A series on the contact sheet."""

    study: int
    series: int
    """Numbers by position in the folder, from 1; no value of the files."""
    kind: str
    """Name of the SOP Class, from the standard."""
    instances: int
    webp: bytes = field(repr=False, default=b"")
    size: tuple[int, int] = (0, 0)
    """Width, height in pixels."""
    skipped: str = ""
    """Why there is no picture."""


def draw_series(holdings: Holdings) -> Iterator[Picture]:
    """Yield a picture of each series, in the order of the folder."""
    studies: dict[str, dict[str, list[Holding]]] = {}
    for holding in holdings.dicom:
        study = studies.setdefault(holding.text(_STUDY), {})
        study.setdefault(holding.text(_SERIES), []).append(holding)
    for study_number, series in enumerate(studies.values(), 1):
        for series_number, members in enumerate(series.values(), 1):
            yield _draw(study_number, series_number, members)


def _draw(study: int, series: int, members: Sequence[Holding]) -> Picture:
    chosen = sorted(members, key=_position)[len(members) // 2]
    name = UID(chosen.sop_class_uid).name
    drawn = _picture_of(chosen)
    return Picture(
        study=study,
        series=series,
        kind=name if name != chosen.sop_class_uid else "unknown SOP Class",
        instances=len(members),
        webp=b"" if isinstance(drawn, str) else _encode(drawn),
        size=(0, 0) if isinstance(drawn, str) else drawn.size,
        skipped=drawn if isinstance(drawn, str) else "",
    )


def _position(holding: Holding) -> tuple[int, str]:
    number = holding.text(_NUMBER)
    return (int(number) if number.isdecimal() else 0), holding.name


def _picture_of(holding: Holding) -> Image.Image | str:
    """Return the picture of an instance, or why there is none."""
    if not holding.is_image:
        return DOCUMENT
    burned_in = holding.text(_BURNED_IN)
    if burned_in == "YES":
        return MARKED
    if holding.sop_class_uid.startswith(_CAPTURES) and burned_in != "NO":
        return CAPTURE
    with silence_pydicom(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _render(dcmread(holding.path))
        except Exception:  # noqa: BLE001  # decoders raise anything, and quote values
            return UNDECODED


def _render(ds: Dataset) -> Image.Image:
    if not 0 < ds.Rows * ds.Columns * ds.SamplesPerPixel <= _LARGEST:
        raise ValueError
    frames = int(ds.get("NumberOfFrames") or 1)
    values: NDArray[Any] = pixel_array(ds, index=frames // 2)
    if ds.PhotometricInterpretation == "PALETTE COLOR":
        values = apply_color_lut(values, ds)
    grey = values.ndim < _COLOUR
    low, high = np.percentile(values, _PERCENTILES) if grey else (0, 2**ds.BitsStored - 1)
    scaled = (values.astype(np.float32) - low) * (255 / max(float(high) - float(low), 1))
    if ds.PhotometricInterpretation == "MONOCHROME1":
        scaled = 255 - scaled
    if ds.PhotometricInterpretation == "PALETTE COLOR":
        scaled = values / np.iinfo(values.dtype).max * 255
    picture = Image.fromarray(np.clip(scaled, 0, 255).astype(np.uint8))
    return _square(picture, [float(value) for value in ds.get("PixelSpacing") or (1, 1)])


def _square(picture: Image.Image, spacing: Sequence[float]) -> Image.Image:
    """Return the picture with square pixels, its longer side as the sheet wants it."""
    width, height = picture.width * spacing[1], picture.height * spacing[0]
    scale = _LONGEST_SIDE / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return picture.resize(size, Image.Resampling.BICUBIC)


def _encode(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.save(file, "WEBP", quality=_QUALITY, method=4)
    return file.getvalue()
