"""Fetch and send as a user calls them, with a real Orthanc."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from casepack.cli.main import app
from casepack.pacs import connect, parse_address, send_instances
from tests.pacs.studies import FIRST, IDENTIFYING, NAME, PATIENT
from tests.pacs.test_sending import outgoing
from tests.servers import Dcmqrscp, Orthanc

pytestmark = pytest.mark.usefixtures("without_programs")
runner = CliRunner()
VALUES = (*IDENTIFYING, NAME)


def run(*words: str | Path, given: str = "") -> Result:
    result = runner.invoke(app, [str(word) for word in words], input=given)
    assert not any(value in result.output for value in VALUES), result.output
    return result


def query_file(folder: Path, pacs: str, query: str) -> Path:
    path = folder / "query.yaml"
    path.write_text(f"pacs: {pacs}\n{query}\n")
    return path


def test_a_study_is_fetched_by_a_query_file_and_only_numbers_are_shown(
    orthanc: Orthanc, tmp_path: Path
) -> None:
    query = query_file(tmp_path, orthanc.web, f"accession_number: {FIRST}")
    listed = run("fetch", query, "--list")
    assert listed.exit_code == 0, listed.output
    assert "1 study(ies), 6 instance(s)" in listed.output
    assert [path.name for path in tmp_path.iterdir()] == ["query.yaml"]
    fetched = run("fetch", query, tmp_path / "study")
    assert fetched.exit_code == 0, fetched.output
    assert fetched.output.splitlines()[2].split() == ["1", "1", "MR", "3", "3"]
    assert len(list((tmp_path / "study").rglob("*.dcm"))) == 6
    again = run("fetch", query, tmp_path / "study")
    assert (again.exit_code, "the target exists" in again.output) == (2, True)


def test_a_query_is_read_from_a_pipe(orthanc: Orthanc, tmp_path: Path) -> None:
    fetched = run("fetch", orthanc.dicom, tmp_path / "study", given=f"patient_id: {PATIENT}")
    assert fetched.exit_code == 0, fetched.output
    assert len(list((tmp_path / "study").rglob("*.dcm"))) == 12
    wrong = run("fetch", orthanc.dicom, tmp_path / "other", given=f"patient: {PATIENT}")
    assert wrong.exit_code == 2
    assert "standard input:1: a key that does not belong here" in wrong.output
    nothing = run("fetch", orthanc.dicom, tmp_path / "other")
    assert nothing.exit_code == 2
    assert "no query was given" in nothing.output


def test_on_a_terminal_the_query_is_asked_for(
    orthanc: Orthanc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casepack.cli.pacs.is_asked", lambda: True)
    # the runner shows what is typed, as a terminal does
    answers = f"\n\n{PATIENT}\n2024-01-08\n"
    result = runner.invoke(app, ["fetch", orthanc.web, str(tmp_path / "study")], input=answers)
    assert result.exit_code == 0, result.output
    assert "Accession Number (Enter: by Patient ID)" in result.output
    assert len(list((tmp_path / "study").rglob("*.dcm"))) == 6
    nothing = runner.invoke(app, ["fetch", orthanc.web, "--list"], input="\n\n\n")
    assert nothing.exit_code == 2
    assert "whose studies" in nothing.output


def test_what_is_missing_is_counted_and_the_exit_code_is_three(
    studies: Path, tmp_path: Path
) -> None:
    server = Dcmqrscp(tmp_path / "dcmqrscp", "+xr")
    try:
        sent = run("send", studies, server.dicom)
        assert sent.exit_code == 1, "it is identified"
        with connect(parse_address(server.dicom)) as peer:
            assert send_instances(peer, outgoing(studies)).is_complete
        min((tmp_path / "dcmqrscp/db").glob("MR*")).unlink()
        query = query_file(tmp_path, server.dicom, f"patient_id: {PATIENT}")
        fetched = run("fetch", query, tmp_path / "study")
        packed = run("pack", query, tmp_path / "out")
    finally:
        server.stop()
    assert fetched.exit_code == 3
    assert "1 of 12 instance(s) are missing" in fetched.output
    assert len(list((tmp_path / "study").rglob("*.dcm"))) == 11
    assert packed.exit_code == 2
    assert "11 of 12 instances" in packed.output
    assert not (tmp_path / "out").exists()


def test_a_query_file_stands_for_a_study(orthanc: Orthanc, tmp_path: Path) -> None:
    query = query_file(tmp_path, orthanc.web, f"accession_number: {FIRST}")
    packed = run("pack", query, tmp_path / "package")
    assert packed.exit_code == 0, packed.output
    deidentified = run("deid", query, tmp_path / "deidentified")
    assert deidentified.exit_code == 0, deidentified.output
    assert len(list((tmp_path / "deidentified").rglob("*.dcm"))) == 6


def test_a_package_is_sent_and_what_fails_its_checks_is_not(
    studies: Path, orthanc: Orthanc, tmp_path: Path
) -> None:
    package = tmp_path / "package"
    assert run("pack", studies, package).exit_code == 0
    before = len(orthanc.instances())
    sent = run("send", package, orthanc.dicom)
    assert sent.exit_code == 0, sent.output
    assert len(orthanc.instances()) == before + 12
    refused = run("send", studies, orthanc.web)
    assert refused.exit_code == 1
    assert "Nothing was sent" in refused.output
    (package / "data" / "case.md").write_text("changed")
    changed = run("send", package, orthanc.web)
    assert changed.exit_code == 1
    assert len(orthanc.instances()) == before + 12


def test_what_others_could_read_is_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "pacs.yaml"
    path.write_text("address: dicom://PACS@pacs.invalid:104\npatient_id: ''\n")
    assert "quotes" in run("fetch", path, "--list").output
    path.write_text("address: dicom://PACS@pacs.invalid:104\n")
    warned = run("fetch", path, "--list", given="patient_id: '*'")
    assert "warning: dicom:// is not encrypted" in warned.output
    assert warned.exit_code == 2
    nowhere = run("fetch", path)
    assert "no folder to write" in nowhere.output


def test_what_is_no_pacs_is_refused(tmp_path: Path) -> None:
    assert run("send", tmp_path, "https://ada:secret@pacs.example.org/x").exit_code == 2
    assert run("fetch", tmp_path / "none.yaml", tmp_path / "out").exit_code == 2
    assert not (tmp_path / "out").exists()
