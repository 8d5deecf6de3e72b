from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from casepack.case import Case, untitled_case
from casepack.model import Verified
from casepack.package.lesions import describe_lesions
from casepack.package.listing import describe_case
from casepack.package.text import legible, one_line, write_json, write_text
from tests.package import cases


def _paths(checked: Verified) -> dict[str, str]:
    return {
        one.sop_instance_uid: f"dicom/{number}"
        for number, one in enumerate(checked.deidentified.instances)
    }


def _describe(case: Case, checked: Verified) -> Any:
    paths = _paths(checked)
    return json.loads(json.dumps(describe_case(case, checked.deidentified, paths, cases.SOFTWARE)))


def _set_age(checked: Verified, age: str) -> None:
    path = checked.deidentified.instances[0].path
    ds = dcmread(path)
    ds.PatientAge = age
    ds.save_as(path)


def test_the_case_leads_from_its_text_to_every_file(tmp_path: Path) -> None:
    checked = cases.verified(tmp_path)
    content = _describe(cases.full_case(), checked)
    studies = content["studies"]
    assert [study["label"] for study in studies] == [f"Before {cases.MARKUP}", "After"]
    assert [study["days_from_first_study"] for study in studies] == [0, 96]
    instances = [
        one for study in studies for series in study["series"] for one in series["instances"]
    ]
    assert {one["sop_instance_uid"]: one["path"] for one in instances} == _paths(checked)
    assert content["case"]["title"] == f"Title {cases.MARKUP}"


def test_the_path_of_the_drawings_stays_with_the_author(tmp_path: Path) -> None:
    content = json.dumps(_describe(cases.full_case(), cases.verified(tmp_path)))
    assert "/home/somebody" not in content
    assert str(tmp_path) not in content


def test_days_are_given_only_when_the_dates_kept_their_intervals(tmp_path: Path) -> None:
    checked = cases.verified(tmp_path)
    bare = replace(checked.deidentified, record=replace(cases.record(), options=()))
    content = _describe(untitled_case(2), replace(checked, deidentified=bare))
    assert [study["days_from_first_study"] for study in content["studies"]] == [None, None]


@pytest.mark.parametrize(
    ("age", "years"),
    [("060Y", 60), ("089Y", 89), ("090Y", 90), ("103Y", 90), ("018M", 1), ("010D", 0), ("", None)],
)
def test_ages_over_89_are_capped(tmp_path: Path, age: str, years: int | None) -> None:
    checked = cases.verified(tmp_path, studies=1, series=1, slices=1)
    _set_age(checked, age)
    content = _describe(untitled_case(1), checked)
    assert content["studies"][0]["patient_age_years"] == years


def test_lesions_are_rounded_and_tied_to_their_files(tmp_path: Path) -> None:
    checked = cases.verified(tmp_path)
    content = json.loads(json.dumps(describe_lesions(cases.lesions(checked), _paths(checked))))
    (lesion,) = content["lesions"]
    first, second = lesion["measurements"]
    assert first["long_axis_mm"] == 12.346
    assert first["polygon_mm"][0] == [0.0, 1.235, 2.0]
    assert "-0.0" not in json.dumps(content)
    assert (first["path"], second["path"]) == ("dicom/0", "dicom/6")
    assert lesion["finding"] == {"value": "128462008", "scheme": "SCT", "meaning": "Metastasis"}


def test_a_number_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        write_json(tmp_path / "a.json", {"a": float("nan")})


def test_text_files_end_their_lines_the_same_way_everywhere(tmp_path: Path) -> None:
    write_text(tmp_path / "deep" / "a.txt", "a\r\nb\rc")
    assert (tmp_path / "deep" / "a.txt").read_bytes() == b"a\nb\nc\n"


def test_characters_that_xml_cannot_hold_are_replaced_everywhere() -> None:
    case = legible(
        cases.full_case(
            title="a\x07b", clinical_history="c\ud800", keywords=("\x00",), patient={"age": 60}
        )
    )
    assert case.title == "a\ufffdb"
    assert case.clinical_history == "c\ufffd"
    assert case.keywords == ("\ufffd",)
    assert case.patient.age == 60
    assert legible(cases.full_case()) == cases.full_case()


def test_one_line_leaves_no_line_ends() -> None:
    assert one_line(" a\n\n b\tc ") == "a b c"


def test_paths_of_the_authors_machine_are_left_out(tmp_path: Path) -> None:
    checked = cases.verified(tmp_path)
    case = cases.full_case(lesions="/home/author/l.json", profile="/home/author/mine.yaml")
    content = _describe(case, checked)
    assert "/home/author" not in json.dumps(content)
    assert Case.model_validate(content["case"]).profile == "generic"
    eurorad = _describe(cases.full_case(profile="eurorad"), checked)
    assert eurorad["case"]["profile"] == "eurorad"
