"""Segmented palettes, as the standard describes them and as pydicom reads them."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.pixels.processing import apply_color_lut

from casepack.deidentify.pixels.header import read_stored_pixels
from casepack.deidentify.pixels.segmented import expand_segments
from casepack.deidentify.pixels.stored import read_frames, shown_values
from casepack.part_ten import open_part_ten
from tests.deidentify.pixels.test_every_syntax import packaged

DISCRETE, LINEAR, INDIRECT = range(3)


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        ([DISCRETE, 3, 7, 8, 2], [7, 8, 2]),
        ([DISCRETE, 1, 0, LINEAR, 4, 40], [0, 10, 20, 30, 40]),
        ([DISCRETE, 1, 9, LINEAR, 3, 0], [9, 6, 3, 0]),
        # two segments again, from the sixth byte on
        (
            [DISCRETE, 1, 5, DISCRETE, 1, 1, LINEAR, 2, 3, INDIRECT, 2, 6, 0],
            [5, 1, 2, 3, 1, 2, 3],
        ),
        # more than there are entries
        ([DISCRETE, 4, 1, 2, 3, 4], [1, 2]),
    ],
)
def test_segments_are_expanded(segments: list[int], expected: list[int]) -> None:
    found = expand_segments(np.array(segments), len(expected), word=2)
    assert found.tolist() == expected


def test_offsets_of_bytes_take_four_of_them() -> None:
    segments = [DISCRETE, 1, 5, DISCRETE, 1, 1, INDIRECT, 1, 3, 0, 0, 0]
    assert expand_segments(np.array(segments), 3, word=1).tolist() == [5, 1, 1]


@pytest.mark.parametrize(
    "segments",
    [
        [],
        [DISCRETE],
        [DISCRETE, 0],
        [DISCRETE, 5, 1],
        [LINEAR, 3],
        [7, 1, 1],
        [INDIRECT, 1, 0, 0],
        [DISCRETE, 1, 1, INDIRECT, 60000, 0, 0],
        [DISCRETE, 1, 1, INDIRECT, 1, 65535, 65535],
        [DISCRETE, 1, 1, INDIRECT, 1, 0],
        [DISCRETE, 2, 1, 1],
    ],
)
def test_what_is_no_palette_is_refused(segments: list[int]) -> None:
    with pytest.raises(ValueError, match="not in valid segments"):
        expand_segments(np.array(segments, dtype=np.int64), 70_000, word=2)


@pytest.mark.skipif(packaged() is None, reason="pydicom-data is not installed")
@pytest.mark.parametrize("name", ["gdcm-US-ALOKA-16.dcm", "gdcm-US-ALOKA-16_big.dcm"])
@pytest.mark.filterwarnings("ignore")
def test_colours_are_those_that_pydicom_shows(name: str) -> None:
    folder = packaged()
    assert folder is not None
    with open_part_ten(folder / name) as file:
        pixels = read_stored_pixels(file)
    assert pixels is not None
    (frame,) = read_frames(pixels)
    ds = pydicom.dcmread(folder / name)
    expected = apply_color_lut(ds.pixel_array, ds) >> 8
    assert np.abs(shown_values(pixels, frame).astype(int) - expected).max() <= 1
