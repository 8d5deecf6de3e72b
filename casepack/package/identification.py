"""Giving a package its DOI: into every file that says it, and a new bag around them.

The files of a case say their own DOI, which is known only after the package was made. Setting it
touches text files alone: all others are linked, not copied, and their hashes are held against
the old manifest.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from casepack.case import Case
from casepack.case.forms import check_doi
from casepack.errors import TargetError, UsageError
from casepack.model import Progress, no_progress
from casepack.package.bag import ALGORITHM, PAYLOAD, digest_file, read_bagging_date, write_bag
from casepack.package.crate import METADATA, PREVIEW, describe_crate, write_crate_preview
from casepack.package.doi.citation import write_citation
from casepack.package.doi.datacite import describe_for_datacite, write_datacite_xml
from casepack.package.doi.zenodo import describe_for_zenodo
from casepack.package.exports.markdown import write_case_markdown, write_eurorad_markdown
from casepack.package.exports.mirc import write_mirc_document
from casepack.package.exports.readme import write_readme
from casepack.package.page.page import replace_case
from casepack.package.reading import Packed, read_package
from casepack.package.signature import SIGNATURE
from casepack.package.text import write_json, write_text

_MANIFEST = f"manifest-{ALGORITHM}.txt"
_OLD = "-old"
_PAGE, _CASE = "index.html", "case.json"
_AT_ROOT = frozenset(
    {"bagit.txt", "bag-info.txt", _MANIFEST, f"tagmanifest-{ALGORITHM}.txt", SIGNATURE, PAYLOAD}
)


def set_doi(package: Path, doi: str, *, progress: Progress = no_progress) -> bool:
    """Write a DOI into every file of a package that says it, and bag it anew.

    The new package is made beside the old one, compared with its manifest, and takes its place
    by rename. A signature is left out, as it would not hold.

    Returns
    -------
    bool
        True when there was a signature.

    Raises
    ------
    UsageError
        The text is no DOI, or the folder is no package, or not as casepack wrote it: a file was
        changed, or another version made it.
    TargetError
        The folder cannot be written; the package is as it was.
    """
    try:
        check_doi(doi)
    except ValueError as error:
        raise UsageError(f"the DOI {error}", advice="Give it as 10.5072/example.") from None
    package = package.resolve()
    _recover(package)
    packed = read_package(package)
    work = package.with_name(f".{package.name}.casepack-{os.getpid()}")
    old = work.with_name(work.name + _OLD)
    signed = (package / SIGNATURE).exists()
    try:
        work.mkdir(mode=0o700)
        rewritten = _remake(package, packed, doi, work, progress)
        _compare(package, work, rewritten)
        work.chmod(0o755)
        _swap(package, work, old)
    except OSError:
        raise TargetError(
            "the package cannot be written",
            advice="Check the room and the rights of the folder that it lies in.",
        ) from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return signed


def make_texts(packed: Packed, case: Case) -> dict[str, str]:
    """Return path in the payload to content, for the text files that are made of the case alone."""
    record = describe_for_datacite(case)
    return {
        "case.md": write_case_markdown(case, packed.captions),
        "CITATION.cff": write_citation(case),
        "README.txt": write_readme(case, packed.software),
        "doi/datacite.json": _json(record),
        "doi/datacite.xml": write_datacite_xml(record),
        "doi/zenodo.json": _json(describe_for_zenodo(case)),
        "export/eurorad.md": write_eurorad_markdown(case),
        "export/mirc.xml": write_mirc_document(case, packed.captions),
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)


def _remake(
    package: Path, packed: Packed, doi: str, work: Path, progress: Progress
) -> frozenset[str]:
    """Write the package with its DOI into an empty folder; return what was not linked."""
    before, after = packed.case, packed.case.model_copy(update={"doi": doi})
    texts = make_texts(packed, after)
    _refuse_changed(packed, make_texts(packed, before))
    written = frozenset({*texts, _CASE, _PAGE, METADATA, PREVIEW})
    unknown = [one.name for one in package.iterdir() if one.name not in _AT_ROOT]
    if unknown:
        raise UsageError(
            f"{len(unknown)} file(s) lie beside the payload that do not belong there",
            advice="casepack validate PACKAGE names them.",
        )
    for path in sorted(package.rglob("*")):
        name = path.relative_to(package)
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise UsageError("the package holds links", advice="Run casepack validate on it.")
        if path.is_dir():
            (work / name).mkdir()
        elif name.parts[0] == PAYLOAD and name.relative_to(PAYLOAD).as_posix() not in written:
            _link(path, work / name)
    payload = work / PAYLOAD
    for file, text in texts.items():
        write_text(payload / file, text)
    content = json.loads((packed.payload / _CASE).read_text("utf-8"))
    content["case"]["doi"] = doi
    write_json(payload / _CASE, content)
    page = (packed.payload / _PAGE).read_text("utf-8")
    write_text(payload / _PAGE, replace_case(page, before, after))
    _write_crate(payload, packed, after)
    date = read_bagging_date(package)
    write_bag(work, after, software=packed.software, date=date, progress=progress)
    for path in work.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return written


def _write_crate(payload: Path, packed: Packed, case: Case) -> None:
    crate = describe_crate(payload, case, packed.deidentified, packed.paths, packed.captions)
    write_json(payload / METADATA, crate)
    write_text(payload / PREVIEW, write_crate_preview(case, crate))


def _refuse_changed(packed: Packed, texts: Mapping[str, str]) -> None:
    """Refuse a package whose texts are not those of its case: what changed would be lost."""
    for name, text in texts.items():
        path = packed.payload / name
        expected = text if text.endswith("\n") else f"{text}\n"
        if not path.is_file() or path.read_bytes() != expected.encode():
            raise UsageError(
                f"{name} is not as this version of casepack writes it",
                advice="It was changed, or another version made it: pack the case again.",
            )


def _link(source: Path, target: Path) -> None:
    """Give a file a second name; copy it where the file system has no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _compare(package: Path, work: Path, rewritten: frozenset[str]) -> None:
    """Refuse when a file, before it was rewritten, is not the one that the old manifest names."""
    before, found = _read_manifest(package), _read_manifest(work)
    names = [f"{PAYLOAD}/{name}" for name in rewritten]
    found |= {name: digest_file(package / name)[1] for name in names if name in found}
    if before != found:
        raise UsageError(
            "the package is not as its manifest says; its DOI was not set",
            advice="casepack validate PACKAGE names the files that were changed.",
        )


def _read_manifest(package: Path) -> dict[str, str]:
    lines = (package / _MANIFEST).read_text("utf-8").splitlines()
    pairs = (line.partition("  ") for line in lines)
    return {name: digest for digest, _, name in pairs}


def _recover(package: Path) -> None:
    """Take back the package of a run that was killed between two renames; clear up after it."""
    for left in sorted(package.parent.glob(f".{package.name}.casepack-*")):
        process = left.name.removesuffix(_OLD).rpartition("-")[2]
        if not process.isdigit() or _is_running(int(process)):
            continue
        if left.name.endswith(_OLD) and not package.exists():
            left.rename(package)
        else:
            shutil.rmtree(left, ignore_errors=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _swap(package: Path, work: Path, old: Path) -> None:
    """Let the new folder take the place of the old one; put the old one back on failure."""
    package.rename(old)
    try:
        work.rename(package)
    except OSError:
        old.rename(package)
        raise
    shutil.rmtree(old, ignore_errors=True)
