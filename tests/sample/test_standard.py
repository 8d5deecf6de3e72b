"""The studies are sound DICOM, by outside validators."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from pydicom.fileset import FileSet

from tests.sample.conftest import Sample


def outside(program: str) -> pytest.MarkDecorator:
    missing = shutil.which(program) is None and not os.environ.get("CI")
    return pytest.mark.skipif(missing, reason=f"{program} is not installed")


def errors(*command: str | Path) -> list[str]:
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        check=False,
        env=os.environ | {"LC_ALL": "C"},
    )
    lines = (done.stdout + done.stderr).decode("latin-1").splitlines()
    return [line for line in lines if line.startswith("Error")]


@outside("dciodvfy")
def test_dciodvfy_reports_no_error_on_any_image(sample: Sample) -> None:
    found = {path.name: errors("dciodvfy", "-new", path) for path in sample.paths}
    assert {name: lines for name, lines in found.items() if lines} == {}


@outside("dciodvfy")
def test_dciodvfy_reports_an_error_when_an_image_has_one(sample: Sample, tmp_path: Path) -> None:
    ds = sample.series(1, 2)[0].copy()
    del ds.ImagePositionPatient
    ds.save_as(tmp_path / "broken.dcm")
    assert errors("dciodvfy", "-new", tmp_path / "broken.dcm")


@outside("dcentvfy")
@pytest.mark.parametrize("study", [1, 2])
def test_dcentvfy_finds_the_images_of_a_study_consistent(sample: Sample, study: int) -> None:
    files = [path for path in sample.paths if f"ST{study:06d}" in path.parts]
    assert len(files) > 10
    done = subprocess.run(["dcentvfy", *map(str, files)], capture_output=True, check=False)
    assert (done.stdout + done.stderr).decode("latin-1") == ""


@outside("dciodvfy")
def test_the_dicomdir_is_sound(sample: Sample) -> None:
    assert errors("dciodvfy", "-new", sample.study / "DICOMDIR") == []


def test_the_dicomdir_leads_to_every_image(sample: Sample) -> None:
    directory = FileSet(sample.study / "DICOMDIR")
    try:
        listed = {Path(instance.path).resolve() for instance in directory}
        uids = {str(instance.SOPInstanceUID) for instance in directory}
        studies = directory.find_values("StudyInstanceUID")
    finally:
        directory._stage["t"].cleanup()  # pydicom would warn that it did so itself
    assert listed == {path.resolve() for path in sample.paths}
    assert uids == {str(ds.SOPInstanceUID) for ds in sample.images.values()}
    assert len(studies) == 2


def test_uids_hang_below_the_documentation_arc_and_are_unique(sample: Sample) -> None:
    uids = [str(ds.SOPInstanceUID) for ds in sample.images.values()]
    assert len(set(uids)) == len(uids)
    for uid in uids:
        assert uid.startswith("1.3.6.1.4.1.32473.")
        assert len(uid) <= 64


def test_group_0004_is_in_no_image(sample: Sample) -> None:
    for ds in sample.images.values():
        assert not [element for element in ds if element.tag.group == 0x0004]
