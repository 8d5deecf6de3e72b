"""All checks together: on de-identified studies, on a package, on anyone's folder."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Final

from casepack.errors import UsageError, VerificationError
from casepack.model import (
    Check,
    Deidentified,
    FileSet,
    Finding,
    Progress,
    Severity,
    Verified,
    no_progress,
)
from casepack.verify.checks import (
    CHECKS,
    CHECKS_WITHOUT_ORIGINALS,
    COPY_CHECKS,
    FILE_SET_CHECKS,
    LOOK_CHECKS,
    PACKAGE_CHECKS,
    SIGNATURE_CHECKS,
    Subject,
)
from casepack.verify.conformance import PACKAGE_TOOLS, PROGRAMS, available_tools, tool_versions
from casepack.verify.findings.findings import has_error, sort_findings
from casepack.verify.holdings import read_holdings, relative_name
from casepack.verify.identifiers.collecting import collect_identifiers, names_of_holdings
from casepack.verify.identifiers.identifiers import Identifiers
from casepack.verify.identifiers.names import hide_values, search_paths
from casepack.verify.identifiers.search import Reveal, keep_secret
from casepack.verify.identifiers.values import compile_search
from casepack.verify.images.overrides import loosen_findings
from casepack.verify.images.pictures import draw_series
from casepack.verify.inventory import count_holdings, fingerprint_folder
from casepack.verify.packaged.signature import has_signature
from casepack.verify.page import report_page
from casepack.verify.report import Report
from casepack.verify.unpacking import find_copy

_OF_PACKAGES: Final = ("bagit.txt", "data/case.json", "data/ro-crate-metadata.json")
"""Any of these files makes a folder a package, be it a broken one."""


def verify_deidentified(
    deidentified: Deidentified,
    originals: FileSet,
    identifiers: Identifiers,
    *,
    programs: int = PROGRAMS,
    progress: Progress = no_progress,
) -> Verified:
    """Run every check on de-identified studies, against their originals.

    Parameters
    ----------
    programs
        How many outside programs run at a time.

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
        programs=programs,
        progress=progress,
    )
    checks, findings = _run_checks(subject, is_package=False)
    if has_error(findings):
        raise VerificationError(
            findings, advice="Nothing was written. See each finding for what to do."
        )
    warnings = tuple(finding for finding in findings if finding.severity is Severity.WARNING)
    return Verified(deidentified=deidentified, checks=checks, warnings=warnings)


def verify_folder(
    folder: Path,
    *,
    originals: FileSet | None = None,
    identifiers: Identifiers | None = None,
    public_key: Path | None = None,
    without: Collection[str] = (),
    reveal: Reveal | None = None,
    programs: int = PROGRAMS,
    progress: Progress = no_progress,
) -> Report:
    """Check a package, or any folder of DICOM files, with the originals if they are at hand.

    Parameters
    ----------
    folder
        A package (bag) or a folder that any tool wrote.
    originals, identifiers
        The study as it was; its identifiers are collected when they are not given.
    public_key
        Of whoever signed the package, as minisign writes it.
    without
        Outside programs that are not to be run, although they are installed.
    reveal
        Is told of each identifying value that is found: for a terminal, never for a file.
    programs
        How many outside programs run at a time.

    Raises
    ------
    UsageError
        The folder does not exist.
    KeyFileError
        The public key cannot be read.
    """
    if not folder.is_dir():
        raise UsageError(
            "what is to be checked does not exist or is not a folder",
            advice="Give the folder of a package, or one that holds DICOM files.",
        )
    if originals is not None and identifiers is None:
        identifiers = collect_identifiers(originals, progress=progress)
    is_package = any((folder / name).is_file() for name in _OF_PACKAGES)
    left_out = {*without, *(() if is_package else PACKAGE_TOOLS)}
    tools = {name: path for name, path in available_tools().items() if name not in left_out}
    subject = Subject(
        holdings=read_holdings(folder, progress=progress),
        originals=originals,
        identifiers=identifiers,
        tools=frozenset(tools),
        public_key=public_key,
        programs=programs,
        progress=progress,
        reveal=reveal or keep_secret,
    )
    checks, findings = _run_checks(subject, is_package=is_package)
    return Report(
        kind="package" if is_package else "folder",
        checks=checks,
        findings=findings,
        tools=tool_versions(tools),
        compared=originals is not None,
        inventory=count_holdings(subject.holdings),
    )


def write_page(
    report: Report, folder: Path, *, software: str, progress: Progress = no_progress
) -> str:
    """Return the report on a folder as a page, with a picture of each series.

    Parameters
    ----------
    report
        From `verify_folder` of the same folder.
    software
        Name and version of the program that checks.
    """
    fingerprint = fingerprint_folder(folder, progress=progress)
    pictures = tuple(draw_series(read_holdings(folder)))
    return report_page(report, pictures, fingerprint=fingerprint, software=software)


def _run_checks(
    subject: Subject, *, is_package: bool
) -> tuple[tuple[Check, ...], tuple[Finding, ...]]:
    functions = [
        *CHECKS,
        *(() if subject.identifiers else CHECKS_WITHOUT_ORIGINALS),
        *(LOOK_CHECKS if subject.deidentified is None else ()),
        *(FILE_SET_CHECKS if is_package or subject.holdings.directories else ()),
        *(PACKAGE_CHECKS if is_package else ()),
        *(SIGNATURE_CHECKS if is_package and _is_signed(subject) else ()),
        *(COPY_CHECKS if is_package and find_copy(subject.holdings.root) else ()),
    ]
    overrides = subject.overrides
    checks: list[Check] = []
    findings: list[Finding] = []
    for name, title, run in functions:
        outcome = run(subject)
        made = sort_findings(loosen_findings(outcome.findings, overrides, subject.holdings))
        findings += made
        checks.append(
            Check(
                name=name,
                title=title,
                examined=outcome.examined,
                findings=len(made),
                skipped=outcome.skipped,
            )
        )
    return tuple(checks), _hide_names(subject, sort_findings(findings))


def _is_signed(subject: Subject) -> bool:
    return subject.public_key is not None or has_signature(subject.holdings.root)


def _hide_names(subject: Subject, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Take identifying values out of the paths and places that the findings name."""
    if not findings:
        return findings
    identifiers = subject.identifiers or Identifiers(values=names_of_holdings(subject.holdings))
    search = compile_search(identifiers)
    holdings = subject.holdings
    paths = [
        *(one.path for one in (*holdings.dicom, *holdings.directories)),
        *holdings.others,
        *holdings.nameless,
    ]
    shown = {
        relative_name(path, holdings.root): name.shown
        for path, name in search_paths(paths, holdings.root, search).items()
    }
    named = [finding.file for finding in findings]
    hidden = dict(zip(named, hide_values(named, search), strict=True)) | shown
    places = hide_values([finding.place for finding in findings], search)
    return tuple(
        replace(finding, file=hidden[finding.file], place=place)
        for finding, place in zip(findings, places, strict=True)
    )
