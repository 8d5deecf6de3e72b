from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from casepack.deidentify.pixels.boxes import Box
from casepack.deidentify.pixels.sheets import (
    Comparison,
    draw_comparison,
    grey_picture,
    write_contact_sheets,
)
from casepack.errors import TargetError
from tests.deidentify.pixels.images import stored, tissue

BOX = Box(10, 20, 60, 40)


def candidate(columns: int = 256) -> Comparison:
    values = tissue(96, columns)
    before = grey_picture(stored(values[None]), values)
    after = before.copy()
    after[20:40, 10:60] = 0
    return Comparison(
        series_number=3, instance_number=7, frame=1, before=before, after=after, boxes=(BOX,)
    )


def test_the_original_with_its_box_stands_beside_the_result() -> None:
    drawn = np.asarray(draw_comparison(candidate()))

    assert drawn.shape == (96, 2 * 256 + 8, 3)
    assert (drawn[20, 10:60] == (255, 96, 0)).all()
    assert not drawn[20:40, 264 + 10 : 264 + 60].any()
    np.testing.assert_array_equal(drawn[50:, :256], candidate().before[50:])


def test_a_wide_frame_is_shown_smaller() -> None:
    assert draw_comparison(candidate(1600)).width == 2 * 640 + 8


def test_a_small_frame_is_shown_larger_with_the_box_where_it_is() -> None:
    small = candidate(64)
    drawn = np.asarray(draw_comparison(small))
    assert drawn.shape == (4 * 96, 2 * 4 * 64 + 8, 3)
    np.testing.assert_array_equal(drawn[240::4, :256:4], small.before[60:])
    assert (drawn[80, 40:240] == (255, 96, 0)).all()
    assert not drawn[80:160, 264 + 40 : 264 + 240].any()


def test_dark_stays_dark_however_the_image_is_stored() -> None:
    values = tissue(64, 64)
    plain = grey_picture(stored(values[None]), values)
    inverted = (4095 - values).astype(np.uint16)

    assert (
        np.abs(
            grey_picture(stored(inverted[None], photometric="MONOCHROME1"), inverted).astype(int)
            - plain
        ).max()
        <= 1
    )
    assert plain.min() == 0
    assert plain.max() == 255


def test_the_page_shows_every_candidate_and_only_the_owner_can_read_it(tmp_path: Path) -> None:
    page, *pictures = write_contact_sheets(tmp_path / "review", [candidate(), candidate()])

    text = page.read_text("utf-8")
    assert [path.name for path in pictures] == ["candidate-0001.png", "candidate-0002.png"]
    assert all(f'src="{path.name}"' in text for path in pictures)
    assert "Series 3, Image 7, Frame 1: 1 box" in text
    assert all(path.stat().st_mode & 0o077 == 0 for path in (page, *pictures))
    with Image.open(pictures[0]) as picture:
        assert picture.size == (520, 96)


def test_the_same_candidates_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (
        write_contact_sheets(tmp_path / name, [candidate()]) for name in ("one", "two")
    )

    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_a_folder_that_cannot_be_written_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "review").write_text("a file")

    with pytest.raises(TargetError):
        write_contact_sheets(tmp_path / "review", [candidate()])
