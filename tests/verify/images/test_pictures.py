"""The contact sheet shows each series once, and nothing that may carry a name."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import UID

from casepack.verify.holdings import read_holdings
from casepack.verify.images.pictures import (
    CAPTURE,
    DOCUMENT,
    MARKED,
    UNDECODED,
    Picture,
    draw_series,
)
from casepack.verify.inventory import count_holdings, fingerprint_folder
from tests.builders import write_instance
from tests.verify.studies import Written, change, key_object, result_image


def draw_one(folder: Path, ds: Dataset) -> Picture:
    write_instance(ds, folder / "1.dcm")
    (picture,) = draw_series(read_holdings(folder))
    return picture


def pixels_of(picture: Picture) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(picture.webp)).convert("L")).astype(int)


def gradient() -> Dataset:
    ds = result_image(1, 1, 1)
    rows = np.linspace(0, 1000, ds.Rows)[:, None]
    ds.PixelData = np.broadcast_to(rows, (ds.Rows, ds.Columns)).astype("<u2").tobytes()
    ds.PixelSpacing = [1, 1]
    return ds


def test_each_series_has_one_picture_and_no_value_of_the_files(written: Written) -> None:
    write_instance(key_object(), written.root / "ko.dcm")
    pictures = list(draw_series(read_holdings(written.root)))
    assert sorted((one.kind, one.instances, one.skipped) for one in pictures) == [
        ("Key Object Selection Document Storage", 1, DOCUMENT),
        *[("MR Image Storage", 2, "")] * 4,
    ]
    assert [(one.study, one.series) for one in pictures[:2]] == [(1, 1), (1, 2)]
    assert all(one.webp.startswith(b"RIFF") for one in pictures if not one.skipped)
    assert all(max(one.size) == 192 for one in pictures if not one.skipped)


def test_a_picture_is_dark_where_the_image_is(tmp_path: Path) -> None:
    drawn = pixels_of(draw_one(tmp_path, gradient()))
    assert drawn[:10].mean() < 30
    assert drawn[-10:].mean() > 220


def test_monochrome1_is_inverted(tmp_path: Path) -> None:
    ds = gradient()
    ds.PhotometricInterpretation = "MONOCHROME1"
    drawn = pixels_of(draw_one(tmp_path, ds))
    assert drawn[:10].mean() > 220
    assert drawn[-10:].mean() < 30


def test_pixels_are_drawn_square(tmp_path: Path) -> None:
    ds = gradient()
    ds.PixelSpacing = [2, 1]
    width, height = draw_one(tmp_path, ds).size
    assert height == pytest.approx(2 * width * ds.Rows / ds.Columns, abs=1)


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"BurnedInAnnotation": "YES"}, MARKED),
        ({"SOPClassUID": UID("1.2.840.10008.5.1.4.1.1.7"), "BurnedInAnnotation": ""}, CAPTURE),
        ({"SOPClassUID": UID("1.2.840.10008.5.1.4.1.1.7")}, ""),
        ({"PixelData": b"\x00\x00"}, UNDECODED),
        ({"Rows": 65535, "Columns": 65535}, UNDECODED),
    ],
)
def test_what_is_not_shown_has_a_reason(
    tmp_path: Path, attributes: dict[str, object], reason: str
) -> None:
    ds = gradient()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    assert draw_one(tmp_path, ds).skipped == reason


def test_the_inventory_tells_what_all_and_what_some_files_claim(written: Written) -> None:
    before = count_holdings(read_holdings(written.root))
    assert (before.files, before.instances, before.studies, before.series) == (8, 8, 2, 4)
    assert before.claimed == ("113100", "113105", "113107", "113108")
    assert before.disputed == ()
    change(written.first, lambda ds: delattr(ds, "DeidentificationMethodCodeSequence"))
    after = count_holdings(read_holdings(written.root))
    assert after.claimed == ()
    assert after.disputed == before.claimed


def test_the_fingerprint_changes_with_a_byte_a_name_and_a_file(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"text")
    (tmp_path / "a\\n").write_bytes(b"")
    # find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
    known = "54b3d32791a2cd83f8adfbfb9649e60e0f0cd152e5746d71add3d3386f54bd70"
    assert fingerprint_folder(tmp_path) == known
    (tmp_path / "b").write_bytes(b"texT")
    changed = fingerprint_folder(tmp_path)
    (tmp_path / "b").rename(tmp_path / "c")
    assert len({known, changed, fingerprint_folder(tmp_path)}) == 3
