"""What a header says about where an image lies, and whether the head can be in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from casepack.deidentify.pixels.head import Depicted, read_depicted
from casepack.part_ten import open_part_ten
from tests.deidentify.pixels.head_phantom import plane_points, write_series


def depicted(path: Path) -> Depicted:
    with open_part_ten(path) as file:
        return read_depicted(file)


def called(tmp_path: Path, series: str, study: str = "", **attributes: object) -> Depicted:
    """An image with these descriptions."""
    (path,) = write_series(
        tmp_path, "sagittal", number=1, offsets=(0,), spacing=40,
        attributes={"SeriesDescription": series, "StudyDescription": study, **attributes},
    )  # fmt: skip
    return depicted(path)


@pytest.mark.parametrize(
    "series",
    [
        "t2_tse_sag_lspine", "SAG T1 L-SPINE", "LWS sag", "Lumbar", "Wirbelsaeule lumbal",
        "columna lombar", "L SPINE STIR", "sacrum cor", "ISG", "SI JOINTS", "LS SPINE AX",
    ],
)  # fmt: skip
def test_series_of_the_lumbar_spine_are_known_by_their_words(tmp_path: Path, series: str) -> None:
    assert called(tmp_path, series).low


@pytest.mark.parametrize(
    ("series", "study"),
    [
        ("t2_tse_sag", ""),
        ("t2_tse_sag_cspine", ""),
        ("LWS sag", "HWS und LWS"),
        ("lumbar", "MR Total Spine"),
        ("T_L_spine thoracic lumbar", ""),
        ("GWS sag", "LWS"),
        ("localizer", "LUMBAR"),
        ("pulse", "lspine"),
        ("SAG LS", "BRAIN"),
    ],
)
def test_series_that_may_reach_higher_are_not_taken_for_lumbar(
    tmp_path: Path, series: str, study: str
) -> None:
    assert not called(tmp_path, series, study).low


def test_body_part_and_coded_region_count_as_words_of_the_series(tmp_path: Path) -> None:
    region = Dataset()
    region.CodeValue, region.CodingSchemeDesignator = "122496007", "SCT"
    region.CodeMeaning = "Lumbar spine"

    assert called(tmp_path, "t2", BodyPartExamined="LSPINE").low
    assert called(tmp_path, "t2", AnatomicRegionSequence=[region]).low
    assert not called(tmp_path, "t2", BodyPartExamined="HEAD", AnatomicRegionSequence=[region]).low


@pytest.mark.parametrize(
    ("attributes", "height"),
    [
        ({"PatientSize": "1.72"}, 1.72),
        ({"PatientSize": "172", "PatientAge": "030Y"}, 1.5),
        ({"PatientAge": "004Y"}, 0.9),
        ({"PatientAge": "006M"}, 0.7),
        ({"PatientAge": "040W"}, 0.7),
        ({"PatientAge": ""}, 1.5),
    ],
)
def test_the_height_is_that_given_or_the_least_of_the_age(
    tmp_path: Path, attributes: dict[str, str], height: float
) -> None:
    assert called(tmp_path, "t2", **attributes).height == height


def test_planes_of_a_single_frame_are_those_of_its_header(tmp_path: Path) -> None:
    (path,) = write_series(tmp_path, "axial", number=1, offsets=(30,), turn=5)

    (plane,) = depicted(path).planes

    np.testing.assert_allclose(plane.points(), plane_points(pydicom.dcmread(path)), atol=1e-4)
    assert plane.reach(2) == pytest.approx(1.5)
    assert depicted(path).highest - depicted(path).lowest == pytest.approx(3)


def multiframe(path: Path, *, shared_position: bool = False) -> Path:
    """Make a single-frame image one of two frames, 10 mm apart, with functional groups."""
    ds = pydicom.dcmread(path)
    orientation, measures = Dataset(), Dataset()
    orientation.ImageOrientationPatient = ds.ImageOrientationPatient
    measures.PixelSpacing, measures.SliceThickness = ds.PixelSpacing, ds.SliceThickness
    shared = Dataset()
    shared.PlaneOrientationSequence = [orientation]
    shared.PixelMeasuresSequence = [measures]
    each = []
    for offset in (0, 10):
        position, item = Dataset(), Dataset()
        x, y, z = ds.ImagePositionPatient
        position.ImagePositionPatient = [x, y, float(z) + offset]
        item.PlanePositionSequence = [position]
        each.append(item)
    ds.SharedFunctionalGroupsSequence = [shared]
    ds.PerFrameFunctionalGroupsSequence = each
    ds.NumberOfFrames = 2
    ds.PixelData *= 2
    del ds.ImageOrientationPatient, ds.PixelSpacing, ds.SliceThickness
    if not shared_position:
        del ds.ImagePositionPatient
    else:
        ds.PerFrameFunctionalGroupsSequence = [Dataset(), Dataset()]
    ds.save_as(path)
    return path


def test_planes_of_a_multiframe_image_come_from_its_functional_groups(tmp_path: Path) -> None:
    (path,) = write_series(tmp_path, "axial", number=1, offsets=(0,))
    (single,) = depicted(path).planes

    first, second = depicted(multiframe(path)).planes

    assert first == single
    assert second.position[2] - first.position[2] == pytest.approx(10)


def test_one_position_for_several_frames_is_none(tmp_path: Path) -> None:
    (path,) = write_series(tmp_path, "axial", number=1, offsets=(0,))

    assert depicted(multiframe(path, shared_position=True)).planes == ()


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("ImageOrientationPatient", [1, 0, 0, 1, 0, 0]),
        ("ImageOrientationPatient", [2, 0, 0, 0, 1, 0]),
        ("PixelSpacing", [0, 1]),
        ("ImagePositionPatient", [1, 2]),
    ],
)
def test_a_plane_that_cannot_be_is_none(tmp_path: Path, keyword: str, value: list[float]) -> None:
    (path,) = write_series(tmp_path, "axial", number=1, offsets=(0,), spacing=40, attributes={})
    ds = pydicom.dcmread(path)
    ds[keyword].value = value
    ds.save_as(path)

    assert depicted(path).planes == ()
