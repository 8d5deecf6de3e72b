"""The same pixels are the same, however the Data Set around them is encoded."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from casepack.verify.holdings import Holding, read_holdings
from casepack.verify.images.pixels import check_pixels, digest_pixels
from tests.verify.studies import result_image


def holding_in(folder: Path, syntax: str, *, first: int = 0) -> Holding:
    ds = result_image(1, 1, 1)
    pixels = bytearray(ds.PixelData)
    pixels[0] ^= first
    if syntax == ExplicitVRBigEndian:
        pixels[0::2], pixels[1::2] = pixels[1::2], pixels[0::2]
    ds.PixelData = bytes(pixels)
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    folder.mkdir(parents=True, exist_ok=True)
    ds.save_as(
        folder / "1.dcm",
        implicit_vr=syntax == ImplicitVRLittleEndian,
        little_endian=syntax != ExplicitVRBigEndian,
        enforce_file_format=True,
    )
    return read_holdings(folder).dicom[0]


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_the_digest_does_not_depend_on_the_transfer_syntax(tmp_path: Path, syntax: str) -> None:
    plain = digest_pixels(holding_in(tmp_path / "plain", ExplicitVRLittleEndian))
    assert digest_pixels(holding_in(tmp_path / "other", syntax)) == plain != ""
    assert digest_pixels(holding_in(tmp_path / "spoiled", syntax, first=1)) != plain


def test_a_file_that_is_gone_has_no_digest(tmp_path: Path) -> None:
    holding = holding_in(tmp_path, ExplicitVRLittleEndian)
    holding.path.unlink()
    assert digest_pixels(holding) == ""


def test_a_picture_may_occur_as_often_as_in_the_originals(tmp_path: Path) -> None:
    holding = holding_in(tmp_path, ExplicitVRLittleEndian)
    twice = {"a": [holding, holding]}
    assert list(check_pixels(twice, twice)) == []
    assert [f.code for f in check_pixels(twice, {"a": [holding]})] == ["pixels-repeated"]
    assert [f.code for f in check_pixels({"b": [holding]}, twice)] == ["pixels-changed"]
