"""Leaks, one at a time: each value of the originals, in each spelling, in each kind of place.

The table of defects in `defects` says what each code is for; this one says that no combination of
value, spelling, place and encoding is missed.
"""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from tests.verify.studies import (
    ACCESSION,
    FAMILY,
    GIVEN,
    INSTITUTION,
    PATIENT,
    PATIENT_ID,
    PHYSICIAN,
    ROOT,
    SERIAL,
    STATION,
    uid,
)

UTF8, LATIN = "utf-8", "latin-1"


@dataclass(frozen=True)
class Value:
    """What leaks, as somebody writes it."""

    code: str
    text: str
    in_text: str = ""
    """The milder code of a single word in a text that people wrote."""


VALUES = (
    *(
        Value("identifier-patient-name", text)
        for text in (
            *(FAMILY, GIVEN, PATIENT, f"{GIVEN} {FAMILY}", f"{FAMILY}, {GIVEN}"),
            *(FAMILY.upper(), FAMILY.lower(), "BRANDTMUELLER", "Brandtmuller", f"{GIVEN}_{FAMILY}"),
        )
    ),
    Value("identifier-person-name", PHYSICIAN),
    Value("identifier-person-name", "Oberlaender", "name-in-text"),
    *(
        Value("identifier-number", text)
        for text in (PATIENT_ID, PATIENT_ID.replace("-", ""), PATIENT_ID.lower(), ACCESSION)
    ),
    *(
        Value("identifier-date", text)
        for text in (
            *("19611103", "1961-11-03", "1961/11/03", "03.11.1961", "3.11.1961", "11/03/1961"),
            *("3 Nov 1961", "03-NOV-1961", "3. November 1961", "November 3, 1961"),
            *("20240108", "2024-01-08", "08.01.2024", "8 January 2024"),
        )
    ),
    Value("identifier-institution", INSTITUTION),
    Value("identifier-institution", INSTITUTION.upper()),
    Value("identifier-institution", "Tannweiler", "institution-in-text"),
    Value("identifier-device", STATION),
    Value("identifier-device", SERIAL),
    Value("identifier-uid", uid(ROOT, 1)),
    Value("identifier-uid", uid(ROOT, 1, 1, 2)),
)


@dataclass(frozen=True)
class Place:
    """Where it leaks, and what else is wrong with a value there."""

    name: str
    leak: Callable[[Path, str, str], object]
    """From the folder, the text and its encoding."""
    besides: frozenset[str] = frozenset()
    written: bool = False
    """A text that people wrote, where a single word may mean another."""
    encodings: tuple[str, ...] = (UTF8,)


PLACES: list[Place] = []
NEW_FILE = "leak"


def _first(root: Path) -> Path:
    return min(root.rglob("*.dcm"))


def in_data_set(name: str, besides: str = "") -> Callable[[Callable[[Dataset, str], object]], None]:
    """Leak into a DICOM file, in its own character set."""

    def add(edit: Callable[[Dataset, str], object]) -> None:
        def leak(root: Path, text: str, encoding: str) -> None:
            ds = dcmread(_first(root))
            ds.SpecificCharacterSet = {UTF8: "ISO_IR 192", LATIN: "ISO_IR 100"}[encoding]
            edit(ds, text)
            ds.save_as(_first(root), enforce_file_format=True)

        PLACES.append(Place(name, leak, frozenset(besides.split()), encodings=(UTF8, LATIN)))

    return add


def in_bytes(name: str, besides: str) -> Callable[[Callable[[bytes, bytes], bytes]], None]:
    """Leak into the bytes of a DICOM file."""

    def add(edit: Callable[[bytes, bytes], bytes]) -> None:
        def leak(root: Path, text: str, encoding: str) -> None:
            path = _first(root)
            path.write_bytes(edit(path.read_bytes(), text.encode(encoding)))

        encodings = (UTF8, "utf-16-le")
        PLACES.append(Place(name, leak, frozenset(besides.split()), encodings=encodings))

    return add


def in_file(
    name: str, suffix: str, encodings: tuple[str, ...] = (UTF8,)
) -> Callable[[Callable[[bytes], bytes]], None]:
    """Leak into a new file."""

    def add(make: Callable[[bytes], bytes]) -> None:
        def leak(root: Path, text: str, encoding: str) -> None:
            (root / f"{NEW_FILE}{suffix}").write_bytes(make(text.encode(encoding)))

        besides = frozenset({"name-in-text", "institution-in-text"})
        PLACES.append(Place(name, leak, besides, written=True, encodings=encodings))

    return add


def _even(value: bytes) -> bytes:
    return value + bytes(len(value) % 2)


# ---------------------------------------------------------------------------- Data Sets
in_data_set("kept text")(lambda ds, text: setattr(ds, "PositionReferenceIndicator", text))
in_data_set("cleaned text")(lambda ds, text: setattr(ds, "SeriesDescription", f"T2 sag {text} fs"))
in_data_set("cleaned text of the Study")(
    lambda ds, text: setattr(ds, "ProtocolName", f"spine for {text}")
)
in_data_set("nested text")(
    lambda ds, text: setattr(ds.ReferencedImageSequence[0], "PositionReferenceIndicator", text)
)
in_data_set("removed text", "attribute-not-removed")(
    lambda ds, text: setattr(ds, "PatientAddress", f"for {text}")
)
in_data_set("private text", "private-element")(
    lambda ds, text: ds.private_block(0x0031, "NOBODY", create=True).add_new(1, "LT", text)
)
in_data_set("private bytes", "private-element")(
    lambda ds, text: ds.private_block(0x0031, "NOBODY", create=True).add_new(
        1, "OB", b"\x00\x01" + text.encode() + b"\x00" * (1 + len(text.encode()) % 2)
    )
)
in_data_set("private gzip", "private-element")(
    lambda ds, text: ds.private_block(0x0031, "NOBODY", create=True).add_new(
        1, "OB", _even(gzip.compress(text.encode(), mtime=0))
    )
)
in_data_set("private base64", "private-element")(
    lambda ds, text: ds.private_block(0x0031, "NOBODY", create=True).add_new(
        1, "UT", base64.b64encode(b" " * 60 + text.encode()).decode()
    )
)
in_data_set("overlay label", "overlay-or-curve")(
    lambda ds, text: ds.add_new(0x60001500, "LO", text)
)
in_bytes("preamble", "preamble-not-zero")(lambda data, text: (text + bytes(128))[:128] + data[128:])
in_bytes("behind the last element", "trailing-bytes")(
    lambda data, text: data + b"\x01\x02 " + text + b" \x03"
)


def _deflated(root: Path, text: str, _: str) -> None:
    ds = dcmread(_first(root))
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PositionReferenceIndicator = text
    ds.save_as(_first(root), enforce_file_format=True)


PLACES.append(Place("deflated Data Set", _deflated))


# -------------------------------------------------------------------------- other files
def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def _png(name: bytes, content: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + _chunk(name, content) + _chunk(b"IEND", b"")


def _zip(content: bytes, name: str = "a.txt", comment: bytes = b"") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
        archive.comment = comment
    return file.getvalue()


def _pdf(text: bytes) -> bytes:
    stream = zlib.compress(b"BT /F1 12 Tf (" + text + b") Tj ET")
    return (
        b"%%PDF-1.4\n1 0 obj <</Length %d /Filter /FlateDecode>>\nstream\n" % len(stream)
        + stream
        + b"\nendstream\nendobj\n"
    )


in_file("text", ".txt", (UTF8, LATIN, "utf-16-le", "utf-16-be"))(
    lambda text: b"seen: " + text + b"."
)
in_file("page", ".html")(lambda text: b"<p class='a'>" + text + b"</p>")
in_file("comment of a page", ".html")(lambda text: b"<!--" + text + b"-->")
in_file("escaped JSON", ".json")(lambda text: json.dumps({"a": text.decode()}).encode())
in_file("table", ".csv")(lambda text: b'1,"' + text + b'";2\r\n')
in_file("member of a zip", ".zip")(lambda text: _zip(b"see " + text))
in_file("zip in a zip", ".zip")(lambda text: _zip(_zip(text), "b.zip"))
in_file("comment of a zip", ".zip")(lambda text: _zip(b"nothing", comment=text))
in_file("name in a zip", ".zip")(lambda text: _zip(b"", name=f"a-{text.decode()}-b.txt"))
in_file("gzip", ".gz")(lambda text: gzip.compress(b"see " + text, mtime=0))
in_file("base64", ".html")(
    lambda text: b'<img src="data:,' + base64.b64encode(b" " * 60 + text + b" " * 60) + b'">'
)
in_file("base64 in lines", ".eml")(
    lambda text: base64.encodebytes(bytes(70) + text + bytes(40) + text + bytes(60))
)
in_file("base64 in lines of JSON", ".json")(
    lambda text: json.dumps(
        {"a": base64.encodebytes(gzip.compress(bytes(range(99)) + b" " + text, mtime=0)).decode()}
    ).encode()
)
in_file("base64 for URLs", ".txt")(
    lambda text: b"?a=" + base64.urlsafe_b64encode(b"\xfb\xff" * 30 + text + b"\xfb\xff" * 20)
)
in_file("bzip2", ".bz2")(lambda text: bz2.compress(b"see " + text))
in_file("xz", ".xz")(lambda text: lzma.compress(b"see " + text))
in_file("two gzip streams", ".gz")(
    lambda text: gzip.compress(b"nothing ", mtime=0) + gzip.compress(text, mtime=0)
)
in_file("zip behind a PNG", ".png")(lambda text: _png(b"IHDR", bytes(13)) + _zip(text))
in_file("PNG text", ".png", (UTF8, LATIN))(lambda text: _png(b"tEXt", b"Title\x00" + text))
in_file("PNG compressed text", ".png", (UTF8, LATIN))(
    lambda text: _png(b"zTXt", b"Title\x00\x00" + zlib.compress(text))
)
in_file("PNG international text", ".png")(
    lambda text: _png(b"iTXt", b"Title\x00\x01\x00\x00\x00" + zlib.compress(text))
)
in_file("behind a PNG", ".png")(lambda text: _png(b"IHDR", bytes(13)) + text)
in_file("JPEG comment", ".jpg", (UTF8, LATIN))(
    lambda text: b"\xff\xd8\xff\xfe" + struct.pack(">H", len(text) + 2) + text + b"\xff\xd9"
)
in_file("WebP metadata", ".webp")(
    lambda text: b"RIFF\x00\x00\x00\x00WEBPEXIF" + struct.pack("<I", len(text)) + text
)
in_file("compressed PDF text", ".pdf", (LATIN,))(_pdf)


def _safe(text: str) -> str:
    return text.replace("/", "-")


def _file_name(root: Path, text: str, _: str) -> None:
    (root / f"{_safe(text)}.txt").write_bytes(b"nothing")


def _folder_name(root: Path, text: str, _: str) -> None:
    folder = root / f"a {_safe(text)} b"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"nothing")


PLACES.append(Place("name of a file", _file_name))
PLACES.append(Place("name of a folder", _folder_name))


def mutations() -> Iterator[tuple[Place, Value, str]]:
    """Yield every place, value and encoding that differ: ASCII is the same in one-byte sets."""
    for place in PLACES:
        for value in VALUES:
            done: set[bytes] = set()
            for encoding in place.encodings:
                encoded = value.text.encode(encoding)
                if encoded not in done:
                    done.add(encoded)
                    yield place, value, encoding
