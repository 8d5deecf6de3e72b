from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace
from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes

from casepack.annotate.annotation import annotate
from casepack.annotate.measure import measure_lesions
from casepack.errors import CaseError, StudyError, TargetError
from casepack.model import Deidentified, MeasuredLesion
from casepack.standard.uids import IMPLEMENTATION_CLASS_UID
from tests.annotate.drawings import (
    ellipse,
    enhanced_study,
    lesion,
    on_frame,
    outline,
    rewrite,
)
from tests.builders import deidentified

TITLE = "Intramedullary metastasis"


def annotated(
    studies: Deidentified, *lesions, authored: dt.datetime | None = None, title: str = TITLE
) -> Deidentified:
    drawn = lesions or (lesion(),)
    return annotate(
        studies,
        measure_lesions(studies, drawn),
        title=title,
        software_version="0.1.0",
        authored=authored,
    )


def objects(result: Deidentified, modality: str = "") -> list[Dataset]:
    """The new objects, study by study, of one Modality or of both."""
    return [
        dcmread(instance.path)
        for study in result.studies
        for series in study.series
        if series.modality in ({modality} if modality else {"KO", "SR"})
        for instance in series.instances
    ]


def content_of(result: Deidentified, number: int = 0) -> hd.sr.MeasurementReport:
    found = [
        instance.path
        for study in result.studies
        for series in study.series
        if series.modality == "SR"
        for instance in series.instances
    ]
    report = hd.sr.srread(found[number])
    assert isinstance(report, hd.sr.Comprehensive3DSR)
    assert isinstance(report.content, hd.sr.MeasurementReport)
    return report.content


def walk(ds: Dataset):
    for element in ds:
        yield element
        if element.VR == "SQ":
            for item in element.value:
                yield from walk(item)


def digests(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*.dcm"))
    }


# --- what is written, and where -------------------------------------------------------------


def test_each_study_gets_a_series_of_key_objects_and_one_of_reports(tmp_path):
    before = deidentified(tmp_path)
    after = annotated(before, lesion(), lesion(tracking_id="lesion-2"))
    assert len(after.studies) == 2
    for old, new in zip(before.studies, after.studies, strict=True):
        assert new.series[:2] == old.series
        assert [(series.modality, series.number) for series in new.series[2:]] == [
            ("KO", 3),
            ("SR", 4),
        ]
        for series in new.series[2:]:
            assert [instance.number for instance in series.instances] == [1, 2]
            for instance in series.instances:
                assert instance.path == (
                    tmp_path
                    / "CASE0001"
                    / new.study_instance_uid
                    / series.series_instance_uid
                    / f"{instance.sop_instance_uid}.dcm"
                )
                ds = dcmread(instance.path)
                assert ds.StudyInstanceUID == new.study_instance_uid
                assert ds.SeriesInstanceUID == series.series_instance_uid
                assert ds.SOPInstanceUID == instance.sop_instance_uid
                assert ds.SOPClassUID == instance.sop_class_uid
                assert ds.file_meta.MediaStorageSOPInstanceUID == instance.sop_instance_uid
                assert ds.file_meta.TransferSyntaxUID == instance.transfer_syntax_uid
                assert ds.file_meta.ImplementationClassUID == IMPLEMENTATION_CLASS_UID
                assert (ds.Modality, ds.SeriesNumber) == (series.modality, series.number)
                assert ds.InstanceNumber == instance.number
    assert after.record == before.record


def test_study_without_a_lesion_gets_nothing(tmp_path):
    before = deidentified(tmp_path)
    after = annotated(before, lesion(outline(time_point=2), evaluations=()))
    assert after.studies[0] == before.studies[0]
    assert len(after.studies[1].series) == 4
    assert annotate(before, (), title=TITLE, software_version="0.1.0") == before


def test_series_numbers_follow_the_highest_or_fill_gaps_at_the_limit(tmp_path):
    before = deidentified(tmp_path, studies=1)
    for highest, expected in [(700, [701, 702]), (2**31 - 1, [2, 3]), (None, [2, 3])]:
        study = before.studies[0]
        last = replace(study.series[1], number=highest)
        studies = replace(
            before, studies=(replace(study, series=(study.series[0], last)),), root=tmp_path
        )
        after = annotated(studies, lesion(outline(), evaluations=()))
        assert [series.number for series in after.studies[0].series[2:]] == expected
        for series in after.studies[0].series[2:]:
            series.instances[0].path.unlink()


def test_two_runs_give_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        annotated(deidentified(tmp_path / name))
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert len(digests(tmp_path / "one")) == 12 + 4


def test_edited_lesion_is_another_instance_in_the_same_series(tmp_path):
    one = annotated(deidentified(tmp_path / "one"))
    two = annotated(deidentified(tmp_path / "two"), lesion(label="Something else"))
    for old, new in zip(objects(one), objects(two), strict=True):
        assert old.SOPInstanceUID != new.SOPInstanceUID
        assert old.SeriesInstanceUID == new.SeriesInstanceUID


def test_annotating_twice_is_refused_and_changes_nothing(tmp_path):
    before = deidentified(tmp_path)
    annotated(before)
    kept = digests(tmp_path)
    with pytest.raises(TargetError, match="already"):
        annotated(before)
    assert digests(tmp_path) == kept


def test_lesion_measured_elsewhere_is_refused(tmp_path):
    here, there = deidentified(tmp_path / "here"), enhanced_study(tmp_path / "there")
    drawn = lesion(
        outline(on_frame(2, (20, 20), (40, 20), (30, 40)), series_number=7), evaluations=()
    )
    with pytest.raises(CaseError, match="not measured on these studies"):
        annotate(here, measure_lesions(there, [drawn]), title="", software_version="0.1.0")


def test_folder_that_cannot_be_written_is_a_target_error(tmp_path):
    studies = deidentified(tmp_path)
    lesions = measure_lesions(studies, [lesion()])
    preview = annotate(studies, lesions, title=TITLE, software_version="0.1.0")
    series = preview.studies[0].series[2]
    series.instances[0].path.unlink()
    for instance in preview.instances:
        if instance not in studies.instances and instance.path.exists():
            instance.path.unlink()
    series.instances[0].path.parent.rmdir()
    series.instances[0].path.parent.write_text("in the way")
    with pytest.raises(TargetError, match="cannot be written"):
        annotate(studies, lesions, title=TITLE, software_version="0.1.0")


def test_flat_folder_takes_the_objects_at_its_root(tmp_path):
    studies = deidentified(tmp_path, studies=1, series=1)
    flat = tmp_path / "CASE0001" / studies.studies[0].study_instance_uid
    flat = flat / studies.studies[0].series[0].series_instance_uid
    result = annotated(replace(studies, root=flat), lesion(outline(), evaluations=()))
    path = result.studies[0].series[-1].instances[0].path
    assert path.parent.parent.parent == flat
    assert path.exists()


def test_image_outside_the_root_is_refused(tmp_path):
    studies = replace(deidentified(tmp_path / "one"), root=tmp_path / "two")
    with pytest.raises(TargetError, match="outside the folder"):
        annotated(studies)


# --- content of the key objects -------------------------------------------------------------


def test_key_objects_are_for_publication_and_name_the_key_images(tmp_path):
    result = annotated(
        deidentified(tmp_path),
        lesion(outline(), outline(series_number=2), outline(ellipse(4.0)), evaluations=()),
    )
    (ds,) = objects(result, "KO")
    title = ds.ConceptNameCodeSequence[0]
    assert (title.CodeValue, title.CodingSchemeDesignator) == ("128714", "DCM")
    images = [item for item in ds.ContentSequence if item.ValueType == "IMAGE"]
    first, second = result.studies[0].series[:2]
    expected = {
        first.instances[1].sop_instance_uid,
        second.instances[1].sop_instance_uid,
        first.instances[2].sop_instance_uid,
    }
    assert {item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for item in images} == expected
    assert all("ReferencedFrameNumber" not in item.ReferencedSOPSequence[0] for item in images)
    # PixelMed's DicomSRValidator finds a concept name forbidden here
    assert all("ConceptNameCodeSequence" not in item for item in images)


def test_evidence_of_each_object_is_complete_and_stays_in_its_study(tmp_path):
    result = annotated(deidentified(tmp_path), lesion(outline(), outline(time_point=2)))
    for study, ds in zip(
        [study for study in result.studies for _ in range(2)], objects(result), strict=True
    ):
        (evidence,) = ds.CurrentRequestedProcedureEvidenceSequence
        assert evidence.StudyInstanceUID == study.study_instance_uid
        (series,) = evidence.ReferencedSeriesSequence
        assert series.SeriesInstanceUID == study.series[0].series_instance_uid
        (image,) = series.ReferencedSOPSequence
        assert image.ReferencedSOPInstanceUID == study.series[0].instances[1].sop_instance_uid
        assert "PertinentOtherEvidenceSequence" not in ds
        referenced = {
            element.value for element in walk(ds) if element.keyword == "ReferencedSOPInstanceUID"
        }
        assert referenced == {study.series[0].instances[1].sop_instance_uid}


def test_references_of_key_objects_resolve_in_highdicom(tmp_path):
    result = annotated(deidentified(tmp_path))
    for study, ds in zip(result.studies, objects(result, "KO"), strict=True):
        keys = hd.ko.KeyObjectSelectionDocument.from_dataset(ds)
        series, image = study.series[0], study.series[0].instances[1]
        assert keys.resolve_reference(image.sop_instance_uid) == (
            study.study_instance_uid,
            series.series_instance_uid,
            image.sop_instance_uid,
        )
        assert len(keys.content.get_references()) == 1


def test_description_holds_title_label_and_time_point_in_any_script(tmp_path):
    result = annotated(deidentified(tmp_path), lesion(label="Œdème, 脊髄"), title="Fall № 1")
    texts = [
        next(
            item.TextValue
            for item in ds.ContentSequence
            if item.ValueType == "TEXT" and item.ConceptNameCodeSequence[0].CodeValue == "113012"
        )
        for ds in objects(result, "KO")
    ]
    assert texts == [f"Fall № 1; Œdème, 脊髄; time point {number}" for number in (1, 2)]
    assert all(ds.SpecificCharacterSet == "ISO_IR 192" for ds in objects(result))


# --- content of the reports -----------------------------------------------------------------


def measured(studies: Deidentified, *lesions) -> tuple[MeasuredLesion, ...]:
    return measure_lesions(studies, lesions)


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
        (group,) = content_of(result, number).get_image_measurement_groups()
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
    assert offsets == [96, 96]


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
    for ds in objects(annotated(deidentified(tmp_path))):
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
    for ds in objects(result):
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


# --- the pitfalls of the notes, by their numbers ----------------------------------------------


@pytest.mark.parametrize(
    "keyword",
    [
        "PatientName",
        "PatientID",
        "PatientBirthDate",
        "PatientSex",
        "StudyDate",
        "StudyTime",
        "StudyID",
        "AccessionNumber",
    ],
)
def test_pitfall_1_removed_attribute_is_a_clear_error_and_an_emptied_one_is_fine(tmp_path, keyword):
    removed = deidentified(tmp_path / "removed")
    rewrite(removed, **{keyword: None})
    with pytest.raises(StudyError, match=keyword) as caught:
        annotated(removed)
    assert "recipe" in caught.value.advice
    assert len(digests(tmp_path / "removed")) == 12
    emptied = deidentified(tmp_path / "emptied")
    rewrite(emptied, **{keyword: ""})
    for ds in objects(annotated(emptied)):
        assert keyword in ds
        assert not ds[keyword].value


def test_pitfall_2_image_without_frame_of_reference_is_a_clear_error(tmp_path):
    studies = deidentified(tmp_path)
    rewrite(studies, FrameOfReferenceUID=None)
    with pytest.raises(CaseError, match="Frame of Reference"):
        annotated(studies)


@pytest.mark.parametrize(
    ("sex", "expected"),
    [("F", "F"), ("M", "M"), ("O", "O"), ("U", ""), ("", ""), ("FEMALE", "F"), ("N", "")],
)
def test_pitfall_3_patient_sex_is_normalised(tmp_path, sex, expected):
    studies = deidentified(tmp_path, series=1)
    rewrite(studies, PatientSex=sex)
    assert {str(ds.PatientSex or "") for ds in objects(annotated(studies))} == {expected}


def test_pitfall_5_no_study_is_dropped_from_the_evidence(tmp_path):
    result = annotated(
        deidentified(tmp_path, studies=3),
        lesion(outline(), outline(time_point=2), outline(time_point=3)),
    )
    seen = [
        ds.CurrentRequestedProcedureEvidenceSequence[0].StudyInstanceUID
        for ds in objects(result, "KO")
    ]
    assert seen == [study.study_instance_uid for study in result.studies]


def test_pitfall_6_planar_group_holds_no_lines(tmp_path):
    (planar,) = content_of(annotated(deidentified(tmp_path))).get_planar_roi_measurement_groups()
    assert all(not each.referenced_coordinates for each in planar.get_measurements())


def test_pitfall_7_text_of_another_character_set_is_written_in_utf_8(tmp_path):
    studies = deidentified(tmp_path)
    procedure = Dataset()
    procedure.CodeValue, procedure.CodingSchemeDesignator = "X1", "99LOCAL"
    procedure.CodeMeaning = "胸椎MRI"
    rewrite(
        studies,
        SpecificCharacterSet=["", "ISO 2022 IR 87"],
        StudyDescription="胸椎の検査",
        PatientName="Case^0001=症例^一",
        ProcedureCodeSequence=Sequence([procedure]),
    )
    assert "胸椎".encode() not in studies.instances[0].path.read_bytes()
    for ds in objects(annotated(studies)):
        assert ds.SpecificCharacterSet == "ISO_IR 192"
        assert ds.StudyDescription == "胸椎の検査"
        assert ds.PatientName == "Case^0001=症例^一"
        assert ds.ProcedureCodeSequence[0].CodeMeaning == "胸椎MRI"
        content = Path(str(ds.filename)).read_bytes()
        for text in ("胸椎の検査", "症例^一", "胸椎MRI"):
            assert text.encode() in content


def test_pitfall_8_images_that_are_not_de_identified_are_refused(tmp_path):
    for value in (None, "NO", ""):
        studies = deidentified(tmp_path / str(value))
        rewrite(studies, PatientIdentityRemoved=value)
        with pytest.raises(StudyError, match="not marked as de-identified"):
            annotated(studies)


def test_pitfall_9_all_objects_say_that_they_are_de_identified(tmp_path):
    studies = deidentified(tmp_path)
    method = Dataset()
    method.CodeValue, method.CodingSchemeDesignator = "113100", "DCM"
    method.CodeMeaning = "Basic Application Confidentiality Profile"
    rewrite(studies, DeidentificationMethodCodeSequence=Sequence([method]))
    for ds in objects(annotated(studies)):
        assert ds.PatientIdentityRemoved == "YES"
        assert ds.DeidentificationMethod == "test"
        assert ds.DeidentificationMethodCodeSequence[0].CodeValue == "113100"
        assert ds.LongitudinalTemporalInformationModified == "MODIFIED"
        # of images only (PS3.3 C.7.6.1); an object without pixels has nothing burned in
        assert "BurnedInAnnotation" not in ds


def test_pitfall_10_the_scanner_is_not_named(tmp_path):
    studies = deidentified(tmp_path)
    planted = {
        "Manufacturer": "PlantedMaker",
        "ManufacturerModelName": "PlantedModel",
        "DeviceSerialNumber": "PlantedSerial",
        "StationName": "PlantedStation",
        "InstitutionName": "PlantedHospital",
        "SoftwareVersions": "PlantedVersion",
        "OperatorsName": "Planted^Operator",
        "AcquisitionDateTime": "20240108101500",
    }
    rewrite(studies, **planted)
    for ds in objects(annotated(studies)):
        assert b"Planted" not in Path(str(ds.filename)).read_bytes()
        assert (ds.Manufacturer, ds.ManufacturerModelName) == ("casepack", "casepack")
        assert ds.SoftwareVersions == "0.1.0"
        (library,) = ds.ContributingEquipmentSequence
        assert library.ManufacturerModelName == "highdicom"
        assert library.ContributionDateTime == f"{ds.StudyDate}{ds.StudyTime}"


def times_of(ds: Dataset) -> set[str]:
    return {str(each.value) for each in walk(ds) if each.VR in {"DA", "TM", "DT"} and each.value}


def test_pitfalls_11_and_14_every_date_is_the_shifted_one_of_the_study(tmp_path):
    for ds in objects(annotated(deidentified(tmp_path))):
        date, time = ds.StudyDate, ds.StudyTime
        assert date in {"20240108", "20240413"}
        assert times_of(ds) == {date, time, date + time}
        assert (ds.ContentDate, ds.ContentTime) == (date, time)
        assert (ds.InstanceCreationDate, ds.InstanceCreationTime) == (date, time)


def test_pitfall_14_authoring_date_is_used_where_given(tmp_path):
    authored = dt.datetime(2011, 2, 3, 4, 5, 6, 70, tzinfo=dt.UTC)
    for ds in objects(annotated(deidentified(tmp_path), authored=authored)):
        assert (ds.ContentDate, ds.ContentTime) == ("20110203", "040506.000070")
        assert times_of(ds) == {
            ds.StudyDate,
            ds.StudyTime,
            "20110203",
            "040506.000070",
            "20110203040506.000070",
        }


def test_study_without_a_date_gets_a_dummy_and_no_days(tmp_path):
    studies = deidentified(tmp_path)
    rewrite(studies, StudyDate="", StudyTime="")
    for ds in objects(annotated(studies)):
        assert times_of(ds) == {"19000101", "000000", "19000101000000"}
        assert not [element for element in walk(ds) if element.value == "128740"]


@pytest.mark.parametrize("said", ["REMOVED", None])
def test_study_whose_dates_are_dummies_gets_no_days_and_no_optional_dates(tmp_path, said):
    studies = deidentified(tmp_path)
    rewrite(
        studies,
        LongitudinalTemporalInformationModified=said,
        StudyDate="19000101",
        StudyTime="000000",
    )
    for ds in objects(annotated(studies)):
        assert (ds.ContentDate, ds.ContentTime) == ("19000101", "000000")
        assert not {each.keyword for each in walk(ds)} & {
            "InstanceCreationDate",
            "InstanceCreationTime",
            "ContributionDateTime",
        }
        assert not [element for element in walk(ds) if element.value == "128740"]
        assert not [element for element in walk(ds) if element.value == "128741"]


def test_nothing_is_described_where_descriptors_were_removed(tmp_path):
    for ds in objects(annotated(deidentified(tmp_path))):
        assert not {each.keyword for each in walk(ds)} & {
            "SeriesDescription",
            "ContributionDescription",
        }


@pytest.mark.parametrize("time", ["10", "1015", "101500.25"])
def test_study_time_of_any_precision_is_taken(tmp_path, time):
    studies = deidentified(tmp_path)
    rewrite(studies, StudyTime=time)
    for ds in objects(annotated(studies)):
        assert ds.StudyTime == time
        assert ds.ContentTime == {"10": "100000", "1015": "101500"}.get(time, "101500.250000")


@pytest.mark.parametrize("bad", [b"2024Jane", b"20241399"])
def test_date_that_is_none_is_a_clear_error_that_quotes_nothing(tmp_path, bad):
    studies = deidentified(tmp_path)
    for instance in studies.studies[0].instances:
        content = instance.path.read_bytes()
        assert b"20240108" in content
        instance.path.write_bytes(content.replace(b"20240108", bad))
    with pytest.raises(StudyError, match="not a date or time") as caught:
        annotated(studies)
    assert bad.decode() not in str(caught.value)
    assert len(digests(tmp_path)) == 12


def test_pitfall_12_objects_without_a_body_part_module_leave_it_out(tmp_path):
    studies = deidentified(tmp_path)
    rewrite(studies, Laterality="")
    for ds in objects(annotated(studies)):
        assert "Laterality" not in ds
        assert "BodyPartExamined" not in ds


@pytest.mark.parametrize("name", ["Case^0001", "CASE0001", ""])
def test_pitfall_13_patient_name_is_that_of_the_images_without_a_warning(tmp_path, name):
    studies = deidentified(tmp_path)
    rewrite(studies, PatientName=name)
    assert {str(ds.PatientName) for ds in objects(annotated(studies))} == {name}


def test_patient_and_study_attributes_are_those_of_the_images(tmp_path):
    studies = deidentified(tmp_path)
    rewrite(studies, StudyDescription="", SeriesDescription="", PatientAge="060Y", PatientSize=1.6)
    for ds in objects(annotated(studies)):
        assert ds.PatientID == "CASE0001"
        assert ds.PatientAge == "060Y"
        assert ds.PatientSize == 1.6
        assert ds.StudyID == "1"
        assert ds.StudyDescription == ""
        assert "FrameOfReferenceUID" not in ds


def test_preamble_is_zero_and_nothing_is_private(tmp_path):
    studies = deidentified(tmp_path)
    for instance in studies.instances:
        image = dcmread(instance.path)
        image.private_block(0x0011, "PLANTED", create=True).add_new(1, "LO", "PLANTED")
        image.save_as(instance.path, enforce_file_format=True)
    for ds in objects(annotated(studies)):
        assert Path(str(ds.filename)).read_bytes()[:128] == bytes(128)
        assert b"PLANTED" not in Path(str(ds.filename)).read_bytes()
        assert not [element for element in walk(ds) if element.tag.is_private]


def test_image_of_another_study_is_refused(tmp_path):
    studies = deidentified(tmp_path)
    lesions = measure_lesions(studies, [lesion()])
    rewrite(studies, StudyInstanceUID="1.2.3")
    with pytest.raises(StudyError, match="does not belong to the study"):
        annotate(studies, lesions, title=TITLE, software_version="0.1.0")


def test_image_that_became_unreadable_is_refused(tmp_path):
    studies = deidentified(tmp_path)
    lesions = measure_lesions(studies, [lesion()])
    studies.studies[0].series[0].instances[1].path.write_bytes(b"Canary")
    with pytest.raises(StudyError, match="cannot be read") as caught:
        annotate(studies, lesions, title=TITLE, software_version="0.1.0")
    assert "Canary" not in str(caught.value)


def test_value_that_highdicom_refuses_is_not_quoted(tmp_path):
    studies = deidentified(tmp_path)
    lesions = measure_lesions(studies, [lesion()])
    finding = replace(lesions[0].lesion.finding, meaning="Canary" * 20)
    wrong = replace(lesions[0], lesion=replace(lesions[0].lesion, finding=finding))
    with pytest.raises(StudyError) as caught:
        annotate(studies, [wrong], title=TITLE, software_version="0.1.0")
    assert "Canary" not in str(caught.value)
    assert caught.value.__suppress_context__
