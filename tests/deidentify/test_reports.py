"""Whole reports: a radiologist's (TID 2000), highdicom's (TID 1500), dcmtk's, and broken ones."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
from pathlib import Path

import highdicom as hd
import pytest
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from casepack.errors import StudyError
from tests.annotate.drawings import lesion
from tests.annotate.foreign import written
from tests.builders import deidentified, mr_instance
from tests.deidentify.pixels.test_run import CAPTURE, capture, run
from tests.deidentify.reports import KEY_OBJECTS, Code, item, reference, report, tree
from tests.deidentify.running import (
    PSEUDONYMS,
    deidentify_bytes,
    deidentify_dataset,
    from_bytes,
    to_bytes,
)
from tests.deidentify.test_structured_content import clinical_items, planted_items
from tests.foreign import foreign_files

BASIC_TEXT = "1.2.840.10008.5.1.4.1.1.88.11"
needs_dsrdump = pytest.mark.skipif(
    not os.environ.get("CI") and shutil.which("dsrdump") is None, reason="dcmtk is not installed"
)


def section(concept: Code, *texts: str) -> Dataset:
    finding = ("121071", "DCM", "Finding")
    return item("CONTAINER", concept, None, *(item("TEXT", finding, text) for text in texts))


def radiology_report() -> Dataset:
    """Return a report as it is dictated (TID 2000), names where dictation has them."""
    observer = ("121008", "DCM", "Person Observer Name")
    organization = ("121009", "DCM", "Person Observer's Organization Name")
    placer = ("121020", "DCM", "Placer Number")
    return report(
        item("CODE", ("121049", "DCM", "Language"), ("en", "RFC5646", "English"),
             relationship="HAS CONCEPT MOD"),
        item("PNAME", observer, "Grünewald^Matthias", relationship="HAS OBS CONTEXT"),
        item("TEXT", organization, "Isenheim Hospital", relationship="HAS OBS CONTEXT"),
        item("TEXT", placer, "PL-558213", relationship="HAS OBS CONTEXT"),
        section(
            ("121060", "DCM", "History"),
            "Mrs. Doe, 60 years, known breast cancer. Referred by Dr. Knatterton for leg weakness "
            "since 12 December 2023. Phone 030 1234567.",
        ),
        section(
            ("121064", "DCM", "Current Procedure Descriptions"),
            "MRI of the thoracic and lumbar spine with contrast, performed at Isenheim Hospital, "
            "order PL-558213.",
        ),
        section(
            ("121070", "DCM", "Findings"),
            "Well circumscribed intramedullary lesion at D12, 12 x 9 x 18 mm, hypointense on T1 "
            "and T2 with intense homogeneous enhancement.",
            "Long cord oedema from D6 to the conus. No osseous metastasis. Schmorl nodes at L2.",
        ),
        section(
            ("121072", "DCM", "Impressions"),
            "Intramedullary metastasis of the epiconus. Findings were discussed with Dr. Nick "
            "Knatterton on 08.01.2024 at 14:30.",
            "Dictated and signed: M. Grünewald, MD",
        ),
        sop_class=BASIC_TEXT,
    )  # fmt: skip


GOES = (
    *("Knatterton", "Grünewald", "Grunewald", "Isenheim", "PL-558213", "558213", "Doe"),
    *("12 December", "08.01.2024", "030 1234567"),
)
STAYS = (
    "known breast cancer",
    "leg weakness",
    "MRI of the thoracic and lumbar spine with contrast",
    "Well circumscribed intramedullary lesion at D12, 12 x 9 x 18 mm, hypointense on T1 and T2",
    "with intense homogeneous enhancement.",
    "Long cord oedema from D6 to the conus. No osseous metastasis. Schmorl nodes at L2.",
    "Intramedullary metastasis of the epiconus.",
)


def texts_of(ds: Dataset) -> str:
    values = [str(each.value) for each in ds.iterall() if each.keyword == "TextValue"]
    return re.sub(r"\s+", " ", " | ".join(values))


def test_a_dictated_report_loses_its_names_and_keeps_its_findings(tmp_path: Path) -> None:
    original = radiology_report()
    before = texts_of(original)
    assert all(word in before for word in (*GOES[:2], *GOES[3:5], *GOES[6:], *STAYS))
    found = deidentify_dataset(original, tmp_path)
    after = texts_of(found)
    assert [word for word in GOES if word.casefold() in after.casefold()] == []
    assert [words for words in STAYS if words not in after] == []
    headings = [
        each.ConceptNameCodeSequence[0].CodeMeaning
        for each in found.ContentSequence
        if each.ValueType == "CONTAINER"
    ]
    assert headings == ["History", "Current Procedure Descriptions", "Findings", "Impressions"]


def test_a_report_of_highdicom_reads_back_with_its_numbers(tmp_path: Path) -> None:
    path = written(deidentified(tmp_path / "images"), "SR", lesion())
    original = from_bytes(path.read_bytes())
    original.PatientName, original.PatientID = "Doe^Jane", "4711-A"
    deidentified_files, crosswalk = deidentify_bytes(to_bytes(original), tmp_path)
    assert crosswalk.unused == ()
    found = hd.sr.srread(deidentified_files.instances[0].path)
    before, after = (
        hd.sr.MeasurementReport.from_sequence([ds]).get_planar_roi_measurement_groups()
        for ds in (original, found)
    )
    assert len(before) == len(after) > 0
    for one, other in zip(before, after, strict=True):
        values = [
            [measurement.value for measurement in group.get_measurements()]
            for group in (one, other)
        ]
        assert values[0] == values[1] != []
        assert other.finding_type == one.finding_type
        assert one.roi is not None
        assert other.roi is not None
        assert other.roi.value.tolist() == one.roi.value.tolist()
        assert other.tracking_uid == crosswalk.uids[str(one.tracking_uid)]
    assert codes.SCT.Metastasis in [group.finding_type for group in after]


@needs_dsrdump
@pytest.mark.parametrize(
    "name", ["reportsi.dcm", "test-SR.dcm", "reportsi_with_empty_number_tags.dcm"]
)
def test_reports_of_dcmtk_are_no_worse_than_before(tmp_path: Path, name: str) -> None:
    (path,) = (each for each in foreign_files() if each.name == name)
    result, crosswalk = deidentify_bytes(path.read_bytes(), tmp_path)
    assert crosswalk.unused == ()
    after = result.instances[0].path
    before = from_bytes(path.read_bytes())
    assert len(list(walk(from_bytes(after.read_bytes())))) <= len(list(walk(before)))
    errors = [
        {line.partition(": ")[0] for line in dump(each) if line.startswith(("E:", "F:"))}
        for each in (path, after)
    ]
    assert errors[1] <= errors[0]
    names = {
        part.casefold()
        for element in before.iterall()
        if element.VR == "PN"
        for part in re.split(r"[\^= ]", str(element.value))
        if len(part) > 4
    }
    assert names
    content = after.read_bytes().decode("latin-1").casefold()
    assert [part for part in names if re.search(rf"\b{re.escape(part)}\b", content)] == []


def walk(ds: Dataset) -> list[Dataset]:
    return [entry for child in tree(ds) for entry in [child]]


def dump(path: Path) -> list[str]:
    run = subprocess.run(["dsrdump", str(path)], capture_output=True, check=False)
    return run.stderr.decode("utf-8", "replace").splitlines()


def test_a_mutated_report_never_leaks(tmp_path: Path) -> None:
    original = to_bytes(report(*planted_items(), *clinical_items()))
    assert b"Knatterton" in original
    start = original.index(b"DICM") + 200
    chance = random.Random(11)  # no secret
    passed = 0
    for number in range(120):
        content = bytearray(original)
        for _ in range(chance.choice((1, 1, 2, 5))):
            content[chance.randrange(start, len(content))] ^= 1 << chance.randrange(8)
        try:
            result, _ = deidentify_bytes(bytes(content), tmp_path / str(number))
        except StudyError:
            continue
        passed += 1
        assert b"knatterton" not in result.instances[0].path.read_bytes().lower()
    assert passed > 20


def test_a_report_nested_a_thousand_deep_is_held(tmp_path: Path) -> None:
    from casepack.encoding import EXPLICIT_LITTLE, encode_element, encode_sequence

    tail = encode_element(0x0040A010, "CS", b"CONTAINS", EXPLICIT_LITTLE)
    tail += encode_element(0x0040A040, "CS", b"CONTAINER", EXPLICIT_LITTLE)
    content = b""
    for _ in range(1000):
        content = encode_sequence(0x0040A730, [tail + content], EXPLICIT_LITTLE)
    flat = report()
    del flat.ContentSequence
    encoded = to_bytes(flat)
    image = mr_instance(PatientName="Doe^Jane", PatientID="4711-A")
    result, crosswalk = deidentify_bytes([encoded + content, to_bytes(image)], tmp_path)
    assert len(result.instances) == len(crosswalk.unused) == 1


def test_key_objects_lead_to_the_capture_whose_text_was_covered(tmp_path: Path) -> None:
    shown = capture(1, "MUSTERMANN ERIKA 17.05.1961")
    uid = str(shown.SOPInstanceUID)
    keys = report(item("IMAGE", None, reference(uid, CAPTURE)), sop_class=KEY_OBJECTS)
    result, _ = run(tmp_path, [shown, keys])
    found = {one.sop_class_uid: from_bytes(one.path.read_bytes()) for one in result.instances}
    assert (found[CAPTURE].PixelData == shown.PixelData) is False
    (selected,) = found[KEY_OBJECTS].ContentSequence
    led_to = selected.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
    assert led_to == found[CAPTURE].SOPInstanceUID
    assert led_to not in {uid, PSEUDONYMS.uid(uid)}
