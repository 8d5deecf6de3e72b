"""Clean Structured Content: what goes from every Value Type at every level, and what must stay."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from casepack.deidentify.content_items import encode_target
from casepack.encoding import EXPLICIT_BIG, EXPLICIT_LITTLE
from casepack.errors import StudyError
from casepack.model import Action, Option, Reason
from casepack.recipe import Recipe, parse_recipe
from casepack.standard.structured_content import content_row
from tests.builders import mr_instance
from tests.deidentify.plans import CLASSES, HEADER, recipe
from tests.deidentify.reports import (
    FINDING,
    KEY_OBJECTS,
    UNLISTED,
    Code,
    by_reference,
    code,
    item,
    number,
    reference,
    report,
    tree,
)
from tests.deidentify.running import deidentify_bytes, deidentify_dataset, from_bytes, to_bytes

needs_validators = pytest.mark.skipif(
    not os.environ.get("CI") and not (shutil.which("dciodvfy") and shutil.which("dsrdump")),
    reason="dciodvfy or dsrdump is not installed",
)
CONTENT = recipe("CleanStructuredContent", "RetainLongitudinalModifiedDates")
"""Without Clean Descriptors."""
DEPTHS = (1, 2, 5, 12, 40)
UIDS = ["1.2.77.88.99.1", "1.2.77.88.99.2", "1.2.77.88.99.3", "1.2.77.88.99.4", "1.2.77.88.99.5"]
NAME = "Knatterton"


def planted_items() -> list[Dataset]:
    """Return an Item of every Value Type, each with something that must go."""
    image = reference(UIDS[1])
    image.IconImageSequence = [Dataset()]
    image.IconImageSequence[0].ImageComments = NAME
    private = item("CONTAINER", ("X7", "99HOSP", f"{NAME} clinic"))
    private.add_new(0x00990010, "LO", NAME)
    private.add_new(0x00991001, "LO", NAME)
    misplaced = item("TEXT", FINDING, "oedema")
    misplaced.PersonName = f"{NAME}^Nick"
    return [
        item("TEXT", UNLISTED, f"Read by {NAME}"),
        item("TEXT", FINDING, f"seen with Dr. {NAME}, phone 030 1234567"),
        item("TEXT", ("121106", "DCM", "Comment"), f"{NAME}, 1951-02-03"),
        item("PNAME", ("121008", "DCM", "Person Observer Name"), f"{NAME}^Nick"),
        item("PNAME", ("121029", "DCM", "Subject Name"), "Doe^Jane"),
        item("PNAME", UNLISTED, f"{NAME}^Nick"),
        item("UIDREF", UNLISTED, UIDS[0]),
        item("UIDREF", ("121018", "DCM", "Procedure Study Instance UID"), UIDS[0]),
        item("DATE", ("121031", "DCM", "Subject Birth Date"), "19510203"),
        item("DATE", UNLISTED, "20240108"),
        item("DATETIME", UNLISTED, "20240108101500"),
        item("DATETIME", ("113723", "DCM", "Calibration DateTime"), "20231224101500"),
        item("NUM", ("125010", "DCM", "Identifier"), "47119876"),
        item("NUM", UNLISTED, number("3.5", ("NK", "99HOSP", NAME))),
        item("CODE", FINDING, ("NK", "99HOSP", NAME)),
        item("CODE", FINDING, ("NK7781", "99HOSP", f"{NAME} ward")),
        item("CODE", ("NK9", "99HOSP", f"Asked by {NAME}"), ("4147007", "SCT", "Mass")),
        item("CODE", FINDING, ("4147007", "SCT", f"Mass {NAME}")),
        item("IMAGE", None, image),
        item("COMPOSITE", ("121080", "DCM", "Best illustration"), UIDS[2]),
        item("WAVEFORM", None, reference(UIDS[2], "1.2.840.10008.5.1.4.1.1.9.1.1")),
        item("SCOORD3D", None, ("POINT", [1, 2, 3], UIDS[3]), FiducialUID=UIDS[4]),
        item("TCOORD", None, ("POINT", "20240108101500")),
        item("CONTAINER", None, ObservationUID=UIDS[4], ObservationDateTime="20240108101500"),
        private,
        misplaced,
    ]


PLANTED = (NAME, "Jane", "030 1234567", "19510203", "1951-02-03", "20240108", "20231224")
PLANTED_TOO = ("47119876", "99HOSP", "NK7781", "ACC778899", "SN123987", *UIDS)


def nested(items: list[Dataset], depth: int) -> Dataset:
    """Return a report with the Items below so many Containers."""
    for _ in range(depth - 1):
        items = [item("CONTAINER", ("121070", "DCM", "Findings"), None, *items)]
    return report(*items)


def left_in(content: bytes) -> list[str]:
    return [value for value in (*PLANTED, *PLANTED_TOO) if value.encode() in content]


@pytest.mark.parametrize("using", ["publication", CONTENT], ids=["publication", "content-alone"])
@pytest.mark.parametrize("depth", DEPTHS)
def test_nothing_planted_is_left_in_any_value_type_at_any_level(
    tmp_path: Path, depth: int, using: Any
) -> None:
    original = to_bytes(nested(planted_items(), depth))
    assert left_in(original) == [*PLANTED, *PLANTED_TOO]
    deidentified, crosswalk = deidentify_bytes(original, tmp_path, using)
    assert crosswalk.unused == ()
    content = deidentified.instances[0].path.read_bytes()
    assert left_in(content) == []
    assert left_in(content + NAME.encode()) == [NAME]


MASS: Code = ("4147007", "SCT", "Mass")
LENGTH: Code = ("410668003", "SCT", "Length")
TEXT = (
    "Well circumscribed intramedullary metastasis of the thoracic cord at D12, 12 x 9 mm, dark on "
    "T1 and T2, with intense homogeneous enhancement and oedema from D6 to the conus."
)


def clinical_items() -> list[Dataset]:
    return [
        item(
            "CONTAINER",
            ("125007", "DCM", "Measurement Group"),
            None,
            item("TEXT", ("112039", "DCM", "Tracking Identifier"), "Lesion 1"),
            item("CODE", FINDING, MASS, relationship="CONTAINS"),
            item("CODE", FINDING, ("X1", "99HOSP", "Oedema")),
            item("TEXT", FINDING, TEXT),
            item("TEXT", ("121077", "DCM", "Conclusion"), "Stable disease. Control in 3 months."),
            item("NUM", LENGTH, "12.7"),
            item("NUM", LENGTH, number("-1.25e-3", ("{ratio}", "UCUM", "ratio"))),
            item("TIME", UNLISTED, "101500"),
            item(
                "SCOORD",
                ("111030", "DCM", "Image Region"),
                ("POLYLINE", [1.5, 2.25, 3, 4, 1.5, 2.25]),
                item("IMAGE", None, UIDS[0], relationship="SELECTED FROM"),
            ),
            item("SCOORD3D", None, ("POINT", [-1.25, 2.5, 3], UIDS[1])),
            item("IMAGE", ("121112", "DCM", "Source of Measurement"), UIDS[0]),
        )
    ]


def test_findings_measurements_codes_and_coordinates_stay(tmp_path: Path) -> None:
    original = report(*clinical_items())
    found = deidentify_dataset(original, tmp_path)
    assert tree(found) == tree(original)
    group = found.ContentSequence[0].ContentSequence
    assert group[1].ConceptCodeSequence[0].CodeValue == "4147007"
    units = group[6].MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0]
    assert (units.CodeValue, units.CodingSchemeDesignator) == ("{ratio}", "UCUM")


def test_a_code_of_ones_own_keeps_its_meaning_and_loses_its_scheme(tmp_path: Path) -> None:
    found = deidentify_dataset(report(*clinical_items()), tmp_path)
    local = found.ContentSequence[0].ContentSequence[2].ConceptCodeSequence[0]
    assert (local.CodeMeaning, local.CodingSchemeDesignator) == ("Oedema", "99CASEPACK")
    assert local.CodeValue not in {"X1", "REMOVED"}


@pytest.mark.parametrize("scheme", ["99QIICR", "99dcmjs", "IHERADTF", "SRT", "RADLEX"])
def test_codes_of_programs_and_of_everybody_stay(tmp_path: Path, scheme: str) -> None:
    found = deidentify_dataset(report(item("CODE", FINDING, ("A-1", scheme, "Mass"))), tmp_path)
    kept = found.ContentSequence[0].ConceptCodeSequence[0]
    assert (kept.CodeValue, kept.CodingSchemeDesignator, kept.CodeMeaning) == (
        "A-1",
        scheme,
        "Mass",
    )


def test_without_clean_descriptors_texts_say_nothing(tmp_path: Path) -> None:
    comment = item("TEXT", ("121106", "DCM", "Comment"), "Oedema")
    items = [item("TEXT", FINDING, TEXT), item("TEXT", UNLISTED, TEXT), comment]
    found = deidentify_dataset(report(*items, *clinical_items()), tmp_path, CONTENT)
    assert [child.get("TextValue") for child in found.ContentSequence] == [
        "REMOVED",
        "REMOVED",
        None,
    ]
    assert found.ContentSequence[2].ContentSequence[4].MeasuredValueSequence[0].NumericValue == 12.7


def test_observers_stay_apart_and_the_subject_is_the_patient(tmp_path: Path) -> None:
    observer = ("121008", "DCM", "Person Observer Name")
    names = ["Knatterton^Nick", "Meier^Ann", "KNATTERTON^NICK"]
    items = [item("PNAME", observer, name) for name in names]
    items.append(item("PNAME", ("121029", "DCM", "Subject Name"), "Doe^Jane"))
    found = deidentify_dataset(report(*items), tmp_path)
    first, second, again, subject = [str(each.PersonName) for each in found.ContentSequence]
    assert first.startswith("Removed^")
    assert first == again != second
    assert subject == found.PatientName


# ---------------------------------------------------------------- the table


ROWS = json.loads((files("casepack.standard") / "clean_structured_content.json").read_text("utf-8"))
COLUMNS = {
    # under `publication`: 113105, 113107, 113108
    "publication": ("cleanDescOpt", "rtnLongModifDatesOpt", "rtnPatCharsOpt"),
    "devices": ("rtnDevIdOpt", "rtnUIDsOpt", "rtnInstIdOpt", "rtnLongFullDatesOpt"),
    "alone": (),
}
RECIPES: dict[str, Recipe | str] = {
    "publication": "publication",
    "devices": recipe(
        *("CleanStructuredContent", "RetainDeviceIdentity", "RetainUIDs"),
        *("RetainInstitutionIdentity", "RetainLongitudinalFullDates"),
    ),
    "alone": recipe("CleanStructuredContent"),
}
VALUES: dict[str, Any] = {
    "TEXT": "Zzyzx T2 oedema",
    "PNAME": "Zzyzx^Y",
    "UIDREF": "1.2.77.88",
    "DATE": "20240108",
    "TIME": "101500",
    "DATETIME": "20240108101500",
    "NUM": "45",
    "CODE": ("703118005", "SCT", "Female"),
    "CONTAINER": "SEPARATE",
    "IMAGE": "1.2.77.88",
    "COMPOSITE": "1.2.77.88",
    "WAVEFORM": "1.2.77.88",
}
SHOWN = {
    "TEXT": "TextValue",
    "PNAME": "PersonName",
    "UIDREF": "UID",
    "DATE": "Date",
    "TIME": "Time",
    "DATETIME": "DateTime",
}


@pytest.mark.parametrize("using", RECIPES)
def test_every_row_of_table_e_3_4_1_is_carried_out(tmp_path: Path, using: str) -> None:
    rows = [row for row in ROWS if len(row["codeValue"]) <= 16]
    assert len(rows) == len(ROWS) == 214
    items = [
        item(
            row["valueType"],
            (row["codeValue"], row["scheme"], row["meaning"][:64]),
            _value(row),
            *([item("NUM", LENGTH, "1")] if row["valueType"] == "CONTAINER" else []),
            ObservationUID=f"1.2.99.{place}",
        )
        for place, row in enumerate(rows)
    ]
    found = deidentify_dataset(report(*items), tmp_path, RECIPES[using])
    new_uids = {f"1.2.99.{place}": place for place in range(len(rows))}
    results = iter(found.ContentSequence)
    wrong = []
    for row in rows:
        options = [row[column] for column in COLUMNS[using] if row[column]]
        removed = row["basicProfile"] == "X" and not options
        if removed:
            continue
        result = next(results)
        assert result.ValueType == row["valueType"], row["meaning"]
        expected = _expected(row, options)
        shown = result.get(SHOWN.get(row["valueType"], ""), None)
        if row["valueType"] in SHOWN and not expected(str(shown)):
            wrong.append((row["codeValue"], row["valueType"], str(shown)))
        if row["valueType"] in {"IMAGE", "COMPOSITE", "WAVEFORM"}:
            kept = result.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == "1.2.77.88"
            assert kept is ("K" in options)
    assert next(results, None) is None
    assert wrong == []
    assert new_uids


def _value(row: dict[str, Any]) -> Any:
    named = row["codeValue"] == "113724"  # Calibration Responsible Party
    if row["valueType"] == "TEXT" and (named or not row["cleanDescOpt"]):
        return "Zzyzx Villa"
    return VALUES[row["valueType"]]


def _expected(row: dict[str, Any], options: list[str]) -> Any:
    value_type, original = row["valueType"], str(_value(row))
    if value_type == "PNAME":
        return lambda shown: shown.startswith(("Removed^", "Case^"))
    if value_type == "UIDREF":
        return lambda shown: (shown == original) is ("K" in options) and shown
    if "K" in options or (options and value_type == "TIME"):
        return lambda shown: shown == original
    if value_type == "TEXT":
        cleaned = options and "Villa" not in original
        return lambda shown: shown == ("T2 oedema" if cleaned else "REMOVED")
    dummies = {"DATE": "19000101", "TIME": "000000", "DATETIME": "19000101000000"}
    if options and row["codeValue"] != "113723":
        return lambda shown: shown not in {original, dummies[value_type]}
    return lambda shown: shown == dummies[value_type]


def test_a_retired_code_of_snomed_has_the_row_of_its_concept() -> None:
    row = content_row(("SRT", "G-C0E3"), "TEXT")
    assert row is not None
    assert row == content_row(("SCT", "363698007"), "TEXT")
    assert row.options == {Option.CLEAN_DESCRIPTORS: Action.CLEAN}


# ---------------------------------------------------------------- the tree


def test_items_that_are_referred_to_are_found_at_their_new_place(tmp_path: Path) -> None:
    goes = item("TEXT", ("121022", "DCM", "Accession Number"), "ACC778899")
    found = deidentify_dataset(
        report(
            goes,
            item("CONTAINER", None, None, goes, item("NUM", LENGTH, "7")),
            item("TEXT", FINDING, "Mass", by_reference(1, 2, 2), by_reference(1, 1)),
            item("TEXT", FINDING, "Oedema", by_reference(1, 3, 2)),
        ),
        tmp_path,
    )
    assert [entry[2] for entry in tree(found)] == ["CONTAINER", "Mass", "Oedema"]
    assert tree(found.ContentSequence[1]) == [("INFERRED FROM", "", (1, 1, 1), [])]
    # what refers to a reference that went goes too
    assert tree(found.ContentSequence[2]) == []


def test_coordinates_never_lose_what_they_lie_on(tmp_path: Path) -> None:
    best = ("121080", "DCM", "Best illustration of finding")
    found = deidentify_dataset(
        report(
            item("IMAGE", best, UIDS[0]),
            item("IMAGE", best, UIDS[1]),
            item(
                "SCOORD", None, ("POINT", [1, 2]), by_reference(1, 2, relationship="SELECTED FROM")
            ),
            item(
                "SCOORD",
                None,
                ("POINT", [3, 4]),
                item("IMAGE", best, UIDS[0], relationship="SELECTED FROM"),
            ),
        ),
        tmp_path,
    )
    image, first, second = found.ContentSequence
    assert tree(first) == [("SELECTED FROM", "", (1, 1), [])]
    assert [entry[1] for entry in tree(second)] == ["IMAGE"]
    assert image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID.startswith("2.25.")


def test_a_text_of_which_nothing_is_left_says_so_where_others_rest_upon_it(tmp_path: Path) -> None:
    comment = ("121106", "DCM", "Comment")
    found = deidentify_dataset(
        report(
            item("TEXT", comment, NAME),
            item("TEXT", comment, NAME, item("NUM", LENGTH, "7", relationship="INFERRED FROM")),
        ),
        tmp_path,
    )
    (kept,) = found.ContentSequence
    assert kept.TextValue == "REMOVED"
    assert tree(kept) == [("INFERRED FROM", "NUM", "7", [])]


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        ("45", "a", "45"),
        ("89", "a", "89"),
        ("93", "a", "90"),
        ("1200", "mo", "90"),
        ("40", "d", "40"),
        ("45", "parsec", "90"),
    ],
)
def test_an_age_over_89_is_90(tmp_path: Path, value: str, unit: str, shown: str) -> None:
    age = item("NUM", ("121033", "DCM", "Subject Age"), number(value, (unit, "UCUM", "unit")))
    found = deidentify_dataset(report(age), tmp_path)
    measured = found.ContentSequence[0].MeasuredValueSequence[0]
    assert str(measured.NumericValue) == shown
    assert measured.MeasurementUnitsCodeSequence[0].CodeValue == ("a" if shown == "90" else unit)


def test_age_size_and_weight_go_without_patient_characteristics(tmp_path: Path) -> None:
    concepts = (("121033", "DCM"), ("424144002", "SCT"), ("29463-7", "LN"), ("8302-2", "LN"))
    items = [item("NUM", (*concept, "x"), "45") for concept in concepts]
    found = deidentify_dataset(report(*items, item("NUM", LENGTH, "45")), tmp_path, CONTENT)
    (length,) = found.ContentSequence
    assert length.ConceptNameCodeSequence[0].CodeValue == LENGTH[0]


# ---------------------------------------------------------------- held


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (item("TABLE", FINDING), Reason.STRUCTURED_CONTENT),
        (item("KNATTERTON", FINDING), Reason.STRUCTURED_CONTENT),
        (item("", FINDING), Reason.STRUCTURED_CONTENT),
        (item("TEXT", FINDING, "Mass", relationship="KNOWS"), Reason.STRUCTURED_CONTENT),
        (by_reference(1, 7), Reason.MALFORMED),
        (item("TEXT", FINDING, "x", SpecificCharacterSet="ISO_IR 100"), Reason.TEXT_NOT_DECODABLE),
    ],
)
def test_what_is_not_understood_is_held(tmp_path: Path, odd: Dataset, reason: Reason) -> None:
    contents = [to_bytes(report(odd)), to_bytes(_mr())]
    deidentified, crosswalk = deidentify_bytes(contents, tmp_path)
    assert [unused.reason for unused in crosswalk.unused] == [reason]
    assert len(deidentified.instances) == 1


def _mr(**attributes: Any) -> Dataset:
    patient = {"PatientName": "Doe^Jane", "PatientID": "4711-A"}
    return mr_instance(**(patient | attributes))


@pytest.mark.parametrize("using", ["basic", "strict", "tcia"])
@pytest.mark.parametrize("sop_class", [CLASSES["Comprehensive SR"], KEY_OBJECTS])
def test_without_the_option_reports_are_held(tmp_path: Path, using: str, sop_class: str) -> None:
    with pytest.raises(StudyError, match="every instance was held"):
        deidentify_dataset(report(*clinical_items(), sop_class=sop_class), tmp_path, using)


# ---------------------------------------------------------------- the study


def test_names_and_ids_of_a_report_go_from_the_text_of_its_images(tmp_path: Path) -> None:
    names = [
        item("PNAME", ("121008", "DCM", "Person Observer Name"), "Hoppenstedt^Dicki"),
        item("TEXT", ("121030", "DCM", "Subject ID"), "QX-55123"),
        item("TEXT", ("121009", "DCM", "Organization"), "Villa Bacho"),
        # longer than what is searched in an image
        *(item("TEXT", FINDING, "Mass " * 400) for _ in range(40)),
    ]
    image = _mr(SeriesDescription="T2 sag Hoppenstedt QX55123 Villa Bacho spine")
    contents = [to_bytes(image), to_bytes(report(*names))]
    deidentified, _ = deidentify_bytes(contents, tmp_path)
    (found,) = (
        from_bytes(instance.path.read_bytes())
        for instance in deidentified.instances
        if instance.sop_class_uid == CLASSES["MR"]
    )
    assert found.SeriesDescription == "T2 sag spine"


def test_references_lead_to_the_new_uids_of_the_images(tmp_path: Path) -> None:
    image = _mr()
    uid = str(image.SOPInstanceUID)
    evidence = Dataset()
    evidence.StudyInstanceUID = image.StudyInstanceUID
    series = Dataset()
    series.SeriesInstanceUID = image.SeriesInstanceUID
    series.RetrieveAETitle = "KNATTERTON"
    series.ReferencedSOPSequence = [reference(uid)]
    evidence.ReferencedSeriesSequence = [series]
    keys = report(
        item("TEXT", ("113012", "DCM", "Key Object Description"), f"Mass, {NAME}"),
        item("IMAGE", None, uid),
        sop_class=KEY_OBJECTS,
        CurrentRequestedProcedureEvidenceSequence=[evidence],
    )
    deidentified, crosswalk = deidentify_bytes([to_bytes(image), to_bytes(keys)], tmp_path)
    (found,) = (
        from_bytes(instance.path.read_bytes())
        for instance in deidentified.instances
        if instance.sop_class_uid == KEY_OBJECTS
    )
    text, shown = found.ContentSequence
    assert text.TextValue == "Mass"
    listed = found.CurrentRequestedProcedureEvidenceSequence[0]
    assert listed.StudyInstanceUID == found.StudyInstanceUID
    assert "RetrieveAETitle" not in listed.ReferencedSeriesSequence[0]
    for entry in (
        shown.ReferencedSOPSequence[0],
        listed.ReferencedSeriesSequence[0].ReferencedSOPSequence[0],
    ):
        assert entry.ReferencedSOPInstanceUID == crosswalk.uids[uid]
        assert entry.ReferencedSOPClassUID == CLASSES["MR"]


def _enhanced(items: list[Dataset]) -> Dataset:
    image = _mr(AcquisitionContextSequence=items, ReferringPhysicianName=f"{NAME}^Nick")
    image.SOPClassUID = CLASSES["Enhanced MR"]
    return image


def test_acquisition_context_of_an_image_is_cleaned_item_by_item(tmp_path: Path) -> None:
    items = [
        item("TEXT", ("109054", "DCM", "Patient State"), f"prone, {NAME}"),
        item("PNAME", ("121008", "DCM", "Person Observer Name"), f"{NAME}^Nick"),
        item("CODE", ("109055", "DCM", "Protocol Stage"), ("128974", "DCM", "Baseline")),
    ]
    for one in items:
        del one.RelationshipType
    found = deidentify_dataset(_enhanced(items), tmp_path)
    state, observer, stage = found.AcquisitionContextSequence
    assert state.TextValue == "prone"
    assert observer.PersonName.family_name == "Removed"
    assert stage.ConceptCodeSequence[0].CodeMeaning == "Baseline"


def test_an_acquisition_context_without_value_types_is_judged_by_its_values(tmp_path: Path) -> None:
    text = item("TEXT", ("121022", "DCM", "Accession Number"), "ACC778899")
    size = Dataset()
    size.ConceptNameCodeSequence = [code(LENGTH)]
    size.NumericValue = "7"
    size.MeasurementUnitsCodeSequence = [code(("mm", "UCUM", "mm"))]
    del text.RelationshipType, text.ValueType
    found = deidentify_dataset(_enhanced([text, size]), tmp_path)
    (kept,) = found.AcquisitionContextSequence
    assert kept.NumericValue == 7


def test_a_line_of_the_recipe_has_the_last_word(tmp_path: Path) -> None:
    options = "ADD Option CleanStructuredContent\nADD Option CleanDescriptors\n"
    using = parse_recipe(
        HEADER + options + "\n%header\nREPLACE TextValue nothing to say\n", "test.dicom"
    )
    found = deidentify_dataset(report(item("TEXT", FINDING, "Mass")), tmp_path, using)
    assert found.ContentSequence[0].TextValue == "nothing to say"


def test_the_record_says_on_whose_word(tmp_path: Path) -> None:
    deidentified, _ = deidentify_bytes(to_bytes(report(*planted_items())), tmp_path)
    sources = {(count.tag, count.action, count.source) for count in deidentified.record.actions}
    assert ("(0040,A123)", Action.DUMMY, "E.3.4-1") in sources
    assert ("(0040,A160)", Action.CLEAN, "E.3.4-1 113105") in sources
    assert ("(0040,A160)", Action.DUMMY, "E.3.4-1, not listed 113105") in sources
    assert ("(0040,A730)", Action.REMOVE, "E.3.4-1") in sources
    assert ("(0040,A730)", Action.CLEAN, "E.1-1 113104") in sources


@needs_validators
@pytest.mark.parametrize("using", ["publication", CONTENT], ids=["publication", "content-alone"])
def test_dsrdump_and_dciodvfy_have_nothing_new_to_say(tmp_path: Path, using: Any) -> None:
    observer = ("121008", "DCM", "Person Observer Name")
    (tmp_path / "original.dcm").write_bytes(
        to_bytes(
            report(
                item("PNAME", observer, f"{NAME}^Nick", relationship="HAS OBS CONTEXT"),
                item("TEXT", FINDING, NAME),
                item("CODE", FINDING, ("X", "99HOSP", NAME)),
                *clinical_items(),
            )
        )
    )
    content = (tmp_path / "original.dcm").read_bytes()
    deidentified, _ = deidentify_bytes(content, tmp_path, using)
    path = deidentified.instances[0].path
    assert _errors(path) <= _errors(tmp_path / "original.dcm")
    run = subprocess.run(["dsrdump", str(path)], capture_output=True, check=False)
    before = subprocess.run(
        ["dsrdump", str(tmp_path / "original.dcm")], capture_output=True, check=False
    )
    assert run.returncode == before.returncode == 0


def _errors(path: Path) -> set[str]:
    run = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, check=False)
    lines = run.stderr.decode("utf-8", "replace").splitlines()
    return {_without_place(line) for line in lines if line.startswith("Error")}


def _without_place(line: str) -> str:
    return line.partition("> - ")[2].partition("= <")[0]


def test_references_in_big_endian_trees_are_moved_too() -> None:
    assert encode_target((1, 258), EXPLICIT_BIG).endswith(struct.pack(">II", 1, 258))
    assert encode_target((1, 258), EXPLICIT_LITTLE).endswith(struct.pack("<II", 1, 258))
