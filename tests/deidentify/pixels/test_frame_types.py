"""Enhanced multi-frame images: frames that were covered are DERIVED, and the image says so."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.uid import EnhancedMRImageStorage

from casepack.deidentify.pixels.frame_types import EACH_FRAME, SHARED, derive_frame_types
from casepack.deidentify.review import AddedBox, Decisions
from casepack.encoding import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, Encoding
from casepack.verify.conformance import check_iods
from casepack.verify.holdings import read_holdings
from tests.deidentify.pixels.images import tissue
from tests.deidentify.pixels.test_run import image, run

ORIGINAL = ["ORIGINAL", "PRIMARY", "T2", "NONE"]
DERIVED = ["DERIVED", "PRIMARY", "T2", "NONE"]
MR, CT = "MRImageFrameTypeSequence", "CTImageFrameTypeSequence"


def group(frame_type: list[str] | None = None, keyword: str = MR, place: int = 0) -> Dataset:
    """Return an Item of functional groups."""
    ds = Dataset()
    ds.PlanePositionSequence = [Dataset()]
    ds.PlanePositionSequence[0].ImagePositionPatient = [place, 0, 0]
    if frame_type is not None:
        macro = Dataset()
        macro.FrameType, macro.PixelPresentation = frame_type, "MONOCHROME"
        macro.VolumetricProperties, macro.VolumeBasedCalculationTechnique = "VOLUME", "NONE"
        macro.ComplexImageComponent, macro.AcquisitionContrast = "MAGNITUDE", "T2"
        setattr(ds, keyword, [macro])
    return ds


def encoded(groups: Iterable[Dataset], tag: int, how: Encoding) -> bytes:
    ds = Dataset()
    ds.add_new(tag, "SQ", list(groups))
    file = DicomBytesIO()
    file.is_implicit_VR, file.is_little_endian = how.implicit, how.little
    write_dataset(file, ds)
    return bytes(file.getvalue())


def decoded(sequence: bytes, tag: int, how: Encoding) -> list[Dataset]:
    ds = read_dataset(BytesIO(sequence), how.implicit, how.little)
    items: list[Dataset] = list(ds[tag].value)
    return items


@pytest.mark.parametrize("how", [EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG])
@pytest.mark.parametrize("keyword", [MR, CT])
@pytest.mark.parametrize(
    ("shared", "each", "touched", "image_type", "frame_types"),
    [
        (None, [ORIGINAL] * 3, {1}, b"MIXED", [ORIGINAL, DERIVED, ORIGINAL]),
        (None, [ORIGINAL] * 3, {0, 1, 2}, b"DERIVED", [DERIVED] * 3),
        (None, [DERIVED, ORIGINAL], {1}, b"DERIVED", [DERIVED] * 2),
        (None, [DERIVED, ORIGINAL], {0}, b"MIXED", [DERIVED, ORIGINAL]),
        (ORIGINAL, [None] * 3, {2}, b"MIXED", [ORIGINAL, ORIGINAL, DERIVED]),
        (ORIGINAL, [None] * 2, {0, 1}, b"DERIVED", None),
        (DERIVED, [None] * 2, {1}, b"DERIVED", None),
    ],
)
def test_what_was_covered_is_derived_and_nothing_else(
    how: Encoding,
    keyword: str,
    shared: list[str] | None,
    each: list[list[str] | None],
    touched: set[int],
    image_type: bytes,
    frame_types: list[list[str]] | None,
) -> None:
    common = group(shared, keyword, 77)
    groups = [group(one, keyword, place) for place, one in enumerate(each)]
    found = derive_frame_types(
        encoded([common], SHARED, how), encoded(groups, EACH_FRAME, how), touched, how
    )
    assert found.image == image_type
    frames = decoded(found.groups[EACH_FRAME], EACH_FRAME, how)
    if shared is not None:
        (common,) = decoded(found.groups[SHARED], SHARED, how)
        assert common.PlanePositionSequence[0].ImagePositionPatient == [77, 0, 0]
    if frame_types is None:
        assert list(common[keyword][0].FrameType) == DERIVED
        assert all(keyword not in one for one in frames)
    else:
        assert keyword not in common
        assert [list(one[keyword][0].FrameType) for one in frames] == frame_types
        assert all(one[keyword][0].PixelPresentation == "MONOCHROME" for one in frames)
    places = [one.PlanePositionSequence[0].ImagePositionPatient[0] for one in frames]
    assert places == list(range(len(each)))


def test_an_image_without_frame_types_is_derived_and_keeps_its_groups() -> None:
    groups = encoded([group(), group()], EACH_FRAME, EXPLICIT_LITTLE)
    for each in (None, groups):
        found = derive_frame_types(None, each, {0}, EXPLICIT_LITTLE)
        assert (found.image, found.groups) == (b"DERIVED", {})


def enhanced(first: str) -> Dataset:
    """Return an Enhanced MR image of three frames, with its Frame Type in the shared groups."""
    ds = image(1, SOPClassUID=EnhancedMRImageStorage, ImageType=[first, *ORIGINAL[1:]])
    ds.NumberOfFrames = 3
    ds.PixelData = np.stack([tissue(seed=number) for number in range(3)]).astype("<u2").tobytes()
    ds.SharedFunctionalGroupsSequence = [group([first, *ORIGINAL[1:]], place=9)]
    ds.PerFrameFunctionalGroupsSequence = [group(place=number) for number in range(3)]
    ds.PulseSequenceName, ds.EchoPulseSequence, ds.PhaseContrast = "SE", "SPIN", "NO"
    return ds


@pytest.mark.parametrize(
    ("first", "frame", "image_type", "frame_types"),
    [
        ("ORIGINAL", " frame 2", "MIXED", ["ORIGINAL", "DERIVED", "ORIGINAL"]),
        ("ORIGINAL", "", "DERIVED", []),
        ("DERIVED", " frame 2", "DERIVED", []),
    ],
)
def test_a_covered_enhanced_image_is_as_valid_as_its_original(
    tmp_path: Path, first: str, frame: str, image_type: str, frame_types: list[str]
) -> None:
    ds = enhanced(first)
    place = f"{ds.SOPInstanceUID}{frame}"
    added = AddedBox(place=place, line=2, pixels=(5, 5, 40, 20))
    decisions = Decisions(digest="0" * 64, file="a.csv", added=(added,))
    done, _ = run(tmp_path, [ds], decisions=decisions)
    (instance,) = done.instances
    new = pydicom.dcmread(instance.path)
    assert list(new.ImageType) == [image_type, *ORIGINAL[1:]]
    frames = new.PerFrameFunctionalGroupsSequence
    assert [one[MR][0].FrameType[0] for one in frames if MR in one] == frame_types
    if not frame_types:
        assert new.SharedFunctionalGroupsSequence[0][MR][0].FrameType[0] == "DERIVED"
    if shutil.which("dciodvfy") or os.environ.get("CI"):
        holdings = read_holdings(done.root).dicom
        originals = {str(EnhancedMRImageStorage): [tmp_path / "study" / "0000.dcm"]}
        assert list(check_iods(holdings, {}))
        assert list(check_iods(holdings, originals)) == []
