from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import bagit
import pytest
from pydicom import dcmread

from casepack.errors import TargetError, UsageError
from casepack.package.archive import verify_archive, write_archive, write_media, write_zip
from casepack.package.bag import list_files


def _messages(archive: Path, package: Path) -> list[str]:
    return [one.message for one in verify_archive(archive, package)]


def test_the_archive_is_the_package_and_unpacks_to_a_valid_bag(
    package: Path, tmp_path: Path
) -> None:
    archive = write_archive(package)
    assert archive == tmp_path / "case-0001.zip"
    assert _messages(archive, package) == []
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        opened.extractall(tmp_path / "unpacked")
    assert bagit.Bag(str(tmp_path / "unpacked" / "case-0001")).validate()


def test_two_archives_of_the_same_package_are_the_same_bytes(
    package: Path, written_package: Path, tmp_path: Path
) -> None:
    first = write_archive(package)
    for path in list_files(package):
        os.utime(path, (1, 1))
        path.chmod(0o600)
    second = write_archive(package, tmp_path / "second.zip")
    third = tmp_path / "third.zip"
    program = (
        "import sys; from pathlib import Path; from casepack.package.archive import write_archive;"
        "write_archive(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    environment = os.environ | {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    subprocess.run(
        [sys.executable, "-c", program, str(written_package), str(third)],
        check=True,
        env=environment,
    )
    assert first.read_bytes() == second.read_bytes() == third.read_bytes()


def test_names_are_sorted_dates_and_modes_fixed_and_pictures_stored(package: Path) -> None:
    with zipfile.ZipFile(write_archive(package)) as opened:
        entries = opened.infolist()
    paths = [entry.filename.removeprefix("case-0001/") for entry in entries]
    assert paths == [path.relative_to(package).as_posix() for path in list_files(package)]
    assert {entry.date_time for entry in entries} == {(2024, 5, 6, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {stat.S_IFREG | 0o644}
    kinds = {entry.filename: entry.compress_type for entry in entries}
    assert kinds["case-0001/data/index.html"] == zipfile.ZIP_DEFLATED
    webp = [kind for name, kind in kinds.items() if name.endswith(".webp")]
    assert webp
    assert zipfile.ZIP_STORED in webp


def test_a_package_without_a_date_has_the_first_date_of_zip(package: Path) -> None:
    info = package / "bag-info.txt"
    lines = info.read_text().splitlines()
    info.write_text("\n".join(line for line in lines if "Bagging-Date" not in line))
    with zipfile.ZipFile(write_archive(package)) as opened:
        assert {entry.date_time for entry in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_what_differs_from_the_package_is_found(package: Path) -> None:
    archive = write_archive(package)
    readme = package / "data" / "README.txt"
    readme.write_text(readme.read_text().replace("radiology", "Radiology"))
    assert _messages(archive, package) == ["has another content in the archive"]
    readme.unlink()
    assert _messages(archive, package) == ["holds a file that the package does not have"]
    (package / "data" / "README2.txt").write_text("x")
    assert "is missing in the archive" in _messages(archive, package)


def test_an_archive_that_another_program_wrote_is_found(package: Path, tmp_path: Path) -> None:
    other = shutil.make_archive(str(tmp_path / "other"), "zip", tmp_path, "case-0001")
    messages = _messages(Path(other), package)
    assert "has another date or mode than casepack writes" in messages


@pytest.mark.parametrize("content", [b"", b"not a zip file at all", b"PK\x03\x04"])
def test_what_is_no_zip_file_is_a_finding(package: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    assert _messages(tmp_path / "x.zip", package) == ["cannot be read as a zip file"]


def test_a_cut_or_flipped_archive_is_found(package: Path, tmp_path: Path) -> None:
    archive = write_archive(package)
    content = bytearray(archive.read_bytes())
    (tmp_path / "cut.zip").write_bytes(content[:-1000])
    assert _messages(tmp_path / "cut.zip", package)
    with zipfile.ZipFile(archive) as opened:
        offset = opened.getinfo("case-0001/data/index.html").header_offset
    content[offset + 200] ^= 0xFF
    (tmp_path / "flipped.zip").write_bytes(content)
    assert _messages(tmp_path / "flipped.zip", package)


def test_an_archive_that_is_there_is_left_alone(package: Path, tmp_path: Path) -> None:
    (tmp_path / "case-0001.zip").write_text("mine")
    with pytest.raises(TargetError, match="exists"):
        write_archive(package)
    assert (tmp_path / "case-0001.zip").read_text() == "mine"


def test_nothing_half_written_is_left(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise OSError(28, "Quillfeather")

    monkeypatch.setattr(zipfile.ZipFile, "open", fail)
    with pytest.raises(TargetError) as caught:
        write_archive(package)
    assert "Quillfeather" not in caught.value.message
    assert [path.name for path in tmp_path.iterdir()] == ["case-0001"]


@pytest.mark.slow
def test_more_than_four_gigabytes_and_more_files_than_zip_counts(tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as stream:
        stream.write(os.urandom(1 << 20))  # so that it is stored
        stream.truncate((4 << 30) + 5)
    small = {f"package/{number:05d}": b"" for number in range(1 << 16)}
    target = tmp_path / "package.zip"
    write_zip({"package/large": large, **small, "package/last": b"end"}, target, (2026,) + 5 * (1,))
    assert target.stat().st_size > 4 << 30
    with zipfile.ZipFile(target) as opened:
        assert opened.getinfo("package/large").file_size == (4 << 30) + 5
        assert opened.read("package/last") == b"end"
        assert len(opened.namelist()) == (1 << 16) + 2
        assert opened.testzip() is None
    done = subprocess.run(["unzip", "-tqq", str(target)], check=False, capture_output=True)
    assert done.returncode == 0


def test_another_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no package"):
        write_archive(tmp_path)


def test_media_have_the_directory_on_top_and_names_that_media_allow(
    package: Path, tmp_path: Path
) -> None:
    media = write_media(package)
    assert media == tmp_path / "case-0001-pdi.zip"
    with zipfile.ZipFile(media) as opened:
        names = opened.namelist()
        opened.extractall(tmp_path / "media")
        readme = opened.read("README.TXT").decode("ascii")
    assert names[:2] == ["README.TXT", "DICOMDIR"]
    for name in names[1:]:
        assert all(re.fullmatch("[A-Z0-9_]{1,8}", part) for part in name.split("/")), name
    assert readme.endswith("\r\n")
    directory = dcmread(tmp_path / "media" / "DICOMDIR")
    listed = [
        "/".join(record.ReferencedFileID)
        for record in directory.DirectoryRecordSequence
        if "ReferencedFileID" in record
    ]
    assert sorted(listed) == sorted(names[2:])
    assert len(listed) == 12
    assert media.read_bytes() == write_media(package, tmp_path / "again.zip").read_bytes()


def test_media_with_compressed_images_are_refused(package: Path) -> None:
    path = package / "data" / "case.json"
    path.write_text(
        path.read_text("utf-8").replace("1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.90")
    )
    with pytest.raises(UsageError, match="STD-GEN-CD"):
        write_media(package)
