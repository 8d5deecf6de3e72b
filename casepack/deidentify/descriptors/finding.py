"""Identifiers in prose that is not cleaned but refused: the text of a case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from casepack.deidentify.descriptors.clean import choose_spans
from casepack.deidentify.descriptors.echo import Echo
from casepack.deidentify.descriptors.echoing import find_echo, remove_echo
from casepack.deidentify.descriptors.folding import fold_text
from casepack.deidentify.descriptors.nameuse import protect_phrases
from casepack.deidentify.descriptors.patterns import find_patterns
from casepack.deidentify.descriptors.reading import Reading
from casepack.deidentify.descriptors.removals import Kind, Removal
from casepack.deidentify.descriptors.titles import remove_titled_names
from casepack.deidentify.descriptors.vocabulary import Role, Vocabulary

_OF_THE_STUDY: Final = frozenset({Kind.ECHO_NAME, Kind.ECHO_ID, Kind.ECHO_DATE, Kind.ECHO_PLACE})
_MOST_BETWEEN: Final = 2
_ALIKE: Final = (*({kind} for kind in Kind), {Kind.ECHO_NAME, Kind.HONORIFIC_NAME})
"""Kinds of words that may be parts of one name or number."""
_PATTERNS: Final = frozenset(
    {Kind.DATE, Kind.AGE, Kind.PHONE, Kind.E_MAIL, Kind.ADDRESS, Kind.UID, Kind.NUMBER}
)


def find_identifiers(
    text: str, echo: Echo, vocabulary: Vocabulary, *, echo_only: bool = False
) -> Iterator[Removal]:
    """Yield what a text says that identifies: the study's own, and what its form gives away.

    A year alone and a time of day are left: a month or a day makes a date exact
    (45 CFR 164.514(b)(2)(i)(C)). Words that nobody knows are left, too: an author wrote them.

    Parameters
    ----------
    text
        Prose.
    echo
        The study's own identifiers.
    vocabulary
        Known words, which are no names unless they stand as one.
    echo_only
        Whether dates, numbers and titles of others are of no interest.
    """
    folded = fold_text(text)
    spans = [
        span
        for span in (*find_echo(folded.text, echo, vocabulary), *find_patterns(folded.text, echo))
        if span.kind in _OF_THE_STUDY or (span.kind in _PATTERNS and not echo_only)
    ]
    reading = Reading(text, folded, choose_spans(spans), vocabulary)
    protect_phrases(reading)
    remove_echo(reading, echo)
    if not echo_only and reading.all_roles & (Role.HONORIFIC | Role.TITLE):
        remove_titled_names(reading)
    found = [
        Removal(kind, *folded.original(word.start, word.end))
        for word, kind in zip(reading.words, reading.kinds, strict=True)
        if kind is not None
    ]
    yield from _join_neighbours(found)


def _join_neighbours(removals: Sequence[Removal]) -> Iterator[Removal]:
    """Yield words in a row of one name as one."""
    place = 0
    while place < len(removals):
        last = place
        while (
            last + 1 < len(removals)
            and removals[last + 1].start - removals[last].end <= _MOST_BETWEEN
            and {removals[last].kind, removals[last + 1].kind} in _ALIKE
        ):
            last += 1
        kinds = [removal.kind for removal in removals[place : last + 1]]
        kind = next((kind for kind in kinds if kind in _OF_THE_STUDY), kinds[0])
        yield Removal(kind, removals[place].start, removals[last].end)
        place = last + 1
