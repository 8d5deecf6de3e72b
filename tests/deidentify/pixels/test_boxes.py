from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from casepack.deidentify.pixels.boxes import (
    Box,
    boxes_of,
    clip_boxes,
    join_along_lines,
    mask_of,
)


@given(arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_rectangles_of_a_mask_hold_its_pixels_each_once(mask: np.ndarray) -> None:
    boxes = boxes_of(mask)

    np.testing.assert_array_equal(mask_of(boxes, *mask.shape), mask)
    assert sum(box.width * box.height for box in boxes) == mask.sum()


def test_a_rectangle_is_one_box() -> None:
    mask = np.zeros((9, 9), dtype=bool)
    mask[2:5, 3:8] = True

    assert boxes_of(mask) == (Box(3, 2, 8, 5),)


def test_boxes_are_cut_to_the_image_and_empty_ones_left_out() -> None:
    boxes = [Box(-5, -5, 3, 4), Box(8, 8, 20, 20), Box(12, 0, 15, 3), Box(4, 4, 4, 6)]

    assert clip_boxes(boxes, 10, 10) == (Box(0, 0, 3, 4), Box(8, 8, 10, 10))


def test_words_of_one_line_are_joined_with_what_is_between_them() -> None:
    assert join_along_lines([Box(0, 0, 30, 10), Box(38, 1, 60, 11)]) == (Box(0, 0, 60, 11),)


def test_letters_stacked_are_joined_as_a_line() -> None:
    assert join_along_lines([Box(0, 0, 10, 30), Box(1, 36, 11, 60)]) == (Box(0, 0, 11, 60),)


def test_boxes_far_apart_or_of_other_heights_stay_apart() -> None:
    apart = [Box(0, 0, 30, 10), Box(60, 0, 90, 10), Box(32, 0, 60, 40)]

    assert set(join_along_lines(apart)) == set(apart)


def test_what_lies_between_two_long_lines_is_no_part_of_them() -> None:
    apart = [Box(0, 0, 200, 12), Box(0, 100, 180, 112)]

    assert join_along_lines(apart) == tuple(apart)
    # nor to the side of lines that run down
    turned = [Box(box.top, box.left, box.bottom, box.right) for box in apart]
    assert join_along_lines(turned) == tuple(turned)
