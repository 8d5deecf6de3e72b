from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.sequence import Sequence

from casepack.deidentify.pixels import criteria
from casepack.deidentify.pixels.boxes import Box
from casepack.deidentify.pixels.criteria import Known, flags, known_devices, regions_to_cover
from casepack.deidentify.pixels.header import FileHeader
from casepack.deidentify.pixels.triage import Suspicion, triage
from casepack.part_ten import open_part_ten
from casepack.recipe import Filter, parse_filters
from tests.builders import mr_instance, write_instance
from tests.deidentify.pixels.images import example

MODALITY, MAKER, ROWS, IMAGE_TYPE = 0x00080060, 0x00080070, 0x00280010, 0x00080008


class Header:
    """A header by tag; Rows and Columns are 512."""

    rows, columns = 512, 512

    def __init__(self, values: dict[int, str]) -> None:
        self.values = {ROWS: "512", 0x00280011: "512", **values}

    def text(self, tag: int) -> str | None:
        return self.values.get(tag)

    def regions(self, tag: int) -> tuple[Box, ...]:
        return (Box(100, 50, 400, 450),) if tag == 0x00186011 else ()


def filters(*lines: str) -> tuple[Filter, ...]:
    text = "\n".join(
        ("FORMAT dicom", "%filter test", "LABEL one", *(f"  {line}" for line in lines))
    )
    found, errors = parse_filters(text, "test.dicom")
    assert not errors
    return found


def holds(header: Header, *lines: str) -> bool:
    return flags(filters(*lines)[0].labels[0], header)


CT = Header({MODALITY: "CT", MAKER: "GE MEDICAL", IMAGE_TYPE: "DERIVED\\SECONDARY\\SCREEN SAVE"})


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("contains Manufacturer ge",), True),
        (("contains ImageType RECON|SCREEN SAVE",), True),
        (("notcontains Manufacturer siemens",), True),
        (("equals Modality ct",), True),
        (("notequals Modality CT",), False),
        (("missing StationName",), True),
        (("present StationName",), False),
        (("empty Manufacturer",), False),
        (("equals Modality CT", "+ equals Manufacturer X"), False),
        (("equals Modality MR", "|| contains Manufacturer GE"), True),
        # a line without a sign is a check of its own
        (("equals Modality MR", "contains Manufacturer GE"), True),
        # what stands on one line is in parentheses
        (("equals Modality CT", "+ equals Rows 5 || equals Rows 512"), True),
        (("equals Modality MR", "+ equals Rows 5 || equals Rows 512"), False),
    ],
)
def test_criteria_hold_as_deid_documents_them(lines: tuple[str, ...], *, expected: bool) -> None:
    assert holds(CT, *lines) is expected


def test_regions_are_covered_in_turn_and_kept_where_it_says_so() -> None:
    label = filters("coordinates all", "keepcoordinates from:SequenceOfUltrasoundRegions")[
        0
    ].labels[0]

    covered = regions_to_cover(label.regions, CT)

    assert sum(box.width * box.height for box in covered) == 512 * 512 - 300 * 400
    assert Box(0, 0, 512, 50) in covered


def test_a_list_that_begins_with_what_to_keep_covers_all_else() -> None:
    label = filters("keepcoordinates 0,100,512,512")[0].labels[0]

    assert regions_to_cover(label.regions, CT) == (Box(0, 0, 512, 100),)


def test_every_condition_of_ctp_is_understood() -> None:
    rules = criteria._ctp_rules()

    assert len(rules) == 52
    for rule in rules:
        criteria._condition_holds(rule.condition, CT)


def test_a_dose_report_of_a_known_device_is_covered_where_it_has_its_text() -> None:
    report = Header({MODALITY: "CT", MAKER: "GE MEDICAL SYSTEMS", 0x0008103E: "Dose Report"})

    assert any(Box(0, 0, 512, 110) in known.boxes for known in known_devices(report))
    assert not known_devices(Header({MODALITY: "CT", MAKER: "GE MEDICAL SYSTEMS"}))


def test_a_rule_without_a_test_of_the_modality_says_nothing_about_mr() -> None:
    rendering = {IMAGE_TYPE: "DERIVED\\SECONDARY\\VOLREN"}

    assert known_devices(Header({**rendering, MODALITY: "CT"}))
    assert not known_devices(Header({**rendering, MODALITY: "MR"}))


def test_rules_are_asked_once_for_images_that_give_the_same_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    ask = criteria._ask_devices

    def count(header: Header, *, magnetic_resonance: bool) -> tuple[Known, ...]:
        asked.append(header)
        return ask(header, magnetic_resonance=magnetic_resonance)

    monkeypatch.setattr(criteria, "_answers", {})
    monkeypatch.setattr(criteria, "_ask_devices", count)
    dose = {
        MODALITY: "CT",
        MAKER: "TOSHIBA",
        0x00081090: "Aquilion ONE",
        IMAGE_TYPE: "DERIVED\\SECONDARY\\",
    }
    found = {
        window: known_devices(Header({**dose, 0x00281051: window}))
        for window in ("300", "350", "1", "401.5")
    }
    # a rule wants the window of one value
    assert len(asked) == 2
    assert any(Box(0, 0, 410, 240) in known.boxes for known in found["1"])
    assert not any(
        Box(0, 0, 410, 240) in known.boxes for window in ("300", "350") for known in found[window]
    )


def test_the_user_s_own_filter_holds_on_mr_too() -> None:
    found = triage(Header({MODALITY: "MR"}), filters("contains Modality MR", "coordinates 0,0,9,9"))

    assert found.boxes == (Box(0, 0, 9, 9),)
    assert found.suspicions == (Suspicion.RECIPE,)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({0x00280301: "YES"}, Suspicion.DECLARED),
        ({0x00280301: "MAYBE"}, Suspicion.DECLARED),
        ({0x00080016: "1.2.840.10008.5.1.4.1.1.7"}, Suspicion.SECONDARY_CAPTURE),
        ({0x00080016: "1.2.840.10008.5.1.4.1.1.7.2"}, Suspicion.SECONDARY_CAPTURE),
        ({0x00080008: "DERIVED\\SECONDARY\\SCREEN SAVE"}, Suspicion.SCREEN_SAVE),
        ({0x00080064: "DF"}, Suspicion.DIGITISED_FILM),
        ({0x00080064: "WSD"}, Suspicion.CONVERTED),
        ({0x00080008: "DERIVED\\SECONDARY\\MPR"}, Suspicion.SECONDARY_IMAGE),
    ],
)
def test_a_header_that_hints_at_text_is_a_suspicion(
    values: dict[int, str], expected: Suspicion
) -> None:
    assert expected in triage(Header({MODALITY: "MR", **values})).suspicions


@pytest.mark.parametrize("declared", [{}, {0x00280301: "NO"}, {0x00280301: ""}])
def test_an_acquired_image_raises_no_suspicion(declared: dict[int, str]) -> None:
    found = triage(Header({MODALITY: "MR", IMAGE_TYPE: "ORIGINAL\\PRIMARY\\M", **declared}))

    assert found.suspicions == ()
    assert not found.declared


def test_a_file_answers_with_text_numbers_and_regions(tmp_path: Path) -> None:
    region = Dataset()
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 2, 1
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 5, 6
    ds = mr_instance(SequenceOfUltrasoundRegions=Sequence([region]))
    path = write_instance(ds, tmp_path / "image")

    with open_part_ten(path) as file:
        header = FileHeader(file)
        assert header.text(MODALITY) == "MR"
        assert header.text(IMAGE_TYPE) == "ORIGINAL\\PRIMARY\\OTHER"
        assert header.text(ROWS) == str(ds.Rows)
        assert header.text(0x00081030) is None or isinstance(header.text(0x00081030), str)
        assert header.text(0x00020010) == "1.2.840.10008.1.2.1"
        assert header.regions(0x00186011) == (Box(2, 1, 6, 7),)


def test_a_real_ultrasound_image_is_read() -> None:
    with open_part_ten(example("examples_rgb_color.dcm")) as file:
        found = triage(FileHeader(file))

    assert not found.declared
