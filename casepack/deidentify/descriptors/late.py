"""Patterns that are compiled when they are first used: most texts need few of them.

Compiling all takes longer than to clean the descriptions of a small study.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final


class LatePattern:
    """A regular expression, compiled by the first search with it."""

    __slots__ = ("_expression", "_pattern")

    def __init__(self, expression: str) -> None:
        self._expression: Final = expression
        self._pattern: re.Pattern[str] | None = None

    def _compiled(self) -> re.Pattern[str]:
        if self._pattern is None:
            self._pattern = re.compile(self._expression)
        return self._pattern

    def search(self, text: str, start: int = 0, end: int | None = None) -> re.Match[str] | None:
        """Return the first match."""
        return self._compiled().search(text, start, len(text) if end is None else end)

    def match(self, text: str, start: int = 0) -> re.Match[str] | None:
        """Return the match that begins at a place."""
        return self._compiled().match(text, start)

    def fullmatch(self, text: str, start: int = 0, end: int | None = None) -> re.Match[str] | None:
        """Return the match of all of a text or of its part."""
        return self._compiled().fullmatch(text, start, len(text) if end is None else end)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Return all matches in order."""
        return self._compiled().finditer(text)

    def findall(self, text: str) -> list[str]:
        """Return the texts of all matches."""
        found: list[str] = self._compiled().findall(text)
        return found
