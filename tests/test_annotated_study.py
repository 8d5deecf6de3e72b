"""A study that already holds KOS, SR, SEG and GSPS, de-identified and packaged with them."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from casepack.deidentify.key_file import write_new_key
from casepack.errors import StudyError
from casepack.model import Reason, Severity
from casepack.pipeline import Settings, deidentify_study, pack_study, validate_folder
from tests.annotate.drawings import ellipse
from tests.annotate.foreign import structure_set
from tests.annotated_study import PLANTED, write_annotated_study

MODALITIES = Counter({"MR": 6, "KO": 2, "SR": 2, "SEG": 2, "PR": 2})
needs_dcmtk = pytest.mark.skipif(
    not os.environ.get("CI") and shutil.which("dsrdump") is None,
    reason="dcmtk is not installed",
)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("original") / "study"
    write_annotated_study(folder)
    return folder


@pytest.fixture(scope="module")
def package(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    write_new_key(folder / "key")
    settings = Settings(recipe="publication", key_file=folder / "key")
    outcome = pack_study(study, folder / "case", settings)
    assert outcome.held == ()
    return folder / "case"


def files_of(package: Path) -> list[Path]:
    return sorted(path for path in (package / "data/dicom").rglob("IM*") if path.is_file())


def test_the_study_holds_what_must_go(study: Path) -> None:
    contents = [path.read_bytes() for path in study.rglob("*.dcm")]
    assert len(contents) == MODALITIES.total()
    for value in PLANTED:
        assert any(value.encode() in content for content in contents), value
    # each kind of object names the reader
    for modality in ("SR", "KO", "SEG", "PR"):
        assert any(
            b"Knatterton" in path.read_bytes() and dcmread(path).Modality == modality
            for path in study.rglob("*.dcm")
        )


def test_nothing_that_was_planted_is_in_any_file_of_the_package(package: Path) -> None:
    left = [
        (path.name, value)
        for path in package.rglob("*")
        if path.is_file()
        for value in PLANTED
        if value.encode() in path.read_bytes()
    ]
    assert left == []


def test_every_object_is_in_the_file_set_and_its_directory(package: Path) -> None:
    found = Counter(str(dcmread(path).Modality) for path in files_of(package))
    assert found == MODALITIES
    records = dcmread(package / "data/dicom/DICOMDIR").DirectoryRecordSequence
    kinds = Counter(str(record.DirectoryRecordType) for record in records)
    assert kinds["IMAGE"] == 8
    assert (kinds["KEY OBJECT DOC"], kinds["SR DOCUMENT"], kinds["PRESENTATION"]) == (2, 2, 2)
    verified = [record for record in records if record.get("VerificationFlag") == "VERIFIED"]
    assert [bool(record.VerificationDateTime) for record in verified] == [True, True]


def test_every_reference_leads_to_an_instance_of_the_package(package: Path) -> None:
    datasets = [dcmread(path, stop_before_pixels=True) for path in files_of(package)]
    there = {str(ds.SOPInstanceUID): ds for ds in datasets}
    followed: Counter[str] = Counter()
    for ds in datasets:
        for reference in references_of(ds):
            target = there[str(reference.ReferencedSOPInstanceUID)]
            assert target.SOPClassUID == reference.ReferencedSOPClassUID
            followed[f"{ds.Modality} to {target.Modality}"] += 1
    for pair in ("KO to MR", "SR to MR", "SEG to MR", "PR to MR", "KO to KO"):
        assert followed[pair], pair


def references_of(ds: Dataset) -> list[Dataset]:
    return [
        child
        for element in ds.iterall()
        if element.VR == "SQ"
        for child in element.value
        if "ReferencedSOPInstanceUID" in child
    ]


def test_findings_and_measurements_are_still_there(study: Path, package: Path) -> None:
    def numbers(paths: list[Path]) -> Counter[str]:
        return Counter(
            str(element.value)
            for path in paths
            for element in dcmread(path, stop_before_pixels=True).iterall()
            if element.keyword in {"NumericValue", "GraphicData"}
        )

    assert numbers(files_of(package)) == numbers(list(study.rglob("*.dcm")))
    texts = [
        str(element.value)
        for path in files_of(package)
        for element in dcmread(path, stop_before_pixels=True).iterall()
        if element.keyword in {"TextValue", "SegmentLabel", "UnformattedTextValue"}
    ]
    assert any(text.startswith("Metastasis of the cord at D12") for text in texts)
    assert sum("Metastasis" in text for text in texts) >= 8


def test_the_package_has_no_finding(study: Path, package: Path) -> None:
    report = validate_folder(package, study)
    assert report.ok
    warnings = {one.code for one in report.findings if one.severity is not Severity.NOTE}
    assert warnings <= {"datacite-incomplete", "case-required"}
    examined = {check.name: check.examined for check in report.checks}
    assert examined["correspondence"] == 8


def test_a_report_that_came_along_is_no_lesion_of_the_case(package: Path) -> None:
    plain = package / "data/annotations/lesions.json"
    lesions = json.loads(plain.read_text("utf-8"))["lesions"] if plain.is_file() else []
    assert lesions == []


def write_case(study: Path, folder: Path) -> Path:
    """Write a case with an outline, and a structure with a hole, beside what came along."""
    frame = next(
        str(ds.FrameOfReferenceUID)
        for path in sorted(study.rglob("*.dcm"))
        if (ds := dcmread(path)).Modality == "MR" and ds.StudyDate == "20240108"
    )
    rings = [ellipse(0.0, half_axes=axes, count=90) for axes in ((20, 14), (9, 7))]
    structure_set(folder / "rt.dcm", rings, frame)
    outline = [[0.0, 5.0, 10.0], [0.0, 15.0, 10.0], [0.0, 15.0, -5.0], [0.0, 5.0, -5.0]]
    place = {"time_point": 1, "series_number": 1}
    code = {"value": "4147007", "scheme": "SCT", "meaning": "Mass"}
    said = {"finding": code, "sites": []}
    lesions = [
        {"tracking_id": "a", "label": "A", "outlines": [{**place, "points": outline}], **said},
        {"tracking_id": "b", "label": "B", "drawings": [{**place, "file": "rt.dcm"}], **said},
    ]
    content = {"casepack_lesions": 1, "coordinate_system": "LPS", "unit": "mm", "lesions": lesions}
    (folder / "lesions.json").write_text(json.dumps(content))
    case = folder / "case.yaml"
    case.write_text("casepack: 1\nid: new-1\ntitle: A mass\nlesions: lesions.json\n", "utf-8")
    return case


def test_pack_annotates_beside_what_came_along(study: Path, tmp_path: Path) -> None:
    settings = Settings(recipe="publication")
    case = write_case(study, tmp_path)
    outcome = pack_study(study, tmp_path / "case", settings, case_file=case)
    assert outcome.held == ()
    found = Counter(str(dcmread(path).Modality) for path in files_of(tmp_path / "case"))
    assert found["SEG"] == MODALITIES["SEG"] + 2
    assert found["SR"] > MODALITIES["SR"]
    lesions = tmp_path / "case/data/annotations/lesions.json"
    _, holed = json.loads(lesions.read_text("utf-8"))["lesions"]
    (measurement,) = holed["measurements"]
    assert measurement["area_mm2"] == pytest.approx(math.pi * (20 * 14 - 9 * 7), rel=0.06)


@needs_dcmtk
def test_dcmmkdir_takes_every_object(package: Path, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    shutil.copytree(package / "data/dicom", folder)
    (folder / "DICOMDIR").unlink()
    run = subprocess.run(
        ["dcmmkdir", "+id", str(folder), "+D", str(folder / "DICOMDIR"), "+r"],
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert b"cannot be added" not in run.stderr
    records = dcmread(folder / "DICOMDIR").DirectoryRecordSequence
    kinds = Counter(str(record.DirectoryRecordType) for record in records)
    assert sum(kinds[kind] for kind in kinds if kind not in {"PATIENT", "STUDY", "SERIES"}) == 14
    for path in files_of(package):
        if dcmread(path).Modality in {"SR", "KO"}:
            dump = subprocess.run(["dsrdump", str(path)], capture_output=True, check=False)
            assert dump.returncode == 0, path.name


@pytest.mark.parametrize("how", ["held", pytest.param("not given", marks=pytest.mark.slow)])
def test_what_refers_to_an_image_that_is_not_there_is_held(
    study: Path, tmp_path: Path, how: str
) -> None:
    folder = tmp_path / "study"
    shutil.copytree(study, folder)
    uid = shown_in_key_objects(folder)
    (image,) = (path for path in folder.rglob("*.dcm") if dcmread(path).SOPInstanceUID == uid)
    if how == "held":
        ds = dcmread(image)
        ds.BurnedInAnnotation = "YES"
        ds.save_as(image)
    else:
        image.unlink()
    outcome = pack_study(folder, tmp_path / "case", Settings(recipe="publication"))
    reasons = Counter(item.reason for item in outcome.held)
    # KOS, SR, SEG and GSPS of the study, and the other study's KOS, which is their copy
    assert reasons[Reason.REFERENCE_MISSING] == 5
    assert reasons[Reason.BURNED_IN] == (how == "held")
    held = {dcmread(item.path).Modality for item in outcome.held}
    assert {"KO", "SR", "SEG", "PR"} <= held
    report = validate_folder(tmp_path / "case", folder)
    assert report.ok
    assert "instance-missing" not in {one.code for one in report.findings}


def shown_in_key_objects(folder: Path) -> str:
    for path in sorted(folder.rglob("*.dcm")):
        ds = dcmread(path)
        if ds.Modality == "KO":
            images = [one for one in ds.ContentSequence if one.ValueType == "IMAGE"]
            return str(images[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID)
    raise AssertionError


def test_without_the_images_de_identification_alone_keeps_them(study: Path, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    for path in study.rglob("*.dcm"):
        if dcmread(path).Modality != "MR":
            shutil.copy(path, folder)
    outcome = deidentify_study(folder, tmp_path / "out", Settings(recipe="publication"))
    assert outcome.held == ()
    assert len(outcome.deidentified.instances) == 8
    with pytest.raises(StudyError, match="no instance is left"):
        pack_study(folder, tmp_path / "case", Settings(recipe="publication"))
