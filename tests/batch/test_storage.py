"""Studies and results behind URLs, on a real S3 server."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from casepack.batch import places
from casepack.batch.digests import fetch_case_file
from casepack.batch.places import (
    NotReachedError,
    fetch_folder,
    list_place,
    read_file,
    read_place,
    store_folder,
)
from casepack.batch.private import private_path
from casepack.batch.run import run_batch
from casepack.batch.summary import Summary
from casepack.batch.task import Fault, Verdict
from casepack.deidentify.key_file import write_new_key
from casepack.errors import ToolMissingError, UsageError
from tests.batch.studies import digest_of, here, write_studies, write_study

if "CI" not in os.environ:
    pytest.importorskip("moto", reason="moto's server is not installed")
    pytest.importorskip("s3fs", reason="s3fs is not installed")

START_SECONDS = 120


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    log = tmp_path_factory.mktemp("s3") / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{port}"
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(address).close()
            break
        except (urllib.error.URLError, ConnectionError):
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.1)
    yield address
    process.terminate()
    process.wait()


@pytest.fixture
def storage(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    import s3fs

    for name, value in (
        ("AWS_ENDPOINT_URL", server),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    s3fs.S3FileSystem.clear_instance_cache()
    system = s3fs.S3FileSystem(use_listings_cache=False)
    for bucket in system.ls(""):
        system.rm(bucket, recursive=True)
    system.mkdir("hospital")
    system.mkdir("results")
    yield system
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def key(tmp_path: Path) -> Path:
    write_new_key(tmp_path / "project.key")
    return tmp_path / "project.key"


def write_manifest(folder: Path, *rows: str) -> Path:
    path = folder / "manifest.csv"
    path.write_text("\n".join(["name,study,case,result", *rows]))
    return path


def fetched(url: str, folder: Path) -> dict[str, str]:
    fetch_folder(url, folder)
    return digest_of(folder)


def states(summary: Summary) -> dict[str, str]:
    return {line.result.name: line.result.verdict.value for line in summary.lines}


def test_studies_and_results_in_s3_give_the_bytes_of_folders(
    tmp_path: Path, key: Path, storage: Any
) -> None:
    write_study(tmp_path / "a" / "study", patient=1)
    (tmp_path / "a" / "case.yaml").write_text("casepack: 1\nid: case-a\ntitle: A case\n")
    write_study(tmp_path / "b", patient=2)
    storage.put(str(tmp_path / "a"), "hospital/a", recursive=True)
    storage.put(str(tmp_path / "b"), "hospital/b", recursive=True)
    there = write_manifest(
        tmp_path,
        "case-a,s3://hospital/a/study,s3://hospital/a/case.yaml,",
        "case-b,s3://hospital/b,,deidentified",
    )
    summary = run_batch(there, "s3://results/cases", here(), key_file=key)
    assert states(summary) == {"case-a": "done", "case-b": "done"}
    near = write_manifest(tmp_path, "case-a,a/study,a/case.yaml,", "case-b,b,,deidentified")
    run_batch(near, str(tmp_path / "out"), here(), key_file=key)
    expected, found = digest_of(tmp_path / "out"), fetched("s3://results/cases", tmp_path / "got")
    # the note of finished chunks holds the times of files, which differ when they are fetched
    changing = "case-b/finished.jsonl"
    assert expected.pop(changing)
    assert found.pop(changing)
    assert found == expected
    assert "A case" in (tmp_path / "got" / "case-a" / "data" / "case.md").read_text()
    assert (tmp_path / "cases.private" / "journal.sqlite").exists()
    assert not list((tmp_path / "cases.private").glob("work-*"))


def test_a_case_file_comes_with_all_that_it_names(tmp_path: Path, storage: Any) -> None:
    files = {
        "case.yaml": b"lesions: lesions.json\npictures: [{file: a/scheme.png}, {file: ../x.png}]",
        "lesions.json": b'{"drawings": [{"file": "masks/cord.nrrd"}, {"file": "none.nrrd"}]}',
        "a/scheme.png": b"picture",
        "masks/cord.nrrd": b"voxels",
        "other.txt": b"not named",
    }
    for name, content in files.items():
        storage.pipe_file(f"hospital/case/{name}", content)
    storage.pipe_file("hospital/x.png", b"outside")
    path = fetch_case_file("s3://hospital/case/case.yaml", tmp_path / "case")
    assert path == tmp_path / "case" / "case.yaml"
    assert digest_of(path.parent).keys() == files.keys() - {"other.txt"}


def test_a_second_call_does_nothing_again_and_notices_what_changed(
    tmp_path: Path, key: Path, storage: Any
) -> None:
    write_studies(tmp_path / "studies", 2)
    for name, path in zip("ab", sorted((tmp_path / "studies").iterdir()), strict=True):
        storage.put(str(path), f"hospital/{name}", recursive=True)
    manifest = write_manifest(tmp_path, "case-a,s3://hospital/a,,", "case-b,s3://hospital/b,,")
    run_batch(manifest, "s3://results/cases", here(), key_file=key)
    before = fetched("s3://results/cases", tmp_path / "before")
    summary = run_batch(manifest, "s3://results/cases", here(), key_file=key)
    assert all(line.unchanged for line in summary.lines)
    storage.rm(storage.find("hospital/a")[0])
    summary = run_batch(manifest, "s3://results/cases", here(), key_file=key)
    assert [line.unchanged for line in summary.lines] == [False, True]
    after = fetched("s3://results/cases", tmp_path / "after")
    assert after.keys() < before.keys(), "no file of the former result stays"
    assert {n: d for n, d in after.items() if n.startswith("case-b")} == {
        n: d for n, d in before.items() if n.startswith("case-b")
    }
    storage.rm("hospital/a", recursive=True)
    storage.pipe_file("hospital/a/README", b"no DICOM")
    summary = run_batch(manifest, "s3://results/cases", here(), key_file=key)
    assert states(summary) == {"case-a": "failed", "case-b": "done"}
    assert not storage.exists("results/cases/case-a")
    assert digest_of(tmp_path / "cases.private" / "former" / "case-a") == {
        name.partition("/")[2]: digest for name, digest in after.items() if "case-a/" in name
    }


def test_what_is_stored_is_whole_at_the_end_only(
    tmp_path: Path, storage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("data/a", "data/b", "bagit.txt", "manifest"):
        path = tmp_path / "bag" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    storage.pipe_file("results/bag/bagit.txt", b"former")
    storage.pipe_file("results/bag/data/former", b"former")
    put = storage.put_file
    names: list[str] = []

    def watch(local, remote, **options):
        names.append(remote.partition("/bag/")[2])
        assert not storage.exists("results/bag/bagit.txt")
        return put(local, remote, **options)

    monkeypatch.setattr(storage, "put_file", watch)
    store_folder(tmp_path / "bag", "s3://results/bag", last="bagit.txt")
    assert names == ["data/a", "data/b", "manifest", "bagit.txt"]
    assert [file.name for file in list_place("s3://results/bag")] == [
        *("bagit.txt", "data/a", "data/b", "manifest")
    ]
    assert read_file("s3://results/bag/bagit.txt") == b"bagit.txt"
    assert read_file("s3://results/bag/nothing") is None


def test_a_bucket_that_is_not_there_fails_its_case_without_naming_it(
    tmp_path: Path, key: Path, storage: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    storage.put(str(write_study(tmp_path / "b")), "hospital/b", recursive=True)
    manifest = write_manifest(
        tmp_path, "case-a,s3://quillfeather/a,,", "case-b,s3://hospital/b,,deidentified"
    )
    summary = run_batch(manifest, str(tmp_path / "out"), here(), key_file=key)
    assert states(summary) == {"case-a": "failed", "case-b": "done"}
    said = capfd.readouterr()
    assert "quillfeather" not in f"{summary!r}{said.out}{said.err}"


def test_a_server_that_is_gone_fails_with_advice(
    tmp_path: Path, key: Path, storage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    type(storage).clear_instance_cache()
    manifest = write_manifest(tmp_path, "case-a,s3://hospital/a,,")
    summary = run_batch(manifest, str(tmp_path / "out"), here(), key_file=key)
    (line,) = summary.lines
    assert line.result.verdict is Verdict.FAILED
    assert line.result.fault is Fault.NOT_REACHED
    assert "127.0.0.1" not in line.result.message


def test_a_file_url_is_a_path_and_a_password_is_refused(tmp_path: Path) -> None:
    assert read_place("file:///data/a%20b", tmp_path) == "/data/a b"
    assert read_place("a/b", tmp_path) == str(tmp_path / "a" / "b")
    assert read_place("s3://bucket/a/", tmp_path) == "s3://bucket/a"
    with pytest.raises(UsageError, match="password"):
        read_place("s3://name:secret@bucket/a", tmp_path)


def test_private_things_of_a_url_lie_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert private_path("s3://bucket/a/cases") == tmp_path / "cases.private"
    assert private_path("s3://bucket") == tmp_path / "bucket.private"
    assert private_path(str(tmp_path / "out")) == tmp_path / "out.private"


def test_a_name_that_leads_out_of_the_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = places.File(name="../../evil", size=1, stamp="")
    monkeypatch.setattr(places, "list_place", lambda _place: [bad])
    with pytest.raises(NotReachedError, match="leads out"):
        fetch_folder("s3://bucket/a", tmp_path / "x")
    assert not list(tmp_path.iterdir())


def test_storages_log_no_place(caplog: pytest.LogCaptureFixture) -> None:
    list_place("memory://quillfeather/a")
    for name in ("gcsfs", "s3fs", "fsspec.memory"):
        logging.getLogger(name).warning("no bucket of the name quillfeather")
    assert caplog.records == []


def test_a_storage_whose_driver_is_missing_says_what_to_install() -> None:
    with pytest.raises(ToolMissingError) as error:
        list_place("nothing://bucket/a")
    assert "pip install" in error.value.advice
