"""JSON files of a package, read without trust: any value may be of any type."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

_LARGEST: Final = 64 << 20


class BadDocument(Exception):  # noqa: N818  # internal: becomes a finding
    """Not JSON, or not readable."""


def read_json(path: Path) -> Any:  # noqa: ANN401  # JSON
    """Return the content of a JSON file.

    Raises
    ------
    BadDocument
        It cannot be read, is too large, or is not JSON.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise BadDocument
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        raise BadDocument from None


def as_mapping(value: object) -> Mapping[str, Any]:
    """Return a JSON object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def as_sequence(value: object) -> Sequence[Any]:
    """Return a JSON array; a single value as an array of one, null as an empty one."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def as_text(value: object) -> str:
    """Return a JSON string; an empty one for anything else."""
    return value if isinstance(value, str) else ""


def as_number(value: object) -> float | None:
    """Return a JSON number as a float; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def is_folder_inside(folder: Path, relative: str) -> bool:
    """Tell whether a relative path names an existing folder below `folder`."""
    if "\x00" in relative:
        return False
    try:
        path = (folder / relative).resolve()
        return folder.resolve() in path.parents and path.is_dir()
    except (OSError, RuntimeError):
        return False


def is_inside(folder: Path, relative: str) -> bool:
    """Tell whether a relative path names an existing file that lies below `folder`."""
    if not relative or "\x00" in relative:
        return False
    try:
        path = (folder / relative).resolve()
        return path.is_relative_to(folder.resolve()) and path.is_file()
    except (OSError, RuntimeError):
        return False
