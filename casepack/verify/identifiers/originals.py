"""The values of an original file, as pydicom reads them: every element, at every nesting level."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Final, cast

from pydicom import dcmread
from pydicom.charset import convert_encodings, decode_bytes, default_encoding
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_sequence
from pydicom.tag import BaseTag

from casepack.standard.dictionary import dictionary_vr
from casepack.verify.profile import read_rows

_DEFER: Final = 1 << 16
_LONG: Final = 64
"""Bytes of a value above which its digest is remembered in its place."""
_DELIMITERS: Final = {0x5C, 0x5E, 0x3D, 0x0D, 0x0A, 0x09, 0x0C}
_TEXTS: Final = frozenset(
    ["AE", "CS", "DA", "DT", "LO", "LT", "PN", "SH", "ST", "UC", "UI", "UR", "UT"]
)
_SINGLE: Final = frozenset({"LT", "ST", "UT", "UR"})
_BINARY: Final = frozenset({"OB", "OW", "UN", "OF", "OD", "OL", "OV"})
_PRINTABLE: Final = re.compile(rb"[\x20-\x7e]{6,}")
_MOSTLY: Final = 0.95
_CHARACTER_SET: Final = 0x00080005
_PREAMBLE_AS: Final = 0x00020102
"""The preamble is weighed as Private Information (0002,0102) is."""
RUN: Final = "RUN"
"""In place of a VR: a printable run inside of a binary value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginalValue:
    """One value of one element of an original."""

    tag: int
    vr: str
    text: str = field(repr=False)
    private: bool
    within: int | None = None
    """The outermost Sequence around it that Table E.1-1 removes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """What an Item inherits."""

    encodings: tuple[str, ...]
    within: int | None = None
    seen: set[tuple[object, ...]] = field(repr=False)


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
        scope = _Scope(encodings=(default_encoding,), seen=seen)
        inherited = _encodings_of(ds, scope.encodings)
        yield from _read_binary(_PREAMBLE_AS, "OB", ds.preamble or b"", inherited)
        yield from _read_data_set(ds.file_meta, replace(scope, encodings=inherited))
        yield from _read_data_set(ds, scope)


def _read_data_set(ds: Dataset, scope: _Scope) -> Iterator[OriginalValue]:
    scope = replace(scope, encodings=_encodings_of(ds, scope.encodings))
    for tag in sorted(ds.keys()):
        # typed too narrowly by pydicom
        element = cast("DataElement | RawDataElement", ds.get_item(tag, keep_deferred=True))
        if isinstance(element, RawDataElement):
            yield from _read_once(ds, element, scope)
        elif element.VR == "SQ":
            yield from _read_items(element, scope)
        else:
            yield from _read_parsed(element, scope)


def _read_once(ds: Dataset, element: RawDataElement, scope: _Scope) -> Iterator[OriginalValue]:
    if not element.value:
        # empty, or deferred: larger than any text
        return
    content = element.value
    if len(content) > _LONG:
        content = hashlib.sha256(content).digest()
    key = (int(element.tag), element.VR, content, scope.encodings, scope.within)
    if key not in scope.seen:
        scope.seen.add(key)
        for value in _read_raw(ds, element, scope):
            yield value if value.within is not None else replace(value, within=scope.within)


def _encodings_of(ds: Dataset, inherited: tuple[str, ...]) -> tuple[str, ...]:
    if _CHARACTER_SET not in ds:
        return inherited
    value = ds[_CHARACTER_SET].value
    terms = [value] if isinstance(value, str) else list(value or [""])
    try:
        return tuple(convert_encodings([str(term) for term in terms]))
    except (LookupError, ValueError):
        return inherited


def _read_items(element: DataElement, scope: _Scope) -> Iterator[OriginalValue]:
    inside = _inside(int(element.tag), scope)
    for item in element.value or ():
        yield from _read_data_set(item, inside)


def _inside(tag: int, scope: _Scope) -> _Scope:
    row = read_rows().get(tag)
    if scope.within is None and row is not None and row.codes == {"X"}:
        return replace(scope, within=tag)
    return scope


def _read_raw(ds: Dataset, element: RawDataElement, scope: _Scope) -> Iterator[OriginalValue]:
    tag = int(element.tag)
    vr = element.VR or (dictionary_vr(tag) or "UN")[:2]
    value = element.value or b""
    if vr == "SQ":
        yield from _read_items(ds[BaseTag(tag)], scope)
    elif vr == "UN" and value[:4] == b"\xfe\xff\x00\xe0":
        yield from _read_hidden(value, _inside(tag, scope))
    elif vr in _TEXTS:
        yield from _split(tag, vr, value, scope.encodings)
    elif vr in _BINARY:
        yield from _read_binary(tag, vr, value, scope.encodings)


def _read_hidden(value: bytes, scope: _Scope) -> Iterator[OriginalValue]:
    """Read a Sequence that is stored as UN (PS3.5 6.2.2)."""
    try:
        sequence = read_sequence(
            BytesIO(value),
            is_implicit_VR=True,
            is_little_endian=True,
            bytelength=len(value),
            encoding=list(scope.encodings),
        )
    except Exception:  # noqa: BLE001  # pydicom raises many kinds; then it is no Sequence
        return
    for item in sequence:
        yield from _read_data_set(item, scope)


def _read_binary(
    tag: int, vr: str, value: bytes, encodings: tuple[str, ...]
) -> Iterator[OriginalValue]:
    """Treat a value of printable characters as text; of others take the printable runs."""
    stripped = value.strip(b"\x00 ")
    printable = sum(len(run) for run in _PRINTABLE.findall(stripped))
    if stripped and (printable >= _MOSTLY * len(stripped) or _is_text(stripped, encodings)):
        yield from _split(tag, _guess_vr(stripped) or vr, stripped, encodings)
        return
    for run in _PRINTABLE.findall(value):
        text = run.decode("ascii")
        yield OriginalValue(tag=tag, vr=RUN, text=text, private=bool(tag >> 16 & 1))


def _is_text(value: bytes, encodings: tuple[str, ...]) -> bool:
    text = _decode(value, encodings)
    return text.isprintable() and sum(char.isalpha() for char in text) > 1


def _guess_vr(value: bytes) -> str:
    """Guess the VR of a text that is stored as UN or as bytes."""
    if re.fullmatch(rb"[0-2](\.\d+){4,}", value):
        return "UI"
    if re.fullmatch(rb"(1[89]|20)\d{6}", value):
        return "DA"
    if re.fullmatch(rb"[^\x00-\x1f\d^|]+(\^[^\x00-\x1f\d|]*)+", value):
        return "PN"
    return ""


def _split(tag: int, vr: str, value: bytes, encodings: tuple[str, ...]) -> Iterator[OriginalValue]:
    text = _decode(value, encodings)
    for part in [text] if vr in _SINGLE else text.split("\\"):
        yield OriginalValue(tag=tag, vr=vr, text=part, private=bool(tag >> 16 & 1))


def _decode(value: bytes, encodings: tuple[str, ...]) -> str:
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii").strip(" \x00")
    try:
        return decode_bytes(value, list(encodings), _DELIMITERS).strip(" \x00")
    except (LookupError, UnicodeError, ValueError):
        return value.decode("latin-1").strip(" \x00")


def _read_parsed(element: DataElement, scope: _Scope) -> Iterator[OriginalValue]:
    """Yield what pydicom has already converted."""
    if element.VR not in _TEXTS or element.value is None:
        return
    values = element.value if isinstance(element.value, list | tuple) else [element.value]
    for value in values:
        yield OriginalValue(
            tag=int(element.tag),
            vr=element.VR,
            text=str(value),
            private=bool(element.tag.is_private),
            within=scope.within,
        )
