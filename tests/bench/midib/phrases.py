"""The sentences: what a person would write, with what must go and what must stay marked.

A line is ``kind: text``. ``<...>`` must stay, ``{name}`` is filled in and must go, ``{=Word}`` is
that word in name use, ``!u !l !a`` write it in capitals, small, without diacritics. A pair holds an
eponym or ordinary word in clinical use and the same word as a name, split by ``||``.

Every second sentence is sealed: its failures are counted, and never shown to who writes the rules.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).with_name("phrases")
_PIECE: Final = re.compile(r"<(?P<kept>[^>]*)>|\{(?P<slot>[^}]*)\}|(?P<plain>[^<{]+)")

_LANGUAGES: Final = "en de fr it es pt tr nl pl ru el ja ko zh"
LANGUAGES: Final = tuple(_LANGUAGES.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a phrase: kept, plain, or a slot with its modifiers."""

    text: str
    role: str
    modifiers: str = ""


Phrase = tuple[Piece, ...]


def is_sealed(phrase: Phrase) -> bool:
    """Tell whether a sentence belongs to the half that nobody who writes rules may see."""
    text = "".join(piece.text for piece in phrase)
    return zlib.crc32(text.encode()) % 2 == 1


@cache
def read_phrases(language: str) -> dict[str, list[Phrase]]:
    """Return the phrases of a language by kind."""
    found: dict[str, list[Phrase]] = {}
    for line in (_FOLDER / f"{language}.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        kind, _, text = line.partition(": ")
        found.setdefault(kind, []).extend(_parse_phrase(half) for half in text.split(" || "))
    return found


@cache
def read_words() -> frozenset[str]:
    """Return all words that the sentences of any language contain: nobody is to be called so."""
    words: set[str] = set()
    for language in (*LANGUAGES, "common"):
        for phrases in read_phrases(language).values():
            for piece in (piece for phrase in phrases for piece in phrase):
                if piece.role != "slot" or piece.text.startswith("="):
                    words.update(re.findall(r"\w+", piece.text.casefold()))
    return frozenset(words)


def _parse_phrase(text: str) -> Phrase:
    pieces = []
    for match in _PIECE.finditer(text.strip()):
        if match["kept"] is not None:
            pieces.append(Piece(text=match["kept"], role="kept"))
        elif match["slot"] is not None:
            slot, _, modifiers = match["slot"].partition("!")
            pieces.append(Piece(text=slot, role="slot", modifiers=modifiers))
        else:
            pieces.append(Piece(text=match["plain"], role="plain"))
    return tuple(pieces)
