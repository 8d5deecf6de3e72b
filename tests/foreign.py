"""DICOM files of pydicom, pydicom-data and deid-data: other people's, odd and broken ones too."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pydicom

_PACKAGES = ("pydicom.data", "data_store", "deid_data")
_LARGEST = 4 << 20
_NO_DICOM = frozenset({".py", ".pyc", ".md", ".txt", ".json", ".dump", ".zip", ".gz", ".icc"})


@cache
def foreign_files(largest: int = _LARGEST) -> tuple[Path, ...]:
    """Return the files up to a size, by path; the packages are installed with the tests' needs."""
    found = []
    for name in _PACKAGES:
        spec = find_spec(name)
        if spec is None:
            if os.environ.get("CI"):
                raise ModuleNotFoundError(name)
            continue
        for folder in spec.submodule_search_locations or ():
            found += [path for path in Path(folder).rglob("*") if path.is_file()]
    return tuple(
        sorted(
            path
            for path in found
            if path.suffix not in _NO_DICOM and path.stat().st_size <= largest
        )
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Silence what pydicom says of odd files."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        level = pydicom.config.logger.level
        pydicom.config.logger.setLevel("CRITICAL")
        try:
            yield
        finally:
            pydicom.config.logger.setLevel(level)
