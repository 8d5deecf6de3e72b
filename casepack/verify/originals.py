"""The values of an original file, as pydicom reads them: every element, at every nesting level."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydicom import dcmread
from pydicom.charset import convert_encodings, decode_bytes, default_encoding
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_sequence
from pydicom.tag import BaseTag

from casepack.standard.dictionary import dictionary_vr

_DEFER: Final = 1 << 16
_DELIMITERS: Final = {0x5C, 0x5E, 0x3D, 0x0D, 0x0A, 0x09, 0x0C}
_TEXTS: Final = frozenset(
    ["AE", "CS", "DA", "DT", "LO", "LT", "PN", "SH", "ST", "UC", "UI", "UR", "UT"]
)
_SINGLE: Final = frozenset({"LT", "ST", "UT", "UR"})
_BINARY: Final = frozenset({"OB", "OW", "UN", "OF", "OD", "OL", "OV"})
_PRINTABLE: Final = re.compile(rb"[\x20-\x7e]{6,}")
_MOSTLY: Final = 0.95
_CHARACTER_SET: Final = 0x00080005
RUN: Final = "RUN"
"""In place of a VR: a printable run inside of a binary value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginalValue:
    """One value of one element of an original."""

    tag: int
    vr: str
    text: str = field(repr=False)
    private: bool


def read_values(path: Path, seen: set[tuple[object, ...]]) -> Iterator[OriginalValue]:
    """Yield the text values of a file: preamble, File Meta and Data Set, Pixel Data left out.

    Parameters
    ----------
    path
        A DICOM file.
    seen
        Encoded elements that were already read, in this or in another file; they are not read
        again.

    Raises
    ------
    Exception
        Whatever pydicom raises; its messages quote values and must not be shown.
    """
    with path.open("rb") as file:
        ds = dcmread(file, defer_size=_DEFER)
        for run in _PRINTABLE.findall(ds.preamble or b""):
            yield OriginalValue(tag=0x00020102, vr="LO", text=run.decode("ascii"), private=False)
        yield from _read_data_set(ds.file_meta, ["iso8859"], seen)
        yield from _read_data_set(ds, [default_encoding], seen)


def _read_data_set(
    ds: Dataset, encodings: list[str], seen: set[tuple[object, ...]]
) -> Iterator[OriginalValue]:
    encodings = _encodings_of(ds, encodings)
    for tag in sorted(ds.keys()):
        element = ds.get_item(tag, keep_deferred=True)
        if isinstance(element, RawDataElement):
            if element.value is None or (element.value == b"" and element.length):
                continue
            key = (int(tag), element.VR, element.value, tuple(encodings))
            if key in seen:
                continue
            seen.add(key)
            yield from _read_raw(ds, element, encodings, seen)
        elif element is not None and element.VR == "SQ":
            yield from _read_items(element, encodings, seen)
        elif element is not None:
            yield from _read_parsed(element)


def _encodings_of(ds: Dataset, inherited: list[str]) -> list[str]:
    if _CHARACTER_SET not in ds:
        return inherited
    value = ds[_CHARACTER_SET].value
    terms = [value] if isinstance(value, str) else list(value or [""])
    try:
        return convert_encodings([str(term) for term in terms])
    except (LookupError, ValueError):
        return inherited


def _read_items(
    element: DataElement, encodings: list[str], seen: set[tuple[object, ...]]
) -> Iterator[OriginalValue]:
    for item in element.value or ():
        yield from _read_data_set(item, encodings, seen)


def _read_raw(
    ds: Dataset, element: RawDataElement, encodings: list[str], seen: set[tuple[object, ...]]
) -> Iterator[OriginalValue]:
    tag = int(element.tag)
    vr = element.VR or _implied_vr(tag)
    value = element.value or b""
    if vr == "SQ":
        yield from _read_items(ds[BaseTag(tag)], encodings, seen)
    elif vr == "UN" and value[:4] == b"\xfe\xff\x00\xe0":
        yield from _read_hidden(value, encodings, seen)
    elif vr in _TEXTS:
        yield from _split(tag, vr, value, encodings)
    elif vr in _BINARY:
        yield from _read_binary(tag, vr, value, encodings)


def _implied_vr(tag: int) -> str:
    vr = dictionary_vr(tag)
    return "UN" if vr is None else vr[:2]


def _read_hidden(
    value: bytes, encodings: list[str], seen: set[tuple[object, ...]]
) -> Iterator[OriginalValue]:
    """Read a Sequence that is stored as UN (PS3.5 6.2.2); as raw text if it is none."""
    buffer = DicomBytesIO(value)
    buffer.is_little_endian, buffer.is_implicit_VR = True, True
    try:
        sequence = read_sequence(buffer, True, True, len(value), encodings)  # pydicom's parameters
    except Exception:  # noqa: BLE001  # pydicom raises many kinds
        return
    for item in sequence:
        yield from _read_data_set(item, encodings, seen)


def _read_binary(tag: int, vr: str, value: bytes, encodings: list[str]) -> Iterator[OriginalValue]:
    """Treat a value of printable characters as text; of others take the printable runs."""
    printable = sum(len(run) for run in _PRINTABLE.findall(value))
    stripped = value.rstrip(b"\x00 ")
    if stripped and (printable >= _MOSTLY * len(stripped) or _is_text(stripped, encodings)):
        kind = _guess_vr(stripped) if vr == "UN" else vr
        yield from _split(tag, kind, stripped, encodings)
        return
    for run in _PRINTABLE.findall(value):
        text = run.decode("ascii")
        yield OriginalValue(tag=tag, vr=RUN, text=text, private=bool(tag >> 16 & 1))


def _is_text(value: bytes, encodings: list[str]) -> bool:
    text = _decode(value, encodings)
    return text.isprintable() and any(char.isalpha() for char in text)


def _guess_vr(value: bytes) -> str:
    if re.fullmatch(rb"[0-2](\.\d+){4,}", value):
        return "UI"
    if re.fullmatch(rb"(1[89]|20)\d{6}", value):
        return "DA"
    if b"^" in value and re.fullmatch(rb"[^\x00-\x1f\d]+", value):
        return "PN"
    return "UN"


def _split(tag: int, vr: str, value: bytes, encodings: list[str]) -> Iterator[OriginalValue]:
    text = _decode(value, encodings)
    for part in [text] if vr in _SINGLE else text.split("\\"):
        yield OriginalValue(tag=tag, vr=vr, text=part, private=bool(tag >> 16 & 1))


def _decode(value: bytes, encodings: list[str]) -> str:
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii").strip(" \x00")
    try:
        return decode_bytes(value, encodings, _DELIMITERS).strip(" \x00")
    except (LookupError, UnicodeError, ValueError):
        return value.decode("latin-1").strip(" \x00")


def _read_parsed(element: DataElement) -> Iterator[OriginalValue]:
    """Yield what pydicom has already converted."""
    if element.VR not in _TEXTS or element.value is None:
        return
    values = element.value if isinstance(element.value, (list, tuple)) else [element.value]
    for value in values:
        yield OriginalValue(
            tag=int(element.tag),
            vr=element.VR,
            text=str(value),
            private=bool(element.tag.is_private),
        )
