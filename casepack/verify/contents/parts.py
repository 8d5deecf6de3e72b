"""A stretch of bytes to search, and where it is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from casepack.verify.contents.elements import PREFIX_AT, Buffer, Element, PartTen

MOST_UNPACKED: Final = 64 << 20
"""Bytes that one thing is unpacked to."""
DEEPEST: Final = 3
"""Archives inside of archives that are unpacked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of bytes to search."""

    data: Buffer = field(repr=False)
    start: int
    stop: int
    samples: bool = False
    """True where short texts occur by chance."""
    place: str = ""
    """Where in the file, when it is not a plain offset."""
    part_ten: PartTen | None = field(default=None, repr=False)
    """The elements, when the offsets are those of a DICOM file."""

    def element_at(self, offset: int) -> Element | None:
        """Return the element, File Meta included, whose value covers an offset."""
        if self.part_ten is None:
            return None
        if self.data is self.part_ten.inflated or offset >= self.part_ten.data_set_at:
            return self.part_ten.element_at(offset)
        return next((e for e in self.part_ten.meta if e.start <= offset < e.stop), None)

    def bounds_at(self, offset: int) -> tuple[int, int]:
        """Return where the text around an offset begins and ends."""
        element = self.element_at(offset)
        if element is not None:
            return element.start, element.stop
        if self.part_ten is not None and offset < PREFIX_AT:
            return 0, PREFIX_AT
        return self.start, self.stop


class TooLarge(Exception):  # noqa: N818  # internal: becomes a finding
    """Something unpacks to more than is searched."""


def inside(part: Part, place: str) -> Part:
    """Return a part of something unpacked as a part of what it was unpacked from."""
    return replace(part, place=place)
