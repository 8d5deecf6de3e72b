"""The checks on DICOM files: one check, one function, in the order in which they are run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from casepack.model import Deidentified, FileSet, Finding, Instance, Progress, Reason, no_progress
from casepack.verify.attributes import check_attributes
from casepack.verify.conformance import (
    CRATE_VALIDATOR,
    PROGRAMS,
    TEXT_DETECTOR,
    check_crate_profile,
    check_documents,
    check_entities,
    check_iods,
)
from casepack.verify.contents.archives import check_archive
from casepack.verify.findings.findings import make_finding
from casepack.verify.holdings import Holdings, open_buffer, relative_name
from casepack.verify.identifiers.identifiers import Identifiers
from casepack.verify.identifiers.search import Reveal, keep_secret, search_holdings
from casepack.verify.identifiers.vocabulary import split_words
from casepack.verify.images.burned_in import check_burned_in
from casepack.verify.images.comparison import (
    check_claims,
    check_dates,
    check_intervals,
    check_kept_references,
    check_meaning,
    check_missing,
    check_structure,
    explained_dates,
)
from casepack.verify.images.overrides import (
    Overrides,
    declared_overrides,
    read_overrides,
    read_reports,
)
from casepack.verify.images.pairing import Pairing, pair_images
from casepack.verify.images.pixels import check_pixels
from casepack.verify.images.redactions import Redaction, declared_redactions, redactions_of
from casepack.verify.images.unused_bits import check_unused_bits
from casepack.verify.packaged.annotations import check_annotations
from casepack.verify.packaged.bag import check_bag
from casepack.verify.packaged.citations import check_citations
from casepack.verify.packaged.completeness import check_case, names_profile, read_content
from casepack.verify.packaged.datacite import check_datacite, schema_faults
from casepack.verify.packaged.directory import check_directories
from casepack.verify.packaged.layout import EXPECTED, check_crate, check_layout
from casepack.verify.packaged.links import PAGES, check_pages
from casepack.verify.packaged.signature import can_verify, check_signature
from casepack.verify.references import check_references
from casepack.verify.suspicions import check_suspicions
from casepack.verify.unpacking import check_copy

_EXTRA: Final = "is not installed (pip install 'casepack[validate]')"
_NO_ORIGINALS: Final = "no originals given"
PAYLOAD: Final = "data"
"""Folder of a bag that holds its payload (RFC 8493 2.1.2)."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is checked, and what it is checked against."""

    holdings: Holdings
    originals: FileSet | None = None
    identifiers: Identifiers | None = None
    deidentified: Deidentified | None = None
    tools: frozenset[str] = frozenset()
    public_key: Path | None = None
    """Of whoever signed the package, as minisign writes it."""
    programs: int = PROGRAMS
    """How many of the tools run at a time."""
    progress: Progress = field(repr=False, default=no_progress)
    reveal: Reveal = field(repr=False, default=keep_secret)

    @cached_property
    def pairing(self) -> Pairing | None:
        """The images beside their originals, if these are at hand."""
        if self.originals is None:
            return None
        return pair_images(self.holdings, self.originals, self.redactions)

    @property
    def redactions(self) -> Mapping[str, Redaction]:
        """What the run says that it covered."""
        if self.deidentified is not None:
            return redactions_of(self.deidentified.record.pixels)
        return declared_redactions(self.holdings.root)

    @property
    def overrides(self) -> Overrides:
        """What the run says that it kept beyond the Profile."""
        if self.deidentified is not None:
            return read_overrides(self.deidentified.record.overrides)
        return read_overrides(declared_overrides(self.holdings.root))

    @property
    def held(self) -> int:
        """How many usable originals the run says that it left out."""
        counted = (
            {str(reason): count for reason, count in self.deidentified.record.unused}
            if self.deidentified is not None
            else _read_left_out(self.holdings.root)
        )
        before = self.originals.unused if self.originals is not None else ()
        known = sum(count for reason, count in counted.items() if _is_held(reason))
        return known - sum(file.reason.held for file in before)


def _is_held(reason: str) -> bool:
    return reason in {item.value for item in Reason if item.held}


def _read_left_out(root: Path) -> dict[str, int]:
    """Return the counts of held files by reason that a run of casepack wrote down."""
    for report in read_reports(root):
        try:
            rows = report.get("left_out", ())
            return {str(row["reason"]): int(row["count"]) for row in rows}
        except (ValueError, KeyError, TypeError):
            continue
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How many things were examined, what was found, and why nothing was looked at, if so."""

    examined: int = 0
    findings: Iterable[Finding] = ()
    skipped: str = ""


def _check_files(subject: Subject) -> Outcome:
    holdings = subject.holdings
    findings = [*holdings.findings, *_check_archives(holdings)]
    if not holdings.dicom:
        findings.append(make_finding("nothing-to-check"))
    return Outcome(examined=_count(subject), findings=[*findings, *_check_listing(subject)])


def _check_archives(holdings: Holdings) -> Iterator[Finding]:
    for path in holdings.others:
        name = relative_name(path, holdings.root)
        try:
            with open_buffer(path) as data:
                for code, place in check_archive(data):
                    yield make_finding(code, file=name, place=place)
        except OSError:
            yield make_finding("file-unreadable", file=name)


def _check_listing(subject: Subject) -> Iterator[Finding]:
    """Check that the files are those that the run says it made."""
    if subject.deidentified is None:
        return
    root = subject.holdings.root
    made = {instance.path: instance for instance in subject.deidentified.instances}
    for holding in subject.holdings.dicom:
        instance = made.pop(holding.path, None)
        if instance is None or instance.sop_instance_uid != holding.sop_instance_uid:
            yield make_finding("instance-unlisted", file=holding.name)
    for path in made:
        inside = path.is_relative_to(root)
        yield make_finding("instance-lost", file=relative_name(path, root) if inside else "")


def _check_identifiers(subject: Subject) -> Outcome:
    if subject.identifiers is None:
        return Outcome(skipped=_NO_ORIGINALS)
    identifiers = subject.identifiers
    if subject.pairing is not None:
        identifiers = identifiers.without_dates(explained_dates(subject.pairing, identifiers))
    found = search_holdings(
        subject.holdings,
        identifiers.under,
        declared=read_declared(subject.holdings.root),
        reveal=subject.reveal,
        progress=subject.progress,
    )
    return Outcome(examined=len(identifiers.values), findings=found)


def _check_suspicions(subject: Subject) -> Outcome:
    holdings = subject.holdings
    found = list(check_suspicions(holdings, subject.reveal))
    return Outcome(examined=len(holdings.dicom) + len(holdings.directories), findings=found)


def _check_attributes(subject: Subject) -> Outcome:
    holdings = [*subject.holdings.dicom, *subject.holdings.directories]
    claimed = subject.holdings.claimed
    found = [finding for holding in holdings for finding in check_attributes(holding, claimed)]
    return Outcome(examined=len(holdings), findings=found)


def _check_references(subject: Subject) -> Outcome:
    found = check_references(subject.holdings, compared=subject.originals is not None)
    return Outcome(examined=len(subject.holdings.dicom), findings=found)


def _check_correspondence(subject: Subject) -> Outcome:
    pairing = subject.pairing
    if pairing is None:
        return Outcome(skipped=_NO_ORIGINALS)
    found = [
        *check_structure(pairing),
        *check_intervals(pairing),
        *check_dates(pairing),
        *check_kept_references(pairing),
        *check_claims(pairing),
        *check_meaning(pairing),
        *check_missing(pairing, subject.held),
    ]
    return Outcome(examined=len(pairing.pairs), findings=found)


def _check_pixels(subject: Subject) -> Outcome:
    pairing = subject.pairing
    if pairing is None:
        return Outcome(skipped=_NO_ORIGINALS)
    count = sum(map(len, pairing.results.values()))
    declared = subject.redactions
    found = check_pixels(pairing.results, pairing.originals, pairing.redacted, declared)
    return Outcome(examined=count, findings=found)


def _check_burned_in(subject: Subject) -> Outcome:
    if TEXT_DETECTOR not in subject.tools:
        return Outcome(skipped="onnxruntime is not installed")
    count = sum(holding.is_image for holding in subject.holdings.dicom)
    found = list(check_burned_in(subject.holdings, progress=subject.progress))
    return Outcome(examined=count, findings=found)


def _check_unused_bits(subject: Subject) -> Outcome:
    count = sum(holding.is_image for holding in subject.holdings.dicom)
    return Outcome(examined=count, findings=check_unused_bits(subject.holdings))


def _check_iods(subject: Subject) -> Outcome:
    if "dciodvfy" not in subject.tools:
        return Outcome(skipped="dciodvfy is not installed")
    holdings = [*subject.holdings.dicom, *subject.holdings.directories]
    originals = _by_class(subject.originals.instances if subject.originals else ())
    found = check_iods(holdings, originals, programs=subject.programs, progress=subject.progress)
    return Outcome(examined=len(holdings), findings=found)


def _by_class(instances: Iterable[Instance]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for instance in instances:
        found.setdefault(instance.sop_class_uid, []).append(instance.path)
    return found


def _check_entities(subject: Subject) -> Outcome:
    if "dcentvfy" not in subject.tools:
        return Outcome(skipped="dcentvfy is not installed")
    studies = subject.originals.studies if subject.originals else ()
    originals = [[instance.path for instance in study.instances] for study in studies]
    found = check_entities(subject.holdings, originals)
    return Outcome(examined=len(subject.holdings.dicom), findings=found)


def _check_documents(subject: Subject) -> Outcome:
    if "dsrdump" not in subject.tools:
        return Outcome(skipped="dsrdump is not installed")
    documents = sum(holding.is_document for holding in subject.holdings.dicom)
    return Outcome(examined=documents, findings=check_documents(subject.holdings))


def read_declared(root: Path) -> frozenset[str]:
    """Return the folded words that a package's case says of its authors and in its references."""
    try:
        case: Any = json.loads((root / PAYLOAD / "case.json").read_text("utf-8"))["case"]
        authors, references = case.get("authors", ()), case.get("references", ())
        said = [value for author in authors for value in author.values() if value]
        listed = (*case.get("affiliations", ()), *case.get("grants", ()))
        said += [value for entry in listed for value in entry.values() if value]
        said += [reference["text"] for reference in references] + [case.get("publisher", "")]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return frozenset()
    return frozenset(word for text in said for word in split_words(str(text)))


def _check_directory(subject: Subject) -> Outcome:
    directories = subject.holdings.directories
    if not directories:
        # of a package, the check of the layout says so
        return Outcome(skipped="there is no DICOMDIR")
    return Outcome(examined=len(directories), findings=check_directories(subject.holdings))


def _check_bag(subject: Subject) -> Outcome:
    return Outcome(examined=_count(subject), findings=check_bag(subject.holdings.root))


def _check_copy(subject: Subject) -> Outcome:
    found = check_copy(subject.holdings.root)
    return Outcome(examined=_count(subject), findings=found)


def _check_signature(subject: Subject) -> Outcome:
    root, key = subject.holdings.root, subject.public_key
    found = tuple(check_signature(root, key))
    if found or (key is not None and can_verify()):
        return Outcome(examined=1, findings=found)
    return Outcome(skipped="py-minisign is not installed" if key else "no public key given")


def _check_layout(subject: Subject) -> Outcome:
    root = subject.holdings.root
    return Outcome(examined=len(EXPECTED), findings=check_layout(root / PAYLOAD, root))


def _check_crate(subject: Subject) -> Outcome:
    root = subject.holdings.root
    return Outcome(examined=_count(subject), findings=check_crate(root / PAYLOAD, root))


def _check_datacite(subject: Subject) -> Outcome:
    root = subject.holdings.root
    payload = root / PAYLOAD
    found = [
        *check_datacite(payload, root, read_content(payload)),
        *check_citations(payload, root),
    ]
    return Outcome(examined=2, findings=found)


def _check_datacite_schema(subject: Subject) -> Outcome:
    payload = subject.holdings.root / PAYLOAD
    faults = schema_faults(payload) if "datacite" in subject.tools else None
    if faults is None:
        return Outcome(skipped=f"the package datacite {_EXTRA}")
    file = f"{PAYLOAD}/doi/datacite.json"
    found = [make_finding("datacite-schema", file=file, place=place) for place in faults]
    return Outcome(examined=1, findings=found)


def _check_crate_profile(subject: Subject) -> Outcome:
    if CRATE_VALIDATOR not in subject.tools:
        return Outcome(skipped=f"rocrate-validator {_EXTRA}")
    found = check_crate_profile(subject.holdings.root / PAYLOAD)
    return Outcome(examined=1, findings=found)


def _check_pages(subject: Subject) -> Outcome:
    root = subject.holdings.root
    return Outcome(examined=len(PAGES), findings=check_pages(root / PAYLOAD, root))


def _check_case(subject: Subject) -> Outcome:
    payload = subject.holdings.root / PAYLOAD
    content = read_content(payload)
    if not content:
        # that it is missing or no JSON is a matter of the layout and of the annotations
        return Outcome(skipped="there is no case to read")
    if not names_profile(content):
        return Outcome(skipped="its publication profile is not one that casepack ships")
    return Outcome(examined=1, findings=check_case(payload, subject.holdings.root))


def _check_annotations(subject: Subject) -> Outcome:
    payload = subject.holdings.root / PAYLOAD
    return Outcome(examined=3, findings=check_annotations(payload, subject.holdings))


def _count(subject: Subject) -> int:
    holdings = subject.holdings
    return len(holdings.dicom) + len(holdings.directories) + len(holdings.others)


CheckFunction = Callable[[Subject], Outcome]

CHECKS: Final[tuple[tuple[str, str, CheckFunction], ...]] = (
    ("files", "Every file can be read", _check_files),
    ("identifiers", "No original identifier in any byte", _check_identifiers),
    ("attributes", "Table E.1-1 under the claimed Options", _check_attributes),
    ("references", "Every reference resolves", _check_references),
    ("correspondence", "UIDs, dates and structure correspond", _check_correspondence),
    ("pixels", "Pixel Data are the originals', but for declared boxes", _check_pixels),
    ("iods", "No new error of dciodvfy", _check_iods),
    ("entities", "No new error of dcentvfy", _check_entities),
    ("documents", "dsrdump reads the content trees", _check_documents),
)
"""Name, title, function."""

CHECKS_WITHOUT_ORIGINALS: Final[tuple[tuple[str, str, CheckFunction], ...]] = (
    ("suspicions", "Nothing looks like a person's data", _check_suspicions),
)
"""Where nobody says what to search: with the originals, their own values are searched instead."""

LOOK_CHECKS: Final[tuple[tuple[str, str, CheckFunction], ...]] = (
    ("burned-in", "No text is seen in the pixels", _check_burned_in),
    ("unused-bits", "Nothing is hidden beyond Bits Stored", _check_unused_bits),
)
"""Not of what was looked at a moment ago, while it was de-identified."""

FILE_SET_CHECKS: Final[tuple[tuple[str, str, CheckFunction], ...]] = (
    ("directory", "DICOMDIR and files agree", _check_directory),
)
"""Of a folder with a DICOMDIR, and of every package."""

SIGNATURE_CHECKS: Final[tuple[tuple[str, str, CheckFunction], ...]] = (
    ("signature", "The signature is by the holder of the key", _check_signature),
)
"""Of a package that is signed, or should be."""

COPY_CHECKS: Final[tuple[tuple[str, str, CheckFunction], ...]] = (
    ("copy", "The zip file beside it holds the same files", _check_copy),
)
"""Of a package beside which lies a zip file of its name."""

PACKAGE_CHECKS: Final[tuple[tuple[str, str, CheckFunction], ...]] = (
    ("bag", "The bag is valid, and nothing is unlisted", _check_bag),
    ("layout", "The files of the layout are there", _check_layout),
    ("crate", "The RO-Crate lists every file", _check_crate),
    ("crate-profile", "rocrate-validator finds the RO-Crate valid", _check_crate_profile),
    ("datacite", "The DataCite metadata are complete", _check_datacite),
    ("datacite-schema", "The DataCite metadata fit the schema", _check_datacite_schema),
    ("pages", "Every link of the pages resolves", _check_pages),
    ("case", "The case says what its profile asks for", _check_case),
    ("annotations", "Lesions, figures and case agree with DICOM", _check_annotations),
)
