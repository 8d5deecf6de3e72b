"""A phrase with the identifiers of a study: the text, and a check for all that it holds."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace
from typing import Final

from tests.bench.midib.check import Action, AttributePath, Check
from tests.bench.midib.identities import Identity
from tests.bench.midib.phrases import Phrase, Piece, is_sealed, read_phrases
from tests.bench.midib.romanizing import romanize

_TRIES: Final = 30
_NUMERIC_FORMS: Final = ("date d_iso", "date d_dmy", "date d_us", "date d_compact")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A value, and what is asked about it once its path is known."""

    text: str
    checks: tuple[Check, ...]

    def place(self, path: AttributePath) -> list[Check]:
        """Return the checks at a path."""
        return [replace(check, path=path, planted=self.text) for check in self.checks]


class Planter:
    """Hands out the phrases of a language without repetition until all have been used."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self._rng = random.Random(f"phrases {identity.rng.random()}")
        self._decks: dict[tuple[str, str], list[Phrase]] = {}

    def plant(self, kind: str, limit: int, *, common: bool = False) -> Planted:
        """Return a planted phrase of at most so many characters."""
        language = "common" if common else self.identity.language
        for _ in range(_TRIES):
            planted = fill_phrase(self._deal(language, kind), self.identity)
            if planted is not None and len(planted.text) <= limit:
                return planted
        raise LookupError(f"no phrase fits: {language} {kind}")

    def plant_pair(self) -> tuple[Planted, Planted]:
        """Return a word in clinical use, and the same word in name use."""
        pairs = read_phrases(self.identity.language)["pair"]
        first = 2 * self._rng.randrange(len(pairs) // 2)
        clinical = fill_phrase(pairs[first], self.identity, kind="word in clinical use")
        named = fill_phrase(pairs[first + 1], self.identity)
        if clinical is None or named is None:
            raise LookupError("a pair contains itself")
        return clinical, named

    def draw_latin_city(self) -> str:
        """Return an unseen town in Latin letters, or a surname where the script has none."""
        city = romanize(self.identity.draw_city())
        return city if city.isascii() else self.identity.draw_person().latin_surname

    def _deal(self, language: str, kind: str) -> Phrase:
        deck = self._decks.setdefault((language, kind), [])
        if not deck:
            deck.extend(read_phrases(language)[kind])
            self._rng.shuffle(deck)
        return deck.pop()


def fill_phrase(
    phrase: Phrase, identity: Identity, *, kind: str = "clinical text"
) -> Planted | None:
    """Return the phrase filled in; None if a token to remove is also part of what may stay."""
    texts: list[str] = []
    checks: list[Check] = []
    for piece in phrase:
        if piece.role != "slot":
            texts.append(piece.text)
            if piece.role == "kept":
                checks.append(_retain(piece.text, kind))
            continue
        text, category, planted_as = _fill_slot(piece, identity)
        texts.append(text)
        checks.append(_remove(text, category, planted_as))
    literal = "\n".join(p.text for p in phrase if p.role != "slot").casefold()
    if any(
        token in literal
        for c in checks
        if c.action != Action.TEXT_RETAINED
        for token in split_removed(c.text)
    ):
        return None
    sealed = is_sealed(phrase)
    return Planted(
        text="".join(texts),
        checks=tuple(replace(check, sentence=True, sealed=sealed) for check in checks),
    )


def split_removed(text: str) -> list[str]:
    """Return the tokens of which none may be left: case-folded, two characters and longer."""
    tokens = [token for token in re.split(r"[\s,;^/()\[\]=]+", text.casefold()) if token]
    return [token for token in tokens if len(token) > 1] or tokens


def _fill_slot(piece: Piece, identity: Identity) -> tuple[str, str, str]:
    latin = "a" in piece.modifiers
    text, category, kind = (identity.fill_latin if latin else identity.fill)(piece.text)
    if latin:
        text = romanize(text)
    if "u" in piece.modifiers:
        text = text.upper()
    if "l" in piece.modifiers:
        text = text.lower()
    return text, category, kind


def _retain(text: str, kind: str) -> Check:
    return Check(
        action=Action.TEXT_RETAINED, path=(), text=text.strip(), category="TCIA-rev", kind=kind
    )


def _remove(text: str, category: str, kind: str) -> Check:
    action = Action.DATE_SHIFTED if kind.startswith(_NUMERIC_FORMS) else Action.TEXT_REMOVED
    if kind == "UID in text":
        action = Action.UID_CHANGED
    return Check(action=action, path=(), text=text, category=category, kind=kind)
