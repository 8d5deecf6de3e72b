"""Where the shipped recipes and the sample case lie: in the wheel, or beside the package."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

_PACKAGE = Path(__file__).parent


def shipped_folder(name: Literal["recipes", "samples"]) -> Path:
    """Return the folder of shipped data, packed into the wheel or at the top of a clone."""
    packed = _PACKAGE / f"_{name}"
    return packed if packed.is_dir() else _PACKAGE.parent / name
