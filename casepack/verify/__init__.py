"""Proof, independent of de-identification: only here is a `Verified` made."""

from casepack.verify.conformance import LEFT_TO_VALIDATE, PROGRAMS
from casepack.verify.identifiers.collecting import collect_identifiers
from casepack.verify.identifiers.identifiers import Identifier, Identifiers, Kind
from casepack.verify.identifiers.search import Reveal, Revealed, search_identifiers
from casepack.verify.report import Report, add_findings, report_json
from casepack.verify.unpacking import open_subject
from casepack.verify.verification import verify_deidentified, verify_folder, write_page

__all__ = [
    "LEFT_TO_VALIDATE",
    "PROGRAMS",
    "Identifier",
    "Identifiers",
    "Kind",
    "Report",
    "Reveal",
    "Revealed",
    "add_findings",
    "collect_identifiers",
    "open_subject",
    "report_json",
    "search_identifiers",
    "verify_deidentified",
    "verify_folder",
    "write_page",
]
