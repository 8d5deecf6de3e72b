"""The bag around the payload: declaration, bag-info, manifests (RFC 8493)."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from casepack.case import Case
from casepack.model import Progress, no_progress
from casepack.package.text import one_line, write_text
from casepack.package.wording import doi_url

ALGORITHM = "sha512"
DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
PAYLOAD = "data"
_AT_A_TIME = 2
"""Files that are read and digested: the interpreter is not needed for either."""
_BAGGED = re.compile(r"^Bagging-Date: (\d{4}-\d{2}-\d{2})$", re.MULTILINE)


def write_bag(
    root: Path,
    case: Case,
    *,
    software: str,
    date: dt.date | None = None,
    progress: Progress = no_progress,
) -> None:
    """Turn `root`, whose payload lies complete in ``data/``, into a bag.

    Each payload file is read once. The manifests are sorted by path.

    Parameters
    ----------
    date
        Bagging-Date; without: the case's publication date, or none. Never the clock's.
    """
    files = list_files(root / PAYLOAD)
    lines, octets = [], 0
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        digests = zip(files, pool.map(digest_file, files), strict=True)
        for done, (path, (size, digest)) in enumerate(digests, 1):
            octets += size
            lines.append(_line(digest, path.relative_to(root)))
            progress("seal package", done, len(files))
    write_text(root / "bagit.txt", DECLARATION)
    write_text(root / "bag-info.txt", _bag_info(case, software, octets, len(files), date))
    write_text(root / f"manifest-{ALGORITHM}.txt", "\n".join(lines))
    write_tag_manifest(root)


def read_bagging_date(root: Path) -> dt.date | None:
    """Return the Bagging-Date of a bag that `write_bag` wrote, if it has one."""
    match = _BAGGED.search((root / "bag-info.txt").read_text("utf-8"))
    try:
        return dt.date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def list_files(folder: Path) -> list[Path]:
    """Return all files below a folder, sorted by their path with ``/``."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(found, key=lambda path: path.as_posix())


def write_tag_manifest(root: Path) -> None:
    """Write the manifest of the tag files: all but itself that lie beside the payload."""
    name = f"tagmanifest-{ALGORITHM}.txt"
    tags = sorted(path for path in root.iterdir() if path.is_file() and path.name != name)
    lines = [_line(digest_file(path)[1], path.relative_to(root)) for path in tags]
    write_text(root / name, "\n".join(lines))


def _bag_info(case: Case, software: str, octets: int, count: int, date: dt.date | None) -> str:
    labels = {
        "Bag-Software-Agent": software,
        "External-Description": one_line(case.title),
        "Internal-Sender-Identifier": case.id,
        "Payload-Oxum": f"{octets}.{count}",
    }
    bagged = date or case.publication_date
    if bagged:
        labels["Bagging-Date"] = bagged.isoformat()
    if case.doi:
        labels["External-Identifier"] = doi_url(case.doi)
    return "\n".join(f"{label}: {value}" for label, value in sorted(labels.items()))


def _line(digest: str, path: Path) -> str:
    return f"{digest}  {path.as_posix()}"


def digest_file(path: Path) -> tuple[int, str]:
    """Return size in bytes and digest of a file, read once in chunks."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, ALGORITHM)
        return stream.tell(), digest.hexdigest()
