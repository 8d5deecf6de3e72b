"""Selectors: what each finds, how narrowly, and what none can be written as."""

from __future__ import annotations

import re

import pytest

from casepack.errors import RecipeError
from casepack.recipe import Target, parse_selector
from casepack.standard.dictionary import dictionary_tags, tag_for_keyword
from tests.deidentify.plans import path

PRIVATE = Target(path=(0x0019100C,), creator="SIEMENS MR HEADER", vr="IS")
RENUMBERED = Target(path=(0x001942_0C,), creator="SIEMENS MR HEADER", vr="IS")


def hits(text: str, *keywords: str) -> bool:
    return parse_selector(text, "f:1").matches(Target(path(*keywords)))


def found(text: str) -> set[int]:
    selector = parse_selector(text, "f:1")
    return {tag for tag in dictionary_tags() if selector.matches(Target((tag,)))}


@pytest.mark.parametrize(
    "text", ["PatientAge", "patientage", "00101010", "(0010,1010)", "PATIENTAGE"]
)
def test_an_attribute_is_named_by_keyword_or_tag_at_any_depth(text: str) -> None:
    assert hits(text, "PatientAge")
    assert hits(text, "RequestAttributesSequence", "PatientAge")
    assert not hits(text, "PatientSex")


def test_a_path_of_keywords_names_one_place() -> None:
    text = "RequestAttributesSequence__ScheduledProcedureStepID"
    assert hits(text, "RequestAttributesSequence", "ScheduledProcedureStepID")
    assert not hits(text, "ScheduledProcedureStepID")


@pytest.mark.parametrize(
    ("text", "included", "excluded"),
    [
        ("endswith:Time", "StudyTime EchoTime", "TimezoneOffsetFromUTC"),
        ("startswith:Patient", "PatientName PatientPosition", "OtherPatientNames"),
        ("contains:Name|Physician", "OperatorsName ReferringPhysicianName", "StudyDate"),
        ("contains:operators' name", "OperatorsName", "PatientName"),
        ("contains:0010,0010", "PatientName", "PatientID"),
        ("startswith:0010", "PatientName PatientWeight", "StudyDate"),
        ("endswith:0010", "PatientName Rows", "PatientID"),
        ("except:Manufacturer", "StudyDate", "Manufacturer ManufacturerModelName"),
        ("select:VR:PN", "PatientName", "PatientID"),
        ("select:vr:us", "Rows SmallestImagePixelValue", "PatientID"),
        ("select:GROUP:10", "PatientName", "StudyDate"),
        ("select:group:0010", "PatientName", "StudyDate"),
        ("ALL", "PatientName Rows", ""),
        ("all", "PatientName Rows", ""),
    ],
)
def test_patterns_find_what_deid_documents(text: str, included: str, excluded: str) -> None:
    for keyword in included.split():
        assert tag_for_keyword(keyword) in found(text), keyword
    for keyword in excluded.split():
        assert tag_for_keyword(keyword) not in found(text), keyword


def test_patterns_see_the_path_too_so_a_parent_brings_its_children() -> None:
    assert hits("startswith:RequestAttributes", "RequestAttributesSequence", "StudyInstanceUID")
    assert not hits("except:RequestAttributes", "RequestAttributesSequence", "StudyInstanceUID")
    assert not hits("startswith:RequestAttributes", "StudyInstanceUID")


def test_patterns_keep_the_case_of_their_classes() -> None:
    # deid folds the expression itself, so that \\D becomes \\d
    assert tag_for_keyword("PatientName") in found(r"contains:^\D+$")


@pytest.mark.parametrize("target", [PRIVATE, RENUMBERED])
def test_a_private_attribute_is_known_by_its_creator_in_any_block(target: Target) -> None:
    for text in (
        '0019,"SIEMENS MR HEADER",0C',
        '(0019,"siemens mr header",0c)',
        'contains:"SIEMENS MR',
        'endswith:HEADER",0C',
        "select:group:0019",
        "select:VR:IS",
        "contains:B_value",
        "ALL",
    ):
        assert parse_selector(text, "f:1").matches(target), text
    for text in ('0019,"SIEMENS MR HEADER",0D', '0019,"OTHER",0C', '0021,"SIEMENS MR HEADER",0C'):
        assert not parse_selector(text, "f:1").matches(target), text


def test_a_private_attribute_without_a_known_name_has_the_one_that_deid_gives_it() -> None:
    unknown = Target(path=(0x00191099,), creator="ACME")
    assert parse_selector("contains:Private tag", "f:1").matches(unknown)
    assert not parse_selector("contains:Private tag", "f:1").matches(PRIVATE)


def test_the_narrower_selector_ranks_first() -> None:
    target = Target(path("RequestAttributesSequence", "PatientAge"))
    ranks = [
        parse_selector(text, "f:1").specificity(target)
        for text in (
            "RequestAttributesSequence__PatientAge",
            "PatientAge",
            "contains:Age",
            "except:Name",
            "ALL",
        )
    ]
    assert None not in ranks
    assert ranks == sorted(ranks, key=lambda rank: -1 if rank is None else rank)
    assert len(set(ranks)) == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("NoSuchAttribute", "unknown Attribute"),
        ("0010101", "unknown Attribute"),
        ("(0010,1010", "unknown Attribute"),
        ("RequestAttributesSequence__Nothing", "unknown Attribute"),
        ("(0008,1115)__0__(0020,000E)", "unknown Attribute"),
        ("0019100C", "by its creator"),
        ("(0019,100C)", "by its creator"),
        ("00190010", "by its creator"),
        ('0019,"A",0', "form of a private"),
        ('(0019,"A",0C', "parenthesis"),
        ('0018,"A",0C', "odd"),
        ('0019,"",0C', "1 to 64"),
        ("allexcept:Name", "unknown selector"),
        ("equals:Name", "unknown selector"),
        ("contains:", "nothing after"),
        ("contains:(", "regular expression"),
        ("endswith:[", "regular expression"),
        ("contains:[[a]", "regular expression"),
        ("contains:x{99999999999}", "regular expression"),
        ("select:PN", "VR or group"),
        ("select:VR:PNX", "two letters"),
        ("select:group:xyz", "hexadecimal"),
    ],
)
def test_what_is_no_selector_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(message)) as caught:
        parse_selector(text, "f.dicom:7")
    assert caught.value.place == "f.dicom:7"
