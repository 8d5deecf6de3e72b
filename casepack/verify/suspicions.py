"""What looks like an identifier, when no originals say what to look for.

Patterns in texts, and values where Table E.1-1 asks for none or for a dummy. They are doubts for a
person to settle: a pattern knows neither the patient nor the hospital.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from casepack.model import Finding
from casepack.standard.dictionary import attribute_keyword
from casepack.verify.contents.elements import Element
from casepack.verify.findings.findings import make_finding
from casepack.verify.holdings import Holdings
from casepack.verify.identifiers.clinical_words import find_unknown_words
from casepack.verify.identifiers.search import Reveal, Revealed, keep_secret
from casepack.verify.identifiers.vocabulary import PLACEHOLDERS, split_words
from casepack.verify.profile import CLEAN_DESCRIPTORS, CLEAN_STRUCTURED_CONTENT, read_rows

_TEXTS: Final = frozenset(["LO", "LT", "SH", "ST", "UC", "UN", "UT"])
_CODED: Final = re.compile(r"(Code|UID|Version|Versions|Scheme\w*|Designator|Registry|Group\w*)$")
"""Keywords of values that are vocabulary, in which numbers mean nothing."""
_NUMBERED: Final = re.compile(r"(ID|IDs|Number|Numbers|Identifier|Value)$")
"""Keywords of values that are numbers by right: pseudonyms, where the Profile lets them stand."""
_MONTHS: Final = (
    r"(?:jan|feb|m[a\u00e4]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-z\u00e9\u00fb]*"
)
_PATTERNS: Final = {
    "date-in-text": re.compile(
        r"(?<![\d.])(?:"
        r"(?:19|20)\d\d([-/.])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])"
        r"|(?:0?[1-9]|[12]\d|3[01])([-/.])(?:0?[1-9]|1[0-2])\2(?:19|20)?\d\d"
        r"|(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12]\d|3[01])/(?:19|20)\d\d"
        r"|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
        rf"|(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th|\.)?[ -]{_MONTHS}\.?,?[ -](?:19|20)?\d\d"
        rf"|{_MONTHS}\.? (?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?,? (?:19|20)\d\d"
        r")(?![\d.]\d|\d)",
        re.IGNORECASE,
    ),
    "mail-in-text": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "phone-in-text": re.compile(
        r"(?:\+|(?<!\d)00)[1-9]\d{0,2}[ ()/.-]*\d(?:[ ()/.-]*\d){5,11}"
        r"|\b(?:tel|phone|fon|fax|mobile?|call|bleep|pager)\b[.: ]*\(?\d(?:[ ()/-]*\d){3,12}",
        re.IGNORECASE,
    ),
    "number-in-text": re.compile(
        r"(?<![\w.])(?:[A-Z]{1,6}[-_ #:]?)?(?!0+\b)\d{6,}(?![\w.])"
        r"|(?<![\w.])\d{2,4}[-/]\d{2,4}[-/]\d{3,6}(?![\w.])"
        r"|\b(?:mrn|pid|ssn|nhs|case|patient|acc(?:ession)?|fall|id)"
        r"[ .:#-]*(?:no|nr)?[ .:#-]*\d{4,}",
        re.IGNORECASE,
    ),
    "person-in-text": re.compile(
        # not MR, the modality, nor MRS
        r"\b(?:(?i:prof|frau|herr|mme|mlle|dott)\b\.?|Dr\b\.?|DR\.|Mrs?\b\.?|Ms\b\.?|Miss\b)"
        r" ?[A-Z\u00c0-\u00de][\w'\u2019-]+|[^\W\d_]{2,}\^[^\W\d_]{2,}"
        r"|(?<!\w)(?i:reported|dictated|read|seen|referred|signed|performed|name[ds]?) ?(?i:by|:) "
        r"[A-Z\u00c0-\u00de][\w'\u2019-]+"
    ),
}


def check_suspicions(holdings: Holdings, reveal: Reveal = keep_secret) -> Iterator[Finding]:
    """Yield a warning for each text that looks like something of a person.

    Parameters
    ----------
    holdings
        The files; of those that are no DICOM file only the names are of interest to others.
    reveal
        Is told of what was found: for a terminal, never for a file.
    """
    for holding in (*holdings.dicom, *holdings.directories):
        claimed = holdings.claimed if holding.is_directory else holding.claims.options
        for element in holding.part_ten.elements:
            if not element.value or element.vr not in _TEXTS:
                continue
            for text in holding.part_ten.texts(element):
                for code, found in _suspect(element, text, claimed):
                    reveal(Revealed(code, holding.name, element.place, found))
                    yield make_finding(code, file=holding.name, place=element.place)


def _suspect(element: Element, text: str, claimed: frozenset[str]) -> Iterator[tuple[str, str]]:
    keyword = attribute_keyword(element.tag)
    if not text or _CODED.search(keyword):
        return
    if _is_to_be_dummy(element.tag, claimed) and not _is_dummy(text):
        yield "value-not-dummy", text
    if _is_free_text(element.tag):
        unknown = find_unknown_words(text)
        if unknown:
            yield "words-unknown", " ".join(unknown)
    for code, pattern in _PATTERNS.items():
        if code == "number-in-text" and _NUMBERED.search(keyword):
            continue
        match = pattern.search(text)
        if match is not None:
            yield code, match[0]


def _is_free_text(tag: int) -> bool:
    """Tell an Attribute that people fill: Table E.1-1 has it cleaned by one of two Options."""
    row = read_rows().get(tag)
    cleaned = (CLEAN_DESCRIPTORS, CLEAN_STRUCTURED_CONTENT)
    return row is not None and any(row.options.get(option) == "C" for option in cleaned)


def _is_to_be_dummy(tag: int, claimed: frozenset[str]) -> bool:
    """Tell an Attribute that is removed unless its Type forbids it (X/Z, X/D, X/Z/D)."""
    row = read_rows().get(tag)
    if row is None or "X" not in row.codes or row.codes == {"X"}:
        return False
    return not claimed.intersection(row.options)


def _is_dummy(text: str) -> bool:
    words = split_words(text)
    return all(word in PLACEHOLDERS or len(set(word)) == 1 for word in words)
