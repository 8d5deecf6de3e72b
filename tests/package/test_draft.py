from __future__ import annotations

from pathlib import Path

from casepack.case import parse_case
from casepack.case.completeness import find_doubts
from casepack.package.doubts import find_study_doubts
from casepack.package.draft import draft_case
from casepack.study import read_file_set
from tests.builders import mr_instance, write_instance

PLANTED = "Quillfeather"


def _draft(folder: Path, **attributes: object) -> str:
    return draft_case(read_file_set(_study(folder, **attributes)))


def _study(folder: Path, **attributes: object) -> Path:
    for study in (1, 2):
        for series in (1, 2):
            for number in (1, 2, 3):
                ds = mr_instance(study, series, number, **attributes)
                write_instance(ds, folder / f"{study}-{series}-{number}.dcm")
    return folder


def test_a_draft_is_a_case_file_with_what_the_images_say(tmp_path: Path) -> None:
    case = parse_case(_draft(tmp_path), "case.yaml")
    assert (case.patient.age, case.patient.sex) == (60, "F")
    assert case.imaging_technique == ("MR",)
    assert [point.day for point in case.time_points] == [0, 96]
    assert case.time_points[0].technique == (
        "Imaging at 1.5 T: sagittal T1 (TSE, TR 600 ms, TE 10 ms, 4 mm); "
        "sagittal T2 (TSE, TR 3500 ms, TE 100 ms, 4 mm)."
    )
    assert [one.series for one in case.time_points[1].series] == [1, 2]
    assert [(one.time_point, one.series) for one in case.pictures] == [
        (1, 1),
        (1, 2),
        (2, 1),
        (2, 2),
    ]


def test_what_is_left_to_write_is_doubted(tmp_path: Path) -> None:
    study = _study(tmp_path)
    case = parse_case(draft_case(read_file_set(study)), "case.yaml")
    places = {one.place for one in find_doubts(case)}
    assert {"title", "figures.0", "figures.3"} <= places
    assert find_study_doubts(case, read_file_set(study).studies) == ()


def test_no_text_of_the_images_is_in_a_draft(tmp_path: Path) -> None:
    who = ("PatientName", "PatientID", "InstitutionName", "PatientComments")
    what = ("StudyDescription", "SeriesDescription", "ProtocolName", "SequenceName")
    how = ("ContrastBolusAgent", "Manufacturer")
    planted = dict.fromkeys((*who, *what, *how), PLANTED)
    text = _draft(tmp_path, **planted, BodyPartExamined="QUILLFEATHER", PatientBirthDate="19630517")
    assert PLANTED.lower() not in text.lower()
    assert "1963" not in text
    assert "2024" not in text, "dates are days from the first study"


def test_a_study_without_pictures_gives_a_draft_without_figures(tmp_path: Path) -> None:
    text = _draft(tmp_path, Modality="SR", PatientAge="", PatientSex="")
    case = parse_case(text, "case.yaml")
    assert case.figures == ()
    assert (case.patient.age, case.patient.sex) == (None, None)


def test_text_where_a_modality_should_be_does_not_come_in(tmp_path: Path) -> None:
    text = _draft(tmp_path, Modality=PLANTED.upper())
    assert PLANTED.upper() not in text
    parse_case(text, "case.yaml")
