"""`casepack validate`: its reports, and that values go to a terminal or nowhere."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from casepack.cli.main import app
from tests.builders import mr_instance, write_instance

runner = CliRunner()
NAME = "Quillfeather"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    write_instance(mr_instance(PatientName=f"{NAME}^Amaranth"), folder / "IM1.dcm")
    return folder


def run(*arguments: object) -> tuple[int, str]:
    result = runner.invoke(app, ["validate", *map(str, arguments)])
    return result.exit_code, result.output


def test_the_page_is_written_and_names_nobody(study: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    code, output = run(study, "--original", study, "--html", page)
    assert code == 1
    assert NAME not in output
    text = page.read_text("utf-8")
    assert "Not passed." in text
    assert NAME not in text


@pytest.mark.parametrize("option", ["--html", "--json"])
def test_a_report_is_not_written_into_what_is_checked(study: Path, option: str) -> None:
    code, output = run(study, option, study / "report")
    assert code == 2
    assert "would write into the folder" in output
    assert not (study / "report").exists()


@pytest.mark.parametrize("option", ["--html", "--json"])
def test_a_report_that_cannot_be_written_is_an_error(
    study: Path, tmp_path: Path, option: str
) -> None:
    code, output = run(study, option, tmp_path / "nowhere" / "report")
    assert code == 2
    assert option in output


def test_values_are_not_revealed_into_a_pipe(study: Path) -> None:
    code, output = run(study, "--original", study, "--reveal")
    assert code == 2
    assert "no terminal" in output
    assert NAME not in output


def test_values_are_revealed_on_a_terminal_and_nowhere_else(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casepack.cli.check.is_terminal", lambda: True)
    page, data = tmp_path / "report.html", tmp_path / "report.json"
    code, output = run(study, "--original", study, "--reveal", "--html", page, "--json", data)
    assert code == 1
    assert NAME in output
    assert NAME not in page.read_text("utf-8") + data.read_text("utf-8")


def test_a_terminal_is_what_standard_output_says(monkeypatch: pytest.MonkeyPatch) -> None:
    from casepack.cli.check import is_terminal

    for answer in (True, False):
        monkeypatch.setattr(sys.stdout, "isatty", lambda answer=answer: answer, raising=False)
        assert is_terminal() is answer


def test_a_zip_file_is_checked_like_a_folder(study: Path, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "result"), "zip", study)
    page = tmp_path / "report.html"
    code, output = run(archive, "--original", study, "--html", page)
    assert code == 1
    assert "holds a name of the patient" in " ".join(output.split())
    assert "Not passed." in page.read_text("utf-8")


def test_what_is_no_zip_file_is_bad_usage(study: Path) -> None:
    code, output = run(study / "IM1.dcm")
    assert code == 2
    assert "neither a folder nor a zip file" in " ".join(output.split())
