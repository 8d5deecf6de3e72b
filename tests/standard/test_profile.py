"""Table E.1-1 is the edition that it says it is, cell by cell, and read without loss."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from importlib.resources import files
from typing import Any

import pytest

from casepack.model import Option
from casepack.standard.dictionary import dictionary_vr, parse_tag, tag_for_keyword
from casepack.standard.profile import EDITION, is_overlay_or_curve, profile_rows
from casepack.standard.types import _tables

PUBLISHED_DIGEST = "e257bc5e1cfecb3156ad3b871c43e6d73581cba6e80df460f4a4a87694e89442"
COLUMNS = {
    "rtnSafePrivOpt": "retain_safe_private",
    "rtnUIDsOpt": "retain_uids",
    "rtnDevIdOpt": "retain_device_identity",
    "rtnInstIdOpt": "retain_institution_identity",
    "rtnPatCharsOpt": "retain_patient_characteristics",
    "rtnLongFullDatesOpt": "retain_longitudinal_full_dates",
    "rtnLongModifDatesOpt": "retain_longitudinal_modified_dates",
    "cleanDescOpt": "clean_descriptors",
    "cleanStructContOpt": "clean_structured_content",
    "cleanGraphOpt": "clean_graphics",
}


def load(name: str) -> Any:
    return json.loads((files("casepack.standard") / name).read_text("utf-8"))


TABLE: list[dict[str, Any]] = load("confidentiality_profile.json")


def test_the_table_has_the_published_digest_of_its_edition() -> None:
    notes = {"(0088,0200)": " (see Note 11)"}
    rows = [
        {
            "name": row["name"] + notes.get(row["tag"], ""),
            "tag": row["tag"],
            "retired": row["retired"],
            "in_standard_iod": row["stdCompIOD"],
            "basic_profile": row["basicProfile"],
            "options": {name: row[column] for column, name in COLUMNS.items() if row[column]},
        }
        for row in TABLE
    ]
    text = json.dumps(rows, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(text.encode()).hexdigest() == PUBLISHED_DIGEST
    assert EDITION == "2026d"


def test_rows_and_codes_are_as_many_as_published() -> None:
    assert Counter(row["basicProfile"] for row in TABLE) == {
        "X": 417,
        "D": 93,
        "U": 55,
        "Z": 42,
        "X/D": 23,
        "X/Z": 11,
        "X/Z/D": 8,
        "Z/D": 6,
        "X/Z/U*": 2,
    }
    codes = {column: Counter(row[column] for row in TABLE if row[column]) for column in COLUMNS}
    assert codes == {
        "rtnSafePrivOpt": {"C": 1},
        "rtnUIDsOpt": {"K": 60},
        "rtnDevIdOpt": {"K": 48, "C": 11},
        "rtnInstIdOpt": {"K": 10},
        "rtnPatCharsOpt": {"K": 14, "C": 5},
        "rtnLongFullDatesOpt": {"K": 169},
        "rtnLongModifDatesOpt": {"C": 169},
        "cleanDescOpt": {"C": 141},
        "cleanStructContOpt": {"C": 4},
        "cleanGraphOpt": {"C": 4},
    }
    assert len(TABLE) == 657
    assert len({row["tag"] for row in TABLE}) == 657


UIDS, DEVICE, INSTITUTION = (
    "retain_uids=K",
    "retain_device_identity=K",
    ("retain_institution_identity=K"),
)
PATIENT = "retain_patient_characteristics=K"
DATES = "retain_longitudinal_full_dates=K retain_longitudinal_modified_dates=C"
DESCRIPTORS = "clean_descriptors=C"


@pytest.mark.parametrize(
    ("tag", "name", "basic", "options"),
    [
        # retyped from the published table
        (0x00080050, "Accession Number", "Z", ""),
        (0x00080018, "SOP Instance UID", "U", UIDS),
        (0x00080020, "Study Date", "Z", DATES),
        (0x00080022, "Acquisition Date", "X/Z", DATES),
        (0x00080080, "Institution Name", "X/Z/D", INSTITUTION),
        (0x00080090, "Referring Physician's Name", "Z", ""),
        (0x00081010, "Station Name", "X/Z/D", DEVICE),
        (0x00081030, "Study Description", "X", DESCRIPTORS),
        (0x00081140, "Referenced Image Sequence", "X/Z/U*", UIDS),
        (0x00100010, "Patient's Name", "Z", ""),
        (0x00100020, "Patient ID", "Z/D", ""),
        (0x00100030, "Patient's Birth Date", "Z", ""),
        (0x00100040, "Patient's Sex", "Z", PATIENT),
        (0x00101010, "Patient's Age", "X", PATIENT),
        (0x00101030, "Patient's Weight", "X", PATIENT),
        (0x00104000, "Patient Comments", "X", DESCRIPTORS),
        (0x00181000, "Device Serial Number", "X/Z/D", DEVICE),
        (0x00181030, "Protocol Name", "X/D", DESCRIPTORS),
        (0x0020000D, "Study Instance UID", "U", UIDS),
        (0x00200010, "Study ID", "Z", ""),
        (0x0040A730, "Content Sequence", "D", "clean_structured_content=C"),
        (0x04000561, "Original Attributes Sequence", "X", ""),
        (0xFFFAFFFA, "Digital Signatures Sequence", "X", ""),
        (0xFFFCFFFC, "Data Set Trailing Padding", "X", ""),
        (0x0040E012, "Display URI", "X", ""),
        (0x3004007F, "Dose Calculation Model Name", "X", DESCRIPTORS),
    ],
)
def test_rows_retyped_by_hand(tag: int, name: str, basic: str, options: str) -> None:
    row = profile_rows()[tag]
    found = " ".join(f"{option.name.lower()}={code}" for option, code in row.options.items())
    assert (row.name, row.basic, row.source) == (name, basic, "E.1-1")
    assert sorted(found.split()) == sorted(options.split())


def test_every_single_attribute_of_the_table_is_read() -> None:
    rows = profile_rows()
    patterns = {"(50xx,xxxx)", "(60xx,3000)", "(60xx,4000)"}
    single = [row for row in TABLE if row["id"] and row["tag"] not in patterns]
    assert len(single) == 653
    for row in single:
        read = rows[parse_tag(row["tag"])]
        assert (read.basic, read.name, read.source) == (row["basicProfile"], row["name"], "E.1-1")
        assert {option.name.lower(): code for option, code in read.options.items()} == {
            name: row[column] for column, name in COLUMNS.items() if row[column]
        }
    assert {row["tag"] for row in TABLE} - {row["tag"] for row in single} == patterns | {
        "(gggg,eeee) where gggg is odd"
    }


def test_gaps_are_read_and_none_is_in_the_table() -> None:
    rows, gaps = profile_rows(), load("e11_gaps.json")["rows"]
    assert len(gaps) == 49
    assert not {gap["tag"] for gap in gaps} & {row["tag"] for row in TABLE}
    for gap in gaps:
        tag = parse_tag(gap["tag"])
        assert tag_for_keyword(gap["keyword"]) == tag
        assert dictionary_vr(tag) == gap["vr"]
        assert rows[tag].source == "E.1-1 gap"
        assert rows[tag].basic in {"X", "U", "X/Z/D"}
    assert len(rows) == 653 + 49
    date = rows[0x00141020].options
    assert date == {
        Option.RETAIN_LONGITUDINAL_FULL_DATES: "K",
        Option.RETAIN_LONGITUDINAL_MODIFIED_DATES: "C",
    }
    assert rows[0x00181003].options == {Option.RETAIN_DEVICE_IDENTITY: "K"}


def test_dates_names_and_uids_that_identify_are_all_listed() -> None:
    # PN, DA, DT, TM, AS and AE of any IOD: the table or the gaps must say what to do
    listed, identify = profile_rows(), {"PN", "DA", "DT", "TM", "AS", "AE"}
    for module in _tables("iod_attribute_types.json.gz")["module"].values():
        for path in module:
            if "x" not in path:
                tag = int(path.rpartition(".")[2], 16)
                assert tag in listed or dictionary_vr(tag) not in identify


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        *((0x50000005, True), (0x501E3000, True), (0x60003000, True), (0x601E4000, True)),
        *((0x60FE0010, True), (0x50FF0010, False), (0x60010010, False), (0x7FE00010, False)),
        *((0x52009229, False), (0x00600010, False)),
    ],
)
def test_curves_and_overlays_are_whole_even_groups(tag: int, expected: bool) -> None:
    assert is_overlay_or_curve(tag) is expected
