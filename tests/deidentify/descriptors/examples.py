"""Texts and what is left of them, read from ``examples.txt``; the identifiers that they echo."""

from __future__ import annotations

from pathlib import Path

HEADERS = (
    (0x00100010, "PN", "O'BRIEN^Seán^M"),
    (0x00080090, "PN", "Müller-Lüdenscheidt^Jörg^^Dr."),
    (0x00081070, "PN", "Li^An"),
    (0x00081050, "PN", "Yamashita^Katsuo=山下^克夫=ﾔﾏｼﾀ^ｶﾂｵ"),
    (0x00081048, "PN", "Hand^Maria"),
    (0x00081060, "PN", "Y\u0131lmaz^Gökçe"),
    (0x00100020, "LO", "0012-34-56"),
    (0x00080050, "SH", "ACC/2291"),
    (0x00100030, "DA", "19720108"),
    (0x00080020, "DA", "20190315"),
    (0x00080080, "LO", "Östliches Spine Zentrum Neudorf"),
    (0x00081010, "SH", "MRWS17"),
    (0x00181000, "LO", "7554"),
    (0x00081040, "LO", "Radiology"),
)


def read_examples(section: str) -> list[tuple[str, str]]:
    """Return the texts of a section with what is left of each."""
    found: dict[str, str] = {}
    here = ""
    for line in (Path(__file__).parent / "examples.txt").read_text("utf-8").splitlines():
        if line.startswith("[") and line.endswith("]") and line[1:-1].isalpha():
            here = line[1:-1]
        elif here == section and line and not line.startswith("# "):
            text, sign, left = line.partition(" => ")
            if line.endswith(" =>"):
                text, sign, left = line.removesuffix(" =>"), "=>", ""
            found[_unescape(text)] = _unescape(left if sign else text)
    return list(found.items())


def _unescape(text: str) -> str:
    return text.replace("\\r", "\r").replace("\\n", "\n").replace("\\\\", "\\")
