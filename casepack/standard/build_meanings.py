"""Maintainers: write ``known_meanings.bin`` from pydicom's concepts. Not imported at run time.

Run ``python -m casepack.standard.build_meanings`` when the version of pydicom changes; a test says
when.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from casepack.standard.codes import digest_meaning
from casepack.standard.tables import read_table


def build_meanings() -> bytes:
    """Return the digests of all Code Meanings of pydicom's concepts, in order."""
    schemes: dict[str, dict[str, Any]] = read_table("concepts")
    meanings = {
        meaning
        for scheme in schemes.values()
        for codes in scheme.values()
        for meaning, _groups in codes.values()
    }
    return b"".join(sorted({digest_meaning(meaning) for meaning in meanings}))


if __name__ == "__main__":
    (Path(__file__).parent / "known_meanings.bin").write_bytes(build_meanings())
