"""What lies in the folder that was checked, in numbers, and a fingerprint that ties a report to it.

The fingerprint is the SHA-256 of what GNU ``sha256sum`` prints of every regular file, in the order
of the bytes of their paths, so that anyone can repeat it: see `FINGERPRINT_COMMAND`.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from casepack.model import Progress, no_progress
from casepack.verify.holdings import Holdings, list_files

FINGERPRINT_COMMAND: Final = (
    "find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum"
)
_STUDY: Final = 0x0020000D
_SERIES: Final = 0x0020000E


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """How much there is of what, and what the files claim of themselves."""

    files: int = 0
    instances: int = 0
    """DICOM files, a DICOMDIR not counted."""
    studies: int = 0
    series: int = 0
    claimed: tuple[str, ...] = ()
    """Codes of CID 7050 in (0012,0064) of every DICOM file, sorted."""
    disputed: tuple[str, ...] = ()
    """Codes that some of the DICOM files claim, and others do not."""


def count_holdings(holdings: Holdings) -> Inventory:
    """Return the numbers of a folder that was read."""
    claims = [holding.claims.codes for holding in holdings.dicom]
    every = frozenset.intersection(*claims) if claims else frozenset()
    return Inventory(
        files=len(holdings.dicom) + len(holdings.directories) + len(holdings.others),
        instances=len(holdings.dicom),
        studies=len({holding.text(_STUDY) for holding in holdings.dicom}),
        series=len({(holding.text(_STUDY), holding.text(_SERIES)) for holding in holdings.dicom}),
        claimed=tuple(sorted(every)),
        disputed=tuple(sorted(frozenset().union(*claims) - every)),
    )


def fingerprint_folder(root: Path, *, progress: Progress = no_progress) -> str:
    """Return the fingerprint of the regular files below `root`; empty if one cannot be read."""
    files = [path for path in list_files(root)[0] if path.is_file()]
    lines: list[tuple[bytes, str]] = []
    for number, path in enumerate(files, 1):
        progress("fingerprint", number, len(files))
        name = b"./" + os.fsencode(path.relative_to(root).as_posix())
        try:
            with path.open("rb") as file:
                lines.append((name, hashlib.file_digest(file, "sha256").hexdigest()))
        except OSError:
            return ""
    whole = hashlib.sha256()
    for name, digest in sorted(lines):
        whole.update(_checksum_line(name, digest))
    return whole.hexdigest()


def _checksum_line(name: bytes, digest: str) -> bytes:
    """Return a line of sha256sum, which marks and escapes names with a line end or backslash."""
    escaped = name.replace(b"\\", rb"\\").replace(b"\n", rb"\n").replace(b"\r", rb"\r")
    mark = b"\\" if escaped != name else b""
    return b"%s%s  %s\n" % (mark, digest.encode(), escaped)
