from __future__ import annotations

import numpy as np
import pytest

from casepack.textfinder.maps import STRIDE, text_maps
from tests.deidentify.pixels.images import tissue


def test_the_maps_cover_the_frame_and_are_padded_with_zeros_to_the_stride() -> None:
    maps = text_maps(tissue(70, 100))

    assert maps.shape == (3, 80, 112)
    assert not maps[:, 70:].any()
    assert not maps[:, :, 100:].any()
    assert maps.dtype == np.float32


@pytest.mark.parametrize(("slope", "intercept"), [(3, 0), (1, -1024), (7, 300)])
def test_neither_slope_nor_intercept_changes_what_is_seen(slope: int, intercept: int) -> None:
    values = tissue().astype(np.int32)

    np.testing.assert_allclose(text_maps(values * slope + intercept), text_maps(values), atol=2e-4)


def test_byte_order_and_width_of_the_values_do_not_matter() -> None:
    values = tissue()

    np.testing.assert_array_equal(text_maps(values.astype(">u2")), text_maps(values))
    np.testing.assert_array_equal(text_maps(values.astype(np.int32)), text_maps(values))


def test_equal_neighbours_to_the_left_and_above_are_counted() -> None:
    values = np.arange(64, dtype=np.uint8).reshape(8, 8)
    values[3:5, 3:5] = 200

    equal = text_maps(values)[2, :8, :8]

    assert equal[4, 4] == 1
    assert equal[3, 4] == equal[4, 3] == 0.5
    assert equal.sum() == 2


def test_local_contrast_is_that_of_the_surroundings() -> None:
    values = np.zeros((128, 128), dtype=np.uint16)
    values[:, 64:] = 1000
    values[20:24, 20:24] = 100  # faint in the frame, plain among zeros

    scaled, contrast, _ = text_maps(values)

    assert scaled[21, 21] == pytest.approx(0.1)
    assert contrast[21, 21] > 1


def test_text_on_a_plate_brighter_than_all_else_has_local_contrast() -> None:
    values = tissue(512, 512, top=100)
    values[40:60, 30:80] = 3000
    values[48:52, 40:70:3] = 2000

    scaled, contrast, _ = text_maps(values)

    assert scaled[50, 40] == scaled[50, 41] == 2  # clipped: both far above the rest
    assert contrast[50, 41] - contrast[50, 40] > 0.3


@pytest.mark.parametrize("value", [0, 255])
def test_a_frame_of_one_value_has_finite_maps(value: int) -> None:
    maps = text_maps(np.full((STRIDE, 3), value, dtype=np.uint8))

    assert np.isfinite(maps).all()


def test_a_small_text_on_an_empty_frame_sets_the_range() -> None:
    values = np.zeros((512, 512), dtype=np.uint8)
    values[100:104, 100:104] = 255

    assert text_maps(values)[0].max() == 1
