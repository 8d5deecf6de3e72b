"""Data Elements with their place in the file, so that a search hit can name its Attribute."""

from __future__ import annotations

import logging
import mmap
import warnings
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

from pydicom.charset import convert_encodings, decode_bytes

from casepack.standard.dictionary import format_tag

Buffer = bytes | mmap.mmap
Path = tuple[tuple[int, int], ...]
"""The Sequences around an element, outermost first, each with the number of the Item from 0."""

PREFIX_AT: Final = 128
_LARGE: Final = 1 << 24

PIXEL_TAGS: Final = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_BULK_TAGS: Final = PIXEL_TAGS | {0x54001010, 0x56000020, 0x00281201, 0x00281202, 0x00281203}
"""Values that are samples, not text: pixels, waveforms, spectra, palettes."""

_TEXT: Final = frozenset(["LO", "LT", "PN", "SH", "ST", "UC", "UT"])
"""VRs that Specific Character Set governs (PS3.5 6.1.2.2)."""
_SINGLE: Final = frozenset({"LT", "ST", "UT", "UR"})
"""VRs in which a backslash is no delimiter."""
_TEXTS: Final = _TEXT | {"AE", "AS", "CS", "UN", "UR"}
_OPAQUE: Final = frozenset(["LT", "OB", "OW", "ST", "UC", "UN", "UR", "UT"])
_DELIMITERS: Final = {0x5C, 0x5E, 0x3D, 0x0D, 0x0A, 0x09, 0x0C}
"""At these, the first character set of several holds again (PS3.5 6.1.2.5.3)."""
_CHARACTER_SET: Final = 0x00080005
_META_GROUP: Final = 0x0002


class Element(NamedTuple):
    """A Data Element and where its value lies."""

    tag: int
    vr: str
    path: Path
    start: int
    """Offset of the value in the buffer."""
    stop: int
    value: bytes
    """The value as encoded; empty for a Sequence, a bulk value, or one over 64 KiB."""
    undefined: bool = False
    """Of undefined length: Items or fragments up to a delimiter."""

    @property
    def place(self) -> str:
        """Tag path such as ``(0008,1032)[0].(0008,0104)``."""
        outer = "".join(f"{format_tag(tag)}[{item}]." for tag, item in self.path)
        return outer + format_tag(self.tag)

    @property
    def private(self) -> bool:
        """True for an odd group."""
        return bool(self.tag >> 16 & 1)

    @property
    def bulk(self) -> bool:
        """True for a value of samples, in which short texts occur by chance."""
        return self.tag in _BULK_TAGS or (self.tag >> 24 == 0x60 and self.tag & 0xFFFF == 0x3000)  # noqa: PLR2004  # Overlay Data (60xx,3000)

    @property
    def length(self) -> int:
        """Length of the value in bytes, delimiters included."""
        return self.stop - self.start


class Layout:
    """What depends on the places of elements alone: shared by files that are laid out alike.

    Places in `elements` stand for the elements themselves, whose values differ from file to file.
    """

    __slots__ = ("bulk", "character_sets", "opaque", "starts", "texts", "top")

    def __init__(self, elements: Sequence[Element]) -> None:
        self.top = {element.tag: at for at, element in enumerate(elements) if not element.path}
        self.starts = [element.start for element in elements]
        numbered = list(enumerate(elements))
        self.bulk = tuple(at for at, element in numbered if element.bulk)
        self.opaque = tuple(
            at for at, element in numbered if element.vr in _OPAQUE and not element.bulk
        )
        self.texts = tuple(at for at, element in numbered if element.vr in _TEXTS)
        self.character_sets = tuple(at for at, element in numbered if element.tag == _CHARACTER_SET)


class _Top(Mapping[int, Element]):
    """Top-level elements by tag."""

    __slots__ = ("_elements", "_places")

    def __init__(self, places: dict[int, int], elements: tuple[Element, ...]) -> None:
        self._places = places
        self._elements = elements

    def __getitem__(self, tag: int) -> Element:
        return self._elements[self._places[tag]]

    def __contains__(self, tag: object) -> bool:
        return tag in self._places

    def __iter__(self) -> Iterator[int]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


@dataclass(frozen=True, kw_only=True)
class PartTen:
    """What could be read of a DICOM file."""

    preamble: bytes = field(repr=False)
    meta: tuple[Element, ...] = field(repr=False)
    elements: tuple[Element, ...] = field(repr=False)
    data_set_at: int
    """Offset of the Data Set in the file."""
    inflated: bytes | None = field(repr=False, default=None)
    """The Data Set of a deflated file; offsets of elements are into it."""
    problem: str = ""
    problem_at: int = 0
    little: bool = True
    known_layout: Layout | None = field(repr=False, compare=False, default=None)
    """That of a file laid out alike."""

    @cached_property
    def layout(self) -> Layout:
        """Where which elements are found."""
        return self.known_layout or Layout(self.elements)

    @property
    def top(self) -> Mapping[int, Element]:
        """Top-level elements by tag."""
        return _Top(self.layout.top, self.elements)

    @property
    def bulk(self) -> list[Element]:
        """The values of samples."""
        return [self.elements[at] for at in self.layout.bulk]

    @property
    def opaque(self) -> list[Element]:
        """The values that may be documents or archives of their own."""
        return [self.elements[at] for at in self.layout.opaque]

    @property
    def with_text(self) -> list[Element]:
        """The elements whose value is text, if they have one."""
        return [self.elements[at] for at in self.layout.texts if self.elements[at].value]

    def text(self, tag: int) -> str:
        """Return the text of a top-level or File Meta element; empty when absent."""
        if tag >> 16 == _META_GROUP:
            values = [element.value for element in self.meta if element.tag == tag]
        else:
            at = self.layout.top.get(tag)
            values = [] if at is None else [self.elements[at].value]
        return plain_text(values[-1]) if values else ""

    def texts(self, element: Element) -> list[str]:
        """Return the values of a text element, decoded by the Character Set in force."""
        if element.vr in _TEXT or element.vr == "UN":
            text = decode_text(element.value, self.encodings_of(element.path))
        else:
            text = element.value.decode("latin-1")
        parts = [text] if element.vr in _SINGLE else text.split("\\")
        return [part.strip(" \x00") for part in parts]

    @cached_property
    def _encodings(self) -> dict[Path, tuple[str, ...]]:
        found = [self.elements[at] for at in self.layout.character_sets]
        return {element.path: python_encodings(element.value) for element in found}

    def encodings_of(self, path: Path) -> tuple[str, ...]:
        """Return the Python codecs of the Specific Character Set that governs an Item."""
        if self._encodings.keys() <= {()}:
            path = ()
        for depth in range(len(path), -1, -1):
            found = self._encodings.get(path[:depth])
            if found is not None:
                return found
        return ("iso8859",)

    def element_at(self, offset: int) -> Element | None:
        """Return the innermost element whose value covers `offset`."""
        index = bisect_right(self.layout.starts, offset) - 1
        while index >= 0:
            element = self.elements[index]
            if element.start <= offset < element.stop:
                return element
            if not element.path:
                return None
            index -= 1
        return None


def forget_pages(data: Buffer, start: int, stop: int) -> None:
    """Let go of what was read of a large mapped file: it would stay in memory up to its end."""
    if isinstance(data, mmap.mmap) and len(data) > _LARGE and hasattr(mmap, "MADV_DONTNEED"):
        start -= start % mmap.PAGESIZE
        data.madvise(mmap.MADV_DONTNEED, start, stop - start)


@contextmanager
def silence_pydicom() -> Iterator[None]:
    """Keep pydicom's warnings, which quote values, out of standard error and out of logs."""
    logger = logging.getLogger("pydicom")
    disabled, logger.disabled = logger.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = disabled


def plain_text(value: bytes) -> str:
    """Return an ASCII value without padding; other bytes are kept as Latin-1."""
    return value.decode("latin-1").strip(" \x00")


@lru_cache(maxsize=256)
def python_encodings(value: bytes) -> tuple[str, ...]:
    """Return the Python codecs of a Specific Character Set value; Latin-1 if it is none."""
    terms = [term.strip() for term in plain_text(value).split("\\")]
    with silence_pydicom():
        try:
            return tuple(convert_encodings(terms))
        except (LookupError, ValueError):
            return ("iso8859",)


def decode_text(value: bytes, encodings: Sequence[str]) -> str:
    """Decode a text value; bytes that do not fit become replacement characters."""
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii").strip(" \x00")
    with silence_pydicom():
        try:
            return decode_bytes(value, list(encodings), _DELIMITERS).strip(" \x00")
        except (LookupError, UnicodeError, ValueError):
            return value.decode("latin-1").strip(" \x00")
