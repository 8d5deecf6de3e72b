"""Text in pixels is a doubt, said once a series; what cannot be decoded is not called clean."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from casepack.verify import verify_folder
from casepack.verify.holdings import read_holdings
from casepack.verify.images.burned_in import _is_line, check_burned_in
from tests.builders import mr_instance, write_instance
from tests.deidentify.pixels.images import tissue, write_text


def write_image(path: Path, values: np.ndarray, instance: int = 1, **changes: object) -> None:
    ds = mr_instance(1, 1, instance)
    ds.Rows, ds.Columns = values.shape[:2]
    ds.PixelData = values.tobytes()
    if values.ndim == 3:
        ds.SamplesPerPixel, ds.PlanarConfiguration = 3, 0
        ds.PhotometricInterpretation = "RGB"
        ds.BitsAllocated = ds.BitsStored = 8
        ds.HighBit = 7
        del ds.PixelSpacing
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    write_instance(ds, path)


def found(root: Path) -> list[tuple[str, str, str]]:
    return [(one.code, one.file, one.place) for one in check_burned_in(read_holdings(root))]


def test_text_in_a_picture_is_named_once_for_the_series(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        values = tissue()
        if number > 1:
            write_text(values, "Quillfeather 03.11.1961", (20, 200), level=1500)
        write_image(tmp_path / f"{number}.dcm", values, number)
    assert found(tmp_path) == [("text-in-pixels", "2.dcm", "2 of 3 image(s) of the series")]


def test_coloured_text_on_colours_is_seen(tmp_path: Path) -> None:
    grey = (tissue() // 8).clip(0, 255).astype(np.uint8)
    dark = np.full_like(grey, 0)
    write_text(dark, "Quillfeather", (40, 100), level=255, size=20)
    colours = np.stack([np.maximum(grey, dark), grey, grey], axis=-1)
    write_image(tmp_path / "1.dcm", colours)
    assert [code for code, *_ in found(tmp_path)] == ["text-in-pixels"]


def test_pictures_without_text_and_what_is_no_picture_give_nothing(
    tmp_path: Path, clean_results: Path
) -> None:
    write_image(tmp_path / "1.dcm", tissue())
    assert found(tmp_path) == []
    assert found(clean_results) == []
    check = next(one for one in verify_folder(clean_results).checks if one.name == "burned-in")
    assert (check.examined, check.findings, check.skipped) == (8, 0, "")


def test_what_cannot_be_decoded_was_not_examined(tmp_path: Path) -> None:
    write_image(tmp_path / "1.dcm", tissue(), Rows=300)
    assert [code for code, *_ in found(tmp_path)] == ["pixels-not-examined"]


def block(tall: bool) -> np.ndarray:
    """Cells of a line of a frame of 320 x 320: 60 pixels tall, or 8."""
    cells = np.zeros((80, 80), dtype=np.bool_)
    cells[10 : 25 if tall else 12, 20:60] = True
    return cells


def test_what_is_tall_and_repeats_no_value_is_a_row_of_vertebrae() -> None:
    tissue_values = np.random.default_rng(1).normal(900, 60, (320, 320)).astype(np.uint16)
    drawn = tissue_values.copy()
    drawn[50:90:2, 100:220:3] = 1500
    assert not _is_line(tissue_values, block(tall=True), acquired=True)
    assert _is_line(drawn, block(tall=True), acquired=True)
    # of usual height, or in an image that was made from others, it is text all the same
    assert _is_line(tissue_values, block(tall=False), acquired=True)
    assert _is_line(tissue_values, block(tall=True), acquired=False)
