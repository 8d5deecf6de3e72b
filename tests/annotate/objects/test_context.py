"""The pitfalls of annotating with highdicom, by the numbers of our notes, and their kin."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from casepack.annotate.annotation import annotate
from casepack.annotate.measure import measure_lesions
from casepack.errors import CaseError, StudyError
from tests.annotate.drawings import (
    lesion,
    outline,
    rewrite,
)
from tests.annotate.reading import TITLE, annotated, content_of, digests, objects, times_of, walk
from tests.builders import deidentified


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
    studies = deidentified(tmp_path, studies=1, series=1)
    rewrite(studies, PatientSex=sex)
    result = annotated(studies, lesion(outline(), evaluations=()))
    assert {str(ds.PatientSex or "") for ds in objects(result)} == {expected}


def test_pitfall_5_no_study_is_dropped_from_the_evidence(tmp_path):
    result = annotated(
        deidentified(tmp_path, studies=3),
        lesion(outline(), outline(time_point=2), outline(time_point=3)),
    )
    for ds in objects(result, "KO"):
        seen = {each.StudyInstanceUID for each in ds.CurrentRequestedProcedureEvidenceSequence}
        assert seen == {study.study_instance_uid for study in result.studies}


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


def content_moment(ds: Dataset) -> tuple[str, str]:
    if ds.Modality == "PR":
        return ds.PresentationCreationDate, ds.PresentationCreationTime
    return ds.ContentDate, ds.ContentTime


def test_pitfalls_11_and_14_every_date_is_the_shifted_one_of_the_study(tmp_path):
    for ds in objects(annotated(deidentified(tmp_path))):
        date, time = ds.StudyDate, ds.StudyTime
        assert date in {"20240108", "20240413"}
        assert times_of(ds) == {date, time, date + time}
        assert content_moment(ds) == (date, time)
        assert (ds.InstanceCreationDate, ds.InstanceCreationTime) == (date, time)


def test_pitfall_14_authoring_date_is_used_where_given(tmp_path):
    authored = dt.datetime(2011, 2, 3, 4, 5, 6, 70, tzinfo=dt.UTC)
    for ds in objects(annotated(deidentified(tmp_path), authored=authored)):
        assert content_moment(ds) == ("20110203", "040506.000070")
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
        assert content_moment(ds) == ("19000101", "000000")
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
    studies = deidentified(tmp_path, studies=1, series=1)
    rewrite(studies, StudyTime=time)
    for ds in objects(annotated(studies, lesion(outline(), evaluations=()))):
        assert ds.StudyTime == time
        assert content_moment(ds)[1] == {"10": "100000", "1015": "101500"}.get(
            time, "101500.250000"
        )


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
        # without it dciodvfy asks a presentation state for Laterality
        assert ds.get("BodyPartExamined") == ("SPINE" if ds.Modality == "PR" else None)


@pytest.mark.parametrize("name", ["Case^0001", "CASE0001", ""])
def test_pitfall_13_patient_name_is_that_of_the_images_without_a_warning(tmp_path, name):
    studies = deidentified(tmp_path, studies=1, series=1)
    rewrite(studies, PatientName=name)
    result = annotated(studies, lesion(outline(), evaluations=()))
    assert {str(ds.PatientName) for ds in objects(result)} == {name}


def test_patient_and_study_attributes_are_those_of_the_images(tmp_path):
    studies = deidentified(tmp_path)
    rewrite(studies, StudyDescription="", SeriesDescription="", PatientAge="060Y", PatientSize=1.6)
    for ds in objects(annotated(studies)):
        assert ds.PatientID == "CASE0001"
        assert ds.PatientAge == "060Y"
        assert ds.PatientSize == 1.6
        assert ds.StudyID == "1"
        assert ds.StudyDescription == ""
        assert ("FrameOfReferenceUID" in ds) == (ds.Modality == "SEG")


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
