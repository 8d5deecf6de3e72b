"""Table E.1-1 as the verifier reads it, row by row, against what may stand in a file."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from pathlib import Path

import pytest
from pydicom.uid import UID

from casepack.standard import profile as used_by_deidentify
from casepack.verify.attributes import check_attributes
from casepack.verify.contents.elements import Element, PartTen
from casepack.verify.contents.reading import read_part_ten
from casepack.verify.holdings import Holding
from casepack.verify.profile import CID_7050, Row, is_overlay_or_curve, read_rows, read_safe_private
from tests.builders import write_instance
from tests.verify.studies import result_image


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> PartTen:
    path = write_instance(result_image(1, 1, 2), tmp_path_factory.mktemp("clean") / "1.dcm")
    return read_part_ten(path.read_bytes())


def codes(part_ten: PartTen, element: Element) -> set[str]:
    """What is found when an element is added to a clean file."""
    with_element = PartTen(
        preamble=part_ten.preamble,
        meta=part_ten.meta,
        elements=(*part_ten.elements, element),
        data_set_at=part_ten.data_set_at,
    )
    holding = Holding(path=Path("1.dcm"), name="1.dcm", part_ten=with_element)
    return {finding.code for finding in check_attributes(holding)}


def element_of(row: Row, *, nested: bool, value: bytes = b"20010203") -> Element:
    path = ((0x00081140, 0),) if nested else ()
    return Element(row.tag, row.vr or "LO", path, 0, len(value), value)


@pytest.mark.parametrize("nested", [False, True])
def test_every_row_that_only_removes_is_found_unless_an_option_keeps_it(
    clean: PartTen, nested: bool
) -> None:
    claimed = {"113100", "113105", "113107", "113108"}
    checked = 0
    for row in read_rows().values():
        if row.tag >> 16 in {0, 2} or is_overlay_or_curve(row.tag) or row.codes != {"X"}:
            continue
        found = codes(clean, element_of(row, nested=nested))
        kept = bool(claimed & set(row.options))
        expected = "attribute-not-removed" if row.listed else "attribute-not-listed"
        if row.tag == 0x04000500:
            expected = "encrypted-attributes"
        assert (expected in found) is not kept, row.keyword
        checked += 1
    assert checked > 400


def test_an_empty_value_of_a_removed_attribute_is_tolerated(clean: PartTen) -> None:
    row = read_rows()[0x00101040]
    assert codes(clean, element_of(row, nested=False, value=b"")) == set()
    assert codes(clean, element_of(row, nested=False, value=b"  ")) == set()


def test_rows_that_also_allow_a_dummy_are_not_found(clean: PartTen) -> None:
    for row in read_rows().values():
        if row.codes == {"X"} or row.vr in {"PN", "DA", "DT"} or row.tag >> 16 in {0, 2, 4}:
            continue
        value = b"1.2.3" if row.vr == "UI" else b"DUMMY 1"
        if row.tag in clean.top:
            continue
        assert codes(clean, element_of(row, nested=False, value=value)) == set(), row.keyword


def test_the_table_is_the_published_one() -> None:
    rows = json.loads(
        (files("casepack.standard") / "confidentiality_profile.json").read_text("utf-8")
    )
    names = {
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
    canonical = [
        {
            "name": row["name"] + (" (see Note 11)" if row["tag"] == "(0088,0200)" else ""),
            "tag": row["tag"],
            "retired": row["retired"],
            "in_standard_iod": row["stdCompIOD"],
            "basic_profile": row["basicProfile"],
            "options": {name: row[key] for key, name in names.items() if row[key]},
        }
        for row in rows
    ]
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = "e257bc5e1cfecb3156ad3b871c43e6d73581cba6e80df460f4a4a87694e89442"
    assert hashlib.sha256(text.encode()).hexdigest() == digest


def test_rows_typed_by_hand() -> None:
    rows = read_rows()
    for tag, actions, options in (
        (0x00100010, {"Z"}, {}),
        (0x00100020, {"Z", "D"}, {}),
        (0x00080080, {"X", "Z", "D"}, {"113112": "K"}),
        (0x00081030, {"X"}, {"113105": "C"}),
        (0x00080020, {"Z"}, {"113106": "K", "113107": "C"}),
        (0x00101010, {"X"}, {"113108": "K"}),
        (0x00181000, {"X", "Z", "D"}, {"113109": "K"}),
        (0x0020000D, {"U"}, {"113110": "K"}),
        (0x00081140, {"X", "Z", "U"}, {"113110": "K"}),
        (0x04000561, {"X"}, {}),
    ):
        assert rows[tag].codes == actions
        assert rows[tag].options == options
    assert {option for row in rows.values() for option in row.options} <= CID_7050


def test_the_safe_private_table_is_read_whole() -> None:
    assert len(read_safe_private()) == 479
    assert ("SIEMENS MR HEADER", 0x0019, 0x0C) in read_safe_private()


def test_both_readers_of_the_table_agree() -> None:
    # two readers, so that one can be wrong: here is where it would show
    theirs = used_by_deidentify.profile_rows()
    ours = read_rows()
    listed = {tag for tag, row in ours.items() if row.listed}
    assert len(listed) == 653
    assert listed <= theirs.keys()
    for tag in listed:
        row = theirs[tag]
        assert ours[tag].codes == set(row.basic.rstrip("*").split("/"))
        assert set(ours[tag].options) == {option.value for option in row.options}


@pytest.mark.parametrize(
    ("date", "time", "found"),
    [
        ("19000101", "000000", set()),
        ("20220905", "000000.000", set()),  # the shifted date of its study
        ("20230405", "000000", {"attribute-not-removed"}),
        ("19000101", "101112", {"attribute-not-removed"}),
    ],
)
def test_a_presentation_state_has_dummies_for_its_type_1_date_and_time(
    tmp_path: Path, date: str, time: str, found: set[str]
) -> None:
    ds = result_image(1, 1, 2)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.11.1")
    del ds.DeidentificationMethodCodeSequence[2]  # 113107
    ds.LongitudinalTemporalInformationModified = "REMOVED"
    ds.StudyDate, ds.SeriesDate = "20220905", ""
    ds.PresentationCreationDate, ds.PresentationCreationTime = date, time
    data = write_instance(ds, tmp_path / "1.dcm").read_bytes()
    holding = Holding(path=Path("1.dcm"), name="1.dcm", part_ten=read_part_ten(data))
    codes_found = {finding.code for finding in check_attributes(holding)}
    assert codes_found - {"date-without-option", "option-not-claimed"} == found
