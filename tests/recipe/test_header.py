"""Lines of %header: what each action takes, and what casepack refuses to do."""

from __future__ import annotations

import pytest

from casepack.recipe import PRECEDENCE, HeaderAction, Target
from tests.deidentify.plans import path
from tests.recipe.recipes import fault, parse


def test_each_action_is_read_with_its_value_and_place() -> None:
    recipe = parse(
        "%header",
        "ADD BodyPartExamined SPINE",
        "BLANK SequenceName",
        "KEEP EchoTime",
        "REMOVE ReceiveCoilName",
        "REPLACE ImageComments  two   words # comment",
    )
    read = [(line.action, line.tag, line.value, line.source) for line in recipe.lines]
    assert read == [
        (HeaderAction.ADD, 0x00180015, "SPINE", "test.dicom:5"),
        (HeaderAction.BLANK, 0x00180024, None, "test.dicom:6"),
        (HeaderAction.KEEP, 0x00180081, None, "test.dicom:7"),
        (HeaderAction.REMOVE, 0x00181250, None, "test.dicom:8"),
        (HeaderAction.REPLACE, 0x00204000, "two words", "test.dicom:9"),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("REMOV SequenceName", "unknown action"),
        ("remove SequenceName", "unknown action"),
        ("LABEL x", "unknown action"),
        ("FIELD SequenceName", "unknown action"),
        ("REMOVE", "needs an Attribute"),
        ("REMOVE # SequenceName", "needs an Attribute"),
        ("REMOVE SequenceName now", "takes no value"),
        ("REMOVE ALL contains:x", "takes no value"),
        ("KEEP EchoTime please", "takes no value"),
        ("BLANK SequenceName ''", "takes no value"),
        ("ADD BodyPartExamined", "needs a value"),
        ("REPLACE ImageComments # gone", "needs a value"),
        ("REPLACE ImageComments func:clean", "literal"),
        ("REPLACE ImageComments var:text", "literal"),
        ("REPLACE StudyDate deid_func:jitter days=3", "literal"),
        ("REMOVE ALL func:is_name", "literal"),
        ("REMOVE NoSuchAttribute", "unknown Attribute"),
        ("REMOVE values:names", "groups of values"),
        ("REMOVE fields:nothing", "no section %fields"),
        ("ADD contains:Body SPINE", "ADD names one"),
        ("ADD fields:x SPINE", "no section"),
        ('ADD 0019,"ACME",01 x', "ADD names one"),
        ("ADD RequestAttributesSequence__PatientAge 060Y", "ADD names one"),
        ('REPLACE 0019,"ACME",01 x', "kept or removed only"),
        ('BLANK 0019,"ACME",01', "kept or removed only"),
    ],
)
def test_what_is_not_understood_or_not_carried_out_is_refused(line: str, message: str) -> None:
    assert message in fault("%header", line)
    assert fault("%header", line).startswith("test.dicom:5: ")


@pytest.mark.parametrize("line", ["JITTER StudyDate 31", "JITTER endswith:Date var:jitter"])
def test_a_fixed_shift_is_refused_and_the_option_named(line: str) -> None:
    assert "whole weeks" in fault("%header", line)


@pytest.mark.parametrize(
    "line",
    [
        "REMOVE SOPClassUID",
        "KEEP SOPInstanceUID",
        "REPLACE PatientID CASE1",
        "BLANK PatientName",
        "ADD PatientIdentityRemoved YES",
        "ADD BurnedInAnnotation NO",
        "REMOVE SpecificCharacterSet",
        "REMOVE PixelData",
        "BLANK Rows",
        "REMOVE RescaleSlope",
        "REMOVE ReferencedSOPClassUID",
        "REMOVE CodingSchemeUID",
        "REPLACE ContextUID 1.2",
        "REMOVE TransferSyntaxUID",
        "REMOVE 00080000",
        "REPLACE (6000,0022) x",
    ],
)
def test_no_line_names_what_casepack_sets_or_what_holds_the_image_together(line: str) -> None:
    assert fault("%header", line)


@pytest.mark.parametrize(
    "line",
    [
        "REPLACE StudyDate 2024",
        "REPLACE StudyDate 20240231",
        "REPLACE StudyTime 256000",
        "REPLACE PatientSex female",
        "REPLACE PatientAge 60",
        "REPLACE EchoTime soon",
        "REPLACE StudyID a-text-of-more-than-16-characters",
        "REPLACE ImageComments Grün",
        "REPLACE SeriesNumber 1\\2",
        "REPLACE ImageOrientationPatient 1\\0\\0",
        "REPLACE EchoTrainLength 1\\2",
        "REPLACE FrameOfReferenceUID 1.2.3",
        "REPLACE RequestAttributesSequence x",
        "REPLACE SmallestImagePixelValue 0",
        "ADD DiffusionBValue 0",
    ],
)
def test_a_value_must_be_one_that_the_attribute_can_have(line: str) -> None:
    assert fault("%header", line)


@pytest.mark.parametrize(
    "line",
    [
        "REPLACE StudyDate 20240229",
        "REPLACE ImageType DERIVED\\SECONDARY",
        "REPLACE ImageOrientationPatient 1\\0\\0\\0\\1\\0",
        "REPLACE ImageComments back\\slash",
        "REPLACE OperatorsName Removed^",
        "ADD PatientAge 060Y",
    ],
)
def test_a_fitting_value_is_taken(line: str) -> None:
    assert parse("%header", line).lines


# ---------------------------------------------------------------- loosening


@pytest.mark.parametrize(
    "line",
    [
        "KEEP InstitutionName",
        "KEEP SeriesDescription",
        "KEEP CodeMeaning",
        "KEEP CodingSchemeName",
        "KEEP FrameOfReferenceUID",
        'KEEP 0029,"SIEMENS CSA HEADER",10',
        "KEEP fields:group",
    ],
)
def test_keep_beyond_the_profile_needs_an_override_with_a_reason(line: str) -> None:
    group = ("%fields group", "FIELD InstitutionName")
    assert "loosens the Profile" in fault("%header", line, *group)
    words = line.split(maxsplit=1)[1].replace("fields:group", "InstitutionName")
    recipe = parse("%header", line, *group, labels=(f"ADD Override {words} it is ours",))
    assert recipe.overrides == (f"{words} (test.dicom:4): it is ours",)


def test_keep_of_a_text_that_an_option_cleans_needs_an_override() -> None:
    labels = ("ADD Option CleanDescriptors",)
    assert parse("%header", "KEEP Manufacturer").overrides == ()
    assert "loosens" in fault("%header", "KEEP Manufacturer", labels=labels)
    assert parse("%header", "KEEP CodeValue", labels=labels).overrides == ()


def test_keep_of_what_an_option_retains_needs_none() -> None:
    assert fault("%header", "KEEP PatientAge")
    labels = ("ADD Option RetainPatientCharacteristics",)
    assert parse("%header", "KEEP PatientAge", labels=labels).overrides == ()
    assert parse("%header", "KEEP EchoTime").overrides == ()


@pytest.mark.parametrize("keyword", ["StudyDate", "AcquisitionTime", "PatientBirthDate"])
def test_no_override_keeps_a_date_since_it_would_give_the_shift_away(keyword: str) -> None:
    modified = "ADD Option RetainLongitudinalModifiedDates"
    override = f"ADD Override {keyword} wanted"
    assert "by an Option or not" in fault("%header", f"KEEP {keyword}", labels=(override,))
    assert fault("%header", f"KEEP {keyword}", labels=(modified, override))
    assert "by an Option or not" in fault("%header", f"KEEP {keyword}")
    if keyword == "PatientBirthDate":
        assert fault("%header", f"KEEP {keyword}", labels=(modified,))
    else:
        # it is left to the Option, which shifts it
        assert parse("%header", f"KEEP {keyword}", labels=(modified,)).overrides == ()
        full = ("ADD Option RetainLongitudinalFullDates",)
        assert parse("%header", f"KEEP {keyword}", labels=full).overrides == ()


@pytest.mark.parametrize(
    "name", ["DigitalSignaturesSequence", "OriginalAttributesSequence", "(6000,3000)"]
)
def test_no_override_keeps_originals_signatures_or_overlays(name: str) -> None:
    assert fault("%header", f"KEEP {name}", labels=(f"ADD Override {name} wanted",))


def test_an_override_that_is_not_needed_is_not_reported_as_loosening() -> None:
    assert parse("%header", "KEEP EchoTime", labels=("ADD Override EchoTime why",)).overrides == ()


def test_an_override_that_no_line_uses_is_not_reported_as_loosening() -> None:
    recipe = parse(labels=("ADD Override InstitutionName it is ours",))
    assert recipe.overrides == ()
    assert len(recipe.allowances) == 1


# ---------------------------------------------------------------- which line holds


def test_precedence_is_as_deid_documents_it() -> None:
    assert [str(action) for action in PRECEDENCE] == ["KEEP", "ADD", "REPLACE", "REMOVE", "BLANK"]


@pytest.mark.parametrize(
    ("lines", "winner"),
    [
        (("REMOVE ALL", "KEEP EchoTime"), 1),
        (("KEEP contains:Echo", "REMOVE EchoTime"), 0),
        (("BLANK EchoTime", "REMOVE EchoTime"), 1),
        (("REPLACE EchoTime 1", "ADD EchoTime 2"), 1),
        (("REPLACE EchoTime 1", "REMOVE EchoTime"), 0),
        (("REPLACE EchoTime 1", "REPLACE contains:Echo 2"), 0),
        (("REPLACE contains:Echo 2", "REPLACE except:Name 3"), 0),
        (("REPLACE ALL 3", "REPLACE except:Name 2"), 1),
        (("REPLACE EchoTime 1", "REPLACE EchoTime 2"), 1),
        (("REPLACE contains:Echo 1", "REPLACE endswith:Time 2"), 1),
        (("REPLACE contains:Echo 1", "REPLACE fields:group 2"), 1),
    ],
)
def test_the_line_that_holds_is_first_by_action_then_narrowest_then_last(
    lines: tuple[str, ...], winner: int
) -> None:
    recipe = parse("%fields group", "FIELD EchoTime", "%header", *lines)
    holding = recipe.line_for(Target(path("EchoTime")))
    assert holding is recipe.lines[winner]


def test_add_is_about_the_top_level_alone() -> None:
    recipe = parse("%header", "ADD PatientAge 060Y", "BLANK PatientAge")
    top = recipe.line_for(Target(path("PatientAge")))
    inside = recipe.line_for(Target(path("RequestAttributesSequence", "PatientAge")))
    assert top is not None
    assert inside is not None
    assert (top.action, inside.action) == (HeaderAction.ADD, HeaderAction.BLANK)


def test_an_attribute_that_no_line_is_about_has_none() -> None:
    assert parse("%header", "REMOVE EchoTime").line_for(Target(path("Rows"))) is None
