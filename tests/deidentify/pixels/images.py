"""Images for the tests: values, and Pixel Data around them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom.data
from PIL import Image, ImageDraw, ImageFont

from casepack.deidentify.pixels.stored import EXPLICIT_LITTLE, StoredPixels


def tissue(rows: int = 256, columns: int = 256, seed: int = 1, top: int = 1200) -> np.ndarray:
    """Something like a section: smooth shapes with noise, air around them."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    body = ((x - columns / 2) / (columns * 0.42)) ** 2 + ((y - rows / 2) / (rows * 0.46)) ** 2 < 1
    signal = 0.35 + 0.25 * np.sin(x / 23 + np.sin(y / 31)) * np.cos(y / 17)
    signal += 0.2 * ((np.abs(x - columns * 0.55) < columns * 0.06) & (np.mod(y, 34) < 26))
    noise = random.normal(size=(2, rows, columns)) * 0.01
    values = np.hypot(signal * body + noise[0], noise[1])
    rounded: np.ndarray = np.rint(values * top).astype(np.uint16)
    return rounded


def write_text(
    values: np.ndarray,
    text: str,
    at: tuple[int, int],
    *,
    level: int,
    size: int = 14,
    angle: int = 0,
) -> tuple[int, int, int, int]:
    """Write into values, in place, with the font that comes with Pillow; the box of the ink."""
    font = ImageFont.load_default(size)
    left, top, right, bottom = font.getbbox(text)
    ink = Image.new("L", (int(right - left), int(bottom - top)))
    ImageDraw.Draw(ink).text((-left, -top), text, fill=255, font=font)
    ink = ink.rotate(angle, expand=True)
    alpha = np.asarray(ink, dtype=np.float32) / 255
    part = values[at[1] : at[1] + ink.height, at[0] : at[0] + ink.width]
    alpha = alpha[: part.shape[0], : part.shape[1]]
    part[...] = np.rint(part + alpha * (level - part.astype(np.float32))).astype(values.dtype)
    return at[0], at[1], at[0] + part.shape[1], at[1] + part.shape[0]


def example(name: str) -> Path:
    """A file that comes with pydicom."""
    found = pydicom.data.get_testdata_file(name)
    assert isinstance(found, str)
    return Path(found)


def stored(values: np.ndarray, **changes: object) -> StoredPixels:
    """Native Pixel Data of frames, shape (frames, rows, columns[, 3])."""
    bits = values.dtype.itemsize * 8
    pixels = StoredPixels(
        transfer_syntax_uid=EXPLICIT_LITTLE,
        value=values.tobytes(),
        rows=values.shape[1],
        columns=values.shape[2],
        frames=values.shape[0],
        samples=3 if values.ndim == 4 else 1,
        bits_allocated=bits,
        bits_stored=bits,
        high_bit=bits - 1,
        signed=values.dtype.kind == "i",
        photometric="RGB" if values.ndim == 4 else "MONOCHROME2",
    )
    return replace(pixels, **changes)  # type: ignore[arg-type]
