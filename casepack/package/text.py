"""Text of a package: UTF-8, LF, and only characters that XML and HTML can hold."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import Any

from casepack.case import Case

_WIDTH = 78
_ILLEGIBLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What is not a Char of XML 1.0 (2.2): control characters, surrogates, U+FFFE and U+FFFF."""


def write_text(path: Path, text: str) -> None:
    """Write a text file, creating its folder; line ends are LF, the last line has one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    path.write_bytes((lines if lines.endswith("\n") else lines + "\n").encode())


def write_json(path: Path, value: object) -> None:
    """Write a JSON file with sorted keys; NaN and infinity are refused."""
    text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
    write_text(path, text)


def one_line(text: str) -> str:
    """Return the text with every run of white space as one space."""
    return " ".join(text.split())


def wrap(text: str) -> list[str]:
    """Return the text as lines of at most 78 characters, words and addresses left whole."""
    return textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def legible(case: Case) -> Case:
    """Return the case with characters that XML cannot hold replaced by U+FFFD.

    YAML escapes can bring them in; replaced rather than dropped, no text becomes empty.
    """
    return Case.model_validate(_legible(case.model_dump()))


def _legible(value: Any) -> Any:  # noqa: ANN401  # any value of a model dump
    if isinstance(value, str):
        return _ILLEGIBLE.sub("\ufffd", value)
    if isinstance(value, tuple | list):
        return tuple(_legible(item) for item in value)
    if isinstance(value, dict):
        return {key: _legible(item) for key, item in value.items()}
    return value
