"""One small sample case for all tests of this folder; no test changes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset

from casepack.sample import write_sample


@dataclass(frozen=True)  # no slots: what is read once is kept
class Sample:
    """A written sample and quick ways into it."""

    out: Path

    @property
    def study(self) -> Path:
        return self.out / "study"

    @cached_property
    def planted(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.out / "planted.json").read_text("utf-8"))
        return content

    @cached_property
    def lesions(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.out / "lesions.json").read_text("utf-8"))
        return content

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        return tuple(sorted(self.study.glob("DICOM/**/IM*")))

    @cached_property
    def images(self) -> dict[Path, FileDataset]:
        return {path: dcmread(path) for path in self.paths}

    def series(self, study: int, number: int) -> list[Dataset]:
        """Return the images of a series by Instance Number."""
        uid = sorted({(str(ds.StudyDate), str(ds.StudyInstanceUID)) for ds in self.images.values()})
        found = [
            ds
            for ds in self.images.values()
            if ds.StudyInstanceUID == uid[study - 1][1] and ds.SeriesNumber == number
        ]
        return sorted(found, key=lambda ds: int(ds.InstanceNumber))


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    out = tmp_path_factory.mktemp("sample") / "case"
    write_sample(out, slices=3, size=64)
    return Sample(out)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """One slice of each series, fine enough to measure the cord in."""
    out = tmp_path_factory.mktemp("pictures") / "case"
    write_sample(out, slices=1, size=192)
    return Sample(out)
