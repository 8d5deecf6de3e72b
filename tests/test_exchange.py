"""Studies from a PACS into casepack, and results from it to a PACS, with a real Orthanc."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import dcmread

from casepack import exchange
from casepack.deidentify.key_file import write_new_key
from casepack.errors import PacsError, TargetError, UsageError, VerificationError
from casepack.exchange import fetch_studies, open_study, send_folder
from casepack.pacs import (
    Query,
    connect,
    list_studies,
    parse_address,
    read_source,
    send_instances,
)
from casepack.pipeline import Settings, deidentify_study, pack_study
from casepack.study import read_file_set
from tests.builders import mr_instance, write_instance
from tests.pacs.studies import FIRST, IDENTIFYING, PATIENT
from tests.pacs.test_sending import outgoing
from tests.servers import Dcmqrscp, Orthanc

pytestmark = pytest.mark.usefixtures("without_programs")
QUERY = Query(patient_id=PATIENT)


@pytest.fixture(scope="module")
def destination(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    server = Orthanc(tmp_path_factory.mktemp("destination"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "project.key"
    write_new_key(path)
    return path


@pytest.fixture(scope="module")
def package(studies: Path, key_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("package") / "case"
    pack_study(studies, out, Settings(recipe="publication", key_file=key_file))
    return out


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def query_file(folder: Path, pacs: str, text: str = f"patient_id: {PATIENT}") -> Path:
    path = folder / "query.yaml"
    path.write_text(f"pacs: {pacs}\n{text}\n")
    return path


def test_a_folder_appears_whole_and_only_its_owner_can_read_it(
    orthanc: Orthanc, tmp_path: Path
) -> None:
    out = tmp_path / "study"
    assert fetch_studies(parse_address(orthanc.web), QUERY, out).is_complete
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert len(read_file_set(out).studies) == 2
    assert not any(value in str(path) for path in out.rglob("*") for value in IDENTIFYING)
    with pytest.raises(TargetError, match="exists"):
        fetch_studies(parse_address(orthanc.web), QUERY, out)
    with pytest.raises(PacsError, match="no study"):
        fetch_studies(parse_address(orthanc.web), Query(patient_id="nobody"), tmp_path / "none")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["study"]


@pytest.mark.parametrize("way", ["web", "dicom"])
def test_a_query_file_is_packed_as_its_study_would_be(
    orthanc: Orthanc, package: Path, key_file: Path, tmp_path: Path, temporary: Path, way: str
) -> None:
    settings = Settings(recipe="publication", key_file=key_file)
    with open_study(query_file(tmp_path, getattr(orthanc, way))) as study:
        assert study.is_relative_to(temporary)
        assert stat.S_IMODE(study.stat().st_mode) == 0o700
        pack_study(study, tmp_path / "out", settings)
    assert digests(tmp_path / "out") == digests(package)
    assert list(temporary.iterdir()) == [], "no original is left"


def test_a_folder_is_taken_as_it_is(studies: Path) -> None:
    with open_study(studies) as study:
        assert study == studies


def test_originals_are_removed_whatever_happens(
    orthanc: Orthanc, tmp_path: Path, temporary: Path
) -> None:
    def stop_within() -> None:
        with open_study(query_file(tmp_path, orthanc.web)) as study:
            assert len(list(study.rglob("*.dcm"))) == 12
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_within()
    assert list(temporary.iterdir()) == []


def test_originals_of_a_killed_run_are_removed_by_the_next(
    orthanc: Orthanc, tmp_path: Path, temporary: Path
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for process in (ended.pid, os.getppid()):
        (temporary / f"casepack-originals-{process}-x").mkdir()
    with open_study(query_file(tmp_path, orthanc.web)):
        left = sorted(path.name for path in temporary.iterdir())
    assert f"casepack-originals-{ended.pid}-x" not in left
    assert len(left) == 2, "that of a process that runs is left alone"


def test_a_study_that_is_not_whole_is_not_packed(
    studies: Path, tmp_path: Path, temporary: Path
) -> None:
    server = Dcmqrscp(tmp_path / "dcmqrscp", "+xr")
    try:
        with connect(parse_address(server.dicom)) as peer:
            assert send_instances(peer, outgoing(studies)).is_complete
        stored = sorted((tmp_path / "dcmqrscp/db").glob("MR*"))
        assert len(stored) == 12
        stored[0].unlink()
        with (
            pytest.raises(PacsError, match="11 of 12"),
            open_study(query_file(tmp_path, server.dicom)),
        ):
            pass
    finally:
        server.stop()
    assert list(temporary.iterdir()) == []


def test_a_file_without_a_query_is_no_study(orthanc: Orthanc, tmp_path: Path) -> None:
    path = tmp_path / "pacs.yaml"
    path.write_text(f"address: {orthanc.web}\n")
    with pytest.raises(UsageError, match="no study in it"), open_study(path):
        pass


def test_a_package_is_sent_and_comes_back_unchanged(
    package: Path, destination: Orthanc, tmp_path: Path
) -> None:
    for way in (destination.web, destination.dicom):
        sent = send_folder(package, way)
        assert sent.is_complete
        assert sent.total == 12
    images = sorted((package / "data/dicom").rglob("IM*"))
    identity = dcmread(images[0], stop_before_pixels=True)
    back = tmp_path / "back"
    fetch_studies(parse_address(destination.web), Query(patient_id=str(identity.PatientID)), back)
    theirs = {path.read_bytes()[-2000:] for path in back.rglob("*.dcm")}
    assert theirs == {path.read_bytes()[-2000:] for path in images}


def received(server: Orthanc) -> list[str]:
    return server.instances()


def test_an_identified_folder_is_not_sent(studies: Path, destination: Orthanc) -> None:
    before = received(destination)
    for original in (None, studies):
        with pytest.raises(VerificationError) as caught:
            send_folder(studies, destination.web, original=original)
        assert "Nothing was sent" in caught.value.advice
        assert not any(value in repr(caught.value.findings) for value in IDENTIFYING)
    assert received(destination) == before


def test_a_folder_that_is_no_package_is_sent_only_with_its_originals(
    studies: Path, destination: Orthanc, key_file: Path, tmp_path: Path
) -> None:
    destination.clear()
    out = tmp_path / "deidentified"
    deidentify_study(studies, out, Settings(recipe="publication", key_file=key_file))
    with pytest.raises(UsageError, match="against its originals"):
        send_folder(out, destination.dicom)
    assert received(destination) == []
    assert send_folder(out, destination.dicom, original=studies).is_complete
    assert len(received(destination)) == 12


def test_a_name_put_back_into_a_package_or_folder_keeps_all_of_it(
    studies: Path, package: Path, destination: Orthanc, key_file: Path, tmp_path: Path
) -> None:
    destination.clear()
    copy, out = tmp_path / "package", tmp_path / "deidentified"
    shutil.copytree(package, copy)
    deidentify_study(studies, out, Settings(recipe="publication", key_file=key_file))
    for folder, pattern, original in ((copy, "IM*", None), (out, "*.dcm", studies)):
        path = min(folder.rglob(pattern))
        ds = dcmread(path)
        ds.ImageComments = "Quillfeather"
        ds.save_as(path)
        with pytest.raises(VerificationError):
            send_folder(folder, destination.web, original=original)
    assert received(destination) == []


def test_what_is_changed_while_it_is_checked_is_not_sent(
    package: Path, destination: Orthanc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination.clear()
    copy = tmp_path / "package"
    shutil.copytree(package, copy)
    first = min(copy.rglob("IM*"))
    whole = exchange._verify

    def verify(*arguments: object) -> object:
        file_set = whole(*arguments)  # type: ignore[arg-type]  # passed on
        write_instance(mr_instance(PatientID=PATIENT), first)
        return file_set

    monkeypatch.setattr(exchange, "_verify", verify)
    with pytest.raises(UsageError, match="changed after it was checked"):
        send_folder(copy, destination.dicom)
    assert received(destination) == []


def test_what_a_batch_reads_from_a_row_is_all_that_is_needed(
    orthanc: Orthanc, tmp_path: Path
) -> None:
    pacs, query = read_source(str(query_file(tmp_path, orthanc.web, f"accession_number: {FIRST}")))
    assert query is not None
    with connect(pacs) as peer:
        assert list_studies(peer, query).expected == 6
