"""Commands about recipes, as a user calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from casepack.cli.main import app
from tests.recipe.recipes import recipe_of

runner = CliRunner()


def run(*words: str) -> Result:
    return runner.invoke(app, ["recipe", *words])


def written(folder: Path, *lines: str, labels: tuple[str, ...] = ()) -> str:
    path = folder / "mine.dicom"
    path.write_text(recipe_of("%header", *lines, labels=labels), encoding="utf-8")
    return str(path)


def test_explain_writes_tab_separated_values_into_a_pipe() -> None:
    result = run("explain", "publication")
    assert result.exit_code == 0
    head, *rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert head == ["tag", "name", "where", "type", "action", "otherwise", "source"]
    assert {len(row) for row in rows} == {7}
    assert ["(0010,0010)", "Patient's Name", "", "2", "Z", "", "E.1-1"] in rows


def test_explain_takes_a_sop_class_by_name_or_uid() -> None:
    by_name = run("explain", "basic", "--sop-class", "ENHANCED_MR").stdout
    assert by_name == run("explain", "basic", "--sop-class", "1.2.840.10008.5.1.4.1.1.4.1").stdout
    assert by_name != run("explain", "basic").stdout
    assert "Diffusion" in by_name or "(5200,9229)" in by_name


def test_explain_writes_json() -> None:
    found = json.loads(run("explain", "strict", "--json").stdout)
    assert found["sop_class"] == {"uid": "1.2.840.10008.5.1.4.1.1.4", "name": "MR Image Storage"}
    assert found["recipe"]["name"] == "strict"
    (row,) = [each for each in found["attributes"] if each["tag"] == "(0018,0024)"]
    assert (row["action"], row["source"]) == ("X", "strict.dicom:11")


@pytest.mark.parametrize(
    ("sop_class", "said"),
    [
        ("nothing", "no such Storage SOP Class"),
        ("1.2.840.10008.5.1.4.1.1.88.33", "structured-content"),
    ],
)
def test_explain_refuses_what_has_no_plan(sop_class: str, said: str) -> None:
    result = run("explain", "basic", "--sop-class", sop_class)
    assert result.exit_code == 2
    assert said in result.output


def test_a_reader_that_leaves_the_pipe_early_is_no_failure() -> None:
    command = f"{sys.executable} -m casepack recipe explain publication"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{command} | head -1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("tag\tname")


def test_check_passes_what_is_sound(tmp_path: Path) -> None:
    result = run("check", written(tmp_path, "REMOVE SequenceName"))
    assert (result.exit_code, result.stdout) == (0, "0 error(s), 0 warning(s), 0 note(s)\n")


def test_check_fails_on_errors_and_names_every_line(tmp_path: Path) -> None:
    result = run("check", written(tmp_path, "REMOV SequenceName", "REMOVE Nothing"))
    assert result.exit_code == 1
    assert "mine.dicom:5" in result.stdout
    assert "mine.dicom:6" in result.stdout
    assert str(tmp_path) not in result.output
    assert result.stdout.endswith("2 error(s), 0 warning(s), 0 note(s)\n")


def test_check_passes_with_warnings_and_shows_them(tmp_path: Path) -> None:
    result = run("check", written(tmp_path, "REMOVE PatientAge"))
    assert result.exit_code == 0
    assert "warning" in result.stdout
    assert "has no effect" in result.stdout


def test_check_writes_json(tmp_path: Path) -> None:
    result = run("check", "--json", written(tmp_path, "REMOVE endswith:Time"))
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found["format"] == "casepack-recipe-check/1"
    assert "recipe-hits-required" in {each["code"] for each in found["findings"]}
    assert {each["place"] for each in found["findings"]} == {"mine.dicom:5"}


def test_check_of_a_recipe_that_is_not_there_is_bad_usage(tmp_path: Path) -> None:
    result = run("check", str(tmp_path / "none.dicom"))
    assert result.exit_code == 2
    assert "there is no such recipe" in result.output


def test_show_prints_the_text_or_the_conformance_statement() -> None:
    assert run("show", "basic").stdout.startswith("FORMAT dicom\n")
    statement = run("show", "basic", "--conformance")
    assert statement.exit_code == 0
    assert statement.stdout.startswith("# De-identification conformance statement: basic\n")
    assert "## Transfer Syntaxes" in statement.stdout
