from __future__ import annotations

import errno
import getpass
import json
import os
import socket
import stat
import subprocess
from pathlib import Path

import bagit
import pytest
from lxml import etree, html

from casepack.case import Case, untitled_case
from casepack.errors import TargetError
from casepack.model import Verified
from casepack.package.page import page
from casepack.package.pictures.previews import begin_previews
from casepack.package.write import write_package
from tests.package import cases

TEXTS = {".json", ".md", ".txt", ".html", ".csv", ".cff", ".xml", ""}
EXPECTED = {
    "bag-info.txt",
    "bagit.txt",
    "data/CITATION.cff",
    "data/LICENSE",
    "data/README.txt",
    "data/annotations/lesions.json",
    "data/case.json",
    "data/case.md",
    "data/deid/actions.csv",
    "data/deid/report.html",
    "data/deid/report.json",
    "data/dicom/DICOMDIR",
    "data/doi/datacite.json",
    "data/doi/datacite.xml",
    "data/doi/zenodo.json",
    "data/export/eurorad.md",
    "data/export/mirc.xml",
    "data/figures/figures.json",
    "data/index.html",
    "data/ro-crate-metadata.json",
    "data/ro-crate-preview.html",
    "manifest-sha512.txt",
    "tagmanifest-sha512.txt",
}


def _write(target: Path, checked: Verified, case: Case) -> Path:
    lesions = cases.lesions(checked) if case.lesions else ()
    write_package(checked, case, lesions, target, software=cases.SOFTWARE)
    return target


def _contents(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


@pytest.fixture(params=["full", "bare"])
def case(request: pytest.FixtureRequest) -> Case:
    return cases.full_case() if request.param == "full" else untitled_case(2)


def test_the_package_has_every_part_and_is_a_valid_bag(tmp_path: Path, case: Case) -> None:
    checked = cases.verified(tmp_path / "in")
    target = _write(tmp_path / "out", checked, case)
    contents = _contents(target)
    assert contents.keys() >= EXPECTED
    assert sum(name.startswith("data/dicom/PT000000/") for name in contents) == 12
    assert any(name.startswith("data/figures/fig1") for name in contents)
    assert any(name.startswith("data/preview/") for name in contents)
    assert bagit.Bag(str(target)).validate()


def test_two_runs_give_the_same_bytes_whatever_the_folder(tmp_path: Path, case: Case) -> None:
    first = _write(tmp_path / "a", cases.verified(tmp_path / "in"), case)
    (tmp_path / "deep" / "er").mkdir(parents=True)
    second = _write(tmp_path / "deep" / "er" / "b", cases.verified(tmp_path / "other"), case)
    assert _contents(first) == _contents(second)


def test_pictures_begun_before_and_linked_images_give_the_same_bytes(
    tmp_path: Path, case: Case
) -> None:
    checked = cases.verified(tmp_path / "in")
    usual = _contents(_write(tmp_path / "usual", checked, case))
    lesions = cases.lesions(checked) if case.lesions else ()
    with begin_previews(tmp_path / "preview", checked.deidentified, workers=2) as drawing:
        write_package(
            checked,
            case,
            lesions,
            tmp_path / "out",
            software=cases.SOFTWARE,
            drawing=drawing,
        )
    assert _contents(tmp_path / "out") == usual
    assert not (tmp_path / "preview").exists()


def test_text_is_utf8_with_lf_and_tells_nothing_of_the_machine(tmp_path: Path, case: Case) -> None:
    target = _write(tmp_path / "out", cases.verified(tmp_path / "in"), case)
    secrets = {str(tmp_path), socket.gethostname(), f"/{getpass.getuser()}/", "/home/somebody"}
    for name, content in _contents(target).items():
        assert not any(secret.encode() in content for secret in secrets), name
        if Path(name).suffix in TEXTS and not Path(name).name.startswith(("IM0", "DICOMDIR")):
            text = content.decode("utf-8")
            assert "\r" not in text, name
            assert text.endswith("\n"), name


def test_markup_in_the_case_is_escaped_in_every_page(tmp_path: Path) -> None:
    target = _write(tmp_path / "out", cases.verified(tmp_path / "in"), cases.full_case())
    for name in ("index.html", "ro-crate-preview.html", "deid/report.html"):
        content = (target / "data" / name).read_text("utf-8")
        assert "<script>alert" not in content, name
        assert cases.MARKUP in " ".join(html.document_fromstring(content).itertext()), name
    etree.parse(str(target / "data" / "doi" / "datacite.xml"))


def test_modes_do_not_depend_on_the_umask(tmp_path: Path) -> None:
    checked = cases.verified(tmp_path / "in")
    checked.deidentified.instances[0].path.chmod(0o400)
    before = os.umask(0o077)
    try:
        target = _write(tmp_path / "out", checked, untitled_case(2))
    finally:
        os.umask(before)
    for path in (target, *target.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o755 if path.is_dir() else 0o644)
        assert not path.is_symlink()


def test_an_existing_target_is_refused_and_left_alone(tmp_path: Path) -> None:
    checked = cases.verified(tmp_path / "in")
    target = tmp_path / "out"
    target.mkdir()
    (target / "mine.txt").write_text("mine", "utf-8")
    with pytest.raises(TargetError, match="exists") as caught:
        _write(target, checked, untitled_case(2))
    assert str(tmp_path) not in str(caught.value)
    assert _contents(target) == {"mine.txt": b"mine"}


def test_a_target_without_parent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TargetError):
        _write(tmp_path / "none" / "out", cases.verified(tmp_path / "in"), untitled_case(2))
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EACCES, "no permission"), (errno.EIO, "EIO")],
)
def test_a_failed_write_is_our_own_error_and_touches_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, "no", str(tmp_path / "secret"))

    monkeypatch.setattr(page, "write_page", fail)
    checked = cases.verified(tmp_path / "in")
    before = _contents(tmp_path)
    with pytest.raises(TargetError, match=words) as caught:
        _write(tmp_path / "out", checked, untitled_case(2))
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__
    kept = {
        name: content
        for name, content in _contents(tmp_path).items()
        if not name.startswith("out/")
    }
    assert kept == before


def test_progress_is_told_of_each_stage_up_to_its_end(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    write_package(
        cases.verified(tmp_path / "in"),
        untitled_case(2),
        (),
        tmp_path / "out",
        software=cases.SOFTWARE,
        progress=lambda stage, done, total: told.append((stage, done, total)),
    )
    last = {stage: (done, total) for stage, done, total in told}
    assert {"copy images", "seal package"} <= last.keys()
    assert all(done == total for done, total in last.values())


def test_the_parts_agree_on_files_and_identifiers(tmp_path: Path) -> None:
    checked = cases.verified(tmp_path / "in")
    payload = _write(tmp_path / "out", checked, cases.full_case()) / "data"
    content = json.loads((payload / "case.json").read_text("utf-8"))
    files = {
        one["path"]
        for study in content["studies"]
        for series in study["series"]
        for one in series["instances"]
    }
    assert all((payload / file).is_file() for file in files)
    lesions = json.loads((payload / "annotations" / "lesions.json").read_text("utf-8"))["lesions"]
    assert {one["path"] for lesion in lesions for one in lesion["measurements"]} <= files


@cases.needs("dciodvfy")
def test_the_images_are_as_valid_as_they_were(tmp_path: Path) -> None:
    payload = _write(tmp_path / "out", cases.verified(tmp_path / "in"), untitled_case(2)) / "data"
    for file in ("DICOMDIR", "PT000000/ST000000/SE000000/IM000000"):
        done = subprocess.run(
            ["dciodvfy", str(payload / "dicom" / file)], capture_output=True, text=True, check=False
        )
        assert "Error" not in done.stderr
