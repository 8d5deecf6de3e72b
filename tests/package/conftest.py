from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from casepack.package.write import write_package
from tests.package import cases


@pytest.fixture(scope="session")
def written_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package with every part; not to be changed."""
    root = tmp_path_factory.mktemp("package")
    checked = cases.verified(root / "in")
    case = cases.full_case(doi=None, lesions="drawings.json")
    lesions = cases.lesions(checked)
    write_package(checked, case, lesions, root / "case-0001", software=cases.SOFTWARE)
    return root / "case-0001"


@pytest.fixture
def package(written_package: Path, tmp_path: Path) -> Path:
    """A copy of the package, to change."""
    return Path(shutil.copytree(written_package, tmp_path / "case-0001"))
