"""The text of a case, read for identifiers before it is published.

What an author writes is not rewritten: `pack` stops and says where, and which kind of identifier.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from casepack.case.reading import load_yaml
from casepack.deidentify.descriptors import Echo, find_identifiers, read_vocabulary
from casepack.deidentify.study_echo import collect_study_echo
from casepack.errors import CaseError
from casepack.lesion import Lesion
from casepack.model import FileSet

_OF_AUTHORS: Final = frozenset(
    # they name people, places and days, and are meant to
    {"authors", "affiliations", "references", "relations", "grants", "publisher", "doi", "issn"}
    | {"publication_date", "licence", "is_supplement_to", "casepack", "profile", "version"}
    | {"lesions", "key_objects", "language"}
)
_ECHO_ONLY: Final = frozenset(
    # numbers and days of others may stand there
    {"id", "consent", "consent_from", "ethics", "ethics_committee", "ethics_approval", "funding"}
    | {"competing_interests"}
)
_MOST_SHOWN: Final = 20
_SPACE: Final = re.compile(r"\s+")
_ADVICE: Final = (
    "Say it without the identifier: days since the first study in place of dates, 90 or over in "
    "place of an age above 89, no names. Nothing was written."
)


class _Place(NamedTuple):
    """Where a text identifies somebody."""

    file: str
    line: int
    column: int
    kind: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


def check_case_text(
    case_file: Path | None, lesion_file: Path | None, lesions: Iterable[Lesion], originals: FileSet
) -> None:
    """Refuse a case whose text holds identifiers of the study, dates, or ages over 89.

    Parameters
    ----------
    case_file
        The case file as its author wrote it: history, findings, captions and the rest; authors,
        affiliations, references and what else names people on purpose are not read.
    lesion_file, lesions
        The lesions' file, and the lesions, whose labels are read.
    originals
        The study.

    Raises
    ------
    CaseError
        Names file, line and column (both from 1) and the kind of each place, never its text.
    """
    echo = collect_study_echo(originals)
    places: list[_Place] = []
    if case_file is not None:
        places += _find_in_yaml(case_file.read_text("utf-8"), case_file.name, echo)
    if lesion_file is not None:
        places += _find_in_labels(lesion_file, lesions, echo)
    if places:
        raise _describe(places)


def _describe(places: Sequence[_Place]) -> CaseError:
    ordered = list(dict.fromkeys(places))
    lines = [f"{place}: holds what identifies ({place.kind})" for place in ordered[1:_MOST_SHOWN]]
    if len(ordered) > _MOST_SHOWN:
        lines.append(f"... and {len(ordered) - _MOST_SHOWN} more")
    first = f"holds what identifies ({ordered[0].kind})"
    return CaseError("\n".join([first, *lines]), place=str(ordered[0]), advice=_ADVICE)


def _find_in_yaml(text: str, name: str, echo: Echo) -> Iterator[_Place]:
    root, _content = load_yaml(text, name)
    if not isinstance(root, yaml.MappingNode):
        return
    for key, value in root.value:
        if key.value not in _OF_AUTHORS:
            for node in _scalars(value):
                yield from _find_in_scalar(node, text, name, echo, key.value in _ECHO_ONLY)


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    """Yield the values below a node, in the order of the file; keys are casepack's."""
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _scalars(item)
    elif isinstance(node, yaml.MappingNode):
        for _key, value in node.value:
            yield from _scalars(value)


def _find_in_scalar(
    node: yaml.ScalarNode, text: str, name: str, echo: Echo, echo_only: bool
) -> Iterator[_Place]:
    start, end = node.start_mark.index, node.end_mark.index
    found = find_identifiers(node.value, echo, read_vocabulary(), echo_only=echo_only)
    for removal in found:
        words = _SPACE.split(node.value[removal.start : removal.end].strip())
        pattern = re.compile(r"\s+".join(map(re.escape, words)))
        before = len(pattern.findall(node.value, 0, removal.start))
        hits = [match.start() for match in pattern.finditer(text, start, end)]
        # an escape in quotes hides the words: the place is then that of the whole value
        place = hits[min(before, len(hits) - 1)] if hits else start
        yield _Place(name, *_line_and_column(text, place), str(removal.kind))


def _line_and_column(text: str, place: int) -> tuple[int, int]:
    line_start = text.rfind("\n", 0, place) + 1
    return text.count("\n", 0, place) + 1, place - line_start + 1


def _find_in_labels(path: Path, lesions: Iterable[Lesion], echo: Echo) -> Iterator[_Place]:
    text = path.read_text("utf-8", errors="replace")
    for lesion in lesions:
        for label in (lesion.label, lesion.tracking_id):
            for removal in find_identifiers(label, echo, read_vocabulary()):
                quoted = (json.dumps(label, ensure_ascii=plain)[1:-1] for plain in (False, True))
                place = next((at for form in quoted if (at := text.find(form)) >= 0), 0)
                yield _Place(path.name, *_line_and_column(text, place), str(removal.kind))
