"""One pass over a text: its words, what stands between them, and which of them go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from casepack.deidentify.descriptors.folding import Folded
from casepack.deidentify.descriptors.late import LatePattern
from casepack.deidentify.descriptors.morphology import is_declined
from casepack.deidentify.descriptors.removals import Kind, Span
from casepack.deidentify.descriptors.vocabulary import Role, Use, Vocabulary
from casepack.deidentify.descriptors.words import Word, split_words

_CLOSE: Final = LatePattern(r"[\s.,'_^/=&+\-]{0,4}")
_COMMA: Final = LatePattern(r"\s{0,2}(?:,|\^)\s{0,2}\^?")
_STOPS: Final = LatePattern(r"[\n\r;:|()\[\]{}]|\.\s")
_NAME_USES: Final = frozenset({Use.UNKNOWN, Use.DOUBLE, Use.GIVEN, Use.EPONYM, Use.SURNAME})
_LONGEST_ABBREVIATION: Final = 3
_IN_CAPITALS: Final = frozenset({"mr", "ms", "sr", "hr", "fr"})
"""Titles that are something else in capitals: magnetic resonance, multiple sclerosis, report."""
_SHORTEST_NAME: Final = 2
_SHORTEST_RUNNING: Final = 3
_PLAIN: Final = frozenset({Use.KNOWN, Use.PROTECTED, Use.NUMBER, Use.BODY, Use.LETTER})
_GERMAN: Final = frozenset(
    "der die das und mit bei fur nach seit von zur zum im ohne frau herr wegen zustand".split()  # noqa: SIM905  # a list of words
)
_NAMES: Final = frozenset(
    {
        Kind.ECHO_NAME,
        Kind.HONORIFIC_NAME,
        Kind.BY_PHRASE,
        Kind.NAME_USE,
        Kind.INITIAL,
        Kind.UNKNOWN_TOKEN,
    }
)


class Reading:
    """The words of a text and what becomes of each; the rules change `kinds` and `uses`."""

    __slots__ = (
        "all_roles",
        "all_uses",
        "cased",
        "folded",
        "kinds",
        "original",
        "roles",
        "uses",
        "vocabulary",
        "words",
    )

    def __init__(
        self, original: str, folded: Folded, spans: Sequence[Span], vocabulary: Vocabulary
    ) -> None:
        self.original = original
        self.folded = folded
        self.vocabulary = vocabulary
        self.words: list[Word] = []
        self.kinds: list[Kind | None] = []
        """Why a word goes; None while it stays."""
        for word, kind in split_words(original, folded, spans, vocabulary):
            self.words.append(word)
            self.kinds.append(kind)
        self.uses: list[Use] = [word.use for word in self.words]
        roles = vocabulary.roles
        self.roles: list[int] = [roles.get(word.text, Role.NONE) for word in self.words]
        self.all_roles, self.all_uses = 0, 0
        """Bits of `Role` and `Use` that occur, so that rules without a case are passed over."""
        for role in self.roles:
            self.all_roles |= role
        for use in self.uses:
            self.all_uses |= use
        self.cased = original != original.lower() and original != original.upper()
        """Whether capitals tell anything."""
        if self.cased:
            self._doubt_declined_names()

    def _doubt_declined_names(self) -> None:
        """Take a stem with an ending for unknown where it is written as a name is.

        Polish, Russian and Greek write no other word inside a sentence with a capital.
        """
        uses, running = self.vocabulary.uses, None
        for index in range(1, len(self.words)):
            word = self.words[index]
            if (
                self.uses[index] is not Use.KNOWN
                or word.text in uses
                or self.ends_clause(index - 1)
                or not self.written(index).istitle()
                or not is_declined(word.text, self.vocabulary)
            ):
                continue
            if running is None:
                running = any(
                    self.written(other).islower() and len(self.words[other].text) > _SHORTEST_NAME
                    for other in range(len(self.words))
                    if self.uses[other] is Use.KNOWN
                )
            if running:
                self.uses[index] = Use.UNKNOWN
                self.all_uses |= Use.UNKNOWN

    def __len__(self) -> int:
        """Return the number of words."""
        return len(self.words)

    def gap(self, index: int) -> str:
        """Return what stands between a word and the next one, or the end."""
        words = self.words
        end = words[index + 1].start if index + 1 < len(words) else len(self.folded.text)
        return self.folded.text[words[index].end : end]

    def written(self, index: int) -> str:
        """Return a word as it stands in the original."""
        word = self.words[index]
        start, end = self.folded.original(word.start, word.end)
        return self.original[start:end]

    def role(self, index: int) -> int:
        """Return the role of a word; NONE outside of the text."""
        return self.roles[index] if 0 <= index < len(self.words) else Role.NONE

    def use(self, index: int) -> Use | None:
        """Return the use of a word; None outside of the text."""
        return self.uses[index] if 0 <= index < len(self.words) else None

    def stays(self, index: int) -> bool:
        """Tell whether there is such a word and no rule has removed it."""
        return 0 <= index < len(self.words) and self.kinds[index] is None

    def is_close(self, index: int) -> bool:
        """Tell whether a word and the next one belong together: no sentence or bracket between."""
        return (
            index >= 0 and index + 1 < len(self.words) and bool(_CLOSE.fullmatch(self.gap(index)))
        )

    def has_comma(self, index: int) -> bool:
        """Tell whether a comma or caret, as in a name, stands between a word and the next one."""
        return (
            index >= 0 and index + 1 < len(self.words) and bool(_COMMA.fullmatch(self.gap(index)))
        )

    def has_caret(self, index: int) -> bool:
        """Tell whether a caret stands between a word and the next one."""
        return 0 <= index < len(self.words) - 1 and "^" in self.gap(index)

    def ends_clause(self, index: int) -> bool:
        """Tell whether a clause ends behind a word."""
        if index + 1 >= len(self.words):
            return True
        gap = self.gap(index)
        if (
            gap.startswith(". ")
            and len(self.words[index].text) <= _LONGEST_ABBREVIATION
            and not self.is_initials(index)
        ):
            gap = gap[1:]
        return bool(_STOPS.search(gap))

    def is_title(self, index: int) -> bool:
        """Tell whether a word may be a title: MR in capitals is magnetic resonance."""
        if not self.role(index) & (Role.HONORIFIC | Role.TITLE):
            return False
        pointed = self.gap(index).startswith(".")
        return pointed or not (
            self.words[index].text in _IN_CAPITALS and self.written(index).isupper()
        )

    def is_capital(self, index: int) -> bool:
        """Tell whether a word begins with a capital, or capitals tell nothing in this text."""
        return not self.cased or not self.written(index)[:1].islower()

    def is_name(self, index: int) -> bool:
        """Tell whether a word is, or may be, a name here: removed as one, or not known."""
        if not 0 <= index < len(self.words):
            return False
        kind = self.kinds[index]
        if kind is not None:
            return kind in _NAMES
        return (
            self.uses[index] in {Use.UNKNOWN, Use.SURNAME}
            and len(self.words[index].text) >= _SHORTEST_NAME
            and self.words[index].text.isalpha()
        )

    def is_initials(self, index: int) -> bool:
        """Tell whether capitals among small letters are initials: no abbreviation is written so."""
        return self.cased and self.written(index).isupper() and bool(self.role(index) & Role.SOFT)

    def may_be_name(self, index: int) -> bool:
        """Tell whether a word that stays is unknown or doubles as a name."""
        return self.stays(index) and self.uses[index] in _NAME_USES

    def is_plain(self, index: int) -> bool:
        """Tell whether a word is there that is no name: what stands before it may modify it."""
        return (
            self.stays(index)
            and self.uses[index] in _PLAIN
            and not self.role(index) & Role.CONNECTIVE
        )

    def describes_next(self, index: int) -> bool:
        """Tell whether a plain word follows that this one may belong to; a comma parts them."""
        return self.is_close(index) and "," not in self.gap(index) and self.is_plain(index + 1)

    def is_titled(self, index: int) -> bool:
        """Tell whether a word is written as names are: with a capital, then small letters."""
        written = self.written(index)
        return written[:1].isupper() and written[1:].islower() and written.isalpha()

    def is_only_titled(self, first: int, end: int) -> bool:
        """Tell whether no other word inside of the text is written as names are."""
        return self.cased and not any(
            self.is_titled(place)
            and self.stays(place)
            and len(self.words[place].text) >= _SHORTEST_RUNNING
            for place in range(1, len(self.words))
            if not first <= place < end
        )

    def is_running(self) -> bool:
        """Tell whether capitals show names: a sentence, not in German, whose nouns have them."""
        plain = [
            index
            for index in range(len(self.words))
            if self.uses[index] in {Use.KNOWN, Use.PROTECTED} and self.stays(index)
        ]
        if any(
            self.words[index].text in _GERMAN
            # van der Zee is Dutch
            and not (index and self.words[index - 1].text == "van")
            for index in plain
        ):
            return False
        return any(
            len(self.words[index].text) >= _SHORTEST_RUNNING
            and self.written(index).islower()
            and not self.role(index) & (Role.UNIT | Role.PARAMETER)
            for index in plain
        )

    def remove(self, index: int, kind: Kind) -> None:
        """Mark a word, unless it is marked already."""
        if self.kinds[index] is None:
            self.kinds[index] = kind

    def replace(self, index: int, pieces: Sequence[tuple[Word, Kind | None]]) -> None:
        """Put pieces in the place of a word."""
        self.words[index : index + 1] = [word for word, _ in pieces]
        self.kinds[index : index + 1] = [kind for _, kind in pieces]
        self.uses[index : index + 1] = [word.use for word, _ in pieces]
        roles = self.vocabulary.roles
        self.roles[index : index + 1] = [roles.get(word.text, Role.NONE) for word, _ in pieces]
