"""`pack` and `fetch` on a disk that is really full, at whatever moment."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from casepack.errors import TargetError
from casepack.exchange import fetch_studies, open_study
from casepack.pacs import Query, parse_address
from casepack.pipeline import Settings, make_sample, pack_study
from tests.pacs.studies import PATIENT, write_studies
from tests.servers import Orthanc
from tests.test_pipeline import digest_of, write_patient

SETTINGS = Settings(recipe="publication", workers=1)


class Disk:
    """A file system of its own, whose size can be changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def mount(self) -> bool:
        if shutil.which("mount") is None or os.geteuid() != 0:
            return False
        command = ["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", str(self.folder)]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def resize(self, kilobytes: int) -> None:
        command = ["mount", "-o", f"remount,size={kilobytes}k", str(self.folder)]
        subprocess.run(command, check=True)

    @property
    def used(self) -> int:
        """Kilobytes."""
        status = os.statvfs(self.folder)
        return (status.f_blocks - status.f_bfree) * status.f_frsize >> 10


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk(tmp_path / "disk")
    if not made.mount():
        pytest.skip("a file system of its own can only be mounted by root")
    try:
        yield made
    finally:
        subprocess.run(["umount", "-l", str(made.folder)], check=True)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("full") / "sample"
    make_sample(folder, seed=1, slices=3, size=64)
    return folder


def refused(error: TargetError, *places: Path) -> None:
    assert error.advice
    assert error.__cause__ is None
    assert error.__suppress_context__
    assert not any(str(place) in error.message + error.advice for place in places)


def fill(study: Path, case: Path | None, disk: Disk, percents: Sequence[int]) -> set[str]:
    """Pack on disks of a part of the size that it needs; return the stages at which it stopped."""
    out, stages = disk.folder / "case", []
    highest = 0

    def look(stage: str, _done: int, _total: int) -> None:
        nonlocal highest
        highest = max(highest, disk.used)
        stages.append(stage)

    pack_study(study, out, SETTINGS, case_file=case, progress=look)
    highest = max(highest, disk.used)
    shutil.rmtree(out)
    assert disk.used == 0
    stopped = set()
    for percent in percents:
        disk.resize(highest * percent // 100)
        with pytest.raises(TargetError, match=r"disk is full|cannot be written") as caught:
            pack_study(study, out, SETTINGS, case_file=case, progress=look)
        refused(caught.value, disk.folder)
        assert list(disk.folder.iterdir()) == [], f"at {percent} %"
        stopped.add(stages[-1])
    disk.resize(4 * highest)
    pack_study(study, out, SETTINGS, case_file=case)
    assert (out / "data" / "index.html").is_file()
    return stopped


def test_a_full_disk_leaves_nothing(tmp_path: Path, disk: Disk) -> None:
    assert len(fill(write_patient(tmp_path / "study"), None, disk, (5, 60))) == 2


@pytest.mark.slow
def test_wherever_pack_is_when_the_disk_is_full_nothing_is_left(sample: Path, disk: Disk) -> None:
    percents = (2, 10, 20, 30, 40, 55, 70, 85, 95)
    assert len(fill(sample / "study", sample / "case.yaml", disk, percents)) >= 3


def test_a_crosswalk_that_cannot_be_written_leaves_no_package(disk: Disk, tmp_path: Path) -> None:
    study = write_patient(tmp_path / "study")
    settings = Settings(recipe="publication", crosswalk=disk.folder / "crosswalk")
    disk.resize(8)
    with pytest.raises(TargetError, match="disk is full") as caught:
        pack_study(study, tmp_path / "case", settings)
    refused(caught.value, disk.folder)
    assert not (tmp_path / "case").exists()


@pytest.mark.parametrize("kilobytes", [4, 12, 40])
def test_files_may_not_grow_beyond_a_limit_and_nothing_is_left(
    tmp_path: Path, kilobytes: int
) -> None:
    """Needs no root: RLIMIT_FSIZE stops each file that grows too large."""
    study = write_patient(tmp_path / "study")
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    out = tmp_path / "out" / "case"
    resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes << 10, former[1]))
    try:
        with pytest.raises(TargetError) as caught:
            pack_study(study, out, SETTINGS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
    refused(caught.value, tmp_path)
    assert list((tmp_path / "out").iterdir()) == []


def test_an_existing_package_stays_when_the_disk_is_full(tmp_path: Path, disk: Disk) -> None:
    study, out = write_patient(tmp_path / "study"), disk.folder / "case"
    pack_study(study, out, SETTINGS)
    before = digest_of(out)
    disk.resize(disk.used + 100)
    for target in (out, disk.folder / "other"):
        with pytest.raises(TargetError):
            pack_study(study, target, SETTINGS)
    assert [path.name for path in disk.folder.iterdir()] == ["case"]
    assert digest_of(out) == before


@pytest.mark.parametrize("way", ["web", "dicom"])
def test_what_does_not_fit_is_not_fetched_in_part(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    server = Orthanc(tmp_path / "orthanc")
    try:
        server.upload(write_studies(tmp_path / "studies"))
        pacs = parse_address(getattr(server, way))
        disk.resize(40)
        with pytest.raises(TargetError, match="disk is full") as caught:
            fetch_studies(pacs, Query(patient_id=PATIENT), disk.folder / "study")
        refused(caught.value, disk.folder)
        assert list(disk.folder.iterdir()) == []
        monkeypatch.setattr(tempfile, "tempdir", str(disk.folder))
        query = tmp_path / "query.yaml"
        query.write_text(f"pacs: {getattr(server, way)}\npatient_id: {PATIENT}\n")
        with pytest.raises(TargetError, match="disk is full"), open_study(query):
            pass
        assert list(disk.folder.iterdir()) == []
    finally:
        server.stop()
