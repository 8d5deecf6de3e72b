"""Outside validators on everything that is written: dicom3tools and dcmtk."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from pydicom import dcmread

from casepack.model import Deidentified
from tests.annotate.drawings import enhanced_study, lesion, on_frame, outline, rewrite
from tests.annotate.reading import annotated
from tests.builders import deidentified


def needs(tool: str) -> pytest.MarkDecorator:
    missing = shutil.which(tool) is None and not os.environ.get("CI")
    return pytest.mark.skipif(missing, reason=f"{tool} is not installed")


def run(*command: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, check=False, timeout=60
    )
    return done.returncode, (done.stderr + done.stdout).decode("utf-8", "replace")


def classic(root: Path) -> Deidentified:
    studies = deidentified(root)
    rewrite(studies, StudyDescription="Spine", PatientSex="F")
    return annotated(
        studies,
        lesion(outline(), outline(series_number=2), outline(time_point=2)),
        lesion(tracking_id="Œ-2", label="脊髄"),
    )


def enhanced(root: Path) -> Deidentified:
    points = on_frame(3, (20, 20), (40, 20), (30, 40))
    drawn = lesion(outline(points, series_number=7), evaluations=())
    return annotated(enhanced_study(root), drawn)


def written(result: Deidentified) -> list[Path]:
    return [
        instance.path
        for study in result.studies
        for series in study.series
        if series.modality in {"KO", "SR", "SEG", "PR"}
        for instance in series.instances
    ]


@needs("dciodvfy")
@pytest.mark.parametrize("build", [classic, enhanced])
def test_dciodvfy_finds_no_error(tmp_path, build):
    for path in written(build(tmp_path)):
        code, told = run("dciodvfy", "-new", path)
        assert code == 0, told
        assert "Error" not in told
        warnings = [line for line in told.splitlines() if line.startswith("Warning")]
        # our own code for the craniocaudal extent is none of the standard's
        assert all("99CASEPACK" in line for line in warnings), told


@needs("dciodvfy")
def test_dciodvfy_would_find_a_defect(tmp_path):
    path = written(classic(tmp_path))[0]
    ds = dcmread(path)
    del ds.CurrentRequestedProcedureEvidenceSequence
    ds.save_as(path, enforce_file_format=True)
    code, told = run("dciodvfy", "-new", path)
    assert code == 1
    assert "Error" in told


@needs("dcentvfy")
@pytest.mark.parametrize("build", [classic, enhanced])
def test_dcentvfy_finds_objects_and_images_of_a_study_consistent(tmp_path, build):
    for study in build(tmp_path).studies:
        code, told = run("dcentvfy", *[instance.path for instance in study.instances])
        assert code == 0, told
        assert "Error" not in told


@needs("dcentvfy")
def test_dcentvfy_would_find_another_patient(tmp_path):
    study = classic(tmp_path).studies[0]
    path = study.series[-1].instances[0].path
    ds = dcmread(path)
    ds.PatientName = "Somebody^Else"
    ds.save_as(path, enforce_file_format=True)
    code, told = run("dcentvfy", *[instance.path for instance in study.instances])
    assert code == 1
    assert "PatientName" in told


@needs("dsrdump")
@pytest.mark.parametrize("build", [classic, enhanced])
def test_dsrdump_reads_every_tree(tmp_path, build):
    documents = [
        path for path in written(build(tmp_path)) if dcmread(path).Modality in {"KO", "SR"}
    ]
    for path in documents:
        code, told = run("dsrdump", path)
        assert code == 0, told
        assert not [line for line in told.splitlines() if line.startswith(("E:", "F:"))]


@needs("dsr2html")
def test_dsr2html_renders_names_and_numbers(tmp_path):
    reports = [path for path in written(classic(tmp_path)) if dcmread(path).Modality == "SR"]
    page = tmp_path / "report.html"
    code, told = run("dsr2html", "+U8", reports[1], page)
    assert code == 0, told
    text = page.read_text(encoding="utf-8")
    for expected in ("Imaging Measurement Report", "Œ-2", "Spinal cord", "20.0 mm", "Hypointense"):
        assert expected in text
