"""Settings shared by all tests, and what tests of several folders start from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.pacs.studies import write_other, write_studies
from tests.servers import Orthanc

settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile(
    "ci",
    max_examples=150,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(scope="module")
def without_programs() -> Iterator[None]:
    """The validators that the checks call are tested elsewhere, and take long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("casepack.verify.verification.available_tools", dict)
        yield


@pytest.fixture(scope="session")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two studies of one patient, to be read only."""
    return write_studies(tmp_path_factory.mktemp("pacs") / "studies")


@pytest.fixture(scope="module")
def orthanc(studies: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """An Orthanc that holds them, and a study of another patient."""
    folder = tmp_path_factory.mktemp("orthanc")
    server = Orthanc(folder)
    server.upload(studies)
    server.upload(write_other(folder / "other"))
    yield server
    server.stop()
