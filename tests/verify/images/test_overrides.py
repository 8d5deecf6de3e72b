"""What a recipe openly keeps is a note; names, dates and everything else stay what they are."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from pydicom.dataset import Dataset

from casepack.errors import VerificationError
from casepack.model import Finding, Severity
from casepack.verify import Identifiers, verify_deidentified, verify_folder
from casepack.verify.images.overrides import read_overrides
from tests.verify.studies import BIRTH, INSTITUTION, PATIENT, Written, change

KEPT = "InstitutionAddress (ours.dicom:7): the hospital publishes under its name"
PRIVATE = '0031,"NOBODY 1",01 (ours.dicom:9): is needed'


def declare(written: Written, *lines: str, name: str = "report.json") -> None:
    path = written.root / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"overrides": list(lines)}), "utf-8")


def findings(written: Written, identifiers: Identifiers) -> tuple[Finding, ...]:
    return verify_folder(
        written.root, originals=written.originals, identifiers=identifiers
    ).findings


@pytest.fixture(autouse=True)
def _no_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casepack.verify.verification.available_tools", dict)


def keep_institution(ds: Dataset) -> None:
    ds.InstitutionAddress = INSTITUTION


@pytest.mark.parametrize("name", ["report.json", "deid/report.json"])
@pytest.mark.parametrize("words", ["InstitutionAddress", "(0008,0081)", "00080081"])
def test_what_an_override_keeps_is_a_note_in_its_attribute(
    written: Written, identifiers: Identifiers, words: str, name: str
) -> None:
    change(written.first, keep_institution)
    before = findings(written, identifiers)
    assert {(one.code, one.severity) for one in before} == {
        ("attribute-not-removed", Severity.ERROR),
        ("identifier-institution", Severity.ERROR),
        ("option-not-claimed", Severity.NOTE),
    }
    declare(written, KEPT.replace("InstitutionAddress", words), name=name)
    after = findings(written, identifiers)
    assert {one.code for one in after} == {one.code for one in before} - {"option-not-claimed"}
    assert {one.severity for one in after} == {Severity.NOTE}
    assert all("override" in one.message for one in after)


def test_an_override_explains_no_other_place(written: Written, identifiers: Identifiers) -> None:
    declare(written, KEPT)
    change(written.first, lambda ds: setattr(ds, "PositionReferenceIndicator", INSTITUTION))
    assert {one.severity for one in findings(written, identifiers)} == {Severity.ERROR}


def test_names_and_dates_stay_errors(written: Written, identifiers: Identifiers) -> None:
    declare(written, KEPT, "SeriesDescription (ours.dicom:8): because")
    change(written.first, lambda ds: setattr(ds, "InstitutionAddress", f"for {PATIENT}"))
    change(written.first, lambda ds: setattr(ds, "SeriesDescription", f"born {BIRTH}"))
    worst = {one.code for one in findings(written, identifiers) if one.severity == "error"}
    assert worst == {"identifier-patient-name", "identifier-date"}


def test_an_override_of_a_path_holds_for_that_path(
    written: Written, identifiers: Identifiers
) -> None:
    def nested(ds: Dataset) -> None:
        ds.ReferencedImageSequence[0].InstitutionAddress = INSTITUTION

    change(written.first, nested)
    declare(written, KEPT.replace("Inst", "SourceImageSequence__Inst", 1))
    assert "error" in {one.severity for one in findings(written, identifiers)}
    declare(written, KEPT.replace("Inst", "ReferencedImageSequence__Inst", 1))
    assert {one.severity for one in findings(written, identifiers)} == {Severity.NOTE}


def test_a_private_attribute_is_kept_with_its_creator_and_no_other(
    written: Written, identifiers: Identifiers
) -> None:
    def private(ds: Dataset) -> None:
        ds.private_block(0x0031, "NOBODY 1", create=True).add_new(0x01, "LO", "x")

    change(written.first, private)
    for line, severity in (
        (PRIVATE, Severity.NOTE),
        (PRIVATE.replace("NOBODY 1", "NOBODY 2"), Severity.ERROR),
    ):
        declare(written, line)
        assert {one.severity for one in findings(written, identifiers)} == {severity}


def test_the_record_of_a_run_counts_not_a_file_in_its_folder(
    written: Written, identifiers: Identifiers
) -> None:
    change(written.first, keep_institution)
    deidentified = written.deidentified()
    declare(written, KEPT)
    with pytest.raises(VerificationError):
        verify_deidentified(deidentified, written.originals, identifiers)
    record = replace(deidentified.record, overrides=(KEPT,))
    verify_deidentified(replace(deidentified, record=record), written.originals, identifiers)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "InstitutionAddress",
        "NoKeyword (a:1): b",
        "InstitutionAddress (a:1): ",
        "(",
        "x__y (a:1): b",
    ],
)
def test_a_line_that_declares_nothing_is_passed_over(line: str) -> None:
    assert read_overrides([line]) == read_overrides([])


@pytest.mark.parametrize("content", ["[]", "{", '{"overrides": 3}', '{"overrides": [3, null]}'])
def test_a_report_that_is_none_is_passed_over(
    written: Written, identifiers: Identifiers, content: str
) -> None:
    (written.root / "report.json").write_text(content, "utf-8")
    assert findings(written, identifiers) == ()
