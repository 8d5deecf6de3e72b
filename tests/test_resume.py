"""De-identification that goes on where it was: after a kill, and when files came or changed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from casepack.deidentify import instance as instance_module
from casepack.deidentify.journal import JOURNAL
from casepack.deidentify.key_file import write_new_key
from casepack.errors import TargetError
from casepack.pipeline import Settings, deidentify_study
from tests.builders import mr_instance, write_instance

IDENTITY: dict[str, Any] = {"PatientName": "Quillfeather^Amaranth", "PatientID": "QF-558213"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    write_new_key(tmp_path / "project.key")
    return Settings(recipe="publication", key_file=tmp_path / "project.key")


def write_study(folder: Path, count: int) -> Path:
    for number in range(1, count + 1):
        write_instance(mr_instance(instance=number, **IDENTITY), folder / f"IM{number:04d}.dcm")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != JOURNAL
    }


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are de-identified, as they are written."""
    names: list[str] = []
    write = instance_module.write_part_ten

    def note(instance, *rest):
        names.append(instance.path.name)
        return write(instance, *rest)

    monkeypatch.setattr(instance_module, "write_part_ten", note)
    return names


def test_a_second_run_does_nothing_again(
    tmp_path: Path, settings: Settings, written: list[str]
) -> None:
    study = write_study(tmp_path / "study", 40)
    deidentify_study(study, tmp_path / "out", settings)
    first = contents(tmp_path / "out")
    assert len(written) == 40
    outcome = deidentify_study(study, tmp_path / "out", settings)
    assert len(written) == 40
    assert contents(tmp_path / "out") == first
    assert len(outcome.deidentified.instances) == 40
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "project.key", "study"]


def test_new_changed_and_missing_files_are_noticed(
    tmp_path: Path, settings: Settings, written: list[str]
) -> None:
    study = write_study(tmp_path / "study", 40)
    deidentify_study(study, tmp_path / "out", settings)
    write_instance(mr_instance(instance=41, **IDENTITY), study / "IM0041.dcm")
    changed = mr_instance(instance=20, EchoTime=77, **IDENTITY)
    write_instance(changed, study / "IM0020.dcm")
    os.utime(study / "IM0020.dcm", (1, 1))
    (study / "IM0040.dcm").unlink()
    before = len(written)
    deidentify_study(study, tmp_path / "out", settings)
    assert 0 < len(written) - before < 40, "only the chunks that changed are done again"
    fresh = tmp_path / "fresh"
    deidentify_study(study, fresh, settings)
    assert contents(tmp_path / "out") == contents(fresh)
    assert json.loads((fresh / "report.json").read_text())["actions"]


def test_another_recipe_or_no_key_file_builds_upon_nothing(
    tmp_path: Path, settings: Settings
) -> None:
    study = write_study(tmp_path / "study", 3)
    deidentify_study(study, tmp_path / "out", settings)
    before = contents(tmp_path / "out")
    for other in (
        Settings(recipe="basic", key_file=settings.key_file),
        Settings(recipe="publication"),
    ):
        with pytest.raises(TargetError, match="exists"):
            deidentify_study(study, tmp_path / "out", other)
    assert contents(tmp_path / "out") == before


def test_the_journal_holds_nothing_of_the_input(tmp_path: Path, settings: Settings) -> None:
    study = write_study(tmp_path / "Quillfeather", 3)
    deidentify_study(study, tmp_path / "out", settings)
    text = (tmp_path / "out" / JOURNAL).read_text()
    for value in ("Quillfeather", "QF-558213", "IM0001", "1.2.826.0.1.3680043.10.9999"):
        assert value not in text
    assert (tmp_path / "project.key").read_text().strip().partition(":")[2] not in text


def test_a_killed_run_is_taken_over(tmp_path: Path, settings: Settings, written: list[str]) -> None:
    study = write_study(tmp_path / "study", 400)
    whole = tmp_path / "whole"
    deidentify_study(study, whole, settings)
    del written[:]
    out = tmp_path / "out"
    command = [sys.executable, "-m", "casepack", "deid", str(study), str(out)]
    child = subprocess.Popen(
        [*command, "--key-file", str(settings.key_file)], stdout=subprocess.DEVNULL
    )
    while child.poll() is None:
        journals = list(tmp_path.glob(f".out.casepack-*/result/{JOURNAL}"))
        if journals and journals[0].read_text().count('"inputs"') > 2:
            child.send_signal(signal.SIGKILL)
            break
        time.sleep(0.001)
    child.wait()
    if out.exists():
        pytest.skip("the run ended before it could be killed")
    # a file half-written at the moment of the kill, and a torn line
    left = next(tmp_path.glob(".out.casepack-*/result"))
    (next(left.rglob("*.dcm")).parent / "2.25.1.dcm").write_bytes(b"half")
    with (left / JOURNAL).open("a") as journal:
        journal.write('{"inputs": ["torn')
    deidentify_study(study, out, settings)
    assert 0 < len(written) < 400
    assert contents(out) == contents(whole)
    assert not list(tmp_path.glob(".out.casepack-*"))


def test_a_run_that_fails_leaves_the_former_result(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = write_study(tmp_path / "study", 3)
    deidentify_study(study, tmp_path / "out", settings)
    before = contents(tmp_path / "out")
    write_instance(mr_instance(instance=4, **IDENTITY), study / "IM0004.dcm")

    def fail(*_args: object) -> None:
        raise TargetError("no room")

    monkeypatch.setattr("casepack.pipeline.deidentify.write_report", fail)
    with pytest.raises(TargetError):
        deidentify_study(study, tmp_path / "out", settings)
    assert contents(tmp_path / "out") == before
    shutil.rmtree(tmp_path / "out")
