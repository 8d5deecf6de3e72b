"""The small study and its de-identified form, written once and copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from casepack.model import FileSet
from casepack.verify import Identifiers, collect_identifiers
from tests.verify.studies import Written, write_originals, write_results


@pytest.fixture(scope="session")
def originals(tmp_path_factory: pytest.TempPathFactory) -> FileSet:
    return write_originals(tmp_path_factory.mktemp("originals"))


@pytest.fixture(scope="session")
def identifiers(originals: FileSet) -> Identifiers:
    return collect_identifiers(originals)


@pytest.fixture(scope="session")
def clean_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_results(tmp_path_factory.mktemp("results"))


@pytest.fixture
def written(originals: FileSet, clean_results: Path, tmp_path: Path) -> Written:
    """A copy that a test may spoil."""
    root = tmp_path / "results"
    shutil.copytree(clean_results, root)
    return Written(originals=originals, root=root)


@pytest.fixture(scope="session")
def clean_package(
    originals: FileSet, identifiers: Identifiers, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    from tests.verify.packages import write_case_package

    return write_case_package(tmp_path_factory.mktemp("package"), originals, identifiers)


@pytest.fixture
def package(clean_package: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    root = tmp_path / "case-0001"
    shutil.copytree(clean_package, root)
    return root
