"""Texts of one study, cleaned once each: what became of every value, for the review sheet."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple

from casepack.deidentify.descriptors import (
    Cleaned,
    Echo,
    Kind,
    clean_descriptor,
    read_vocabulary,
)
from casepack.deidentify.descriptors.folding import fold_word, spellings
from casepack.deidentify.pseudonyms import Pseudonyms
from casepack.deidentify.review import (
    NO_DECISIONS,
    Decided,
    Decision,
    Decisions,
    ReviewRow,
    RowKind,
)
from casepack.model import TextCounts
from casepack.standard.dictionary import attribute_name, dictionary_vr, format_tag

_MOST_REMEMBERED: Final = 20_000
_CONTROLS: Final = "\t\n\f\r"
"""Control characters that a text may hold (PS3.5 6.1.3)."""
_WORD: Final = re.compile(r"[^\W_]+")
_OF_THE_STUDY: Final = frozenset({Kind.ECHO_NAME, Kind.ECHO_ID, Kind.ECHO_DATE, Kind.ECHO_PLACE})
_LONGEST: Final = {"SH": 16, "LO": 64, "ST": 1024, "LT": 10240}
"""Characters by Value Representation (PS3.5 6.2)."""


class Standing(StrEnum):
    """On whose word a text is what it is."""

    UNDECIDED = "undecided"
    APPROVED = "approved"
    REJECTED = "rejected"
    KEPT = "kept"
    REFUSED = "refused"
    """A decision that would write an identifier of the study, or what the VR cannot hold."""


class CleanedText(NamedTuple):
    """A value of an Attribute and what became of it."""

    tag: int
    original: str
    result: str
    """What casepack made of it, before anybody decided."""
    marks: tuple[tuple[str, int, int], ...]
    """Kind, start and end of what went."""
    standing: Standing
    instead: str = ""
    """What a person had written in place of the result."""

    @property
    def changed(self) -> bool:
        """Whether casepack removed anything."""
        return self.result != self.original

    @property
    def unknown(self) -> tuple[str, ...]:
        """The words that went because nobody knows them, folded."""
        found = {
            word
            for kind, start, end in self.marks
            if kind == Kind.UNKNOWN_TOKEN
            for word in _WORD.findall(fold_word(self.original[start:end]))
        }
        return tuple(sorted(found))

    def __repr__(self) -> str:
        """Return nothing of the input."""
        return f"CleanedText({format_tag(self.tag)}, {self.standing})"


class TextFate(NamedTuple):
    """What became of a text, without the text: keyed digests, for reports and journals."""

    text: str
    changed: bool
    standing: str
    unknown: tuple[str, ...]


def conceal_text(text: CleanedText, pseudonyms: Pseudonyms) -> TextFate:
    """Return what became of a text, with a keyed digest in the place of each word."""
    return TextFate(
        text=pseudonyms.code("text", f"{text.tag:08x}\x00{text.original}"),
        changed=text.changed,
        standing=text.standing.value,
        unknown=tuple(pseudonyms.code("word", word) for word in text.unknown),
    )


def count_texts(fates: Iterable[TextFate]) -> TextCounts:
    """Return what a report says of texts: counts alone."""
    distinct = set(fates)
    standings = Counter(fate.standing for fate in distinct)
    return TextCounts(
        cleaned=len(distinct),
        changed=sum(fate.changed for fate in distinct),
        unknown_words=len({word for fate in distinct for word in fate.unknown}),
        approved=standings[Standing.APPROVED],
        rejected=standings[Standing.REJECTED],
        kept=standings[Standing.KEPT],
        refused=standings[Standing.REFUSED],
    )


class TextCleaner:
    """Cleans the texts of one study; remembers results and notes them.

    Not frozen: it remembers. One in each process.

    Parameters
    ----------
    echo
        The study's own identifiers.
    site_words
        Words that the recipe adds to the vocabulary.
    decisions
        What a person decided on the review sheet of an earlier run.
    """

    def __init__(
        self, echo: Echo, *, site_words: Iterable[str] = (), decisions: Decisions = NO_DECISIONS
    ) -> None:
        self._echo = echo
        # a name of this study is no word, whatever the site says
        known = [word for word in site_words if not spellings(word) & echo.names]
        self._vocabulary = read_vocabulary(known)
        self._decisions = decisions
        self._noted: dict[CleanedText, None] = {}
        self._known: dict[str, Cleaned] = {}

    def read(self, text: str) -> Cleaned:
        """Return a text cleaned, without noting it."""
        known = self._known.get(text)
        if known is None:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            known = self._known[text] = clean_descriptor(text, self._echo, self._vocabulary)
        return known

    def clean(self, tag: int, text: str, *, trusted: bool = False) -> str | None:
        """Return what is to be written for a value; None if a person rejected it.

        Parameters
        ----------
        tag
            The Attribute.
        text
            One value, decoded.
        trusted
            Whether unknown words may stay where nothing else had to go.
        """
        if not text.strip():
            return text
        cleaned = self.read(text)
        kinds = {removal.kind for removal in cleaned.removals}
        as_it_is = trusted and kinds <= {Kind.UNKNOWN_TOKEN}
        result = text if as_it_is else cleaned.text
        marks = () if as_it_is else cleaned.removals
        standing, written = Standing.UNDECIDED, result
        decided = self._decisions.find(RowKind.TEXT, name_place(tag), text, result)
        if decided is not None:
            standing, written = self._decide(tag, decided, text, result)
        noted = CleanedText(
            tag, text, result, tuple((str(one.kind), one.start, one.end) for one in marks), standing
        )
        if standing is Standing.APPROVED and written != result:
            noted = noted._replace(instead=written)
        self._noted[noted] = None
        return None if standing is Standing.REJECTED else written

    def _decide(
        self, tag: int, decided: Decided, original: str, result: str
    ) -> tuple[Standing, str]:
        """Return what a decision comes to; one that would write an identifier is refused."""
        if decided.decision is Decision.REJECT:
            return Standing.REJECTED, ""
        standing = Standing.KEPT if decided.decision is Decision.KEEP else Standing.APPROVED
        wanted = original if standing is Standing.KEPT else decided.instead or result
        if wanted != result and not self._may_be_written(tag, wanted):
            return Standing.REFUSED, result
        return standing, wanted

    def _may_be_written(self, tag: int, text: str) -> bool:
        longest = _LONGEST.get(dictionary_vr(tag) or "", len(text))
        kinds = {removal.kind for removal in self.read(text).removals}
        fits = len(text) <= longest and all(c.isprintable() or c in _CONTROLS for c in text)
        return fits and not kinds & _OF_THE_STUDY

    def take(self) -> tuple[CleanedText, ...]:
        """Return what was cleaned since the last call."""
        if not self._noted:
            return ()
        noted = tuple(self._noted)
        self._noted.clear()
        return noted


def name_place(tag: int) -> str:
    """Return an Attribute as the review sheet names it: ``(0008,103E) Series Description``."""
    return f"{format_tag(tag)} {attribute_name(tag)}"


def review_rows(texts: Iterable[CleanedText]) -> list[ReviewRow]:
    """Return the rows of the review sheet: each distinct value once per Attribute."""
    decisions = {
        Standing.APPROVED: Decision.APPROVE,
        Standing.REJECTED: Decision.REJECT,
        Standing.KEPT: Decision.KEEP,
    }
    return [
        ReviewRow(
            kind=RowKind.TEXT,
            place=name_place(text.tag),
            original=text.original,
            result=text.result,
            removed=tuple(sorted({kind for kind, _, _ in text.marks})),
            unknown=text.unknown,
            marks=tuple((start, end) for _, start, end in text.marks),
            decision=decisions.get(text.standing),
            instead=text.instead,
        )
        for text in sorted(set(texts))
        if text.original.strip()
    ]
