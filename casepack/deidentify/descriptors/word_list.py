"""Long lists of words, searched as they stand in their file: few texts ask for many words."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

_BEHIND_SPACE: Final = "!"
"""Behind the space between words, and before all that words are made of."""


class WordList:
    """Sorted words in lines; to make a set of them takes longer than to clean a small study.

    Parameters
    ----------
    text
        Words in the order of their code points, with spaces and line breaks between them.
    """

    __slots__ = ("_lines",)

    def __init__(self, text: str) -> None:
        self._lines: Final = text.split("\n")

    def __contains__(self, word: str) -> bool:
        """Tell whether a word is in the list."""
        # the last line that does not begin behind the word
        place = bisect_left(self._lines, word + _BEHIND_SPACE) - 1
        return place >= 0 and word in self._lines[place].split()

    def __iter__(self) -> Iterator[str]:
        """Yield the words in order."""
        for line in self._lines:
            yield from line.split()
