"""Drawings of other programs: what a person drew is where they drew it, to 1e-3 mm."""

from __future__ import annotations

import importlib
import json
import plistlib
from pathlib import Path
from typing import Any

import nrrd
import numpy as np
import pytest

from casepack.annotate.importers import read_drawings, select_drawing
from casepack.annotate.lesions import read_lesions
from casepack.errors import CaseError, ToolMissingError
from casepack.lesion import Extent
from casepack.model import Deidentified
from tests.annotate.drawings import ellipse, enhanced_study, lesion, outline
from tests.annotate.foreign import (
    CANARY,
    labelme,
    lesion_file,
    markups,
    measured,
    ras,
    slicer_file,
    structure_set,
    truth,
    write_nifti,
    write_nrrd,
)
from tests.annotate.test_masks import ball, grid_of
from tests.builders import deidentified

nibabel: Any = importlib.import_module("nibabel")  # its functions have no types


@pytest.fixture
def studies(tmp_path: Path) -> Deidentified:
    return deidentified(tmp_path / "studies", studies=1, series=2, slices=9)


@pytest.mark.parametrize(("system", "turn"), [("LPS", list), ("RAS", ras), (0, ras), (1, list)])
def test_slicer_curve_lies_where_it_was_drawn(studies, tmp_path, system, turn):
    path = markups(tmp_path / "C.mrk.json", system, turn(ellipse(4.0)), name="Tumour")
    (drawn,) = read_drawings(path)
    (found,) = measured(studies, drawn)
    assert np.allclose(found.measurements[0].polygon_mm, ellipse(4.0), rtol=0, atol=1e-3)
    assert found.measurements[0].sop_instance_uid.endswith(".1.1.3")
    assert drawn.label == "Tumour"
    assert drawn.tracking_id == "lesion-1"


def test_slicer_lines_are_distances_and_points_are_points(studies, tmp_path):
    path = markups(tmp_path / "L.mrk.json", "LPS", [(0, 0, 10), (0, 3, 14)], kind="Line")
    content = json.loads(path.read_text())
    content["markups"].append(
        {
            "type": "Fiducial",
            "coordinateSystem": "LPS",
            "controlPoints": [
                {"position": [0, 1, 1]},
                {"position": [0, 0, 0], "positionStatus": "missing"},
            ],
        }
    )
    path.write_text(json.dumps(content))
    (found,) = measured(studies, *read_drawings(path))
    line, point = found.calipers
    assert line.length_mm == pytest.approx(5)
    assert line.extent is Extent.LENGTH
    assert point.points_mm == ((0.0, 1.0, 1.0),)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"coordinateSystem": CANARY}, "neither LPS nor RAS"),
        ({"coordinateUnits": CANARY}, "not in mm"),
        ({"controlPoints": [{"position": [1, 2, CANARY]}]}, "what a drawing"),
        ({"controlPoints": [{"position": [1, 2, float("nan")]}]}, "what a drawing"),
        ({"controlPoints": CANARY}, "what a drawing"),
        ({"type": "Plane"}, "no region"),
    ],
)
def test_markups_that_cannot_be_used_are_explained(tmp_path, change, told):
    path = markups(tmp_path / "C.mrk.json", "LPS", ellipse(), **change)
    with pytest.raises(CaseError, match=told) as caught:
        read_drawings(path)
    assert CANARY not in str(caught.value)


def test_segmentation_of_slicer_itself_has_its_segments_and_terminology():
    found = read_drawings(slicer_file("SegmentationOverlapping.seg.nrrd"))
    values, _ = nrrd.read(str(slicer_file("SegmentationOverlapping.seg.nrrd")))
    assert [each.label for each in found] == [
        "ribs", "cervical vertebral column", "thoracic vertebral column",
        "lumbar vertebral column", "right lung", "left lung", "tissue", "overlapping sphere",
    ]  # fmt: skip
    counts = [sum(each.masks[0].values) // 255 for each in found]
    assert counts == [np.count_nonzero(values[0] == label) for label in range(1, 8)] + [
        np.count_nonzero(values[1] == 1)
    ]
    assert (found[2].finding.value, found[2].finding.scheme) == ("122495006", "SCT")
    assert found[7].finding.meaning == "Foreign body"
    chosen = select_drawing(found, "lumbar vertebral column", "x")
    assert chosen is found[3]
    assert select_drawing(found, "4", "x") is found[3]


@pytest.mark.parametrize("space", ["left-posterior-superior", "right-anterior-superior"])
def test_nrrd_labels_lie_where_they_were_drawn(studies, tmp_path, space):
    values, affine, expected = truth(studies)
    labels = np.where(values > 0, 7, 0).astype(np.int16)
    labels[0, 0, 0] = 3
    path = write_nrrd(tmp_path / "m.nrrd", labels, affine, space)
    drawn = read_drawings(path)
    assert [each.label for each in drawn] == ["Label 3", "Label 7"]
    found = measured(studies, drawn[1])[0]
    assert found.segments == expected.segments
    assert found.measurements == expected.measurements


def test_slicer_segment_is_coded_by_its_terminology(studies, tmp_path):
    values, affine, expected = truth(studies)
    entry = (
        "Segmentation.Status:completed|TerminologyEntry:Segmentation category and type"
        "~SCT^49755003^Morphologically Altered Structure~SCT^4147007^Mass~^^"
        "~Anatomic codes~SCT^2748008^Spinal cord~^^|"
    )
    header = {
        "Segment0_ID": "s", "Segment0_Name": "Cord mass", "Segment0_LabelValue": "255",
        "Segment0_Layer": "0", "Segment0_Tags": entry,
    }  # fmt: skip
    path = write_nrrd(tmp_path / "m.seg.nrrd", values, affine, "left-posterior-superior", **header)
    (drawn,) = read_drawings(path)
    assert (drawn.label, drawn.finding.value) == ("Cord mass", "4147007")
    assert [site.meaning for site in drawn.sites] == ["Spinal cord"]
    assert measured(studies, drawn)[0].segments == expected.segments


def test_nrrd_without_a_place_in_the_patient_is_refused(tmp_path):
    path = tmp_path / "m.nrrd"
    nrrd.write(str(path), np.ones((2, 2, 2), np.uint8))
    with pytest.raises(CaseError, match="how its axes lie"):
        read_drawings(path)
    path.write_bytes(b"NRRD0004\n" + CANARY.encode())
    with pytest.raises(CaseError, match="does not hold") as caught:
        read_drawings(path)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("order", ["", "RAS", "LPI", "SAR"])
@pytest.mark.parametrize("name", ["m.nii", "m.nii.gz"])
def test_nifti_labels_lie_where_they_were_drawn(studies, tmp_path, order, name):
    values, affine, expected = truth(studies)
    path = write_nifti(tmp_path / name, np.where(values > 0, 1, 0).astype(np.uint8), affine, order)
    (drawn,) = read_drawings(path)
    found = measured(studies, drawn)[0]
    assert found.segments == expected.segments
    assert found.measurements == expected.measurements


def test_nifti_of_oblique_frames_with_gaps_and_oblong_pixels(tmp_path):
    oblique = enhanced_study(tmp_path / "studies")
    affine, shape = grid_of(oblique)
    values = np.zeros(shape, np.uint8)
    values[1:4, 10:30, 20:50] = 1
    (drawn,) = read_drawings(write_nifti(tmp_path / "m.nii.gz", values, affine, "RAS"))
    (segment,) = measured(oblique, drawn)[0].segments
    assert segment.volume_ml == pytest.approx(3 * 20 * 30 * 0.8 * 0.5 * 3.6 / 1000)


def test_probabilities_stay_fractions(studies, tmp_path):
    _, affine, _ = truth(studies)
    _, shape = grid_of(studies)
    soft = np.zeros(shape, np.float32)
    soft[3:5, 10:20, 10:20] = 0.2
    soft[3:5, 12:18, 12:18] = 1
    (drawn,) = read_drawings(write_nifti(tmp_path / "p.nii", soft, affine))
    (segment,) = measured(studies, drawn)[0].segments
    assert segment.fractional
    assert segment.volume_ml == pytest.approx(2 * (36 + 0.2 * 64) * 16 / 1000)


def test_image_instead_of_labels_is_refused(studies, tmp_path):
    _, affine, _ = truth(studies)
    _, shape = grid_of(studies)
    picture = np.linspace(-100, 1000, int(np.prod(shape))).reshape(shape)
    with pytest.raises(CaseError, match="no labels"):
        read_drawings(write_nifti(tmp_path / "i.nii", picture, affine))
    empty = write_nifti(tmp_path / "e.nii", np.zeros(shape, np.uint8), affine)
    with pytest.raises(CaseError, match="no region"):
        read_drawings(empty)


def test_nifti_without_a_place_in_the_patient_is_refused(tmp_path):
    image = nibabel.Nifti1Image(np.ones((2, 2, 2), np.uint8), None)
    image.header["qform_code"] = image.header["sform_code"] = 0
    nibabel.save(image, tmp_path / "m.nii")
    with pytest.raises(CaseError, match="how it lies"):
        read_drawings(tmp_path / "m.nii")


@pytest.mark.parametrize(("library", "name"), [("nibabel", "m.nii.gz"), ("nrrd", "m.nrrd")])
def test_missing_library_is_named_with_what_installs_it(tmp_path, monkeypatch, library, name):
    monkeypatch.setitem(__import__("sys").modules, library, None)
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(ToolMissingError) as caught:
        read_drawings(tmp_path / name)
    assert "casepack[import]" in caught.value.advice


def test_labelme_polygon_lies_on_the_image_that_the_lesion_file_names(studies, tmp_path):
    expected = measured(studies, lesion(outline(ellipse(4.0)), evaluations=()))[0].measurements[0]
    points = [[column + 0.5, row + 0.5] for column, row in expected.polygon_px]
    labelme(tmp_path / "a.json", [{"label": "x", "points": points, "shape_type": "polygon"}])
    path = lesion_file(
        tmp_path / "l.json", file="a.json", time_point=1, series_number=1,
        image={"instance_number": 3},
    )  # fmt: skip
    (drawn,) = read_lesions(path)
    assert (drawn.tracking_id, drawn.label) == ("mine", "Mine")
    (found,) = measured(studies, drawn)[0].measurements
    assert np.allclose(found.polygon_mm, expected.polygon_mm, rtol=0, atol=1e-3)
    (alone,) = read_lesions(tmp_path / "a.json")
    with pytest.raises(CaseError, match="without the image"):
        measured(studies, alone)


def test_labelme_shapes(tmp_path):
    path = labelme(
        tmp_path / "a.json",
        [
            {"label": "x", "points": [[2.5, 3.5], [6.5, 9.5]], "shape_type": "rectangle"},
            {"label": "x", "points": [[10.5, 10.5], [14.5, 10.5]], "shape_type": "circle"},
            {"label": "x", "points": [[1, 1], [4, 5]], "shape_type": "line"},
            {"label": "x", "points": [[7.5, 7.5]], "shape_type": "point"},
        ],
    )
    (drawn,) = read_drawings(path)
    assert drawn.outlines[0].pixels == ((2.0, 3.0), (6.0, 3.0), (6.0, 9.0), (2.0, 9.0))
    radii = [np.hypot(x - 10, y - 10) for x, y in drawn.outlines[1].pixels]
    assert radii == pytest.approx([4.0] * len(radii))
    assert drawn.calipers[0].ends.pixels == ((0.5, 0.5), (3.5, 4.5))
    assert drawn.markers[0].pixels == ((7.0, 7.0),)


def test_horos_regions_lie_where_they_were_drawn(studies, tmp_path):
    def region(kind: int, points) -> dict[str, object]:
        return {
            "Name": "Mass", "Type": kind, "IndexInImage": 0, "NumberOfPoints": len(points),
            "Point_mm": [f"({x:.6f}, {y:.6f}, {z:.6f})" for x, y, z in points],
            "Point_px": ["(0.0, 0.0)"] * len(points),
        }  # fmt: skip

    content = {
        "Images": [
            {"ImageIndex": 2, "NumberOfROIs": 1, "ROIs": [region(11, ellipse(4.0))]},
            {"ImageIndex": 1, "NumberOfROIs": 1, "ROIs": [region(5, [(0, 0, 10), (0, 3, 14)])]},
        ]
    }
    (tmp_path / "r.xml").write_bytes(plistlib.dumps(content))
    (tmp_path / "r.json").write_text(json.dumps(content))
    for name in ("r.xml", "r.json"):
        (drawn,) = read_lesions(tmp_path / name)
        found = measured(studies, drawn)[0]
        assert np.allclose(found.measurements[0].polygon_mm, ellipse(4.0), rtol=0, atol=1e-3)
        assert found.calipers[0].length_mm == pytest.approx(5, abs=1e-3)
    (tmp_path / "r.xml").write_text(f"<plist>{CANARY}")
    with pytest.raises(CaseError, match="does not hold") as caught:
        read_drawings(tmp_path / "r.xml")
    assert CANARY not in str(caught.value)


def test_case_may_name_a_drawing_instead_of_a_lesion_file(studies, tmp_path):
    values, affine, expected = truth(studies)
    path = write_nifti(tmp_path / "m.nii.gz", (values > 0).astype(np.uint8), affine)
    (drawn,) = read_lesions(path)
    assert measured(studies, drawn)[0].segments == expected.segments
    (curve,) = read_lesions(markups(tmp_path / "C.mrk.json", "LPS", ellipse()))
    assert curve.outlines


def test_lesion_file_selects_resamples_and_takes_reference_regions(studies, tmp_path):
    affine, shape = grid_of(studies)
    fine = affine.copy()
    fine[:, :2] /= 2
    fine[:, 3] -= (affine[:, 0] + affine[:, 1]) / 4
    values = ball(fine, (shape[0], shape[1] * 2, shape[2] * 2), (8, 5, 1), 10.0)
    write_nifti(tmp_path / "fine.nii", (values > 0).astype(np.uint8), fine)
    path = lesion_file(tmp_path / "l.json", file="fine.nii", time_point=1, series_number=2)
    with pytest.raises(CaseError, match=r"off by .* voxels"):
        measured(studies, *read_lesions(path))
    lesion_file(
        tmp_path / "l.json", file="fine.nii", time_point=1, series_number=2, resample=True,
        select="1",
    )  # fmt: skip
    (found,) = measured(studies, *read_lesions(path))
    assert found.segments[0].series_instance_uid.endswith(".1.2")
    assert found.segments[0].volume_ml == pytest.approx(4.19, rel=0.06)
    lesion_file(tmp_path / "l.json", file="fine.nii", time_point=1, series_number=2, reference=True)
    with pytest.raises(CaseError, match="no outline for a reference"):
        read_lesions(path)


@pytest.mark.parametrize(
    ("drawing", "told"),
    [
        ({"file": "gone.nii"}, "is not there"),
        ({"file": "two.mrk.json"}, "2 regions, and none is named"),
        ({"file": "two.mrk.json", "select": CANARY}, "does not hold; there are 2"),
        ({"file": "x.doc"}, "no known form"),
        ({"file": "x.json"}, "what a drawing"),
        ({"file": "x.dcm"}, "what a drawing|holds no drawing"),
    ],
)
def test_drawing_that_cannot_be_taken_is_explained(tmp_path, drawing, told):
    content = json.loads(markups(tmp_path / "two.mrk.json", "LPS", ellipse()).read_text())
    content["markups"] *= 2
    (tmp_path / "two.mrk.json").write_text(json.dumps(content))
    (tmp_path / "x.doc").write_text("x")
    (tmp_path / "x.json").write_text("{}")
    (tmp_path / "x.dcm").write_bytes(b"\0" * 128 + b"DICM" + CANARY.encode())
    with pytest.raises(CaseError, match=told) as caught:
        read_lesions(lesion_file(tmp_path / "l.json", **drawing))
    assert CANARY not in str(caught.value)


def test_points_that_a_program_repeats_are_taken_once(studies, tmp_path):
    points = [point for point in ellipse(4.0) for _ in range(2)]
    points.append((4.0, points[0][1] + 1e-6, points[0][2]))
    new = "1.2.826.0.1.3680043.10.9999.1.0"
    for path in (
        markups(tmp_path / "C.mrk.json", "LPS", points),
        structure_set(tmp_path / "rt.dcm", [points], new),
    ):
        (found,) = measured(studies, *read_drawings(path))[0].measurements
        assert np.allclose(found.polygon_mm, ellipse(4.0), rtol=0, atol=1e-3)
