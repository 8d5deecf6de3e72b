"""The text of a case is read for identifiers: the place is told, the words never."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from casepack.deidentify.case_text import check_case_text
from casepack.errors import CaseError
from casepack.lesion import Lesion
from casepack.model import Code, FileSet
from casepack.shipped import shipped_folder
from casepack.study import read_file_set
from tests.builders import mr_instance, write_instance

CASE = """\
id: case-1
title: "Cord metastasis"
clinical_history: |
  A woman of 60 with weak legs.
  Pain for three weeks, Brown-Séquard syndrome, MRI in 2019.
figures:
  - caption: "Sagittal T2: lesion at D12."
authors:
  - {family: Quillfeather, given: Amaranth}
references:
  - text: "Doe J. Cords. 17 May 2014. doe@example.org"
"""


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> FileSet:
    folder = tmp_path_factory.mktemp("study")
    ds = mr_instance(
        PatientName="Quillfeather^Amaranth",
        PatientID="QF-558213",
        StudyDate="20190315",
        ReferringPhysicianName="Brown^Ann",
        InstitutionName="Vesco Heights Hospital",
    )
    write_instance(ds, folder / "1.dcm")
    return read_file_set(folder)


def check(folder: Path, text: str, originals: FileSet) -> None:
    path = folder / "case.yaml"
    path.write_text(text, "utf-8")
    check_case_text(path, None, (), originals)


def fault(folder: Path, text: str, originals: FileSet) -> str:
    with pytest.raises(CaseError) as caught:
        check(folder, text, originals)
    return str(caught.value)


def test_a_case_that_names_nobody_passes_and_authors_may_be_named(
    tmp_path: Path, originals: FileSet
) -> None:
    check(tmp_path, CASE, originals)


def test_the_shipped_case_passes(tmp_path: Path, originals: FileSet) -> None:
    text = (shipped_folder("samples") / "case.yaml").read_text("utf-8")
    assert yaml.safe_load(text)["clinical_history"]
    check(tmp_path, text, originals)


@pytest.mark.parametrize(
    ("old", "new", "place", "kind"),
    [
        ("weak legs", "weak legs, Ms QUILLFEATHER", "case.yaml:4:33", "echo-name"),
        ("weak legs", "Amaranth's legs", "case.yaml:4:22", "echo-name"),
        ("weak legs", "legs (QF 558213)", "case.yaml:4:28", "echo-id"),
        ("three weeks", "3 weeks since 15.3.2019", "case.yaml:5:26", "echo-date"),
        ("three weeks", "3 weeks since 2 May", "case.yaml:5:26", "date"),
        ("of 60", "aged 93", "case.yaml:4:11", "age"),
        ("lesion at D12", "call 06221 445566", "case.yaml:7:28", "phone"),
        ("lesion at D12", "by jane@example.org", "case.yaml:7:31", "e-mail"),
        ("lesion at D12", "by Dr. Woodbury", "case.yaml:7:31", "honorific-name"),
        ("lesion at D12", "Vesco Heights Hospital", "case.yaml:7:28", "echo-place"),
        ("id: case-1", "id: QF558213", "case.yaml:1:5", "echo-id"),
    ],
)
def test_what_identifies_is_told_by_place_and_kind(
    tmp_path: Path, originals: FileSet, old: str, new: str, place: str, kind: str
) -> None:
    assert CASE.count(old) == 1
    message = fault(tmp_path, CASE.replace(old, new), originals)
    assert message.startswith(f"{place}: holds what identifies ({kind})")
    for word in ("uillfeather", "QUILL", "Amaranth", "558213", "2019", "jane", "445566", "Vesco"):
        assert word not in message


def test_every_place_is_told_once_in_the_order_of_the_file(
    tmp_path: Path, originals: FileSet
) -> None:
    text = CASE.replace("weak legs", "weak legs, Amaranth").replace("D12.", "D12 of Amaranth.")
    lines = fault(tmp_path, text, originals).splitlines()
    assert [line.split(": ")[0] for line in lines] == ["case.yaml:4:33", "case.yaml:7:45"]


def test_a_name_that_an_escape_hides_is_found(tmp_path: Path, originals: FileSet) -> None:
    text = CASE.replace("Sagittal T2", "Sagittal \\u0041maranth")
    assert fault(tmp_path, text, originals).startswith("case.yaml:7:14: ")


def lesion(label: str) -> Lesion:
    finding = Code(value="1", scheme="99X", meaning="Lesion")
    return Lesion(tracking_id="lesion-1", label=label, finding=finding, sites=(), outlines=())


def test_labels_of_lesions_are_read(tmp_path: Path, originals: FileSet) -> None:
    path = tmp_path / "lesions.json"
    path.write_text(json.dumps({"lesions": [{"label": "Nodule D12"}]}, indent=1), "utf-8")
    check_case_text(None, path, [lesion("Nodule D12")], originals)
    named = "Nodule of Amaranth"
    path.write_text(json.dumps({"lesions": [{"label": named}]}, indent=1), "utf-8")
    with pytest.raises(CaseError) as caught:
        check_case_text(None, path, [lesion(named)], originals)
    assert str(caught.value) == "lesions.json:4:14: holds what identifies (echo-name)"
