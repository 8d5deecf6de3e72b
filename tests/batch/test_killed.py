"""Batches that are killed, interrupted or run out of disk, and go on."""

from __future__ import annotations

import csv
import errno
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

from casepack.batch import case as case_module
from casepack.batch.run import run_batch
from casepack.batch.task import Fault, Task, Verdict
from casepack.deidentify.key_file import write_new_key
from casepack.errors import TargetError
from tests.batch.faults import (
    LIMIT_SECONDS,
    kill_again_and_again,
    run_and_tell_memory,
    signal_after,
    start_batch,
)
from tests.batch.studies import digest_of, here, write_studies, write_study
from tests.builders import mr_instance, write_instance
from tests.deidentify.test_mutations import mutate, originals

NAME = re.compile(rb"(?<![0-9A-Za-z])Quillfeather(?![0-9A-Za-z])")
"""As a whole word: a mutation may glue it to letters before it."""
PRIVATE = ["cases.csv", "journal.sqlite", "lock"]


@pytest.fixture
def key(tmp_path: Path) -> Path:
    write_new_key(tmp_path / "project.key")
    return tmp_path / "project.key"


def rows_of(out: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((out / "summary.csv").read_text().splitlines()))


@pytest.mark.parametrize(
    ("studies", "instances", "kills"),
    [
        pytest.param(6, 4, 4, id="6 studies"),
        pytest.param(200, 60, 20, id="200 studies", marks=pytest.mark.slow),
    ],
)
def test_a_batch_killed_at_many_moments_ends_as_if_it_never_was(
    tmp_path: Path, key: Path, studies: int, instances: int, kills: int
) -> None:
    root = write_studies(tmp_path / "studies", studies, instances=instances)
    options = ("--key-file", str(key), "--workers", "2")
    out, whole = tmp_path / "out", tmp_path / "whole"
    killed = kill_again_and_again(root, out, *options, kills=kills, total=studies)
    assert killed >= kills // 2, "the test is empty unless most runs were killed"
    for target in (out, whole):
        process = start_batch(root, target, *options)
        said, _ = process.communicate(timeout=LIMIT_SECONDS)
        assert process.returncode == 0, said
    assert digest_of(out) == digest_of(whole)
    assert [row["verdict"] for row in rows_of(out)] == ["done"] * studies
    assert sorted(path.name for path in (tmp_path / "out.private").iterdir()) == PRIVATE
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("out", "out.private", "project.key", "studies", "whole", "whole.private")
    ]
    with sqlite3.connect(tmp_path / "out.private" / "journal.sqlite") as database:
        assert database.execute("SELECT count(*), min(appeared) FROM cases").fetchone() == (
            studies,
            1,
        )
    database.close()


def test_ctrl_c_ends_cleanly_and_the_next_call_goes_on(tmp_path: Path, key: Path) -> None:
    root = write_studies(tmp_path / "studies", 4, instances=8)
    out, options = tmp_path / "out", ("--key-file", str(key), "--workers", "2")
    process = start_batch(root, out, *options)
    assert signal_after(process, out, 1, 0.0, signal.SIGINT)
    said, _ = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 130, said
    assert "interrupted" in said
    assert "Traceback" not in said
    assert sorted(path.name for path in (tmp_path / "out.private").iterdir()) == PRIVATE
    assert {row["verdict"] for row in rows_of(out)} == {"done", "waiting"}
    process = start_batch(root, out, *options)
    process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 0
    assert {row["verdict"] for row in rows_of(out)} == {"done"}


def test_a_second_batch_into_the_same_out_is_refused_while_the_first_runs(
    tmp_path: Path, key: Path
) -> None:
    root = write_studies(tmp_path / "studies", 2, instances=20)
    out = tmp_path / "out"
    first = start_batch(root, out, "--key-file", str(key))
    assert signal_after(first, out, 1, 0.0, signal.SIGCONT)
    second = start_batch(root, out, "--key-file", str(key))
    said, _ = second.communicate(timeout=LIMIT_SECONDS)
    assert second.returncode == 2
    assert "another batch is writing to the same OUT" in said
    first.communicate(timeout=LIMIT_SECONDS)
    assert first.returncode == 0
    assert {row["verdict"] for row in rows_of(out)} == {"done"}


def test_a_disk_that_is_full_stops_the_batch_and_keeps_what_is_finished(
    tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_studies(tmp_path / "studies", 4)
    build, made = case_module._build, []

    def fill(task: Task, *rest):
        made.append(task.name)
        if len(made) > 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "Quillfeather")
        return build(task, *rest)

    monkeypatch.setattr(case_module, "_build", fill)
    with pytest.raises(TargetError, match="cannot be written") as error:
        run_batch(root, str(tmp_path / "out"), here(), key_file=key)
    assert "Quillfeather" not in f"{error.value} {error.value.advice}"
    assert [row["verdict"] for row in rows_of(tmp_path / "out")] == [
        # the fourth was handed out together with the third
        *("done", "done", "failed", "failed")
    ]
    assert {row["fault"] for row in rows_of(tmp_path / "out")[2:]} == {"target"}
    monkeypatch.undo()
    summary = run_batch(root, str(tmp_path / "out"), here(), key_file=key)
    assert summary.count(Verdict.DONE) == 4
    run_batch(root, str(tmp_path / "whole"), here(), key_file=key)
    assert digest_of(tmp_path / "out") == digest_of(tmp_path / "whole")


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system of 2 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if (
        shutil.which("mount") is None
        or os.geteuid() != 0
        or subprocess.run(command, check=False, capture_output=True).returncode != 0
    ):
        pytest.skip("a file system of its own can only be mounted by root")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_real_disk_that_is_full_leaves_whole_results_only(
    tmp_path: Path, key: Path, small_disk: Path
) -> None:
    root = write_studies(tmp_path / "studies", 5, instances=24)
    out, options = small_disk / "out", ("--key-file", str(key), "--workers", "2")
    process = start_batch(root, out, *options)
    said, _ = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 2, said
    assert "full" in said or "cannot be written" in said
    assert "Traceback" not in said
    results = [path for path in out.iterdir() if path.is_dir()]
    assert 0 < len(results) < 5
    assert not list((small_disk / "out.private").glob("work-*"))
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    process = start_batch(root, out, *options)
    said, _ = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 0, said
    run_batch(root, str(tmp_path / "whole"), here(), key_file=key)
    assert digest_of(out) == digest_of(tmp_path / "whole")


@pytest.mark.parametrize(
    "count", [2_000, pytest.param(100_000, marks=pytest.mark.slow)], ids=lambda n: f"{n:,}"
)
def test_a_folder_full_of_other_files_is_no_matter(tmp_path: Path, key: Path, count: int) -> None:
    study = write_study(tmp_path / "studies" / "a")
    for number in range(count):
        folder = study / f"export{number % 100:02d}"
        folder.mkdir(exist_ok=True)
        (folder / f"note{number:06d}.txt").write_text("not DICOM")
    out = tmp_path / "out"
    peak = run_and_tell_memory(tmp_path / "studies", out, key)
    (row,) = rows_of(out)
    assert (row["verdict"], row["instances"], row["held"]) == ("done", "2", "0")
    # libraries and network take 180 MB
    assert peak < 250 + count * 0.002, "MB"


@pytest.mark.parametrize(
    "count", [300, pytest.param(20_000, marks=pytest.mark.slow)], ids=lambda n: f"{n:,}"
)
def test_a_large_study_is_packaged(tmp_path: Path, key: Path, count: int) -> None:
    write_study(tmp_path / "studies" / "a", count=count)
    out = tmp_path / "out"
    peak = run_and_tell_memory(tmp_path / "studies", out, key)
    (row,) = rows_of(out)
    assert (row["verdict"], row["instances"]) == ("done", str(count))
    images = len(list((out / row["case"] / "data" / "dicom").rglob("IM*")))
    assert images == count
    # libraries and network take 180 MB
    assert peak < 280 + count * 0.05, "MB"


@pytest.mark.parametrize(
    "count", [16, pytest.param(600, marks=pytest.mark.slow)], ids=lambda n: f"{n:,}"
)
def test_hostile_studies_stop_no_other_and_leak_nothing(
    tmp_path: Path, key: Path, count: int
) -> None:
    dice = random.Random(4)
    sources = originals()
    for number in range(count):
        study = tmp_path / "studies" / f"hostile{number:03d}"
        identity: dict[str, Any] = {
            "PatientName": "Quillfeather^Amaranth",
            "PatientID": "QF-558213",
        }
        write_instance(mr_instance(instance=2, **identity), study / "IM2.dcm")
        (study / "IM1.dcm").write_bytes(mutate(sources[number % len(sources)], dice))
    write_study(tmp_path / "studies" / "sound")
    summary = run_batch(tmp_path / "studies", str(tmp_path / "out"), here(), key_file=key)
    assert len(summary.lines) == count + 1
    results = [line.result for line in summary.lines]
    assert summary.count(Verdict.DONE) >= 1
    assert summary.count(Verdict.HELD) > count // 4
    assert not [one for one in results if one.fault is Fault.NOT_UNDERSTOOD]
    for path in (tmp_path / "out").rglob("*"):
        assert not path.is_file() or not NAME.search(path.read_bytes()), path.name
