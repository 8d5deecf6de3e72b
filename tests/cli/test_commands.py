"""The program as a user calls it: exit codes, help, and what it must not print."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from casepack.cli.main import app
from tests.builders import mr_instance, write_instance

runner = CliRunner()


def study_of(folder: Path, **attributes: Any) -> Path:
    identity = {"PatientName": "Quillfeather^Amaranth", "PatientID": "QF-558213", **attributes}
    write_instance(mr_instance(**identity), folder / "IM1.dcm")
    return folder


def commands() -> list[str]:
    group = typer.main.get_command(app)
    return sorted(group.commands)  # type: ignore[attr-defined]  # a Group


@pytest.mark.parametrize("command", commands())
def test_every_command_has_help_with_an_example(command: str) -> None:
    result = runner.invoke(app, [command, "--help"])
    assert result.exit_code == 0
    group = typer.main.get_command(app).commands[command]  # type: ignore[attr-defined]  # a Group
    subcommands = getattr(group, "commands", {"": group})
    for name, sub in subcommands.items():
        text = runner.invoke(app, [command, *([name] if name else []), "--help"]).output
        assert "Example: casepack" in text, (command, name)
        options = [p for p in sub.params if p.param_type_name == "option" and p.name != "help"]
        # decided in CONTRIBUTING.md: review decisions belong to one run, not to the case file
        most = 6 if command == "pack" else 5
        assert len(options) <= most, (command, name)


def test_deid_exits_with_zero_and_names_the_result(tmp_path: Path) -> None:
    study = study_of(tmp_path / "study")
    result = runner.invoke(app, ["deid", str(study), str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert list((tmp_path / "out").rglob("*.dcm"))


def test_deid_says_plainly_what_became_of_text_and_faces(tmp_path: Path) -> None:
    study, mine = study_of(tmp_path / "study"), tmp_path / "mine.dicom"
    shipped = runner.invoke(app, ["recipe", "show", "strict"]).output
    region = "%filter graylist\nLABEL name\n  contains Modality MR\n  coordinates 0,0,9,9\n\n"
    mine.write_text(shipped.replace("%labels", f"{region}%labels"))
    done = runner.invoke(app, ["deid", str(study), str(tmp_path / "out"), "--recipe", str(mine)])
    said = {" ".join(line.split()) for line in done.output.splitlines()}
    assert {"images with text covered 1", "images not assessed for faces 1"} <= said


def test_held_files_make_exit_code_three_and_are_named_by_number(tmp_path: Path) -> None:
    study = study_of(tmp_path / "study")
    (study / "Quillfeather report.dcm").write_text("text")
    result = runner.invoke(app, ["deid", str(study), str(tmp_path / "out")])
    assert result.exit_code == 3
    assert "file 2: claims-dicom" in result.output
    assert "Quillfeather" not in result.output


def test_inspect_names_the_files(tmp_path: Path) -> None:
    study = study_of(tmp_path / "study")
    (study / "strange.dcm").write_text("text")
    result = runner.invoke(app, ["inspect", str(study)])
    assert result.exit_code == 3
    assert "strange.dcm" in result.output
    assert "Quillfeather" not in result.output


def test_a_missing_study_is_bad_usage_with_advice(tmp_path: Path) -> None:
    result = runner.invoke(app, ["pack", str(tmp_path / "none"), str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "error:" in result.output
    assert "Give the folder" in result.output


def test_an_unexpected_failure_shows_its_place_and_no_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise KeyError("Quillfeather^Amaranth")

    monkeypatch.setattr("casepack.pipeline.deidentify.read_file_set", fail)
    result = runner.invoke(app, ["deid", str(tmp_path), str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "KeyError at casepack.pipeline" in result.output
    assert "Quillfeather" not in result.output


def test_a_key_is_written_once_and_privately(tmp_path: Path) -> None:
    path = tmp_path / "project.key"
    assert runner.invoke(app, ["key", "new", str(path)]).exit_code == 0
    assert path.stat().st_mode & 0o777 == 0o600
    again = runner.invoke(app, ["key", "new", str(path)])
    assert again.exit_code == 2
    path.chmod(0o644)
    study = study_of(tmp_path / "study")
    result = runner.invoke(
        app, ["deid", str(study), str(tmp_path / "out"), "--key-file", str(path)]
    )
    assert result.exit_code == 2
    assert "chmod 600" in result.output


def test_recipes_are_listed_and_shown() -> None:
    assert "publication" in runner.invoke(app, ["recipe", "list"]).output
    shown = runner.invoke(app, ["recipe", "show", "strict"])
    assert shown.output.startswith("FORMAT dicom")


def test_validate_finds_what_was_not_removed(tmp_path: Path) -> None:
    study = study_of(tmp_path / "study")
    result = runner.invoke(app, ["validate", str(study), "--original", str(study)])
    assert result.exit_code == 1
    assert "Quillfeather" not in result.output


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['casepack', '--help']\n"
        "from casepack.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'pydicom', 'numpy', 'highdicom', 'pydantic', 'PIL', 'lxml', 'yaml'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def test_init_drafts_a_case_file_once_and_pack_says_what_is_missing(tmp_path: Path) -> None:
    study, case = study_of(tmp_path / "study"), tmp_path / "case.yaml"
    result = runner.invoke(app, ["init", str(study), str(case)])
    assert result.exit_code == 0, result.output
    assert "Quillfeather" not in case.read_text("utf-8")
    again = runner.invoke(app, ["init", str(study), str(case)])
    assert again.exit_code == 2
    assert "nothing is overwritten" in again.output
    packed = runner.invoke(app, ["pack", str(study), str(tmp_path / "out"), "--case", str(case)])
    assert packed.exit_code == 0, packed.output
    assert "warning: case.yaml: title still holds a placeholder." in packed.output
    assert "warning: case.yaml: authors is required and not given." in packed.output


def test_init_prints_the_schema_and_the_profiles() -> None:
    assert '"$schema"' in runner.invoke(app, ["init", "--schema"]).output
    assert "title: Eurorad" in runner.invoke(app, ["init", "--profile", "eurorad"]).output
    assert runner.invoke(app, ["init", "--profile", "nature"]).exit_code == 2
    assert runner.invoke(app, ["init"]).exit_code == 2


def test_a_case_of_another_patient_is_not_packed(tmp_path: Path) -> None:
    study, case = study_of(tmp_path / "study"), tmp_path / "case.yaml"
    case.write_text("id: x\ntitle: y\npatient: {sex: M}\n")
    result = runner.invoke(app, ["pack", str(study), str(tmp_path / "out"), "--case", str(case)])
    assert result.exit_code == 2
    assert "case.yaml: patient.sex: is not the sex that the images give" in result.output
    assert not (tmp_path / "out").exists()


def test_a_package_is_checked_reserved_given_its_doi_exported_and_archived(tmp_path: Path) -> None:
    case, package = tmp_path / "case.yaml", tmp_path / "package"
    case.write_text(
        "id: x\ntitle: A case\nauthors: [{family: Example, given: Ada}]\n"
        "publisher: Nobody\npublication_date: 2026-01-31\n"
    )
    study = study_of(tmp_path / "study")
    assert (
        runner.invoke(app, ["pack", str(study), str(package), "--case", str(case)]).exit_code == 0
    )

    def run(*words: str) -> tuple[int, str]:
        result = runner.invoke(app, [*words])
        return result.exit_code, result.output

    code, output = run("doi", "check", str(package))
    assert code == 1
    assert "no DOI is set" in output
    code, output = run("doi", "reserve", str(package), "--service", "datacite", "--prefix", "10.1")
    assert code == 0
    assert "POST https://api.datacite.org/dois" in output
    assert "nothing was sent" in output
    assert run("doi", "set", str(package), "not a doi")[0] == 2
    assert run("doi", "set", str(package), "10.5072/x-1")[0] == 0
    assert run("doi", "check", str(package))[0] == 0
    assert "doi = {10.5072/x-1}" in run("doi", "export", str(package), "bibtex")[1]
    assert run("doi", "export", str(package), "jats", str(tmp_path / "a.xml"))[0] == 0
    assert run("doi", "export", str(package), "jats", str(tmp_path / "a.xml"))[0] == 2
    assert run("archive", str(package))[0] == 0
    assert run("archive", str(package), "--check")[0] == 0
    assert run("archive", str(package), "--media")[0] == 0
    assert (tmp_path / "package-pdi.zip").is_file()
    assert run("doi", "set", str(package), "10.5072/x-2")[0] == 0
    assert run("archive", str(package), "--check")[0] == 1
    assert run("validate", str(package))[0] == 1, "the zip beside it is that of before"
    (tmp_path / "package.zip").unlink()
    assert run("validate", str(package))[0] == 0


def test_a_package_without_dicom_is_refused_with_the_reason(tmp_path: Path) -> None:
    study = study_of(tmp_path / "study")
    result = runner.invoke(app, ["pack", str(study), str(tmp_path / "out"), "--no-dicom"])
    assert result.exit_code == 2
    assert "cannot be checked" in result.output
    assert not (tmp_path / "out").exists()


def test_the_date_of_the_bag_is_that_of_source_date_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = study_of(tmp_path / "study")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    package = tmp_path / "package"
    assert runner.invoke(app, ["pack", str(study), str(package)]).exit_code == 0
    assert "Bagging-Date: 2023-11-14\n" in (package / "bag-info.txt").read_text()
    assert runner.invoke(app, ["doi", "set", str(package), "10.5072/x"]).exit_code == 0
    assert "Bagging-Date: 2023-11-14\n" in (package / "bag-info.txt").read_text()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    refused = runner.invoke(app, ["pack", str(study), str(tmp_path / "other")])
    assert refused.exit_code == 2
    assert "SOURCE_DATE_EPOCH is not a number" in refused.output
