"""What a reviewer is told about a box: what is written in it, and that nowhere else."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from casepack.deidentify.crosswalk import write_crosswalk
from casepack.deidentify.pixels import reading
from casepack.deidentify.pixels.boxes import Box
from casepack.deidentify.pixels.reading import read_boxes
from casepack.deidentify.pixels.sheets import grey_of
from tests.deidentify.pixels.images import tissue, write_text
from tests.deidentify.pixels.test_run import NAME, image, run

needs_reader = pytest.mark.skipif(
    find_spec("rapidocr") is None and not os.environ.get("CI"), reason="rapidocr is not installed"
)
LINE = Box(4, 8, 232, 40)


def picture(text: str = NAME) -> np.ndarray:
    values = tissue(seed=3)
    write_text(values, text, (12, 20), level=int(values.max()), size=14)
    return grey_of(values)


@needs_reader
def test_lines_are_read_whichever_way_they_run() -> None:
    across = picture()
    assert read_boxes(across, [LINE]) == NAME
    upwards = np.ascontiguousarray(np.rot90(across))
    assert read_boxes(upwards, [Box(8, 256 - 232, 40, 256 - 4)]) == NAME
    block = tissue(seed=3)
    lines = [NAME, "ID 4711-A 0815-2", "SANKT NIEMAND"]
    for number, line in enumerate(lines):
        write_text(block, line, (12, 20 + 20 * number), level=int(block.max()), size=14)
    assert read_boxes(grey_of(block), [Box(4, 16, 240, 80)]) == " / ".join(lines)
    below = np.concatenate([across, picture("ID 4711-A")])
    assert read_boxes(below, [Box(4, 264, 90, 296), LINE]) == f"{NAME} / ID 4711-A"


@needs_reader
def test_of_what_is_no_text_and_of_pieces_of_a_line_nothing_is_said() -> None:
    assert read_boxes(picture(), [Box(60, 120, 180, 150)]) == ""
    assert read_boxes(picture(), [LINE] * 7) == ""
    assert read_boxes(picture(), []) == ""
    assert read_boxes(np.zeros((9, 9, 3), dtype=np.uint8), [Box(0, 0, 1, 9), Box(0, 0, 9, 1)]) == ""


def test_without_the_package_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_PACKAGE", "no_such_package")
    reading._session.cache_clear()
    try:
        assert read_boxes(picture(), [LINE]) == ""
    finally:
        reading._session.cache_clear()


@needs_reader
def test_what_a_line_says_stands_on_the_page_and_nowhere_else(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    done, crosswalk = run(tmp_path, [image(1, text=NAME)])
    write_crosswalk(tmp_path / "crosswalk", crosswalk)
    assert f"reads “{NAME}”" in (tmp_path / "crosswalk" / "review.html").read_text("utf-8")
    holding = [
        path.relative_to(tmp_path).parts[0]
        for path in tmp_path.rglob("*")
        if path.is_file() and NAME.split()[0].encode() in path.read_bytes()
    ]
    assert holding == ["crosswalk"]
    said = "".join((*capfd.readouterr(), caplog.text, repr(crosswalk), repr(done)))
    assert NAME.split()[0] not in said
