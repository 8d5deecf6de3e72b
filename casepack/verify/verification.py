"""All checks in order: on de-identified studies, on a package, on anyone's folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from casepack.errors import UsageError, VerificationError
from casepack.model import (
    Check,
    Deidentified,
    FileSet,
    Finding,
    Instance,
    Progress,
    Verified,
    no_progress,
)
from casepack.verify.attributes import check_attributes
from casepack.verify.conformance import (
    available_tools,
    check_documents,
    check_entities,
    check_iods,
    tool_versions,
)
from casepack.verify.findings import has_error, make_finding, sort_findings
from casepack.verify.holdings import Holding, Holdings, read_holdings
from casepack.verify.identifiers import Identifiers, collect_identifiers
from casepack.verify.pixels import check_pixels, digest_originals
from casepack.verify.references import check_references
from casepack.verify.report import Report
from casepack.verify.search import search_identifiers


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is checked, and what it is checked against."""

    holdings: Holdings
    originals: FileSet | None = None
    identifiers: Identifiers | None = None
    deidentified: Deidentified | None = None
    tools: frozenset[str] = frozenset()
    progress: Progress = field(repr=False, default=no_progress)


Outcome = tuple[int, Iterable[Finding], str]
"""How many things were examined, what was found, and why nothing was, if so."""


def _check_files(subject: Subject) -> Outcome:
    holdings = subject.holdings
    count = len(holdings.dicom) + len(holdings.directories) + len(holdings.others)
    findings = list(holdings.findings)
    if not holdings.dicom:
        findings.append(make_finding("nothing-to-check"))
    return count, findings, ""


def _check_identifiers(subject: Subject) -> Outcome:
    if subject.identifiers is None:
        return 0, (), "no originals given"
    identifiers = subject.identifiers.under(subject.holdings.claimed)
    found = search_identifiers(subject.holdings.root, identifiers, progress=subject.progress)
    return len(identifiers.values), found, ""


def _check_attributes(subject: Subject) -> Outcome:
    holdings = [*subject.holdings.dicom, *subject.holdings.directories]
    return len(holdings), (f for holding in holdings for f in check_attributes(holding)), ""


def _check_references(subject: Subject) -> Outcome:
    return len(subject.holdings.dicom), check_references(subject.holdings), ""


def _check_pixels(subject: Subject) -> Outcome:
    if subject.originals is None:
        return 0, (), "no originals given"
    paths = [instance.path for instance in subject.originals.instances]
    images = sum(holding.is_image for holding in subject.holdings.dicom)
    return images, check_pixels(subject.holdings, digest_originals(paths)), ""


def _check_iods(subject: Subject) -> Outcome:
    if "dciodvfy" not in subject.tools:
        return 0, (), "dciodvfy is not installed"
    holdings: Sequence[Holding] = subject.holdings.dicom
    originals = _by_class(subject.originals.instances if subject.originals else ())
    return len(holdings), check_iods(holdings, originals, progress=subject.progress), ""


def _by_class(instances: Iterable[Instance]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for instance in instances:
        found.setdefault(instance.sop_class_uid, []).append(instance.path)
    return found


def _check_entities(subject: Subject) -> Outcome:
    if "dcentvfy" not in subject.tools:
        return 0, (), "dcentvfy is not installed"
    return len(subject.holdings.dicom), check_entities(subject.holdings), ""


def _check_documents(subject: Subject) -> Outcome:
    if "dsrdump" not in subject.tools:
        return 0, (), "dsrdump is not installed"
    documents = sum(holding.is_document for holding in subject.holdings.dicom)
    return documents, check_documents(subject.holdings), ""


CHECKS: Final[tuple[tuple[str, str, Callable[[Subject], Outcome]], ...]] = (
    ("files", "Every file can be read", _check_files),
    ("identifiers", "No original identifier in any byte", _check_identifiers),
    ("attributes", "Table E.1-1 under the claimed Options", _check_attributes),
    ("references", "Every reference resolves", _check_references),
    ("pixels", "Pixel Data are the originals', byte for byte", _check_pixels),
    ("iods", "dciodvfy: no new error", _check_iods),
    ("entities", "dcentvfy: Attributes agree", _check_entities),
    ("documents", "dsrdump: content trees", _check_documents),
)


def _run_checks(subject: Subject) -> tuple[tuple[Check, ...], tuple[Finding, ...]]:
    checks: list[Check] = []
    findings: list[Finding] = []
    for name, title, run in CHECKS:
        examined, found, skipped = run(subject)
        made = sort_findings(found)
        findings += made
        checks.append(
            Check(name=name, title=title, examined=examined, findings=len(made), skipped=skipped)
        )
    return tuple(checks), sort_findings(findings)


def verify_deidentified(
    deidentified: Deidentified,
    originals: FileSet,
    identifiers: Identifiers,
    *,
    progress: Progress = no_progress,
) -> Verified:
    """Run every check on de-identified studies, against their originals.

    Raises
    ------
    VerificationError
        A check found an error; carries all findings.
    """
    subject = Subject(
        holdings=read_holdings(deidentified.root, progress=progress),
        originals=originals,
        identifiers=identifiers,
        deidentified=deidentified,
        tools=frozenset(available_tools()),
        progress=progress,
    )
    checks, findings = _run_checks(subject)
    if has_error(findings):
        raise VerificationError(
            findings, advice="Nothing was written. See each finding for what to do."
        )
    return Verified(deidentified=deidentified, checks=checks, warnings=findings)


def verify_folder(
    folder: Path,
    *,
    originals: FileSet | None = None,
    identifiers: Identifiers | None = None,
    progress: Progress = no_progress,
) -> Report:
    """Check a package, or any folder of DICOM files, with the originals if they are at hand.

    Parameters
    ----------
    folder
        A package (bag) or a folder that any tool wrote.
    originals, identifiers
        The study as it was; its identifiers are collected when they are not given.

    Raises
    ------
    UsageError
        The folder does not exist.
    """
    if not folder.is_dir():
        raise UsageError(
            "what is to be checked does not exist or is not a folder",
            advice="Give the folder of a package, or one that holds DICOM files.",
        )
    if originals is not None and identifiers is None:
        identifiers = collect_identifiers(originals, progress=progress)
    tools = available_tools()
    subject = Subject(
        holdings=read_holdings(folder, progress=progress),
        originals=originals,
        identifiers=identifiers,
        tools=frozenset(tools),
        progress=progress,
    )
    checks, findings = _run_checks(subject)
    is_package = (folder / "bagit.txt").is_file() or (folder / "data").is_dir()
    return Report(
        kind="package" if is_package else "folder",
        checks=checks,
        findings=findings,
        tools=tool_versions(tools),
    )
