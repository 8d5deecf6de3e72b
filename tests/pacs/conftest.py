"""Servers with two studies of one patient, and one of another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pacs.studies import write_other, write_studies
from tests.servers import Dcmqrscp, Orthanc


@pytest.fixture(scope="session")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_studies(tmp_path_factory.mktemp("pacs") / "studies")


@pytest.fixture(scope="session")
def orthanc(studies: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    folder = tmp_path_factory.mktemp("orthanc")
    server = Orthanc(folder)
    server.upload(studies)
    server.upload(write_other(folder / "other"))
    yield server
    server.stop()


@pytest.fixture
def dcmqrscp(tmp_path: Path) -> Iterator[Dcmqrscp]:
    server = Dcmqrscp(tmp_path / "dcmqrscp", "+xr")
    yield server
    server.stop()
