from __future__ import annotations

from casepack.deidentify.pixels.boxes import Box, mask_of
from casepack.deidentify.pixels.series import spread_over_series

NAME = Box(10, 10, 60, 20)


def test_what_recurs_is_covered_where_it_was_missed() -> None:
    found = [(NAME,)] * 7 + [()] * 3

    spread = spread_over_series(found, 64, 64)

    assert all(mask_of(boxes, 64, 64)[10:20, 10:60].all() for boxes in spread)


def test_what_stands_in_one_frame_stays_in_that_frame() -> None:
    found: list[tuple[Box, ...]] = [()] * 19
    found.insert(4, (NAME,))

    spread = spread_over_series(found, 64, 64)

    assert spread[4] == (NAME,)
    assert [index for index, boxes in enumerate(spread) if boxes] == [4]


def test_a_single_frame_or_a_pair_with_one_box_smears_nothing() -> None:
    assert spread_over_series([(NAME,)], 64, 64) == ((NAME,),)
    assert spread_over_series([(NAME,), ()], 64, 64) == ((NAME,), ())


def test_of_a_changing_counter_only_what_recurs_is_spread() -> None:
    found = [(Box(10, 10, 50 + 10 * (index % 4 == 0), 20),) for index in range(12)]

    missed = spread_over_series([*found, ()], 64, 64)[-1]

    assert missed == (Box(10, 10, 50, 20),)
