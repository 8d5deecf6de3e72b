"""Data Sets encoded by hand, lengths and all: what no writer would write."""

from __future__ import annotations

import struct

from casepack.encoding import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    Element,
    Encoding,
    read_elements,
)
from casepack.part_ten import encode_part_ten

LONG = ("OB", "OD", "OF", "OL", "OV", "OW", "SV", "UC", "UN", "UR", "UT", "UV")
SHORT = (
    *("AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH"),
    *("SL", "SS", "ST", "TM", "UI", "UL", "US"),
)
ENCODINGS = (IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG)
TRANSFER_SYNTAXES = {
    IMPLICIT_LITTLE: "1.2.840.10008.1.2",
    EXPLICIT_LITTLE: "1.2.840.10008.1.2.1",
    EXPLICIT_BIG: "1.2.840.10008.1.2.2",
}
DEFLATE = "1.2.840.10008.1.2.1.99"
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
UNDEFINED = 0xFFFFFFFF


def header(tag: int, vr: str, length: int, how: Encoding) -> bytes:
    order = how.order
    number = struct.pack(order + "HH", tag >> 16, tag & 0xFFFF)
    if how.implicit or not vr:
        return number + struct.pack(order + "I", length)
    if vr in (*LONG, "SQ"):
        return number + vr.encode() + b"\0\0" + struct.pack(order + "I", length)
    return number + vr.encode() + struct.pack(order + "H", length)


def item(content: bytes, how: Encoding, *, undefined: bool = False) -> bytes:
    if not undefined:
        return header(ITEM, "", len(content), how) + content
    return header(ITEM, "", UNDEFINED, how) + content + header(ITEM_END, "", 0, how)


def sequence(tag: int, items: list[bytes], how: Encoding, vr: str = "SQ") -> bytes:
    """Encode a Sequence of undefined length."""
    end = header(SEQUENCE_END, "", 0, how)
    return header(tag, vr, UNDEFINED, how) + b"".join(items) + end


def part_ten(body: bytes, transfer_syntax: str = TRANSFER_SYNTAXES[EXPLICIT_LITTLE]) -> bytes:
    meta = encode_part_ten(b"1.2.840.10008.5.1.4.1.1.4", b"1.2.3", transfer_syntax, ("1.2", "T"))
    return meta + body


def read(body: bytes, how: Encoding) -> list[Element]:
    found, end = read_elements(body, 0, len(body), how)
    assert end == len(body)
    return found
