"""A data set may come as a zip file: it is checked like the folder, and hostile ones are named."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from casepack.errors import UsageError
from casepack.model import FileSet
from casepack.package.archive import write_archive
from casepack.verify import add_findings, open_subject, verify_folder
from tests.verify.archives import ARCHIVES
from tests.verify.studies import FAMILY, Written


@pytest.fixture(autouse=True)
def _no_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casepack.verify.verification.available_tools", dict)


def codes_of(path: Path, originals: FileSet | None = None) -> set[str]:
    with open_subject(path) as (folder, known):
        report = add_findings(verify_folder(folder, originals=originals), known)
    return {finding.code for finding in report.findings}


def test_a_zipped_package_is_checked_like_its_folder(package: Path, originals: FileSet) -> None:
    archive = write_archive(package)
    with open_subject(archive) as (folder, known):
        assert folder.name == package.name
        report = add_findings(verify_folder(folder, originals=originals), known)
    assert report.kind == "package"
    assert report.findings == ()
    assert not folder.exists()


def test_a_leak_in_a_zipped_folder_is_found(written: Written, tmp_path: Path) -> None:
    (written.root / "notes.txt").write_text(f"for {FAMILY}", "utf-8")
    archive = Path(shutil.make_archive(str(tmp_path / "results"), "zip", written.root))
    assert codes_of(archive, written.originals) == {"identifier-patient-name"}


@pytest.mark.parametrize(
    ("codes", "what", "archive"),
    [one for one in ARCHIVES if one[2].startswith(b"PK") and one[0] != "file-too-large"],
    ids=lambda one: str(one)[:40],
)
def test_a_hostile_archive_is_named_and_stays_closed(
    codes: str, what: str, archive: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "data.zip"
    path.write_bytes(archive)
    code = codes.split(maxsplit=1)[0]
    with open_subject(path) as (folder, known):
        assert {finding.code for finding in known} == {code}
        if code not in {"archive-broken", "archive-encrypted"} and what != "in an archive":
            assert list(folder.iterdir()) == []
        assert add_findings(verify_folder(folder), known).ok is False
    assert sorted(tmp_path.iterdir()) == [path]


def test_what_is_neither_folder_nor_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(UsageError, match="neither"), open_subject(tmp_path / "a.txt"):
        pass


def test_the_zip_beside_a_package_holds_the_same(package: Path, originals: FileSet) -> None:
    write_archive(package)
    report = verify_folder(package, originals=originals)
    assert report.findings == ()
    assert report.checks[-1].name == "copy"
    assert report.checks[-1].examined > 20


@pytest.mark.parametrize(
    ("place", "spoil"),
    [
        ("other bytes", lambda root: (root / "data/case.md").write_text("changed")),
        ("not in the zip file", lambda root: (root / "data/new").write_text("new")),
        ("not in the folder", lambda root: (root / "data/README.txt").unlink()),
    ],
)
def test_another_folder_than_the_zip_beside_it_is_named(
    package: Path, place: str, spoil: object
) -> None:
    assert callable(spoil)
    write_archive(package)
    spoil(package)
    found = [one for one in verify_folder(package).findings if one.code == "archive-differs"]
    assert [(one.file, one.place.split(": ")[1]) for one in found] == [("case-0001.zip", place)]


def test_a_comment_in_the_zip_beside_a_package_is_named(package: Path) -> None:
    with zipfile.ZipFile(write_archive(package), "a") as archive:
        archive.comment = b"for somebody"
    found = [one for one in verify_folder(package).findings if one.code == "archive-differs"]
    assert [one.place for one in found] == ["a comment"]
