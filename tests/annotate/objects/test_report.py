from __future__ import annotations

from dataclasses import replace

import highdicom as hd
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.sr.codedict import codes

from casepack.annotate.measure import measure_lesions
from tests.annotate.drawings import (
    ellipse,
    enhanced_study,
    lesion,
    on_frame,
    outline,
    rewrite,
)
from tests.annotate.reading import annotated, content_of, objects, walk
from tests.builders import deidentified


def test_report_gives_back_polygon_numbers_and_codes(tmp_path):
    studies = deidentified(tmp_path)
    (drawn,) = measure_lesions(studies, [lesion()])
    result = annotated(studies)
    for number, truth in enumerate(drawn.measurements):
        content = content_of(result, number)
        (planar,) = content.get_planar_roi_measurement_groups()
        assert planar.tracking_uid == drawn.tracking_uid
        assert planar.tracking_identifier == "lesion-1"
        assert planar.finding_type == codes.SCT.Metastasis
        assert [site.value for site in planar.finding_sites] == [
            codes.SCT.SpinalCord,
            codes.SCT.T12Vertebra,
        ]
        assert planar.roi is not None
        assert planar.roi.graphic_type == hd.sr.GraphicTypeValues.POLYLINE
        # Graphic Data count from the corner of the first pixel, our positions from its centre
        drawn_px = planar.roi.value - 0.5
        assert drawn_px[0] == pytest.approx(drawn_px[-1])
        assert drawn_px[:-1] == pytest.approx(np.array(truth.polygon_px), abs=1e-3)
        (area,) = planar.get_measurements(codes.SCT.Area)
        assert area.value == pytest.approx(truth.area_mm2)
        assert area.unit == codes.UCUM.SquareMillimeter
        (extent,) = planar.get_measurements(codes.SCT.Length)
        assert extent.value == pytest.approx(truth.craniocaudal_mm)
        assert extent.method is not None
        assert extent.method.CodingSchemeDesignator == "99CASEPACK"
        assert "craniocaudal" in extent.method.meaning
        (image,) = [item for item in planar.roi.ContentSequence if item.ValueType == "IMAGE"]
        assert image.referenced_sop_instance_uid == truth.sop_instance_uid


def test_polygon_of_the_report_lies_where_it_was_drawn_in_the_patient(tmp_path):
    studies = deidentified(tmp_path)
    planar = content_of(annotated(studies)).get_planar_roi_measurement_groups()[0]
    image = dcmread(studies.studies[0].series[0].instances[1].path)
    assert planar.roi is not None
    transform = hd.spatial.ImageToReferenceTransformer(
        image.ImagePositionPatient, image.ImageOrientationPatient, image.PixelSpacing
    )
    assert transform(planar.roi.value[:-1]) == pytest.approx(np.array(ellipse()), abs=1e-3)


def test_axes_stand_in_a_measurement_group_with_their_lines(tmp_path):
    studies = deidentified(tmp_path)
    (drawn,) = measure_lesions(studies, [lesion()])
    result = annotated(studies)
    for number, truth in enumerate(drawn.measurements):
        group = content_of(result, number).get_image_measurement_groups()[0]
        assert group.tracking_uid == drawn.tracking_uid
        for name, value, ends in (
            (codes.SCT.LongAxis, truth.long_axis_mm, truth.long_axis_px),
            (codes.SCT.ShortAxis, truth.short_axis_mm, truth.short_axis_px),
        ):
            (measurement,) = group.get_measurements(name)
            assert measurement.value == pytest.approx(value)
            assert measurement.unit == codes.UCUM.Millimeter
            (line,) = measurement.referenced_coordinates
            assert line.graphic_type == hd.sr.GraphicTypeValues.POLYLINE
            assert line.value - 0.5 == pytest.approx(np.array(ends), abs=1e-3)
            lengths = np.hypot(*(np.diff(line.value, axis=0) * 2.0).T)
            assert lengths[0] == pytest.approx(value, abs=1e-3)


def test_both_time_points_refer_to_one_tracking_uid_and_to_the_days_between(tmp_path):
    result = annotated(deidentified(tmp_path))
    tracked, days, orders, types = set(), [], [], []
    for ds in objects(result, "SR"):
        for item in (element.value for element in walk(ds) if element.keyword == "UID"):
            tracked.add(item)
        named = [
            item
            for element in walk(ds)
            if element.keyword == "ContentSequence"
            for item in element.value
            if "ConceptNameCodeSequence" in item
        ]
        by_code = {item.ConceptNameCodeSequence[0].CodeValue: item for item in named}
        days.append(by_code["128740"].MeasuredValueSequence[0].NumericValue)
        unit = by_code["128740"].MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0]
        assert unit.CodeValue == "d"
        orders.append(by_code["126073"].MeasuredValueSequence[0].NumericValue)
        types.append("126072" in by_code)
        assert by_code["128741"].ConceptCodeSequence[0].CodeMeaning == "Baseline"
    # besides the lesion there is the device observer
    assert len(tracked) == 2
    assert days == [0, 96]
    assert orders == [1, 2]
    assert types == [True, False]


def test_days_between_survive_any_shift_of_the_dates(tmp_path):
    studies = deidentified(tmp_path)
    for study, date in zip(studies.studies, ("20031231", "20040405"), strict=True):
        rewrite(replace(studies, studies=(study,)), StudyDate=date)
    report = objects(annotated(studies), "SR")[1]
    offsets = [
        item.MeasuredValueSequence[0].NumericValue
        for element in walk(report)
        if element.keyword == "ContentSequence"
        for item in element.value
        if "ConceptNameCodeSequence" in item
        and item.ConceptNameCodeSequence[0].CodeValue == "128740"
    ]
    # outline, axes, response
    assert offsets == [96, 96, 96]


def test_evaluations_are_stated_once_and_at_their_time_point(tmp_path):
    result = annotated(
        deidentified(tmp_path), lesion(outline(), outline(series_number=2), outline(time_point=2))
    )
    stated = [
        [
            (each.name.meaning, each[0].value.meaning)
            for group in content_of(result, number).get_planar_roi_measurement_groups()
            for each in group.get_qualitative_evaluations()
            if each.name != codes.DCM.TimePointType  # highdicom takes any code for one
        ]
        for number in (0, 1)
    ]
    assert stated == [[("T1 Weighted MR Signal Intensity", "Hypointense")], []]
    groups = content_of(result, 0).get_planar_roi_measurement_groups()
    assert len(groups) == 2


def test_axial_outline_claims_no_craniocaudal_extent(tmp_path):
    studies = deidentified(tmp_path)
    for study in studies.studies:
        for series in study.series:
            for number, instance in enumerate(series.instances):
                ds = dcmread(instance.path)
                ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
                ds.ImagePositionPatient = [-48, -64, number * 4.0]
                ds.save_as(instance.path, enforce_file_format=True)
    axial = outline(tuple((y, z, 4.0) for _, y, z in ellipse()))
    (planar,) = content_of(
        annotated(studies, lesion(axial, evaluations=()))
    ).get_planar_roi_measurement_groups()
    assert len(planar.get_measurements(codes.SCT.Area)) == 1
    assert planar.get_measurements(codes.SCT.Length) == []


def test_report_is_complete_final_unverified_and_names_no_person(tmp_path):
    for ds in objects(annotated(deidentified(tmp_path)), "SR"):
        assert (ds.CompletionFlag, ds.PreliminaryFlag) == ("COMPLETE", "FINAL")
        assert ds.VerificationFlag == "UNVERIFIED"
        assert "VerifyingObserverSequence" not in ds
        (scheme,) = ds.CodingSchemeIdentificationSequence
        assert scheme.CodingSchemeDesignator == "99CASEPACK"
        reported = [
            item.ConceptCodeSequence[0].CodeValue
            for item in ds.ContentSequence
            if item.ConceptNameCodeSequence[0].CodeValue == "121058"
        ]
        assert reported == ["25056-3"]


def test_observer_is_the_device_alone(tmp_path):
    result = annotated(deidentified(tmp_path))
    for ds in objects(result, "KO") + objects(result, "SR"):
        types = [element.value for element in walk(ds) if element.keyword == "ValueType"]
        assert "PNAME" not in types
        observers = [
            item.ConceptCodeSequence[0].CodeValue
            for item in ds.ContentSequence
            if item.ValueType == "CODE" and item.ConceptNameCodeSequence[0].CodeValue == "121005"
        ]
        assert observers == ["121007"]


@pytest.mark.parametrize("frame", [1, 4])
def test_multi_frame_image_is_referred_to_by_frame(tmp_path, frame):
    studies = enhanced_study(tmp_path)
    drawn = lesion(
        outline(on_frame(frame, (20, 20), (40, 20), (30, 40)), series_number=7), evaluations=()
    )
    result = annotated(studies, drawn)
    for ds in objects(result, "KO") + objects(result, "SR"):
        frames = [
            element.value for element in walk(ds) if element.keyword == "ReferencedFrameNumber"
        ]
        assert set(frames) == {frame}
        assert len(frames) == (1 if ds.Modality == "KO" else 3)


def test_two_frames_of_one_image_are_one_key_object(tmp_path):
    outlines = [
        outline(on_frame(frame, (20, 20), (40, 20), (30, 40)), series_number=7) for frame in (4, 2)
    ]
    result = annotated(enhanced_study(tmp_path), lesion(*outlines, evaluations=()))
    (ds,) = objects(result, "KO")
    (image,) = [item for item in ds.ContentSequence if item.ValueType == "IMAGE"]
    assert list(image.ReferencedSOPSequence[0].ReferencedFrameNumber) == [2, 4]
