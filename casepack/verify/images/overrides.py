"""What a recipe openly keeps beyond the Profile: its findings are notes, except those of names.

The report of a run declares each override as ``Keyword (file:line): why``. Who checks reads the
reason there; that the Attribute stands is then no news, but is still said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from casepack.model import Finding, Severity
from casepack.standard.dictionary import parse_tag, tag_for_keyword_in_any_case
from casepack.verify.holdings import Holdings

REPORTS: Final = ("report.json", "deid/report.json", "data/deid/report.json")
"""Where a run of casepack writes down what it did."""

_LINE: Final = re.compile(r"(.+?) \([^()]*:\d+\): \S", re.DOTALL)
_TAG: Final = re.compile(r"\([0-9A-Fa-f]{4},[0-9A-Fa-f]{4}\)|[0-9A-Fa-f]{8}")
_PRIVATE: Final = re.compile(r'\(?([0-9A-Fa-f]{4}),"([^"]*)",([0-9A-Fa-f]{2})\)?')
_PLACE: Final = re.compile(r"\(([0-9A-F]{4}),([0-9A-F]{4})\)")
_PATH: Final = re.compile(rf"({_PLACE.pattern}\[\d+\]\.)*{_PLACE.pattern}")
_FIRST_BLOCK: Final = 0x10
_BLOCK: Final = 0x100

_LOOSENED: Final = frozenset(
    [
        *("attribute-not-removed", "attribute-not-listed", "private-element", "private-not-safe"),
        *("identifier-number", "identifier-institution", "identifier-device"),
        *("identifier-text", "identifier-uid"),
    ]
)
"""What an override may explain. A name is no one's to keep, and a date would tell the shift."""
_ADVICE: Final = "Read the reason of this override in the report, and agree with it or not."


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """The Attributes that a run says it kept beyond the Profile and its Options."""

    paths: frozenset[tuple[int, ...]] = frozenset()
    """Tags from the root down, or one tag: that Attribute at any depth."""
    private: frozenset[tuple[str, int, int]] = field(repr=False, default=frozenset())
    """Private Creator, group, element within the block."""


def read_reports(root: Path) -> Iterator[dict[str, Any]]:
    """Yield the reports of a run that lie in the folder; what is none is passed over."""
    for name in REPORTS:
        try:
            content: Any = json.loads((root / name).read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(content, dict):
            yield content


def declared_overrides(root: Path) -> tuple[str, ...]:
    """Return the override lines that the first report in the folder declares."""
    for report in read_reports(root):
        lines = report.get("overrides")
        if isinstance(lines, list):
            return tuple(line for line in lines if isinstance(line, str))
    return ()


def read_overrides(lines: Iterable[str]) -> Overrides:
    """Return the Attributes of override lines; a line that names none is passed over."""
    paths: set[tuple[int, ...]] = set()
    private: set[tuple[str, int, int]] = set()
    for line in lines:
        match = _LINE.match(line)
        if match is None:
            continue
        if found := _PRIVATE.fullmatch(match[1]):
            private.add((found[2].strip(), int(found[1], 16), int(found[3], 16)))
        else:
            tags = [_tag(word) for word in match[1].split("__")]
            if None not in tags:
                paths.add(tuple(tag for tag in tags if tag is not None))
    return Overrides(paths=frozenset(paths), private=frozenset(private))


def _tag(word: str) -> int | None:
    return parse_tag(word) if _TAG.fullmatch(word) else tag_for_keyword_in_any_case(word)


def loosen_findings(
    findings: Iterable[Finding], overrides: Overrides, holdings: Holdings
) -> Iterator[Finding]:
    """Yield the findings; those that an override declares are notes.

    An Option that would allow them need not be claimed, then.
    """
    loosened = list(_loosen(findings, overrides, holdings))
    left = {
        one.file
        for one in loosened
        if one.code == "attribute-not-removed" and one.severity is Severity.ERROR
    }
    for finding in loosened:
        if finding.code != "option-not-claimed" or finding.file in left:
            yield finding


def _loosen(
    findings: Iterable[Finding], overrides: Overrides, holdings: Holdings
) -> Iterator[Finding]:
    creators = _Creators(holdings) if overrides.private else None
    for finding in findings:
        if finding.code in _LOOSENED and _is_declared(finding, overrides, creators):
            message = f"{finding.message}; the recipe declares this as an override"
            yield replace(finding, severity=Severity.NOTE, message=message, advice=_ADVICE)
        else:
            yield finding


def _is_declared(finding: Finding, overrides: Overrides, creators: _Creators | None) -> bool:
    if not _PATH.fullmatch(finding.place):
        return False
    path = tuple(int(group + number, 16) for group, number in _PLACE.findall(finding.place))
    if path in overrides.paths or path[-1:] in overrides.paths:
        return True
    return creators is not None and creators.are_declared(finding, path[-1], overrides.private)


class _Creators:
    """Who defined the private blocks of each file."""

    def __init__(self, holdings: Holdings) -> None:
        self._files = {one.name: one for one in (*holdings.dicom, *holdings.directories)}

    def are_declared(
        self, finding: Finding, tag: int, private: Collection[tuple[str, int, int]]
    ) -> bool:
        group, number = tag >> 16, tag & 0xFFFF
        holding = self._files.get(finding.file)
        if holding is None or not group & 1:
            return False
        is_creator = _FIRST_BLOCK <= number < _BLOCK
        block = tag if is_creator else tag & 0xFFFF0000 | number // _BLOCK
        level = finding.place[:-11]
        place = f"{level}({block >> 16:04X},{block & 0xFFFF:04X})"
        creators = [
            " ".join(holding.part_ten.texts(element)).strip()
            for element in holding.part_ten.elements
            if element.tag == block and element.place == place
        ]
        return any(
            (creator, group) == known[:2] and (is_creator or known[2] == number % _BLOCK)
            for creator in creators
            for known in private
        )
