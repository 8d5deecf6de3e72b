from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless

from casepack.package.pictures.frames import Window, exact_window
from casepack.package.pictures.rendering import (
    apply_window,
    choose_window,
    decode_frames,
    draw_frames,
    fit_size,
    render_frame,
    window_of_values,
)
from tests.package.screens import frames_of, image

RAMP = np.arange(0, 1600, 16, dtype=np.uint16).reshape(10, 10)


def rendered(
    folder: Path, pixels: NDArray[Any], window: Window, **attributes: Any
) -> NDArray[np.int64]:
    (frame,) = frames_of(folder, image(pixels, **attributes))
    ((_, values),) = decode_frames([frame])
    assert values is not None
    return np.asarray(render_frame(frame, values, window)).astype(np.int64)


def test_the_window_maps_values_as_the_standard_says():
    values = np.array([[0, 2047, 2048, 4095, 9999, -5]], np.float32)
    assert apply_window(values, (2048, 4096)).tolist() == [[0, 127, 128, 255, 255, 0]]


def test_a_narrow_window_splits_black_from_white():
    values = np.array([[98, 99, 100, 101]], np.float32)
    assert apply_window(values, (100, 1)).tolist() == [[0, 0, 255, 255]]


def test_an_exact_window_reaches_black_and_white_at_its_ends():
    values = np.array([[10, 20, 30]], np.float32)
    assert apply_window(values, exact_window(20, 20)).tolist() == [[0, 128, 255]]


def test_rescale_comes_before_the_window(tmp_path):
    plain = rendered(tmp_path / "a", RAMP, (800, 1600))
    scaled = rendered(tmp_path / "b", RAMP // 2, (700, 1600), RescaleSlope=2, RescaleIntercept=-100)
    assert np.array_equal(plain, scaled)


def test_the_lowest_value_of_monochrome1_is_white(tmp_path):
    usual = rendered(tmp_path / "a", RAMP, (800, 1600))
    inverted = rendered(tmp_path / "b", RAMP, (800, 1600), PhotometricInterpretation="MONOCHROME1")
    assert np.array_equal(inverted, 255 - usual)
    assert inverted[0, 0] == 255


def test_signed_values_stay_signed(tmp_path):
    signed = RAMP.astype(np.int16) - 800
    assert np.array_equal(
        rendered(tmp_path / "a", signed, (0, 1600)), rendered(tmp_path / "b", RAMP, (800, 1600))
    )


@pytest.mark.parametrize(
    ("spacing", "size"), [([2, 1], (10, 20)), ([1, 2], (20, 10)), ([1, 1.001], (10, 10))]
)
def test_pixels_that_are_not_square_are_made_so(tmp_path, spacing, size):
    (frame,) = frames_of(tmp_path, image(RAMP, PixelSpacing=spacing))
    ((_, values),) = decode_frames([frame])
    assert values is not None
    assert render_frame(frame, values, (800, 1600)).size == size


def test_padding_is_black_and_does_not_move_the_window(tmp_path):
    pixels = RAMP.copy()
    pixels[:, 5:] = 60000
    pixels[:, :5] %= 400
    ds = image(pixels, PixelPaddingValue=60000, WindowCenter=None, WindowWidth=None)
    (frame,) = frames_of(tmp_path, ds)
    centre, width = choose_window([frame])
    assert centre + width / 2 < 420
    ((_, values),) = decode_frames([frame])
    assert values is not None
    assert np.asarray(render_frame(frame, values, (centre, width)))[:, 5:].max() == 0


def test_the_window_of_the_header_is_used_when_it_fits_the_values():
    values = np.linspace(0, 1000, 500, dtype=np.float32)
    assert window_of_values(values, [(500, 900), (520, 920), (540, 2000)]) == (520, 920)


@pytest.mark.parametrize("named", [(40000, 65535), (500, 30), (-900, 900), (4095, 4095)])
def test_a_window_that_does_not_fit_gives_way_to_percentiles(named):
    values = np.linspace(0, 1000, 1001, dtype=np.float32)
    centre, width = window_of_values(values, [named])
    assert (centre - 0.5) - (width - 1) / 2 == pytest.approx(10, abs=0.1)
    assert (centre - 0.5) + (width - 1) / 2 == pytest.approx(995, abs=0.1)


def test_the_window_is_the_same_for_a_whole_series(tmp_path):
    bright = [
        image(RAMP * factor, instance=factor, WindowCenter=None, WindowWidth=None)
        for factor in (1, 2, 3)
    ]
    frames = frames_of(tmp_path, *bright)
    centre, width = choose_window(frames)
    assert centre + width / 2 > 3 * 1500


def test_flat_and_empty_images_have_a_window():
    assert window_of_values(np.full(9, 7, np.float32), [])[1] > 0
    assert window_of_values(np.zeros(0, np.float32), [])[1] > 0


def test_colour_stays_colour(tmp_path):
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[..., 0] = 200
    ds = image(pixels, PhotometricInterpretation="RGB", SamplesPerPixel=3, PlanarConfiguration=0)
    (frame,) = frames_of(tmp_path, ds)
    ((_, values),) = decode_frames([frame])
    assert values is not None
    picture = render_frame(frame, values, (1, 1))
    assert (picture.mode, picture.getpixel((1, 1))) == ("RGB", (200, 0, 0))


@pytest.mark.parametrize(
    ("dtype", "attributes"),
    [
        (np.uint16, {}),
        (np.int16, {"RescaleSlope": "0.37", "RescaleIntercept": "-1024.5"}),
        (np.int16, {"PixelPaddingValue": -2000, "PixelPaddingRangeLimit": -1500}),
        (np.uint16, {"PhotometricInterpretation": "MONOCHROME1", "PixelPaddingValue": 3}),
        (np.uint8, {"WindowCenter": "20", "WindowWidth": "1"}),
        (np.uint16, {"PixelSpacing": [2, 1]}),
        (np.uint16, {"BitsStored": 12, "HighBit": 11}),
        (np.uint32, {}),
    ],
)
@pytest.mark.parametrize("side", [16, 300])
def test_a_picture_drawn_by_table_is_the_same(tmp_path, dtype, attributes, side):
    # 300 x 300 pixels are more than there are values of two bytes: only then a table is used
    limits = np.iinfo(dtype)
    low, high = max(limits.min, -4000), min(limits.max, 4095)
    pixels = np.random.default_rng(1).integers(low, high, (side, side), endpoint=True)
    frames = frames_of(tmp_path, image(pixels.astype(dtype), **attributes))
    window = choose_window(frames)
    ((_, picture),) = draw_frames(frames, window)
    ((_, values),) = decode_frames(frames)
    assert picture is not None
    assert values is not None
    general = render_frame(frames[0], values, window)
    assert (picture.size, picture.mode) == (general.size, general.mode)
    assert picture.tobytes() == general.tobytes()
    assert len(set(picture.tobytes())) > 1


def test_what_cannot_be_decoded_comes_without_values(tmp_path):
    ds = image(RAMP)
    (frame,) = frames_of(tmp_path, ds)
    content = frame.instance.path.read_bytes()
    frame.instance.path.write_bytes(content[:-100])
    assert [values for _, values in decode_frames([frame])] == [None]


def test_a_compressed_stream_of_garbage_comes_without_values(tmp_path):
    ds = image(RAMP)
    ds.PixelData = encapsulate([b"abcd"])
    ds["PixelData"].is_undefined_length = True
    ds["PixelData"].VR = "OB"
    ds.file_meta.TransferSyntaxUID = JPEG2000Lossless
    (frame,) = frames_of(tmp_path, ds)
    assert [values for _, values in decode_frames([frame])] == [None]


def test_a_picture_is_never_enlarged_and_never_too_large():
    assert fit_size((64, 48), 512) == (64, 48)
    assert fit_size((1024, 768), 512) == (512, 384)
