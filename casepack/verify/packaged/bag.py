"""Whether the bag is complete and valid (RFC 8493): bagit-python, and what it does not see."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import bagit

from casepack.model import Finding
from casepack.verify.findings.findings import make_finding
from casepack.verify.holdings import list_files, relative_name

_TAG_MANIFEST: Final = re.compile(r"tagmanifest-(md5|sha1|sha256|sha512)\.txt")
_MANIFEST: Final = re.compile(r"manifest-(md5|sha1|sha256|sha512)\.txt")
_LINE: Final = re.compile(r"([0-9a-fA-F]+)[ \t]+\*?(.+)")
_PAYLOAD: Final = "data"


def check_bag(root: Path) -> Iterator[Finding]:
    """Check a package as a bag; yields what is wrong, by file."""
    yield from _check_validity(root)
    yield from _check_tag_files(root)
    yield from _check_empty_folders(root)


def _check_validity(root: Path) -> Iterator[Finding]:
    strange = [path for path in root.rglob("*") if not (path.is_file() or path.is_dir())]
    if strange:
        # bagit would wait for ever for what a pipe has to say
        for path in sorted(strange):
            yield make_finding("bag-invalid", file=relative_name(path, root))
        return
    logger = logging.getLogger("bagit")
    disabled, logger.disabled = logger.disabled, True
    try:
        bagit.Bag(str(root)).validate()
    except bagit.BagValidationError as error:
        details = [str(getattr(detail, "path", "")) for detail in error.details]
        for name in details or [""]:
            yield make_finding("bag-invalid", file=name)
    except Exception:  # noqa: BLE001  # bagit raises many kinds on files that are no bag
        yield make_finding("bag-invalid", file="bagit.txt")
    finally:
        logger.disabled = disabled


def _check_tag_files(root: Path) -> Iterator[Finding]:
    """Find files outside of the payload that no tag manifest vouches for: bagit-python does not."""
    files, _ = list_files(root)
    names = [relative_name(path, root) for path in files]
    tag_files = [name for name in names if not name.startswith(f"{_PAYLOAD}/")]
    manifests = [name for name in tag_files if _TAG_MANIFEST.fullmatch(name)]
    if not manifests:
        yield make_finding("bag-tag-manifest", file="tagmanifest-sha512.txt")
        return
    listed = [_read_manifest(root / name) for name in manifests]
    for name in tag_files:
        if name in manifests:
            continue
        if all(name not in names for names in listed):
            needed = name in {"bagit.txt", "bag-info.txt"} or _MANIFEST.fullmatch(name)
            yield make_finding("bag-tag-manifest" if needed else "bag-unlisted", file=name)


def _read_manifest(path: Path) -> set[str]:
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError):
        return set()
    return {match[2] for line in text.splitlines() if (match := _LINE.fullmatch(line))}


def _check_empty_folders(root: Path) -> Iterator[Finding]:
    for folder in sorted(path for path in root.rglob("*") if path.is_dir()):
        if not folder.is_symlink() and not any(folder.iterdir()):
            yield make_finding("bag-empty-folder", file=relative_name(folder, root))
