"""Clean Descriptors (PS3.15 E.3.5): free text without what identifies, and with the rest.

In order: what the study's own headers say (echo), what the form gives away (patterns), what stands
as a name does, and last every word that is not known clinical or technical language.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from casepack.deidentify.descriptors.agents import remove_by_phrases
from casepack.deidentify.descriptors.echo import Echo
from casepack.deidentify.descriptors.echoing import find_echo, remove_echo
from casepack.deidentify.descriptors.folding import fold_text
from casepack.deidentify.descriptors.nameuse import (
    protect_phrases,
    remove_addresses,
    remove_dangling,
    remove_initials,
    remove_name_uses,
    remove_unknown,
)
from casepack.deidentify.descriptors.numbers import judge_numbers
from casepack.deidentify.descriptors.patterns import find_patterns
from casepack.deidentify.descriptors.places import remove_place_phrases
from casepack.deidentify.descriptors.reading import Reading
from casepack.deidentify.descriptors.removals import Cleaned, Kind, Removal, Span
from casepack.deidentify.descriptors.spreading import (
    remove_bracketed_initials,
    spread_removals,
)
from casepack.deidentify.descriptors.surnames import (
    remove_names_with_initials,
    remove_surnames_with_particles,
)
from casepack.deidentify.descriptors.tidying import remove_parts
from casepack.deidentify.descriptors.titles import (
    remove_names_with_ideographic_titles,
    remove_names_with_titles_behind,
    remove_titled_names,
)
from casepack.deidentify.descriptors.vocabulary import Role, Use, Vocabulary

_DOUBTFUL: Final = (
    Use.BODY | Use.DOUBLE | Use.GIVEN | Use.EPONYM | Use.SURNAME | Use.UNKNOWN | Use.GONE
)
_MOST_PASSES: Final = 12
"""A pass that removes nothing is the last; each other one shortens the text."""


def clean_descriptor(text: str, echo: Echo, vocabulary: Vocabulary) -> Cleaned:
    """Return the text without identifiers and unknown words; unchanged when it has none.

    What a removal brings together is read again, so that cleaning a cleaned text changes nothing.

    Parameters
    ----------
    text
        One decoded value; of a text of several values, each on its own.
    echo
        The study's own identifiers.
    vocabulary
        Known words, with those of the site.
    """
    removals: list[Removal] = []
    rest, places = text, list(range(len(text)))
    for _ in range(_MOST_PASSES):
        found = _find_removals(rest, echo, vocabulary)
        if not found:
            return Cleaned(rest, _merge(removals))
        removals += [
            Removal(removal.kind, places[removal.start], places[removal.end - 1] + 1)
            for removal in found
        ]
        rest, kept = remove_parts(rest, [(removal.start, removal.end) for removal in found])
        places = [places[place] if place < len(places) else len(text) for place in kept]
    # fail closed
    return Cleaned("", (Removal(Kind.UNKNOWN_TOKEN, 0, len(text)),))


def _merge(removals: Iterable[Removal]) -> tuple[Removal, ...]:
    """Put the removals of all passes in order; those that a later pass bridges become one."""
    merged: list[Removal] = []
    for removal in sorted(removals, key=lambda one: (one.start, one.end)):
        if merged and removal.start < merged[-1].end:
            last = merged.pop()
            merged.append(Removal(last.kind, last.start, max(last.end, removal.end)))
        else:
            merged.append(removal)
    return tuple(merged)


def _find_removals(text: str, echo: Echo, vocabulary: Vocabulary) -> Sequence[Removal]:
    """Return what goes in one pass, in order."""
    folded = fold_text(text)
    found = [*find_echo(folded.text, echo, vocabulary), *find_patterns(folded.text, echo)]
    spans = choose_spans(found) if found else []
    reading = Reading(text, folded, spans, vocabulary)
    protect_phrases(reading)
    remove_echo(reading, echo)
    _apply_rules(reading, echo)
    if not any(reading.kinds):
        return ()
    remove_initials(reading)
    remove_dangling(reading)
    return [
        Removal(kind, *folded.original(word.start, word.end))
        for word, kind in zip(reading.words, reading.kinds, strict=True)
        if kind is not None
    ]


def _apply_rules(reading: Reading, echo: Echo) -> None:
    """Apply the rules in their order, those that have no case in this text left out."""
    roles, uses = reading.all_roles, reading.all_uses
    if roles & (Role.HONORIFIC | Role.TITLE):
        remove_titled_names(reading)
    if roles & Role.TITLE_AFTER:
        remove_names_with_titles_behind(reading)
    if not reading.folded.text.isascii():
        remove_names_with_ideographic_titles(reading)
    if roles & (Role.INSTITUTION | Role.AGENT):
        remove_place_phrases(reading)
    if roles & (Role.BY | Role.FOR | Role.PERSON | Role.PATIENT | Role.TALK):
        remove_by_phrases(reading)
    if roles & Role.PARTICLE or "'t" in reading.folded.text:
        remove_surnames_with_particles(reading)
    if uses & Use.LETTER:
        remove_names_with_initials(reading)
    if roles & (Role.STREET | Role.STREET_BEFORE) or uses & Use.UNKNOWN:
        remove_addresses(reading)
    _judge_words(reading, echo)


def _judge_words(reading: Reading, echo: Echo) -> None:
    """Apply the rules of single words, then those of what stands beside a removed one."""
    roles, uses = reading.all_roles, reading.all_uses
    if uses & (Use.NUMBER | Use.LONG_NUMBER):
        judge_numbers(reading, echo)
    if uses & _DOUBTFUL:
        remove_name_uses(reading)
        remove_unknown(reading)
    if any(reading.kinds):
        spread_removals(reading)
    elif roles & Role.SOFT:
        remove_bracketed_initials(reading)


def choose_spans(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order; one that overlaps an earlier found one gives way or joins it."""
    chosen: list[Span] = []
    for span in spans:
        overlapping = [
            other for other in chosen if other.start < span.end and span.start < other.end
        ]
        if not overlapping:
            chosen.append(span)
            continue
        start = min(span.start, *(other.start for other in overlapping))
        end = max(span.end, *(other.end for other in overlapping))
        chosen = [other for other in chosen if other not in overlapping]
        chosen.append(Span(start, end, overlapping[0].kind))
    return sorted(chosen)
