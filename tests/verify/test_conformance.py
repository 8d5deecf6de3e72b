"""Outside validators: only new errors count, and no value of theirs gets out."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from casepack.model import FileSet
from casepack.verify import conformance
from casepack.verify.conformance import (
    available_tools,
    check_documents,
    check_entities,
    check_iods,
    read_iod_errors,
    tool_versions,
)
from casepack.verify.holdings import read_holdings
from tests.builders import mr_instance, write_instance
from tests.verify.studies import Written, change, key_object, original_image

needs_dicom3tools = pytest.mark.skipif(
    shutil.which("dciodvfy") is None and not os.environ.get("CI"),
    reason="dicom3tools is not installed",
)
SECRET = "Quillfeather"  # noqa: S105  # a value that must not get out


class _Done:
    """What a validator said."""

    returncode = 1

    def __init__(self, stderr: str) -> None:
        self.stdout = b""
        self.stderr = stderr.encode()


@pytest.fixture(autouse=True)
def _nothing_said_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conformance, "_said", {})


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: _Done("\n".join(lines)))
    return lines


@pytest.mark.parametrize(
    ("line", "message", "place"),
    [
        (
            "</Modality(0008,0060)> - Missing attribute for Type 1C Conditional - Module=<X>",
            "Missing attribute for Type 1C Conditional",
            "(0008,0060)",
        ),
        (
            f"</S(5200,9229)[1]/M(0018,9115)[2]/P(0018,9078)[1]> - Unrecognized = <{SECRET}>",
            "Unrecognized",
            "(5200,9229)[0].(0018,9115)[1].(0018,9078)",
        ),
        (
            f'</(0029,1010,"{SECRET}")> - Value invalid for this VR - (0x29) = <{SECRET}>',
            "Value invalid for this VR",
            "(0029,1010)",
        ),
        (f"Value invalid for <{SECRET}> and more", "Value invalid for and more", ""),
        (f"'{SECRET}' is bad", "is bad", ""),
        (f"{SECRET}^Amaranth was not expected here", "Error", ""),
        (f"Value {SECRET} is bad", "Value", ""),
    ],
)
def test_messages_lose_their_values(said: list[str], line: str, message: str, place: str) -> None:
    said += ["Warning - </PatientName(0010,0010)> - <" + SECRET + ">", "MRImage", f"Error - {line}"]
    errors = read_iod_errors(Path("any"))
    assert errors == [(message, place)]
    assert SECRET not in str(errors)


def test_entities_are_named_by_keyword_only(said: list[str], written: Written) -> None:
    said += [
        f"Error - String - Element=<PatientSex> IE=<Patient> for <{SECRET}> Value 1 <{SECRET}>",
        f"Error - {SECRET}",
        f"Warning - Element=<PatientName> IE=<Patient> {SECRET}",
    ]
    findings = list(check_entities(read_holdings(written.root)))
    assert {finding.place for finding in findings} == {"PatientSex of the Patient", ""}
    assert SECRET not in str(findings)


def test_originals_are_asked_until_one_has_the_error_and_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_instance(original_image(1, 1, 1), tmp_path / "result" / "1.dcm")
    holdings = read_holdings(tmp_path / "result").dicom
    paths = [tmp_path / str(number) for number in range(9)]
    asked: list[Path] = []

    def say(path: Path) -> list[tuple[str, str]]:
        asked.append(path)
        if path not in paths:
            return [("Missing attribute", "(0008,0060)")]
        return [("Missing attribute", "(0008,0060)")] if path.name == "3" else []

    monkeypatch.setattr(conformance, "_try_iod", say)
    sop_class = holdings[0].sop_class_uid
    assert list(check_iods(holdings, {sop_class: paths}, programs=2)) == []
    assert set(asked) == {holdings[0].path, *paths[:4]}
    asked.clear()
    rest = paths[:3] + paths[4:]
    found = check_iods(holdings, {sop_class: rest}, programs=2)
    assert [one.code for one in found] == ["iod-error"]
    assert set(asked) == {holdings[0].path, *rest}, "only when none has it, all are asked"


@needs_dicom3tools
def test_an_error_that_the_originals_have_too_does_not_count(tmp_path: Path) -> None:
    for name in ("original", "result"):
        ds = original_image(1, 1, 1)
        del ds.Modality
        write_instance(ds, tmp_path / name / "1.dcm")
    holdings = read_holdings(tmp_path / "result").dicom
    originals = {holdings[0].sop_class_uid: [tmp_path / "original" / "1.dcm"]}
    assert [f.code for f in check_iods(holdings, {})] == ["iod-error"]
    assert list(check_iods(holdings, originals)) == []
    change(tmp_path / "result" / "1.dcm", lambda ds: delattr(ds, "MRAcquisitionType"))
    places = [finding.place for finding in check_iods(holdings, originals)]
    assert places == ["(0018,0023) Missing attribute for Type 2 Required"]


@needs_dicom3tools
@pytest.mark.parametrize("changed", [range(1), range(5, 9), range(8, 9), ()])
def test_a_disagreement_in_a_large_study_is_found_wherever_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: Sequence[int]
) -> None:
    monkeypatch.setattr(conformance, "_MOST_COMPARED", 4)
    for number in range(9):
        ds = mr_instance(instance=number + 1, PatientSex="M" if number in changed else "F")
        write_instance(ds, tmp_path / f"{number}.dcm")
    asked: list[int] = []
    read = conformance._read_disagreements

    def ask(paths: Sequence[Path]) -> list[str]:
        asked.append(len(paths))
        return read(paths)

    monkeypatch.setattr(conformance, "_read_disagreements", ask)
    places = [finding.place for finding in check_entities(read_holdings(tmp_path))]
    assert places == (["PatientSex of the Patient"] if changed else [])
    assert asked == [4, 4, 3]


@needs_dicom3tools
def test_versions_are_said() -> None:
    versions = tool_versions(available_tools())
    assert versions["dciodvfy"][0].isdecimal()
    assert set(versions) == set(available_tools())


def test_a_program_that_hangs_or_is_missing_is_a_finding(
    monkeypatch: pytest.MonkeyPatch, written: Written
) -> None:
    def hang(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("dciodvfy", 1)

    monkeypatch.setattr(subprocess, "run", hang)
    write_instance(key_object(), written.root / "ko.dcm")
    holdings = read_holdings(written.root)
    for findings in (
        check_iods(holdings.dicom, {}),
        check_entities(holdings),
        check_documents(holdings),
    ):
        assert {finding.code for finding in findings} == {"tool-failed"}
    assert tool_versions(["dciodvfy"]) == {}


def test_without_programs_nothing_is_claimed(
    monkeypatch: pytest.MonkeyPatch, written: Written, originals: FileSet
) -> None:
    from casepack.verify import verify_folder

    monkeypatch.setattr(conformance, "which", lambda _: None)
    monkeypatch.setattr(conformance, "find_spec", lambda _: None)
    report = verify_folder(written.root, originals=originals)
    skipped = {check.name: check.skipped for check in report.checks if check.skipped}
    assert skipped["iods"] == "dciodvfy is not installed"
    assert skipped["entities"] == "dcentvfy is not installed"
    assert skipped["documents"] == "dsrdump is not installed"
    assert report.tools == {}


def test_a_program_is_asked_once_for_the_same_content(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def run(arguments: list[str], **_: object) -> _Done:
        asked.append(arguments)
        return _Done("Error - </Modality(0008,0060)> - Missing")

    monkeypatch.setattr(subprocess, "run", run)
    write_instance(key_object(), written.root / "ko.dcm")
    shutil.copytree(written.root, tmp_path / "elsewhere")
    change(written.first, lambda ds: setattr(ds, "SequenceName", "another"))
    found = []
    for root in (written.root, tmp_path / "elsewhere"):
        holdings = read_holdings(root)
        iods = list(check_iods(holdings.dicom, {}))
        found.append(len([*iods, *check_documents(holdings), *check_entities(holdings)]))
    files = len(read_holdings(written.root).dicom)
    assert found[0] == found[1] >= files
    tools = [arguments[0] for arguments in asked]
    assert tools.count("dciodvfy") == files + 1  # the one that differs is asked about twice
    assert tools.count("dsrdump") == 1
    assert tools.count("dcentvfy") == 3  # of two Studies, one with the changed file


def test_what_failed_is_tried_again(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> _Done:
        raise subprocess.TimeoutExpired("dciodvfy", 1)

    holdings = read_holdings(written.root)
    monkeypatch.setattr(subprocess, "run", fail)
    assert {one.code for one in check_iods(holdings.dicom, {})} == {"tool-failed"}
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: _Done(""))
    assert list(check_iods(holdings.dicom, {})) == []
