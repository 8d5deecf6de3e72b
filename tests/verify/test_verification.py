"""Clean input passes every check; nothing but `casepack.verify` vouches for it."""

from __future__ import annotations

import json
import re
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

import casepack
from casepack.errors import UsageError, VerificationError
from casepack.model import Check, Severity
from casepack.verify import (
    Identifiers,
    Report,
    collect_identifiers,
    report_json,
    verify_deidentified,
    verify_folder,
)
from casepack.verify.findings.findings import make_finding, sort_findings
from casepack.verify.findings.kinds import KINDS
from tests.verify.studies import INSTITUTION, PATIENT, Written, change

PACKAGE = Path(casepack.__file__).parent


def test_clean_results_pass_every_check(written: Written, identifiers: Identifiers) -> None:
    verified = verify_deidentified(written.deidentified(), written.originals, identifiers)
    assert verified.warnings == ()
    assert {check.name: check.findings for check in verified.checks} == {
        check.name: 0 for check in verified.checks
    }
    examined = {check.name: check.examined for check in verified.checks if not check.skipped}
    assert examined["pixels"] == examined["correspondence"] == examined["attributes"] == 8
    assert examined["identifiers"] > 20


def test_clean_results_pass_as_a_folder_with_and_without_originals(written: Written) -> None:
    with_originals = verify_folder(written.root, originals=written.originals)
    assert with_originals.findings == ()
    assert with_originals.ok
    assert with_originals.kind == "folder"
    without = verify_folder(written.root)
    assert without.findings == ()
    skipped = {check.name for check in without.checks if check.skipped == "no originals given"}
    assert skipped == {"identifiers", "correspondence", "pixels"}


def test_the_originals_do_not_pass_and_the_report_holds_none_of_their_values(
    written: Written,
) -> None:
    report = verify_folder(written.originals.root, originals=written.originals)
    assert not report.ok
    codes = {finding.code for finding in report.findings}
    assert {"identifier-patient-name", "identifier-uid", "not-marked", "private-element"} <= codes
    text = report_json(report)
    for value in collect_identifiers(written.originals).values:
        if value.distinctive:
            assert value.value not in text


def test_an_error_raises_with_its_findings(written: Written, identifiers: Identifiers) -> None:
    change(written.first, lambda ds: setattr(ds, "ImageComments", f"seen by {PATIENT}"))
    with pytest.raises(VerificationError) as caught:
        verify_deidentified(written.deidentified(), written.originals, identifiers)
    assert {finding.code for finding in caught.value.findings} >= {"identifier-patient-name"}  # type: ignore[attr-defined]  # typed as object
    assert PATIENT not in str(caught.value)


def test_warnings_do_not_raise_and_are_handed_on(
    written: Written, identifiers: Identifiers
) -> None:
    for path in written.root.rglob("*.dcm"):
        change(path, lambda ds: setattr(ds, "PatientAge", "095Y"))
    verified = verify_deidentified(written.deidentified(), written.originals, identifiers)
    assert {finding.code for finding in verified.warnings} == {"age-over-89"}


def test_the_files_must_be_those_that_the_run_made(
    written: Written, identifiers: Identifiers
) -> None:
    deidentified = written.deidentified()
    written.first.rename(written.root / "elsewhere.dcm")
    with pytest.raises(VerificationError) as caught:
        verify_deidentified(deidentified, written.originals, identifiers)
    codes = sorted(finding.code for finding in caught.value.findings)  # type: ignore[attr-defined]  # typed as object
    assert codes == ["instance-lost", "instance-unlisted"]


def test_a_missing_folder_is_bad_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        verify_folder(tmp_path / "nowhere")


def test_only_verify_makes_a_verified() -> None:
    makers = {
        path.relative_to(PACKAGE).parts[0]
        for path in PACKAGE.rglob("*.py")
        if re.search(r"\bVerified\(", path.read_text("utf-8")) and path.name != "model.py"
    }
    assert makers == {"verify"}
    # `replace` would make one as well
    replaced = [
        path
        for path in PACKAGE.rglob("*.py")
        if re.search(r"\breplace\(\s*verified\b", path.read_text("utf-8"))
    ]
    assert replaced == []


def test_verify_imports_nothing_of_deidentify() -> None:
    for path in (PACKAGE / "verify").rglob("*.py"):
        assert "casepack.deidentify" not in path.read_text("utf-8")
        assert "casepack.encoding" not in path.read_text("utf-8")


def test_progress_is_reported_to_the_end(written: Written, identifiers: Identifiers) -> None:
    seen: dict[str, tuple[int, int]] = {}
    verify_folder(
        written.root,
        originals=written.originals,
        identifiers=identifiers,
        progress=lambda stage, done, total: seen.__setitem__(stage, (done, total)),
    )
    assert {"read", "search"} <= seen.keys()
    assert all(done == total for done, total in seen.values())


def test_the_report_as_json_is_versioned_and_complete(written: Written) -> None:
    (written.root / "note.dcm").write_bytes(b"no DICOM")
    report = verify_folder(written.root, originals=written.originals)
    content = json.loads(report_json(report))
    assert content["schema"] == "casepack-validate/1"
    assert content["ok"] is False
    assert content["counts"] == {"error": 1, "warning": 0, "note": 0}
    assert content["findings"][0]["code"] == "file-claims-dicom"
    assert content["findings"][0]["file"] == "note.dcm"
    assert {check["name"] for check in content["checks"]} == {c.name for c in report.checks}
    assert report_json(report) == report_json(
        verify_folder(written.root, originals=written.originals)
    )


def test_an_empty_report_is_good() -> None:
    report = Report(kind="folder", checks=(), findings=())
    assert report.ok
    with pytest.raises(FrozenInstanceError):
        report.kind = "package"  # type: ignore[misc]  # that it fails is the point


def test_findings_are_sorted_worst_first_and_named_once() -> None:
    codes = ["reference-external", "age-over-89", "burned-in", "burned-in"]
    assert [finding.code for finding in sort_findings(map(make_finding, codes))] == [
        "burned-in",
        "age-over-89",
        "reference-external",
    ]


def test_every_kind_of_finding_has_a_message_and_no_kind_is_made_up() -> None:
    with pytest.raises(KeyError):
        make_finding("no-such-code")
    for code, kind in KINDS.items():
        assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", code)
        assert kind.message
        assert not kind.message.endswith(".")
        assert kind.advice or kind.severity is Severity.NOTE


def test_names_in_paths_are_hidden_even_without_originals(tmp_path: Path, written: Written) -> None:
    folder = tmp_path / "other" / "Hohenlohe_Friederike"
    folder.mkdir(parents=True)
    target = folder / "1.dcm"
    target.write_bytes(written.first.read_bytes())
    change(target, lambda ds: setattr(ds, "PatientName", "Hohenlohe^Friederike"))
    report = verify_folder(tmp_path / "other")
    assert {finding.file for finding in report.findings} == {"(component 1)/1.dcm"}


def test_checks_have_distinct_names(written: Written) -> None:
    checks: tuple[Check, ...] = verify_folder(written.root).checks
    assert len({check.name for check in checks}) == len(checks)
    assert INSTITUTION not in repr(checks)
