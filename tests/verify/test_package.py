"""Mutation test of packages: bag, layout, crate, DataCite, pages, annotations, DICOMDIR."""

from __future__ import annotations

from pathlib import Path

import pytest

from casepack.model import FileSet
from casepack.verify import Identifiers, verify_folder
from casepack.verify.findings.kinds import KINDS
from tests.verify.file_defects import DEFECTS
from tests.verify.package_defects import PACKAGE_DEFECTS, PackageDefect
from tests.verify.packages import edit_json, rebag

SLOW = "roc-validator"
_ELSEWHERE = frozenset(
    {"file-too-large", "tool-failed", "instance-lost", "instance-unlisted", "reference-external"}
    | {"date-in-text", "mail-in-text", "phone-in-text", "number-in-text", "person-in-text"}
    | {
        "text-in-pixels",
        "pixels-not-examined",
        "words-unknown",
        "value-not-dummy",
        "signature-missing",
        "signature-invalid",
        "crate-profile",
        "elements-too-many",
        "reference-segment",
        "reference-space",
    }
)
"""Caused by tests of their own."""


def test_a_clean_package_has_no_finding(package: Path, originals: FileSet) -> None:
    report = verify_folder(package, originals=originals)
    assert [(f.code, f.file, f.place) for f in report.findings] == []
    assert report.kind == "package"
    assert verify_folder(package, without={SLOW}).findings == ()


def test_rocrate_validator_is_asked_without_the_network(package: Path) -> None:
    path = package / "data" / "ro-crate-metadata.json"
    edit_json(path, lambda crate: _root_of(crate).pop("datePublished"))
    rebag(package)
    report = verify_folder(package)
    assert {one.code for one in report.findings} == {"crate-profile"}
    assert report.tools[SLOW][0].isdigit()
    skipped = {one.name: one.skipped for one in verify_folder(package, without={SLOW}).checks}
    assert "pip install" in skipped["crate-profile"]


def _root_of(crate: dict[str, list[dict[str, object]]]) -> dict[str, object]:
    return next(entity for entity in crate["@graph"] if entity["@id"] == "./")


@pytest.mark.parametrize("defect", PACKAGE_DEFECTS, ids=str)
def test_a_defect_of_a_package_is_found_and_nothing_else(
    defect: PackageDefect,
    package: Path,
    originals: FileSet,
    identifiers: Identifiers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tools = {"datacite": "datacite"} if "datacite-schema" in defect.codes else {}
    monkeypatch.setattr("casepack.verify.verification.available_tools", lambda: tools)
    defect.spoil(package)
    report = verify_folder(package, originals=originals, identifiers=identifiers)
    assert {finding.code for finding in report.findings} == defect.codes


def test_every_kind_of_finding_has_a_defect() -> None:
    caused = {code for defect in DEFECTS for code in defect.codes}
    caused |= {code for defect in PACKAGE_DEFECTS for code in defect.codes}
    assert caused | _ELSEWHERE == set(KINDS)


def test_a_bag_made_again_is_clean(package: Path, originals: FileSet) -> None:
    # or else the defects inside of the payload would prove nothing
    rebag(package)
    assert verify_folder(package, originals=originals, without={SLOW}).findings == ()


def test_authors_and_references_may_bear_the_names_of_physicians_and_patients(
    package: Path, originals: FileSet
) -> None:
    # the clean package's author is the referring physician, of the same institution
    path = package / "data" / "case.json"
    edit_json(
        path, lambda case: case["case"]["references"].append({"text": "Brandtm\u00fcller A. 1999"})
    )
    rebag(package)
    findings = verify_folder(package, originals=originals, without={SLOW}).findings
    assert {finding.code for finding in findings} == {"name-in-text"}
    assert {finding.file for finding in findings} == {"data/case.json"}
