"""Files beside the images, one at a time, each with the one code that names it."""

from __future__ import annotations

import lzma
import zlib
from base64 import b64encode

from tests.verify.archives import tar_of, zip_of
from tests.verify.defects import DEFECTS, Defect, defect
from tests.verify.studies import BIRTH, GIVEN, Written

__all__ = ["DEFECTS", "Defect"]


def placed(codes: str, what: str, name: str, content: bytes) -> None:
    """Another file is there."""
    defect(codes, what)(lambda written: (written.root / name).write_bytes(content))


NAMED = "identifier-patient-name"
SHORT = GIVEN.encode()


def _segment(marker: int, content: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + (len(content) + 2).to_bytes(2, "big") + content


_JPEG = b"\xff\xd8" + _segment(0xE2, b"ICC_PROFILE\0" + bytes(9000))
_SCAN = b"\xff\xda\x00\x02" + bytes(99) + b"\xff\xd9"
placed(NAMED, "a comment behind a profile", "a.jpg", _JPEG + _segment(0xFE, SHORT) + _SCAN)
placed(NAMED, "a zip behind a JPEG", "a.jpg", _JPEG + _SCAN + zip_of(("a", SHORT)))
placed(NAMED, "a zip behind a program", "a.exe", b"MZ" + bytes(500) + zip_of(("a", SHORT)))
placed(NAMED, "zlib without a format", "a.bin", zlib.compress(b"x " * 50 + SHORT))
placed(NAMED, "LZMA without a format", "a.lzma", lzma.compress(SHORT, lzma.FORMAT_ALONE))
placed(NAMED, "a zip in a tar", "a.tar", tar_of("a.zip", content=zip_of(("a", SHORT))))
placed(NAMED, "a short run of base64", "a.json", b64encode(b'{"' + SHORT + b' B."}'))
placed("document-encrypted", "a PDF with a password", "a.pdf", b"%PDF-1.4 <</Encrypt 5 0 R>>")


def _page(shown: bytes, *others: bytes) -> bytes:
    streams = [b"BT " + shown + b" ET", *others]
    return b"%PDF-1.4\n" + b"".join(b"stream\n" + one + b"\nendstream\n" for one in streams)


_GLYPHS = b"".join(b"<%04X> <%04X>\n" % (char - 60, char) for char in sorted(set(SHORT)))
_TABLE = b"2 beginbfchar\n" + _GLYPHS + b"endbfchar"
_NUMBERS = b"".join(b"%04X" % (char - 60) for char in SHORT)
placed(NAMED, "letters of a PDF set apart", "a.pdf", _page(b"[(Wil)10(hel)-3(mina)] TJ"))
placed(NAMED, "letters placed one by one", "a.pdf", _page(b"(Wilhel) Tj 5 0 Td (mina) Tj"))
placed(NAMED, "hexadecimal text of a PDF", "a.pdf", _page(b"<" + SHORT.hex().encode() + b"> Tj"))
placed(NAMED, "numbers of glyphs", "a.pdf", _page(b"<" + _NUMBERS + b"> Tj", _TABLE))
placed(
    NAMED,
    "a range of glyphs",
    "a.pdf",
    _page(b"<" + _NUMBERS + b"> Tj", b"1 beginbfrange <0000> <00FF> <003C> endbfrange"),
)
placed("file-claims-dicom", "a DICOMDIR that is none", "DICOMDIR", b"nothing")


@defect("file-no-prefix", "a Data Set without its prefix")
def _(written: Written) -> None:
    (written.root / "bare").write_bytes(written.first.read_bytes()[132:])


@defect(NAMED, "the name of an empty folder")
def _(written: Written) -> None:
    (written.root / GIVEN).mkdir()


@defect(f"file-symlink {NAMED}", "the name of a link")
def _(written: Written) -> None:
    (written.root / GIVEN).symlink_to("nothing")


@defect("identifier-date", "a date that folders spell")
def _(written: Written) -> None:
    folder = written.root / BIRTH[:4] / BIRTH[4:6] / BIRTH[6:]
    folder.mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"nothing")
