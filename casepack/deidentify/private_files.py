"""Files that show who the patient is: for the owner alone, and never in a result."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO


def open_private(path: Path) -> BinaryIO:
    """Open a file for writing that only its owner may read, also when others could before."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    file = os.fdopen(descriptor, "wb")
    os.fchmod(descriptor, 0o600)
    return file
