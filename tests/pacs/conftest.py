"""What the tests of this folder start from, besides the studies and the Orthanc of all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import Dcmqrscp


@pytest.fixture
def dcmqrscp(tmp_path: Path) -> Iterator[Dcmqrscp]:
    server = Dcmqrscp(tmp_path / "dcmqrscp", "+xr")
    yield server
    server.stop()
