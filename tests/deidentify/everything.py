"""A Data Set with every Attribute of an IOD, of Table E.1-1 and more, each with a value of its own.

What is expected of each is worked out here from the tables as JSON, without the code under test.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from casepack.encoding import Encoding, encode_element, encode_sequence
from casepack.standard.dictionary import dictionary_vr, value_multiplicity

Path = tuple[int, ...]
STEP_DAYS = 11
FIRST_DAY = dt.date(1583, 1, 1)
VOCABULARY_DATES = {0x00080106, 0x00080107, 0x0040DB06, 0x0040DB07}
SIZES = {"AT": 4, "FD": 8, "FL": 4, "SL": 4, "SS": 2, "SV": 8, "UL": 4, "US": 2, "UV": 8}
_ITEMS_ONLY = frozenset({0x00041220})
_FIXED = {
    # what the reader of a study must be able to read
    0x00080016: None,
    0x00080005: b"ISO_IR 100",
    0x00080060: b"MR",
    0x00280008: b"1 ",
    0x00280301: b"NO",
    0x00200013: b"1 ",
    0x00280004: b"MONOCHROME2 ",
}
_NUMBERS = {
    # of a frame that Pixel Data of 32 bytes hold
    **dict.fromkeys((0x00280010, 0x00280011), 4),
    **dict.fromkeys((0x00280100, 0x00280101), 16),
    0x00280002: 1,
    0x00280006: 0,
    0x00280102: 15,
    0x00280103: 0,
}
_CONTENT = {0x0040A010: b"CONTAINS", 0x0040A040: b"TEXT"}
"""Relationship and Value Type: a Content Item that says of itself nothing else is held."""
_HOLDING = frozenset({0x0040DB73, 0x00181623})
"""References to Content Items by place, shutters in overlays: what they lead to is not there."""
_CONTENT_SEQUENCES = frozenset({0x0040A730, 0x00400555, 0x00400612, 0x00400440, 0x00400441})
RETAINED = {
    # columns of the table whose Options casepack carries out, by recipe
    "basic": frozenset[str](),
    "strict": frozenset[str](),
    "publication": frozenset({"rtnLongModifDatesOpt", "rtnPatCharsOpt"}),
    "tcia": frozenset({"rtnLongModifDatesOpt", "rtnPatCharsOpt", "rtnDevIdOpt"}),
}


def _json(name: str) -> Any:
    data = (files("casepack.standard") / name).read_bytes()
    return json.loads(gzip.decompress(data) if name.endswith(".gz") else data)


@cache
def table() -> dict[int, dict[str, Any]]:
    """Return Table E.1-1 and the gaps by tag, as JSON."""
    rows = {
        int(row["id"], 16): row
        for row in _json("confidentiality_profile.json")
        if row["id"] and "x" not in row["id"]
    }
    for gap in _json("e11_gaps.json")["rows"]:
        column, _, code = (gap["option"] or "").partition("=")
        row = {"basicProfile": gap["suggestedAction"], column: code, "vr": gap["vr"]}
        if gap["option"] == "full K / modif C":
            row |= {"rtnLongFullDatesOpt": "K", "rtnLongModifDatesOpt": "C"}
        rows[int(gap["tag"].strip("()").replace(",", ""), 16)] = row
    return rows


@cache
def iod_types(sop_class_uid: str) -> dict[Path, set[tuple[str, str]]]:
    """Return (Type, Usage of the Module) of every path of the IOD."""
    tables = _json("iod_attribute_types.json.gz")
    found: dict[Path, set[tuple[str, str]]] = {}
    for module, usage, _entity in tables["iod"][tables["sop"][sop_class_uid]]:
        for path, code in tables["module"][module].items():
            if "x" not in path:
                tags = tuple(int(tag, 16) for tag in path.split("."))
                found.setdefault(tags, set()).add((str(code or "3"), usage))
    return found


@dataclass
class Planted:
    """A Data Set as a tree, and where each value was planted."""

    sop_class_uid: str
    how: Encoding
    tree: dict[int, Any] = field(default_factory=dict)
    values: dict[Path, bytes] = field(default_factory=dict)

    def plant(self, path: Path) -> None:
        """Plant a value of its own at a path; a Sequence holds what is planted below it."""
        node = self.tree
        for tag in path[:-1]:
            node = node.setdefault(tag, {})
        vr = vr_of(path[-1])
        if vr == "SQ":
            node.setdefault(path[-1], {})
        elif path[-1] not in node:
            value = self._value(path, vr, len(self.values) + 1)
            if vr in SIZES:
                value = value[: SIZES[vr] * (value_multiplicity(path[-1])[1] or 4)]
            node[path[-1]] = self.values[path] = value

    def _value(self, path: Path, vr: str, number: int) -> bytes:
        if in_content(path) and path[-1] in _CONTENT:
            return _CONTENT[path[-1]]
        fixed = _FIXED.get(path[-1], b"") if len(path) == 1 else b""
        if fixed is None:
            return self.sop_class_uid.encode()
        if fixed:
            return fixed
        if len(path) == 1 and path[0] in _NUMBERS:
            return struct.pack(self.how.order + "H", _NUMBERS[path[0]])
        return value_of(vr, number, self.how)

    def encode(self) -> dict[int, bytes]:
        """Return the top-level elements, encoded."""
        return {tag: self._encode(tag, node) for tag, node in self.tree.items()}

    def _encode(self, tag: int, node: bytes | dict[int, Any]) -> bytes:
        if isinstance(node, bytes):
            return encode_element(tag, vr_of(tag), node, self.how)
        item = b"".join(self._encode(child, node[child]) for child in sorted(node))
        return encode_sequence(tag, [item], self.how)


def vr_of(tag: int) -> str:
    if tag >> 16 & 1:
        return "LO"
    return (dictionary_vr(tag) or "LO")[:2]


def value_of(vr: str, number: int, how: Encoding) -> bytes:
    """Return a value that is valid for the VR and that no other number has."""
    day = FIRST_DAY + dt.timedelta(days=STEP_DAYS * number)
    date = f"{day.year:04d}{day.month:02d}{day.day:02d}"
    texts = {
        "AS": f"{number % 1000:03d}W",
        "CS": f"ZZ{number:05d}",
        "DA": date,
        "DS": f"7{number:05d}.25",
        "DT": f"{date}101112.{number:06d}",
        "IS": f"7{number:07d}",
        "PN": f"ZZ{number:05d}^Y",
        "TM": f"101112.{number:06d}",
        "UI": f"1.2.999.{number:05d}.1",
        "UR": f"http://zz{number:05d}.example",
    }
    text_vrs = {"AE", "LO", "LT", "SH", "ST", "UC", "UT"}
    if vr in texts or vr in text_vrs:
        return texts.get(vr, f"ZZ{number:05d} x").encode()
    return struct.pack(how.order + "HH", number, 0xA55A) * 8


def plant_all(sop_class_uid: str, how: Encoding) -> Planted:
    """Plant every path of the IOD, then every row of the table at top level and in an Item."""
    planted = Planted(sop_class_uid=sop_class_uid, how=how)
    for path in sorted(iod_types(sop_class_uid), key=lambda path: (len(path), path)):
        if not set(path) & (_ITEMS_ONLY | _HOLDING):
            planted.plant(path)
    kept = next(path for path in kept_sequences(sop_class_uid))
    for tag in (*sorted(table()), 0x00091001, 0x00090010, 0x60004000, 0x60023000, 0x50002500):
        if tag >> 16 != 0x0002:
            planted.plant((tag,))
            planted.plant((*kept, tag))
    # in every Sequence of the table, one Attribute of the table and one that is not in it
    for path in list(paths_of_sequences(planted.tree)):
        planted.plant((*path, 0x00181030))
        planted.plant((*path, 0x00180024))
    return planted


def in_content(path: Path) -> bool:
    """Tell whether an Attribute stands in a Content Item, which is judged as a whole."""
    return not _CONTENT_SEQUENCES.isdisjoint(path[:-1])


def kept_sequences(sop_class_uid: str) -> Iterator[Path]:
    """Yield Sequences of the IOD that neither the table nor a parent in it makes go."""
    rows = table()
    for path in sorted(iod_types(sop_class_uid), key=lambda path: (len(path), path)):
        coded = (*path, 0x00080104) in iod_types(sop_class_uid)
        if vr_of(path[-1]) == "SQ" and not coded and not any(tag in rows for tag in path):
            yield path


def paths_of_sequences(tree: dict[int, Any], parent: Path = ()) -> Iterator[Path]:
    for tag, node in tree.items():
        if isinstance(node, dict):
            yield (*parent, tag)
            yield from paths_of_sequences(node, (*parent, tag))


def may_stay(path: Path, using: str) -> bool:
    """Tell whether the table lets an original value stay at a path under a shipped recipe."""
    row = table().get(path[-1])
    if row is None:
        return not path[-1] >> 16 & 1 and path[-1] >> 24 not in {0x50, 0x60}
    columns = RETAINED[using]
    if "rtnLongModifDatesOpt" in columns and row.get("rtnLongModifDatesOpt"):
        if path[-1] in VOCABULARY_DATES | {0x00080201}:
            return True
        # dates of devices would give the patient's shift away; a time of day is not moved by days
        return vr_of(path[-1]) == "TM" and not row.get("rtnDevIdOpt")
    return any(row.get(column) == "K" for column in columns)
