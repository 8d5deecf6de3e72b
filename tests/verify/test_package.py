"""Mutation test of packages: bag, layout, crate, DataCite, pages, annotations, DICOMDIR."""

from __future__ import annotations

from pathlib import Path

from casepack.model import FileSet
from casepack.verify import verify_folder


def test_a_clean_package_has_no_finding(package: Path, originals: FileSet) -> None:
    report = verify_folder(package, originals=originals)
    assert [(f.code, f.file, f.place) for f in report.findings] == []
    assert report.kind == "package"
    assert verify_folder(package).findings == ()
