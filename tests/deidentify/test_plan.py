"""The Plan: Table E.1-1, Options, recipe and Attribute Types, resolved for each Attribute."""

from __future__ import annotations

import pytest

from casepack.deidentify.plan import compile_plan, refuse_held_class
from casepack.errors import InstanceHeld
from casepack.model import Action, Option, Reason
from casepack.standard.dictionary import dictionary_vr
from casepack.standard.types import read_iod
from tests.deidentify.plans import CLASSES, RECIPES, path, plan, recipe, shipped, tag

BASIC = shipped("basic")
DEVICE_SOURCES = {"E.1-1 113109", "E.1-1 gap 113109"}
VOCABULARY = {0x00080106, 0x00080107, 0x0040DB06, 0x0040DB07}


def places(name: str) -> list[tuple[int, ...]]:
    """Return every path that the IOD defines."""
    iod = read_iod(CLASSES[name])
    assert iod is not None
    return [place for module in iod.modules for place in module.attributes]


@pytest.mark.parametrize(
    ("name", "keywords", "action", "source"),
    [
        ("MR", "PatientName", Action.ZERO, "E.1-1"),
        ("MR", "StudyInstanceUID", Action.UID, "E.1-1"),
        ("MR", "SeriesDescription", Action.REMOVE, "E.1-1"),
        ("MR", "InstitutionName", Action.REMOVE, "E.1-1"),
        ("MR", "OperatorIdentificationSequence InstitutionName", Action.DUMMY, "E.1-1"),
        ("MR", "ContrastBolusAgent", Action.ZERO, "E.1-1"),
        ("MR", "OtherPatientIDsSequence PatientID", Action.DUMMY, "E.1-1"),
        ("MR", "RepetitionTime", Action.KEEP, "not in E.1-1"),
        ("MR", "PatientBirthDateInAlternativeCalendar", Action.REMOVE, "E.1-1 gap"),
        ("MR", "PatientAddress", Action.REMOVE, "not in IOD"),
        ("MR", "ContrastBolusAgentSequence CodeMeaning", Action.CLEAN, "known meanings"),
        ("MR", "StudyComments", Action.REMOVE, "not in IOD"),
        # Type 2 and 2C: to be removed, but the IOD wants them
        ("MR", "ResponsiblePerson", Action.ZERO, "E.1-1"),
        # Type 1 in the macro, listed among the gaps
        ("MR", "RealWorldValueMappingSequence LUTExplanation", Action.DUMMY, "E.1-1 gap"),
        # vendors write them although the IOD does not have them
        ("MR", "RescaleSlope", Action.KEEP, "reads Pixel Data"),
        ("MR", "NumberOfFrames", Action.KEEP, "reads Pixel Data"),
        ("MR", "OperatorIdentificationSequence NumberOfFrames", Action.REMOVE, "not in IOD"),
        # free text is nobody's vocabulary
        ("SEG", "SegmentSequence SegmentDescription", Action.REMOVE, "free text"),
        ("SEG", "SegmentSequence TrackingID", Action.DUMMY, "free text"),
        ("SEG", "SegmentSequence SegmentLabel", Action.KEEP, "not in E.1-1"),
    ],
)
def test_rules_of_the_basic_profile(name: str, keywords: str, action: Action, source: str) -> None:
    rule = plan(name, BASIC).rule(path(*keywords.split()))
    assert (rule.action, rule.source) == (action, source)


def test_group_lengths_private_and_overlay_elements_go_at_every_level() -> None:
    made = plan("MR", shipped("publication"))
    for number, source in (
        (0x00080000, "group length"),
        (0x00091010, "E.1-1"),
        (0x60003000, "E.1-1"),
        (0x50FE0005, "E.1-1"),
        (0x601E4000, "E.1-1"),
        (0xFFFCFFFC, "not in IOD"),
        (0xFFFAFFFA, "E.1-1"),
        (0x00041500, "not in IOD"),
    ):
        for place in ((number,), (tag("RequestAttributesSequence"), number)):
            rule = made.rule(place)
            assert rule.action is Action.REMOVE
            assert rule.source in {source, "not in IOD", "E.1-1"}


@pytest.mark.parametrize("name", ["MR", "Enhanced MR", "CT", "SEG", "RTSTRUCT"])
def test_no_free_text_beyond_short_labels_is_kept_by_any_shipped_recipe(name: str) -> None:
    for using in RECIPES:
        made = plan(name, shipped(using))
        for place in places(name):
            if dictionary_vr(place[-1]) in {"ST", "LT", "UT", "PN"}:
                rule = made.rule(place)
                assert rule.action is not Action.KEEP or rule.source in DEVICE_SOURCES, place


@pytest.mark.parametrize("name", ["MR", "Enhanced MR", "CT", "SEG", "RTSTRUCT"])
def test_dates_are_kept_by_no_shipped_recipe(name: str) -> None:
    for using in RECIPES:
        made = plan(name, shipped(using))
        for place in places(name):
            if dictionary_vr(place[-1]) in {"DA", "DT"} and place[-1] not in VOCABULARY:
                assert made.rule(place).action is not Action.KEEP, place


def test_modified_dates_are_shifted_and_times_kept() -> None:
    made = plan("MR", recipe("RetainLongitudinalModifiedDates"))
    date, time = made.rule(path("StudyDate")), made.rule(path("StudyTime"))
    assert (date.action, date.otherwise, date.source) == (
        Action.CLEAN,
        Action.ZERO,
        "E.1-1 113107",
    )
    assert (time.action, time.otherwise) == (Action.KEEP, Action.ZERO)
    assert made.rule(path("PatientBirthDate")).action is Action.ZERO
    # its offset from the study could be guessed, and gives the shift away
    assert made.rule(path("DateOfLastCalibration")).action is Action.REMOVE


@pytest.mark.parametrize(
    "keyword",
    ["StudyComments", "RequestedProcedureDescription", "VisitComments", "AcquisitionComments"],
)
def test_descriptors_that_no_image_iod_has_are_cleaned_as_the_table_says(keyword: str) -> None:
    rule = plan("MR", recipe("CleanDescriptors")).rule(path(keyword))
    assert (rule.action, rule.otherwise, rule.source) == (
        Action.CLEAN,
        Action.REMOVE,
        "E.1-1 113105",
    )
    assert plan("MR", BASIC).rule(path(keyword)).action is Action.REMOVE
    nested = plan("MR", recipe("CleanDescriptors")).rule(
        path("ReferencedImageSequence", "StudyComments")
    )
    assert nested.action is Action.REMOVE


def test_descriptors_of_another_iod_go() -> None:
    rule = plan("MR", recipe("CleanDescriptors")).rule(path("StructureSetLabel"))
    assert rule.action is Action.REMOVE


def test_full_dates_are_kept() -> None:
    made = plan("MR", recipe("RetainLongitudinalFullDates"))
    rule = made.rule(path("StudyDate"))
    assert (rule.action, rule.otherwise, rule.source) == (Action.KEEP, Action.ZERO, "E.1-1 113106")


@pytest.mark.parametrize(
    ("option", "keyword"),
    [
        ("RetainPatientCharacteristics", "PatientSex"),
        ("RetainDeviceIdentity", "StationName"),
        ("RetainUIDs", "StudyInstanceUID"),
        ("RetainInstitutionIdentity", "InstitutionName"),
    ],
)
def test_each_retaining_option_retains(option: str, keyword: str) -> None:
    assert plan("MR", recipe(option)).rule(path(keyword)).action is Action.KEEP
    assert plan("MR", BASIC).rule(path(keyword)).action is not Action.KEEP


def test_cleaning_pixels_changes_no_rule_and_needs_its_runtime(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, basic = plan("SC", recipe("CleanPixelData")), plan("MR", BASIC)
    assert made.options == {Option.CLEAN_PIXEL_DATA}
    assert made.rule(path("PatientName")) == basic.rule(path("PatientName"))
    monkeypatch.setattr("casepack.deidentify.plan.finds_text", lambda: False)
    with pytest.raises(InstanceHeld) as held:
        plan("SC", recipe("CleanPixelData"))
    assert held.value.reason is Reason.SECONDARY_CAPTURE
    assert plan("MR", recipe("CleanPixelData")).options == frozenset()


@pytest.mark.parametrize("option", ["CleanRecognizableVisualFeatures"])
def test_an_option_that_is_not_carried_out_changes_nothing_and_is_not_claimed(option: str) -> None:
    made, basic = plan("Enhanced MR", recipe(option)), plan("Enhanced MR", BASIC)
    assert made.options == frozenset()
    for place in places("Enhanced MR"):
        assert made.rule(place) == basic.rule(place)


@pytest.mark.parametrize(
    ("name", "option", "keyword"),
    [
        ("Enhanced MR", "CleanStructuredContent", "AcquisitionContextSequence"),
        ("Comprehensive SR", "CleanStructuredContent", "ContentSequence"),
        ("KOS", "CleanStructuredContent", "ContentSequence"),
        ("GSPS", "CleanGraphics", "GraphicAnnotationSequence"),
        ("GSPS", "CleanGraphics", "ContentLabel"),
    ],
)
def test_each_cleaning_option_looks_inside(name: str, option: str, keyword: str) -> None:
    rule = plan(name, recipe(option)).rule(path(keyword))
    assert rule.action is Action.CLEAN
    assert " 1131" in rule.source


@pytest.mark.parametrize("name", ["Comprehensive SR", "KOS", "GSPS"])
def test_no_other_option_opens_what_one_must_clean(name: str) -> None:
    others = ["CleanDescriptors", "RetainUIDs", "CleanGraphics", "CleanStructuredContent"]
    others.remove("CleanGraphics" if name == "GSPS" else "CleanStructuredContent")
    with pytest.raises(InstanceHeld):
        plan(name, recipe(*others))


def test_references_of_frames_stay_where_the_header_lists_what_is_referenced() -> None:
    # Referenced Series Sequence must not list what nothing refers to
    place = path(
        "PerFrameFunctionalGroupsSequence", "DerivationImageSequence", "SourceImageSequence"
    )
    with_list = frozenset(path("ReferencedSeriesSequence"))
    assert plan("SEG", BASIC, with_list).rule(place).action is Action.KEEP
    assert plan("SEG", BASIC).rule(place).action is Action.ZERO
    inside = plan("SEG", BASIC, with_list).rule((*place, *path("ReferencedSOPInstanceUID")))
    assert inside.action is Action.UID


def test_lines_of_a_recipe_come_last() -> None:
    header = "REMOVE SequenceName\nBLANK PositionReferenceIndicator\nREPLACE Manufacturer ACME\n"
    made = plan("MR", recipe(header=header))
    assert made.rule(path("SequenceName")).action is Action.REMOVE
    assert made.rule(path("PositionReferenceIndicator")).action is Action.ZERO
    rule = made.rule(path("Manufacturer"))
    assert (rule.action, rule.value, rule.source) == (Action.DUMMY, "ACME", "test.dicom:8")


def test_keep_with_an_override_keeps() -> None:
    made = plan(
        "MR",
        recipe(
            header="KEEP SeriesDescription\n",
            overrides="ADD Override SeriesDescription reviewed by hand\n",
        ),
    )
    assert made.rule(path("SeriesDescription")).action is Action.KEEP


@pytest.mark.parametrize(
    ("uid", "reason"),
    [
        (CLASSES["SC"], Reason.SECONDARY_CAPTURE),
        ("1.2.840.10008.5.1.4.1.1.7.2", Reason.SECONDARY_CAPTURE),
        (CLASSES["KOS"], Reason.STRUCTURED_CONTENT),
        (CLASSES["Comprehensive SR"], Reason.STRUCTURED_CONTENT),
        (CLASSES["GSPS"], Reason.GRAPHICS),
        (CLASSES["PDF"], Reason.ENCAPSULATED_DOCUMENT),
        ("private", Reason.SOP_CLASS_PRIVATE),
        ("1.2.840.10008.5.1.4.1.1.999", Reason.SOP_CLASS_UNKNOWN),
        ("1.2.840.10008.1.1", Reason.SOP_CLASS_UNKNOWN),
    ],
)
def test_classes_that_cannot_be_cleaned_are_held(uid: str, reason: Reason) -> None:
    with pytest.raises(InstanceHeld) as held:
        refuse_held_class(uid, BASIC.options)
    assert held.value.reason == reason
    with pytest.raises(InstanceHeld):
        compile_plan(uid, BASIC, frozenset())


def test_a_class_whose_uid_only_begins_alike_is_not_held() -> None:
    assert refuse_held_class("1.2.840.10008.5.1.4.1.1.77.1.1", BASIC.options).name.startswith("vl")


@pytest.mark.parametrize(
    ("name", "keywords"),
    [
        ("GSPS", ("PresentationCreationDate",)),
        ("MR", ("HL7StructuredDocumentReferenceSequence", "HL7InstanceIdentifier")),
        ("MR", ("PixelDataProviderURL",)),
    ],
)
def test_what_the_iod_must_have_is_a_dummy_where_the_table_removes_it(
    name: str, keywords: tuple[str, ...]
) -> None:
    using = recipe("CleanGraphics")
    place = path(*keywords)
    rule = plan(name, using, frozenset(place[:1])).rule(place)
    assert rule.action is Action.DUMMY
    assert rule.source.endswith(", Type 1")


def test_what_the_iod_must_have_only_with_what_is_removed_goes_too() -> None:
    # Patient's Alternative Calendar is Type 1C beside dates in it
    rule = plan("MR", BASIC).rule(path("PatientAlternativeCalendar"))
    assert (rule.action, rule.source) == (Action.REMOVE, "E.1-1 gap")


def test_an_inventory_of_an_archive_is_held() -> None:
    with pytest.raises(InstanceHeld):
        refuse_held_class("1.2.840.10008.5.1.4.1.1.201.1", BASIC.options)
