"""DICOM objects that hold drawings, old and new: where they were drawn, to 1e-3 mm."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import UID, Comprehensive3DSRStorage, ExplicitVRLittleEndian

from casepack.annotate.importers import read_drawings
from casepack.errors import CaseError
from casepack.lesion import Evaluation, Extent
from casepack.model import Deidentified
from tests.annotate.drawings import ellipse, lesion, outline
from tests.annotate.foreign import (
    coded,
    content_item,
    drawn_on,
    measured,
    rt_file,
    structure_set,
    write_nifti,
    written,
)
from tests.annotate.test_masks import ball, grid_of, mask_of, only_mask
from tests.annotate.test_receivers import installed, needs_dcmqi
from tests.annotate.test_validators import run
from tests.builders import deidentified


@pytest.fixture
def studies(tmp_path: Path) -> Deidentified:
    return deidentified(tmp_path / "studies", studies=1, series=2, slices=9)


@pytest.mark.parametrize("fractional", [False, True])
def test_dicom_segmentation_comes_back(studies, fractional):
    affine, shape = grid_of(studies)
    values = ball(affine, shape, (8, 5, 1), 10.0)
    if fractional:
        values[3, 20, 30] = 100
    drawn = only_mask(mask_of(values, affine, fractional=fractional))
    expected = measured(studies, drawn)[0]
    (again,) = read_drawings(written(studies, "SEG", drawn))
    assert again.label == drawn.label
    assert again.finding == drawn.finding
    assert again.sites == drawn.sites[:1]
    found = measured(studies, replace(again, tracking_id=drawn.tracking_id))[0]
    assert found.segments == expected.segments


def test_segmentation_of_the_original_study_is_carried_over(studies):
    affine, shape = grid_of(studies)
    drawn = only_mask(mask_of(ball(affine, shape, (8, 5, 1), 10.0), affine))
    expected = measured(studies, drawn)[0]
    path = written(studies, "SEG", drawn)
    ds = dcmread(path)
    new = ds.FrameOfReferenceUID
    ds.FrameOfReferenceUID = "1.2.3.99"
    ds.save_as(path)
    (again,) = read_drawings(path)
    with pytest.raises(CaseError, match="another Frame of Reference") as caught:
        measured(studies, again)
    assert "1.2.3.99" not in str(caught.value)
    assert measured(studies, again, uids={"1.2.3.99": new})[0].segments == expected.segments


def as_json(code: str, meaning: str, scheme: str = "SCT") -> dict[str, str]:
    return {"CodeValue": code, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning}


def made_by_dcmqi(folder: Path, studies: Deidentified, values: np.ndarray) -> Path:
    """A Segmentation that dcmqi itself wrote, from a NIfTI file; 3D Slicer exports with it."""
    series = studies.studies[0].series[0]
    label = {
        "labelID": 1,
        "SegmentLabel": "Nodule",
        "SegmentDescription": "Nodule",
        "SegmentAlgorithmType": "MANUAL",
        "SegmentedPropertyCategoryCodeSequence": as_json("49755003", "Abnormal structure"),
        "SegmentedPropertyTypeCodeSequence": as_json("4147007", "Mass"),
        "AnatomicRegionSequence": as_json("2748008", "Spinal cord"),
        "recommendedDisplayRGBValue": [255, 0, 0],
    }
    told = {
        "ContentCreatorName": "Reader^One",
        "SeriesDescription": "Segmentation",
        "SeriesNumber": "300",
        "InstanceNumber": "1",
        "ContentLabel": "LESION",
        "segmentAttributes": [[label]],
    }
    (folder / "seg.json").write_text(json.dumps(told))
    affine, _ = grid_of(studies)
    code, said = run(
        installed("itkimage2segimage"),
        *("--inputImageList", write_nifti(folder / "m.nii.gz", values, affine)),
        *("--inputDICOMList", ",".join(str(each.path) for each in series.instances)),
        *("--inputMetadata", folder / "seg.json", "--outputDICOM", folder / "seg.dcm"),
    )
    assert code == 0, said
    return folder / "seg.dcm"


@needs_dcmqi
def test_segmentation_of_dcmqi_itself_is_read_voxel_by_voxel(studies, tmp_path):
    affine, shape = grid_of(studies)
    values = (ball(affine, shape, (8, 5, 1), 10.0) > 0).astype(np.uint8)
    (drawn,) = read_drawings(made_by_dcmqi(tmp_path, studies, values))
    assert (drawn.label, drawn.finding.value) == ("Nodule", "4147007")
    assert [site.meaning for site in drawn.sites] == ["Spinal cord"]
    expected = measured(studies, only_mask(mask_of(values * 255, affine)))[0]
    assert measured(studies, drawn)[0].segments == expected.segments


@needs_dcmqi
def test_report_of_dcmqi_itself_leads_to_the_segmentation_it_refers_to(studies, tmp_path):
    affine, shape = grid_of(studies)
    values = (ball(affine, shape, (8, 5, 1), 10.0) > 0).astype(np.uint8)
    segmentation = made_by_dcmqi(tmp_path, studies, values)
    series = studies.studies[0].series[0]
    told = {
        "SeriesDescription": "Measurements",
        "SeriesNumber": "1001",
        "InstanceNumber": "1",
        "compositeContext": [segmentation.name],
        "imageLibrary": [str(each.path.relative_to(tmp_path)) for each in series.instances],
        "observerContext": {"ObserverType": "PERSON", "PersonObserverName": "Reader^One"},
        "VerificationFlag": "UNVERIFIED",
        "CompletionFlag": "COMPLETE",
        "activitySession": "1",
        "timePoint": "1",
        "Measurements": [
            {
                "TrackingIdentifier": "Nodule",
                "ReferencedSegment": 1,
                "SourceSeriesForImageSegmentation": series.series_instance_uid,
                "segmentationSOPInstanceUID": str(dcmread(segmentation).SOPInstanceUID),
                "Finding": as_json("4147007", "Mass"),
                "FindingSite": as_json("2748008", "Spinal cord"),
                "measurementItems": [
                    {
                        "value": "4.2",
                        "quantity": as_json("118565006", "Volume"),
                        "units": as_json("ml", "milliliter", "UCUM"),
                    }
                ],
            }
        ],
    }
    (tmp_path / "sr.json").write_text(json.dumps(told))
    code, said = run(
        installed("tid1500writer"),
        *("--inputImageLibraryDirectory", tmp_path, "--inputCompositeContextDirectory", tmp_path),
        *("--inputMetadata", tmp_path / "sr.json", "--outputDICOM", tmp_path / "sr.dcm"),
    )
    assert code == 0, said
    with pytest.raises(CaseError, match="no region") as caught:
        read_drawings(tmp_path / "sr.dcm")
    assert "name the DICOM Segmentation" in caught.value.advice


def test_report_comes_back_with_region_axes_codes_and_points(studies):
    drawn = lesion(outline(), outline(series_number=2), evaluations=())
    expected = measured(studies, drawn)[0]
    (again,) = read_drawings(written(studies, "SR", drawn))
    assert (again.label, again.finding) == ("lesion-1", drawn.finding)
    assert again.sites == drawn.sites
    found = measured(studies, again)[0]
    for one, other in zip(found.measurements, expected.measurements, strict=True):
        assert one.sop_instance_uid == other.sop_instance_uid
        assert np.allclose(one.polygon_mm, other.polygon_mm, rtol=0, atol=1e-3)
    assert [each.extent for each in found.calipers[:2]] == [Extent.LONG_AXIS, Extent.SHORT_AXIS]
    assert found.calipers[0].length_mm == pytest.approx(
        expected.measurements[0].long_axis_mm, abs=1e-3
    )


def test_report_of_the_original_study_is_carried_over_by_its_images(studies):
    path = written(studies, "SR", lesion(outline(), evaluations=()))
    ds = dcmread(path)
    old = {}
    for element in ds.iterall():
        if element.keyword == "ReferencedSOPInstanceUID":
            old[f"{element.value}.7"] = str(element.value)
            element.value = f"{element.value}.7"
    ds.save_as(path)
    (again,) = read_drawings(path)
    with pytest.raises(CaseError, match="do not hold"):
        measured(studies, again)
    assert measured(studies, again, uids=old)[0].measurements


def test_region_in_space_is_read_from_a_report(studies, tmp_path):
    points = np.array([*ellipse(4.0), ellipse(4.0)[0]])
    image = dcmread(studies.studies[0].series[0].instances[2].path)
    region = hd.sr.ImageRegion3D(
        graphic_type="POLYGON",
        graphic_data=points,
        frame_of_reference_uid=image.FrameOfReferenceUID,
    )
    group = hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid="2.25.5", identifier="ROI 1"),
        referenced_region=region,
        finding_type=codes.SCT.Mass,
    )
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(
            observer_device_context=hd.sr.ObserverContext(
                observer_type=codes.DCM.Device,
                observer_identifying_attributes=hd.sr.DeviceObserverIdentifyingAttributes("2.25.1"),
            )
        ),
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
        imaging_measurements=[group],
    )
    report = hd.sr.Comprehensive3DSR(
        evidence=[image], content=content, series_instance_uid="2.25.2", series_number=9,
        sop_instance_uid="2.25.3", instance_number=1,
    )  # fmt: skip
    report.save_as(tmp_path / "r.dcm")
    (drawn,) = read_drawings(tmp_path / "r.dcm")
    assert drawn.finding.meaning == "Mass"
    (found,) = measured(studies, drawn)[0].measurements
    assert np.allclose(found.polygon_mm, ellipse(4.0), rtol=0, atol=1e-3)


def test_presentation_state_comes_back_without_its_arrow(studies):
    drawn = lesion(outline(), evaluations=(), label="Œdème")
    expected = measured(studies, drawn)[0].measurements[0]
    (again,) = read_drawings(written(studies, "PR", drawn))
    assert again.label == "Œdème"
    (found,) = measured(studies, again)[0].measurements
    assert found.sop_instance_uid == expected.sop_instance_uid
    assert np.allclose(found.polygon_mm, expected.polygon_mm, rtol=0, atol=1e-3)


def test_circle_and_ellipse_of_a_presentation_state_are_outlines(studies):
    path = written(studies, "PR", lesion(outline(), evaluations=()))
    ds = dcmread(path)
    graphic = ds.GraphicAnnotationSequence[0].GraphicObjectSequence[0]
    for kind, data, axes in (
        ("CIRCLE", [24.5, 32.5, 29.5, 32.5], (20, 20)),
        ("ELLIPSE", [19.5, 32.5, 29.5, 32.5, 24.5, 29.5, 24.5, 35.5], (20, 12)),
    ):
        graphic.GraphicType, graphic.GraphicData = kind, data
        graphic.NumberOfGraphicPoints = len(data) // 2
        ds.save_as(path)
        (found,) = measured(studies, *read_drawings(path))[0].measurements
        assert (found.long_axis_mm, found.short_axis_mm) == pytest.approx(axes, rel=1e-2)


def test_structure_set_of_another_program_is_read(tmp_path):
    ds = dcmread(rt_file(), force=True)
    ds.save_as(tmp_path / "rt.dcm", enforce_file_format=True)
    drawn = read_drawings(tmp_path / "rt.dcm")
    contours = [
        len(each.get("ContourSequence", []))
        for each in ds.ROIContourSequence
        if each.ContourSequence[0].ContourGeometricType == "CLOSED_PLANAR"
    ]
    assert [len(each.outlines) for each in drawn] == contours


def test_structure_set_is_carried_over_by_its_frame_of_reference(studies, tmp_path):
    contours = [ellipse(x, half_axes=(10, 6), count=90) for x in (0.0, 4.0, 8.0)]
    path = structure_set(tmp_path / "rt.dcm", contours, "1.2.3.4.5")
    (drawn,) = read_drawings(path)
    assert drawn.label == "GTV"
    with pytest.raises(CaseError, match="another Frame of Reference"):
        measured(studies, drawn)
    new = "1.2.826.0.1.3680043.10.9999.1.0"
    found = measured(studies, drawn, uids={"1.2.3.4.5": new})[0]
    for one, points in zip(found.measurements, contours, strict=True):
        assert np.allclose(one.polygon_mm, points, rtol=0, atol=1e-3)
    (segment,) = found.segments
    assert segment.volume_ml == pytest.approx(3 * np.pi * 60 * 4 / 1000, rel=0.03)


FRAME = "1.2.826.0.1.3680043.10.9999.1.0"


def as_xor(path):
    ds = dcmread(path)
    for each in ds.ROIContourSequence[0].ContourSequence:
        each.ContourGeometricType = "CLOSEDPLANAR_XOR"
    ds.save_as(path)


def as_keyhole(path):
    """Join the inner contour to the outer one by a channel of no width."""
    ds = dcmread(path)
    outer, inner = ds.ROIContourSequence[0].ContourSequence
    rings = [np.array(each.ContourData).reshape(-1, 3) for each in (outer, inner)]
    joined = np.concatenate([rings[0], rings[0][:1], rings[1], rings[1][:1]])
    outer.ContourData = [float(value) for value in joined.round(6).ravel()]
    outer.NumberOfContourPoints = len(joined)
    ds.ROIContourSequence[0].ContourSequence = [outer]
    ds.save_as(path)


@pytest.mark.parametrize("change", [lambda _path: None, as_xor, as_keyhole])
def test_hole_in_a_structure_set_stays_a_hole(studies, tmp_path, change):
    inner = ellipse(0.0, half_axes=(6, 4), count=90)
    outer = ellipse(0.0, half_axes=(20, 12), count=90)
    path = structure_set(tmp_path / "rt.dcm", [outer, inner], FRAME)
    change(path)
    (drawn,) = read_drawings(path)
    found = measured(studies, drawn)[0]
    (segment,) = found.segments
    (frame,) = [each for each in segment.frames if np.frombuffer(each.values, np.uint8).any()]
    filled = np.count_nonzero(np.frombuffer(frame.values, np.uint8))
    pixel = 2.0 * 2.0
    assert filled * pixel == pytest.approx(np.pi * (20 * 12 - 6 * 4), rel=0.04)
    (measurement,) = found.measurements
    assert measurement.long_axis_mm == pytest.approx(40, abs=2.5)


def voxels(studies, path) -> int:
    (drawn,) = read_drawings(path)
    (segment,) = measured(studies, drawn)[0].segments
    frames = (np.frombuffer(each.values, np.uint8) for each in segment.frames)
    return sum(int(np.count_nonzero(frame)) for frame in frames)


def test_an_island_in_a_hole_is_part_of_the_region(studies, tmp_path):
    rings = [ellipse(0.0, half_axes=axes, count=90) for axes in ((20, 16), (14, 12), (6, 5))]
    alone = [
        voxels(studies, structure_set(tmp_path / f"{number}.dcm", [ring], FRAME))
        for number, ring in enumerate(rings)
    ]
    together = voxels(studies, structure_set(tmp_path / "rt.dcm", rings, FRAME))
    assert together == alone[0] - alone[1] + alone[2]


def test_contours_beside_each_other_are_outlines(studies, tmp_path):
    apart = ellipse(0.0, centre=(-30.0, 1.0), half_axes=(3, 2))
    (drawn,) = read_drawings(structure_set(tmp_path / "rt.dcm", [ellipse(0.0), apart], FRAME))
    assert not any(each.even_odd for each in drawn.outlines)
    assert len(measured(studies, drawn)[0].measurements) == 2


def test_a_region_with_a_hole_is_written_and_agrees_in_all_forms(studies, tmp_path):
    inner = ellipse(0.0, half_axes=(6, 4), count=90)
    outer = ellipse(0.0, half_axes=(20, 12), count=90)
    (drawn,) = read_drawings(structure_set(tmp_path / "rt.dcm", [outer, inner], FRAME))
    (again,) = read_drawings(written(studies, "SEG", drawn))
    (mask,) = again.masks
    assert np.count_nonzero(np.frombuffer(mask.values, np.uint8)) * 4.0 == pytest.approx(
        np.pi * (20 * 12 - 6 * 4), rel=0.04
    )


Triple = tuple[str, str, str]


def qualitative(concept: Triple, value: Triple, relationship: str = "CONTAINS") -> Dataset:
    ds = Dataset()
    ds.RelationshipType, ds.ValueType = relationship, "CODE"
    for keyword, (code, scheme, meaning) in (
        ("ConceptNameCodeSequence", concept),
        ("ConceptCodeSequence", value),
    ):
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code, scheme, meaning
        setattr(ds, keyword, [item])
    return ds


def test_qualitative_findings_of_a_report_are_taken_with_their_time_point(tmp_path):
    studies = deidentified(tmp_path)
    drawn = lesion(outline(time_point=2), evaluations=())
    path = written(studies, "SR", drawn, study=1)
    ds = dcmread(path)
    group = next(
        each
        for container in ds.ContentSequence
        for each in container.get("ContentSequence", [])
        if each.ConceptNameCodeSequence[0].CodeValue == "125007"
    )
    t1 = ("110804", "DCM", "T1 Weighted MR Signal Intensity")
    dark = ("RID35804", "RADLEX", "Hypointense")
    group.ContentSequence += [
        qualitative(t1, dark),
        qualitative(t1, dark),  # said twice
        qualitative(("110805", "DCM", "T2"), ("x", "99HOSP", "as Dr. Smithers said")),
        qualitative(("FREETEXT", "CORNERSTONEJS", "note"), dark),
        qualitative(("370129005", "SCT", "Method"), dark, "HAS CONCEPT MOD"),
    ]
    ds.save_as(path)
    (again,) = read_drawings(path)
    assert [(one.concept.value, one.value.meaning) for one in again.remarks] == [
        ("110804", "Hypointense")
    ]
    (found,) = measured(studies, again)
    (evaluation,) = found.lesion.evaluations
    assert (evaluation.time_point, evaluation.concept.value) == (2, "110804")
    assert found.lesion.remarks == ()


def test_what_the_lesion_file_says_comes_before_a_report(studies):
    path = written(studies, "SR", lesion(outline()))
    (again,) = read_drawings(path)
    assert [one.concept.value for one in again.remarks] == ["110804"]
    own = replace(again.remarks[0].value, value="RID35805", meaning="Isointense")
    said = Evaluation(time_point=1, concept=again.remarks[0].concept, value=own)
    (found,) = measured(studies, replace(again, evaluations=(said,)))
    assert found.lesion.evaluations == (said,)


def test_report_in_the_form_of_dcmjs_is_read(studies, tmp_path):
    """As OHIF saves it: graphics below each number, in one group a tool, some codes retired SRT."""
    expected = measured(studies, lesion(outline(), evaluations=()))[0].measurements[0]
    uid = expected.sop_instance_uid
    ring = [
        value + 0.5 for pixel in (*expected.polygon_px, expected.polygon_px[0]) for value in pixel
    ]
    line = [value + 0.5 for pixel in expected.long_axis_px for value in pixel]
    tracking = (
        content_item("TEXT", coded("112039", "DCM", "Tracking Identifier"),
                     TextValue="Cornerstone3DTools@^0.1.0:PlanarFreehandROI"),
        content_item("CODE", coded("121071", "DCM", "Finding"),
                     ConceptCodeSequence=[coded("4147007", "SCT", "Mass")]),
        content_item("CODE", coded("G-C0E3", "SRT", "Finding Site"),
                     ConceptCodeSequence=[coded("T-A7010", "SRT", "Spinal cord")]),
    )  # fmt: skip
    numbers = [
        content_item("NUM", coded("42798000", "SCT", "Area"), drawn_on(uid, "POLYLINE", ring)),
        content_item(
            "NUM", coded("131191004", "SCT", "Perimeter"), drawn_on(uid, "POLYLINE", ring)
        ),
        content_item("NUM", coded("G-A185", "SRT", "Long Axis"), drawn_on(uid, "POLYLINE", line)),
    ]
    group = coded("125007", "DCM", "Measurement Group")
    unique = content_item("UIDREF", coded("112040", "DCM", "Tracking UID"), UID="2.25.8")
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = Comprehensive3DSRStorage
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = UID("2.25.9")
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.ContentSequence = [
        content_item(
            "CONTAINER", coded("126010", "DCM", "Imaging Measurements"),
            content_item("CONTAINER", group, unique, *tracking, *numbers),
        )
    ]  # fmt: skip
    ds.save_as(tmp_path / "ohif.dcm", enforce_file_format=True)
    (drawn,) = read_drawings(tmp_path / "ohif.dcm")
    assert (drawn.finding.meaning, [site.meaning for site in drawn.sites]) == (
        "Mass",
        ["Spinal cord"],
    )
    found = measured(studies, drawn)[0]
    (one,) = found.measurements
    assert np.allclose(one.polygon_mm, expected.polygon_mm, rtol=0, atol=1e-3)
    (caliper,) = found.calipers
    assert caliper.extent is Extent.LONG_AXIS
    assert caliper.length_mm == pytest.approx(expected.long_axis_mm, abs=1e-3)
