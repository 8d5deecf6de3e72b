"""Writing planted values into Data Sets, Items and the parts of a file that are not in them."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID, ExplicitVRLittleEndian

from casepack.sample.identifiers import Identity

_STEP = re.compile(r"\(([0-9A-Fa-f]{4}),([0-9A-Fa-f]{4})\)(?:\[(\d+)\])?")
_IMPLEMENTATION = UID("1.3.6.1.4.1.32473.7.1")
_SEQUENCE_OF_UNDEFINED_LENGTH = 0x00400275


def plant(ds: Dataset, identity: Identity, series: int) -> None:
    """Put every planted value of a series into a Data Set."""
    encoding = "latin-1" if identity.word("charset") == "ISO_IR 100" else "utf-8"
    for planting, text in identity.plantings(series):
        value: str | bytes = text
        if planting.blob:
            value = vendor_header(text.encode(encoding))
        elif planting.vr == "UN":
            value = _even(text.encode(encoding))
        _set(ds, planting.at, planting.vr, value)
    ds[_SEQUENCE_OF_UNDEFINED_LENGTH].is_undefined_length = True


def _set(ds: Dataset, path: str, vr: str, value: str | bytes) -> None:
    *above, last = (
        (int(group + element, 16), int(item or 0)) for group, element, item in _STEP.findall(path)
    )
    for tag, number in above:
        if tag not in ds:
            ds[tag] = DataElement(tag, "SQ", Items([Dataset()]))
        ds = ds[tag].value[number]
    ds[last[0]] = DataElement(last[0], vr, value)


def _even(value: bytes) -> bytes:
    return value + b" " * (len(value) % 2)


def vendor_header(text: bytes) -> bytes:
    """Return a binary block in the manner of a vendor's header: names, counts, padded values.

    The patient's name stands in it as in real ones: no VR tells a reader that it is text.
    """
    entries = (
        (b"EchoLinePosition", b"160"),
        (b"UsedPatientWeight", b"67"),
        (b"PatientName", text),
        (b"MeasuredFourierLines", b"0"),
        (b"ImaCoilString", b"SP4-7"),
        (b"Comment", text),
    )
    block = b"SV10\x04\x03\x02\x01" + struct.pack("<II", len(entries), 77)
    for number, (name, value) in enumerate(entries):
        block += name.ljust(64, b"\x00") + struct.pack("<i4siii", 1, b"LO\x00\x00", number, 6, 77)
        block += struct.pack("<4i", len(value), len(value), 77, len(value))
        block += value + b"\x00" * (-len(value) % 4)
    return block + b"\x00" * (len(block) % 2) + bytes(1024)


def file_meta(ds: Dataset, identity: Identity) -> FileMetaDataset:
    """Return File Meta Information with identifiers where scanners and archives leave them."""
    encoding = "latin-1" if identity.word("charset") == "ISO_IR 100" else "utf-8"
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ds.SOPClassUID
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = _IMPLEMENTATION
    meta.ImplementationVersionName = "ELDERMOOR_PX_7"
    meta.SourceApplicationEntityTitle = identity.word("title")
    meta.SendingApplicationEntityTitle = "ELDERMOOR_PACS"
    meta.PrivateInformationCreatorUID = UID(identity.uid("information"))
    meta.PrivateInformation = _even(identity.fill("{patient}|{phone}").encode(encoding))
    return meta


def preamble(identity: Identity) -> bytes:
    """Return 128 bytes that an exporting viewer might have left."""
    encoding = "latin-1" if identity.word("charset") == "ISO_IR 100" else "utf-8"
    text = identity.fill("EXPORTED FOR {patient} {patient_id}").encode(encoding)
    return text[:128].ljust(128, b"\x00")


def trailing_padding(identity: Identity) -> bytes:
    """Return Data Set Trailing Padding (FFFC,FFFC) that is not empty."""
    return _even(identity.fill("END {patient_id} {accession}").encode("ascii")) + bytes(32)


def add_overlay(ds: Dataset, identity: Identity) -> None:
    """Add an overlay plane with the name drawn in its bits and written in its texts."""
    size = int(ds.Rows)
    label = identity.word("family")
    drawn = (
        np.asarray(draw_text(("MARK", identity.word("drawn_family")), size, size), dtype=np.uint8)
        > 127
    )
    ds.add_new(0x60000010, "US", size)
    ds.add_new(0x60000011, "US", size)
    ds.add_new(0x60000022, "LO", f"Drawn by {identity.word('operator')}")
    ds.add_new(0x60000040, "CS", "G")
    ds.add_new(0x60000050, "SS", [1, 1])
    ds.add_new(0x60000100, "US", 1)
    ds.add_new(0x60000102, "US", 0)
    ds.add_new(0x60001500, "LO", f"Level D12 {label}")
    bits = np.packbits(drawn.reshape(-1), bitorder="little").tobytes()
    ds.add_new(0x60003000, "OW", bits + b"\x00" * (len(bits) % 2))
    ds.add_new(0x60004000, "LT", f"Marked for {identity.word('surgeon')}")


OVERLAY_PLACES = ("(6000,0022)", "(6000,1500)", "(6000,4000)")


def draw_text(lines: tuple[str, ...], width: int, height: int) -> Image.Image:
    """Return lines of text in white on black."""
    picture = Image.new("L", (width, height))
    size = max(8, width // 24)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size)
    for number, line in enumerate(lines):
        draw.text((size // 2, size // 2 + number * (size + 4)), line, fill=255, font=font)
    return picture


def write_letter(path: Path, identity: Identity) -> None:
    """Write the note that an archive puts on its discs, beside the images."""
    text = identity.fill("Images of {patient}, {patient_id}\r\n{hospital}\r\n{street}\r\n")
    path.write_text(text, encoding="utf-8", newline="")
