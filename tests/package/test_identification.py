from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import bagit
import minisign
import pytest

from casepack.errors import TargetError, UsageError
from casepack.package.bag import list_files
from casepack.package.identification import set_doi
from casepack.package.signature import SIGNATURE, sign_package
from casepack.package.write import write_package
from tests.package import cases

DOI = "10.5072/case-0001"
TEXTS = {".json", ".md", ".txt", ".html", ".cff", ".xml"}


def _hashes(package: Path) -> dict[str, str]:
    return {
        path.relative_to(package).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in list_files(package)
    }


def test_setting_the_doi_gives_the_bytes_of_a_package_that_had_it_from_the_start(
    package: Path, tmp_path: Path
) -> None:
    checked = cases.verified(tmp_path / "in")
    case = cases.full_case(doi=DOI, lesions="drawings.json")
    write_package(checked, case, cases.lesions(checked), tmp_path / "new", software=cases.SOFTWARE)
    assert not set_doi(package, DOI)
    assert _hashes(package) == _hashes(tmp_path / "new")


def test_the_doi_is_in_every_file_that_says_it_and_no_image_changes(package: Path) -> None:
    before = _hashes(package)
    set_doi(package, DOI)
    after = _hashes(package)
    changed = {name for name in before if before[name] != after[name]}
    assert {name for name in changed if name.startswith("data/")} == {
        "data/CITATION.cff",
        "data/README.txt",
        "data/case.json",
        "data/case.md",
        "data/doi/datacite.json",
        "data/doi/datacite.xml",
        "data/doi/zenodo.json",
        "data/export/mirc.xml",
        "data/index.html",
        "data/ro-crate-metadata.json",
        "data/ro-crate-preview.html",
    }
    for name in changed - {"manifest-sha512.txt", "tagmanifest-sha512.txt"}:
        assert DOI in (package / name).read_text("utf-8"), name
    images = [name for name in after if "/dicom/" in name or "/figures/" in name]
    assert len(images) > 12
    assert all(before[name] == after[name] for name in images)
    assert bagit.Bag(str(package)).validate()


def test_a_doi_can_be_replaced_and_no_trace_of_the_old_one_stays(package: Path) -> None:
    set_doi(package, "10.5072/first-one")
    set_doi(package, DOI)
    for path in list_files(package):
        if path.suffix in TEXTS:
            assert "first-one" not in path.read_text("utf-8"), path.name


def test_a_signature_is_left_out(package: Path, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(bytes(minisign.KeyPair.generate().secret_key))
    sign_package(package, tmp_path / "key")
    assert set_doi(package, DOI)
    assert not (package / SIGNATURE).exists()
    assert bagit.Bag(str(package)).validate()


@pytest.mark.parametrize(
    "name", ["data/index.html", "data/README.txt", "data/doi/datacite.json", "data/export/mirc.xml"]
)
def test_a_text_that_was_changed_by_hand_is_not_overwritten(package: Path, name: str) -> None:
    path = package / name
    path.write_text(path.read_text("utf-8").replace("e", "é"), "utf-8")
    before = _hashes(package)
    with pytest.raises(UsageError, match="is not as"):
        set_doi(package, DOI)
    assert _hashes(package) == before
    assert [one.name for one in package.parent.iterdir()] == ["case-0001"]


@pytest.mark.parametrize("pattern", ["data/dicom/PT*/ST*/SE*/IM000001", "data/figures/fig1.png"])
def test_a_damaged_file_is_not_sealed_anew(package: Path, pattern: str) -> None:
    path = next(package.glob(pattern))
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(UsageError, match="manifest"):
        set_doi(package, DOI)


def test_added_and_removed_files_are_not_sealed_anew(package: Path) -> None:
    (package / "data" / "secret.txt").write_text("x")
    with pytest.raises(UsageError, match="manifest"):
        set_doi(package, DOI)
    (package / "data" / "secret.txt").unlink()
    (package / "secret.txt").write_text("x")
    with pytest.raises(UsageError, match="do not belong"):
        set_doi(package, DOI)
    (package / "secret.txt").unlink()
    (package / "data" / "link").symlink_to("/etc/passwd")
    with pytest.raises(UsageError, match="links"):
        set_doi(package, DOI)


def test_an_unfit_doi_or_folder_is_refused_without_being_quoted(
    package: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="is not a DOI") as caught:
        set_doi(package, "https://doi.org/10.5072/x")
    assert "10.5072" not in caught.value.message
    with pytest.raises(UsageError, match="no package"):
        set_doi(tmp_path, DOI)
    (package / "data" / "case.json").write_text("{}")
    with pytest.raises(UsageError, match="cannot be read"):
        set_doi(package, DOI)


@pytest.mark.parametrize("failing", ["link", "rename"])
def test_when_writing_fails_the_package_is_as_it_was(
    package: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    before = _hashes(package)

    def fail(*_args: object, **_kwargs: object) -> None:
        raise OSError(28, "Quillfeather")

    if failing == "link":
        monkeypatch.setattr(os, "link", fail)
        monkeypatch.setattr(shutil, "copy2", fail)
    else:
        true_rename = Path.rename

        def rename(self: Path, target: Path) -> Path:
            if self.name.startswith(".") and not self.name.endswith("-old"):
                fail()
            return true_rename(self, target)

        monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(TargetError) as caught:
        set_doi(package, DOI)
    assert "Quillfeather" not in caught.value.message
    assert _hashes(package) == before
    assert [one.name for one in package.parent.iterdir()] == ["case-0001"]


def test_file_systems_without_links_get_copies(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise OSError(95, "not supported")

    monkeypatch.setattr(os, "link", fail)
    set_doi(package, DOI)
    assert bagit.Bag(str(package)).validate()
    content = json.loads((package / "data" / "case.json").read_text("utf-8"))
    assert content["case"]["doi"] == DOI


def test_a_package_of_a_killed_run_is_taken_back(package: Path) -> None:
    before = _hashes(package)
    finished = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                              check=True, capture_output=True, text=True)  # fmt: skip
    process = finished.stdout.strip()
    package.rename(package.with_name(f".case-0001.casepack-{process}-old"))
    package.with_name(f".case-0001.casepack-{process}").mkdir()
    with pytest.raises(UsageError, match="is not a DOI"):
        set_doi(package, "nonsense")
    set_doi(package, DOI)
    assert [one.name for one in package.parent.iterdir()] == ["case-0001"]
    assert _hashes(package).keys() == before.keys()
    running = package.with_name(f".case-0001.casepack-{os.getppid()}")
    running.mkdir()
    set_doi(package, DOI)
    assert running.exists(), "another run is at work there"
