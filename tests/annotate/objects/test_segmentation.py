"""Segmentations, presentation states, teaching-file text, responses, agreement: read back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from casepack.annotate.agreement import compare_forms
from casepack.annotate.annotation import annotate
from casepack.annotate.measure import measure_lesions
from casepack.annotate.objects import segmentation
from casepack.case import Case
from casepack.errors import CaseError, VerificationError
from casepack.lesion import Caliper, Evaluation, Extent, Lesion, MeasuredLesion, Outline, Segment
from casepack.model import Deidentified, Finding
from tests.annotate.drawings import (
    HYPOINTENSE,
    T1_SIGNAL,
    ellipse,
    enhanced_study,
    lesion,
    outline,
)
from tests.annotate.reading import content_of, objects, walk
from tests.annotate.test_masks import ball, grid_of, mask_of, only_mask
from tests.builders import deidentified


def made(
    studies: Deidentified, *lesions: Lesion, **options: object
) -> tuple[Deidentified, tuple[MeasuredLesion, ...]]:
    measured = measure_lesions(studies, lesions)
    result = annotate(studies, measured, title="T", software_version="0.1.0", **options)  # type: ignore[arg-type]
    return result, measured


def segmentations(result: Deidentified) -> list[hd.seg.Segmentation]:
    return [
        hd.seg.segread(instance.path)
        for study in result.studies
        for series in study.series
        if series.modality == "SEG"
        for instance in series.instances
    ]


@pytest.fixture
def studies(tmp_path: Path) -> Deidentified:
    return deidentified(tmp_path, studies=2, series=2, slices=9)


def masked(studies: Deidentified, **changes: object) -> Lesion:
    affine, shape = grid_of(studies)
    return only_mask(mask_of(ball(affine, shape, (8, 5, 1), 10.0), affine, **changes))


def test_segmentation_gives_back_the_mask(studies):
    drawn = masked(studies)
    result, (measured,) = made(studies, drawn)
    (seg,) = segmentations(result)
    affine, shape = grid_of(studies)
    values = ball(affine, shape, (8, 5, 1), 10.0)
    kept = [number for number in range(shape[0]) if values[number].any()]
    instances = studies.studies[0].series[0].instances
    pixels = seg.get_pixels_by_source_instance(
        [instances[number].sop_instance_uid for number in kept], combine_segments=True
    )
    assert (pixels == (values[kept] > 0)).all()
    assert seg.NumberOfFrames == len(kept)
    assert seg.SegmentationType == "BINARY"
    description = seg.get_segment_description(1)
    assert description.tracking_uid == measured.tracking_uid
    assert description.tracking_id == "lesion-1"
    assert description.segmented_property_type == codes.SCT.Metastasis
    assert description.segmented_property_category == codes.SCT.MorphologicallyAbnormalStructure
    assert [each.meaning for each in description.anatomic_regions] == ["Spinal cord"]
    assert seg.FrameOfReferenceUID == "1.2.826.0.1.3680043.10.9999.1.0"


def test_fractional_mask_becomes_a_fractional_segmentation(studies):
    affine, shape = grid_of(studies)
    values = np.zeros(shape, np.uint8)
    values[3:5, 10:20, 10:20] = 51
    values[3:5, 12:18, 12:18] = 255
    result, _ = made(studies, only_mask(mask_of(values, affine, fractional=True)))
    (seg,) = segmentations(result)
    assert (seg.SegmentationType, seg.SegmentationFractionalType) == ("FRACTIONAL", "OCCUPANCY")
    assert seg.MaximumFractionalValue == 255
    assert (seg.pixel_array == values[3:5]).all()


def test_outline_becomes_the_pixels_whose_centres_it_holds(studies):
    result, _ = made(studies, lesion(outline(), evaluations=()))
    (seg,) = segmentations(result)
    columns, rows = np.meshgrid(np.arange(48), np.arange(64))
    y, z = columns * 2.0 - 48, 64 - rows * 2.0
    expected = ((y - 5) / 10) ** 2 + ((z - 1) / 6) ** 2 < 1
    assert np.count_nonzero(seg.pixel_array != expected) <= 4  # a polygon is a little smaller


def test_volumetric_group_refers_to_the_segmentation_and_its_source(studies):
    result, (measured,) = made(studies, masked(studies))
    (seg,) = segmentations(result)
    (group,) = content_of(result).get_volumetric_roi_measurement_groups()
    (volume,) = group.get_measurements(codes.SCT.Volume)
    assert volume.value == pytest.approx(measured.segments[0].volume_ml)
    assert volume.unit.value == "ml"
    for name, method, value in (
        (codes.DCM.Height, "CRANIOCAUDAL", measured.segments[0].craniocaudal_mm),
        (codes.SCT.Depth, "ANTEROPOSTERIOR", measured.segments[0].anteroposterior_mm),
        (codes.SCT.Width, "TRANSVERSE", measured.segments[0].transverse_mm),
    ):
        (extent,) = group.get_measurements(name)
        assert extent.value == pytest.approx(value)
        assert extent.method is not None
        assert extent.method.value == method
    assert group.referenced_segment is not None
    assert group.referenced_segment.referenced_sop_instance_uid == seg.SOPInstanceUID
    assert group.tracking_uid == measured.tracking_uid
    (report,) = objects(result, "SR")
    listed = {
        each.ReferencedSOPInstanceUID
        for study in report.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for each in series.ReferencedSOPSequence
    }
    assert seg.SOPInstanceUID in listed


def graphics(ds: Dataset) -> list[tuple[str, np.ndarray]]:
    return [
        (graphic.GraphicType, np.array(graphic.GraphicData, float).reshape(-1, 2))
        for annotation in ds.GraphicAnnotationSequence
        for graphic in annotation.get("GraphicObjectSequence", [])
    ]


def test_presentation_state_has_outline_label_and_arrow(studies):
    result, (measured,) = made(studies, lesion(outline(), evaluations=(), label="Œdème, 脊髄"))
    (ds,) = objects(result, "PR")
    (annotation,) = ds.GraphicAnnotationSequence
    (image,) = annotation.ReferencedImageSequence
    truth = measured.measurements[0]
    assert image.ReferencedSOPInstanceUID == truth.sop_instance_uid
    assert "ReferencedFrameNumber" not in image
    (kind, drawn), (arrow_kind, arrow) = graphics(ds)
    assert kind == arrow_kind == "POLYLINE"
    assert drawn[0].tolist() == drawn[-1].tolist()
    assert drawn[:-1] - 0.5 == pytest.approx(np.array(truth.polygon_px), abs=1e-3)
    tip = arrow[1]
    assert np.hypot(*(drawn - tip).T).min() < 1e-3
    assert (arrow >= 0).all()
    assert (arrow <= [48, 64]).all()
    (text,) = annotation.TextObjectSequence
    assert text.UnformattedTextValue == "Œdème, 脊髄"
    assert list(text.AnchorPoint) == pytest.approx(arrow[0])
    assert text.AnchorPointVisibility == "N"
    assert ds.SpecificCharacterSet == "ISO_IR 192"
    assert ds.PresentationCreationDate == "20240108"


def test_presentation_state_of_each_series_and_of_frames(tmp_path):
    studies = deidentified(tmp_path / "a")
    result, _ = made(studies, lesion(outline(), outline(series_number=2), evaluations=()))
    assert len(objects(result, "PR")) == 2
    enhanced = enhanced_study(tmp_path / "b")
    affine, shape = grid_of(enhanced)
    values = np.zeros(shape, np.uint8)
    values[1:4, 10:30, 20:50] = 255
    result, _ = made(enhanced, only_mask(mask_of(values, affine, series_number=7)))
    (ds,) = objects(result, "PR")
    (image,) = ds.GraphicAnnotationSequence[0].ReferencedImageSequence
    assert image.ReferencedFrameNumber == 2
    (seg,) = segmentations(result)
    assert (seg.pixel_array == (values[1:4] > 0)).all()


def test_calipers_and_points_stand_in_report_and_presentation_state(studies):
    ends = Outline(time_point=1, series_number=1, points=((0.0, 0.0, 10.0), (0.0, 3.0, 14.0)))
    point = replace(ends, points=((0.0, 1.0, 1.0),))
    drawn = lesion(
        outline(),
        evaluations=(),
        calipers=(Caliper(extent=Extent.CRANIOCAUDAL, ends=ends),),
        markers=(point,),
    )
    result, _ = made(studies, drawn)
    groups = content_of(result).get_image_measurement_groups()
    (distance,) = [each for group in groups for each in group.get_measurements(codes.DCM.Distance)]
    assert distance.value == pytest.approx(5.0)
    assert distance.method is not None
    assert distance.method.value == "CRANIOCAUDAL"
    points = [
        group.roi
        for group in content_of(result).get_planar_roi_measurement_groups()
        if group.roi is not None and group.roi.graphic_type.value == "POINT"
    ]
    assert points[0].value.tolist() == [[25.0, 32.0]]
    kinds = [kind for kind, _ in graphics(objects(result, "PR")[0])]
    assert sorted(kinds) == ["POINT", "POLYLINE", "POLYLINE", "POLYLINE"]


def coded(ds: Dataset) -> set[tuple[str, str]]:
    return {
        (item.ConceptNameCodeSequence[0].CodeValue, item.ConceptCodeSequence[0].CodeValue)
        for element in walk(ds)
        if element.keyword == "ContentSequence"
        for item in element.value
        if item.get("ValueType") == "CODE"
    }


def test_response_at_follow_up_is_reported(studies):
    drawn = lesion(outline(), outline(ellipse(half_axes=(6, 3)), time_point=2), evaluations=())
    result, _ = made(studies, drawn)
    first, second = objects(result, "SR")
    assert ("112048", "112042") in coded(second)
    assert not [value for name, value in coded(first) if name == "112048"]
    percents = {
        each.name.value: each.value
        for group in content_of(result, 1).get_image_measurement_groups()
        for each in group.get_measurements()
        if each.unit.value == "%"
    }
    assert percents == {"LONG_AXIS_CHANGE": -40.0, "PRODUCT_CHANGE": -70.0}


def test_lesion_that_is_gone_is_reported_without_an_outline(studies):
    gone = Evaluation(time_point=2, concept=T1_SIGNAL, value=HYPOINTENSE)
    drawn = lesion(outline(), evaluations=(gone,), absent=(2,))
    result, _ = made(studies, drawn)
    second = result.studies[1]
    assert [series.modality for series in second.series] == ["MR", "MR", "SR"]
    ds = objects(result, "SR")[1]
    assert {("121052", "272519000"), ("110804", "RID35804"), ("112048", "112041")} <= coded(ds)
    assert "GraphicData" not in {element.keyword for element in walk(ds)}


def test_teaching_file_information_is_flat_and_complete(studies):
    case = Case(
        id="c", title="T", clinical_history="Weakness\nof both legs", keywords=("cord", "MR"),
        imaging_findings="Œdème", level="advanced",
        authors=({"family": "Roe", "given": "Jo", "affiliation": "Somewhere"},),
    )  # fmt: skip
    result, _ = made(studies, lesion(outline(), evaluations=()), case=case, export="mirc")
    (ds,) = [each for each in objects(result, "SR") if each.SOPClassUID.endswith("88.11")]
    title = ds.ConceptNameCodeSequence[0]
    assert (title.CodeValue, title.CodingSchemeDesignator) == ("TCE006", "IHERADTF")
    said = {
        item.ConceptNameCodeSequence[0].CodeValue: item.get("TextValue")
        for item in ds.ContentSequence
        if item.RelationshipType == "CONTAINS"
    }
    assert said["TCE101"] == "Jo Roe"
    assert said["TCE102"] == "Somewhere"
    assert said["TCE105"] == "cord, MR"
    assert said["121060"] == "Weakness\nof both legs"
    assert said["121071"] == "Œdème"
    assert ("128724", "128727") in coded(ds)
    assert all("ContentSequence" not in item for item in ds.ContentSequence)
    (keys,) = objects(result, "KO")
    composite = [item for item in keys.ContentSequence if item.ValueType == "COMPOSITE"]
    assert composite[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == ds.SOPInstanceUID


def test_case_without_text_gives_no_teaching_file_information(studies):
    case = Case(id="c", title="T")
    result, _ = made(studies, lesion(outline(), evaluations=()), case=case)
    assert len(objects(result, "SR")) == 1


def test_edited_mask_is_another_instance(studies, tmp_path):
    one, _ = made(studies, masked(studies))
    again = deidentified(tmp_path / "again", studies=2, series=2, slices=9)
    affine, shape = grid_of(again)
    values = ball(affine, shape, (8, 5, 1), 10.0)
    values[4, 20, 30] ^= 255
    other, _ = made(again, only_mask(mask_of(values, affine)))
    for old, new in zip(objects(one), objects(other), strict=True):
        assert old.SOPInstanceUID != new.SOPInstanceUID


def test_segment_of_another_study_is_refused(studies, tmp_path):
    measured = measure_lesions(studies, [masked(studies)])
    other = enhanced_study(tmp_path / "other")
    with pytest.raises(CaseError, match="not measured on these studies"):
        annotate(other, measured, title="", software_version="0")


def test_all_forms_agree(studies):
    ends = outline(ellipse(half_axes=(12, 5)), series_number=2)
    drawn = replace(masked(studies), outlines=(ends,))
    result, measured = made(studies, drawn, lesion(tracking_id="b"))
    assert compare_forms(result, measured) == ()


def test_oblique_frames_agree(tmp_path):
    studies = enhanced_study(tmp_path)
    affine, shape = grid_of(studies)
    values = np.zeros(shape, np.uint8)
    values[1:4, 10:30, 20:50] = 200
    mask = mask_of(values, affine, series_number=7, fractional=True)
    assert compare_forms(*made(studies, only_mask(mask))) == ()


def codes_found(result, measured) -> set[str]:
    return {finding.code for finding in compare_forms(result, measured)}


def test_disagreement_is_found(studies):
    result, (measured,) = made(studies, masked(studies))
    segment, one = measured.segments[0], measured.measurements[0]
    volume = replace(measured, segments=(replace(segment, volume_ml=99.0),))
    assert codes_found(result, [volume]) == {"segmentation-volume", "report-differs"}
    longer = replace(measured, measurements=(replace(one, long_axis_mm=40.0),))
    assert codes_found(result, [longer]) == {"segmentation-axes", "report-differs"}
    fewer = replace(measured, segments=(replace(segment, frames=segment.frames[1:]),))
    assert codes_found(result, [fewer]) == {"segmentation-differs"}
    other = replace(measured, tracking_uid="2.25.1")
    assert codes_found(result, [other]) == {"segmentation-missing", "report-differs"}


def test_objects_that_contradict_the_model_are_not_passed_on(studies, monkeypatch):
    measured = measure_lesions(studies, [masked(studies)])

    def displaced(segment: Segment, headers: list[Dataset]) -> np.ndarray:
        return np.roll(pixels(segment, headers), 1, axis=1)

    monkeypatch.setattr(segmentation, "_pixel_array", displaced)
    with pytest.raises(VerificationError) as caught:
        annotate(studies, measured, title="T", software_version="0")
    found = {finding.code for finding in caught.value.findings if isinstance(finding, Finding)}
    assert found == {"segmentation-differs"}


pixels = segmentation._pixel_array


def test_flipped_bit_of_a_segmentation_is_found(studies):
    result, measured = made(studies, masked(studies))
    path = next(series for series in result.studies[0].series if series.modality == "SEG")
    ds = dcmread(path.instances[0].path)
    content = bytearray(ds.PixelData)
    content[40] ^= 1
    ds.PixelData = bytes(content)
    ds.save_as(path.instances[0].path)
    assert codes_found(result, measured) >= {"segmentation-differs"}


def test_receivers_find_what_they_document(studies):
    """3D Slicer (segment numbers) and OHIF (TID 1500 root, tracking, closed polylines)."""
    ends = outline(ellipse(half_axes=(12, 5)), series_number=2)
    result, (measured,) = made(studies, replace(masked(studies), outlines=(ends,)))
    for seg in segmentations(result):
        assert [each.SegmentNumber for each in seg.SegmentSequence] == [1]
        assert {each.TrackingUID for each in seg.SegmentSequence} == {measured.tracking_uid}
    (report,) = objects(result, "SR")
    root = report.ConceptNameCodeSequence[0]
    assert (root.CodeValue, root.CodingSchemeDesignator) == ("126000", "DCM")
    template = report.ContentTemplateSequence[0]
    assert (template.MappingResource, template.TemplateIdentifier) == ("DCMR", "1500")
    (measurements,) = [item for item in report.ContentSequence if names(item) == "126010"]
    groups = list(measurements.ContentSequence)
    assert {names(group) for group in groups} == {"125007"}
    closed = 0
    for group in groups:
        held = {names(item): item for item in group.ContentSequence}
        assert held["112039"].TextValue == "lesion-1"
        assert measured.tracking_uid == held["112040"].UID
        assert held["121071"].ConceptCodeSequence[0].CodeMeaning == "Metastasis"
        if "111030" in held:
            region = held["111030"]
            assert region.GraphicType == "POLYLINE"
            assert list(region.GraphicData[:2]) == list(region.GraphicData[-2:])
            assert [item.ValueType for item in region.ContentSequence] == ["IMAGE"]
            closed += 1
    assert closed == 2


def names(item: Dataset) -> str:
    return str(item.ConceptNameCodeSequence[0].CodeValue)
