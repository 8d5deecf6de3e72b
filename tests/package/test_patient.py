from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from casepack.case import Case, Patient
from casepack.errors import CaseError
from casepack.model import Study
from casepack.package.patient import check_patient, read_patient
from casepack.study import read_file_set
from tests.builders import mr_instance, write_instance


def _studies(folder: Path, **attributes: Any) -> tuple[Study, ...]:
    write_instance(mr_instance(**attributes), folder / "IM1.dcm")
    return read_file_set(folder).studies


def _case(**patient: object) -> Case:
    return Case(id="x", title="y", patient=Patient.model_validate(patient))


@pytest.mark.parametrize(
    ("attributes", "age"),
    [
        ({"PatientAge": "060Y"}, 60),
        ({"PatientAge": "018M"}, 1),
        ({"PatientAge": "095Y"}, 90),
        ({"PatientAge": "", "PatientBirthDate": "19640109"}, 59),
        ({"PatientAge": "", "PatientBirthDate": "19640108"}, 60),
        ({"PatientAge": "", "PatientBirthDate": "19140108"}, 90),
        ({"PatientAge": ""}, None),
    ],
)
def test_the_age_is_read_or_worked_out(
    tmp_path: Path, attributes: dict[str, Any], age: int | None
) -> None:
    assert read_patient(_studies(tmp_path, **attributes)) == Patient(age=age, sex="F")


@pytest.mark.parametrize("patient", [{"age": 60, "sex": "F"}, {"age": 61}, {"sex": "F"}, {}])
def test_what_agrees_or_is_left_out_passes(tmp_path: Path, patient: dict[str, object]) -> None:
    check_patient(_case(**patient), _studies(tmp_path), "case.yaml")


@pytest.mark.parametrize(
    ("patient", "place"),
    [({"age": 60, "sex": "M"}, "patient.sex"), ({"age": 62, "sex": "F"}, "patient.age")],
)
def test_what_differs_stops_the_package_and_is_not_quoted(
    tmp_path: Path, patient: dict[str, object], place: str
) -> None:
    with pytest.raises(CaseError) as caught:
        check_patient(_case(**patient), _studies(tmp_path), "case.yaml")
    assert caught.value.place == f"case.yaml: {place}"
    assert "60" not in caught.value.message
    assert "leave" in caught.value.advice


def test_images_that_say_nothing_contradict_nothing(tmp_path: Path) -> None:
    studies = _studies(tmp_path, PatientAge="", PatientSex="")
    check_patient(_case(age=30, sex="M"), studies, "case.yaml")
