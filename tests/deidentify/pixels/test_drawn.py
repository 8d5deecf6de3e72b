"""Large text that was drawn is told from anatomy that looks like it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from casepack.deidentify.pixels.boxes import Box
from casepack.deidentify.pixels.criteria import ImageHeader
from casepack.deidentify.pixels.drawn import group_boxes, is_as_acquired, split_drawn
from casepack.deidentify.pixels.triage import Suspicion, Triage
from tests.deidentify.pixels.images import tissue, write_text
from tests.deidentify.pixels.test_run import image, results, run

LARGE = Box(20, 100, 240, 150)


@pytest.mark.parametrize("level", [0, 150, 600, 1200, 4095])
@pytest.mark.parametrize("size", [24, 40, 60])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_large_text_is_ink(level: int, size: int, seed: int) -> None:
    values = tissue(seed=seed)
    ink = Box(*write_text(values, "MUSTERMANN", (10, 90), level=level, size=size))
    assert split_drawn(values, [ink]) == ((ink,), ())


@pytest.mark.parametrize("seed", range(4))
def test_tissue_is_none(seed: int) -> None:
    assert split_drawn(tissue(seed=seed), [LARGE]) == ((), (LARGE,))


def test_lines_of_ordinary_height_are_not_asked() -> None:
    line = Box(20, 100, 240, 118)
    assert split_drawn(tissue(), [line]) == ((line,), ())


def test_pieces_of_one_line_are_judged_together() -> None:
    pieces = [Box(20 + 8 * step, 60 + 8 * step, 70 + 8 * step, 110 + 8 * step) for step in range(9)]
    alone = Box(200, 10, 230, 20)
    assert list(group_boxes([*pieces, alone])) == [tuple(pieces), (alone,)]
    assert split_drawn(tissue(), [*pieces, alone]) == ((alone,), tuple(pieces))


class Header:
    rows, columns = 256, 256

    def __init__(self, **values: str) -> None:
        self.values = {0x00080008: "ORIGINAL\\PRIMARY\\M", 0x00282110: ""}
        self.values |= {int(tag[1:], 16): value for tag, value in values.items()}

    def text(self, tag: int) -> str | None:
        return self.values.get(tag)

    def regions(self, _tag: int) -> tuple[Box, ...]:
        return ()


CALM = Triage(suspicions=())


@pytest.mark.parametrize(
    ("header", "triage", "bits", "lossy", "expected"),
    [
        (Header(), CALM, 12, False, True),
        (Header(x00080008="DERIVED\\SECONDARY"), CALM, 12, False, False),
        (Header(x00080008="ORIGINAL\\SECONDARY"), CALM, 12, False, False),
        (Header(x00080008=""), CALM, 12, False, False),
        (Header(x00282110="01"), CALM, 12, False, False),
        (Header(), CALM, 12, True, False),
        (Header(), CALM, 8, False, False),
        (Header(), Triage(suspicions=(Suspicion.DECLARED,)), 12, False, False),
    ],
)
def test_the_question_is_asked_of_acquired_images_alone(
    header: ImageHeader, triage: Triage, bits: int, lossy: bool, expected: bool
) -> None:
    assert is_as_acquired(header, triage, bits_stored=bits, lossy=lossy) is expected


def test_what_was_not_drawn_stays_and_a_person_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "casepack.deidentify.pixels.examine.examine_image", lambda _pixels: ((LARGE,),)
    )
    acquired = image(1)
    derived = image(2, ImageType=["DERIVED", "PRIMARY", "OTHER"])
    done, crosswalk = run(tmp_path, [acquired, derived])
    found = results(done)
    assert found[1, 1].PixelData == acquired.PixelData
    assert found[1, 2].PixelData != derived.PixelData
    assert done.record.pixels is not None
    assert done.record.pixels.doubtful == 1
    assert crosswalk.pixels is not None
    assert {(one.why, one.result) for one in crosswalk.pixels.candidates} == {
        ("not-drawn", "kept"),
        ("text-found", "covered"),
    }
    assert not np.array_equal(found[1, 2].pixel_array, derived.pixel_array)
