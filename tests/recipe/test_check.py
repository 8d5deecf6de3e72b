"""What `casepack recipe check` finds: in recipes with a defect, and not in those without."""

from __future__ import annotations

import pytest

from casepack.deidentify.explaining.recipe_check import check_recipe
from casepack.model import Finding, Severity
from casepack.recipe import list_recipes, read_text
from tests.recipe.recipes import recipe_of

MODIFIED = "ADD Option RetainLongitudinalModifiedDates"


def check(*lines: str, labels: tuple[str, ...] = (), more: tuple[str, ...] = ()) -> list[Finding]:
    return list(check_recipe(recipe_of("%header", *lines, *more, labels=labels), "test.dicom"))


def codes(*lines: str, labels: tuple[str, ...] = (), more: tuple[str, ...] = ()) -> set[str]:
    return {finding.code for finding in check(*lines, labels=labels, more=more)}


def only(code: str, *lines: str, labels: tuple[str, ...] = ()) -> Finding:
    (finding,) = [each for each in check(*lines, labels=labels) if each.code == code]
    return finding


@pytest.mark.parametrize("name", list_recipes())
def test_shipped_recipes_have_notes_alone(name: str) -> None:
    findings = check_recipe(*read_text(name))
    assert {finding.severity for finding in findings} <= {Severity.NOTE}


def test_all_errors_of_the_language_are_found_at_once_with_their_lines() -> None:
    findings = check("REMOV SequenceName", "REMOVE NoSuchAttribute", "KEEP InstitutionName")
    assert [(each.code, each.severity, each.place) for each in findings] == [
        ("recipe-language", Severity.ERROR, f"test.dicom:{number}") for number in (5, 6, 7)
    ]
    assert "test.dicom" not in findings[0].message


@pytest.mark.parametrize(
    ("lines", "code", "severity"),
    [
        (("REMOVE contains:Zzzz",), "recipe-matches-nothing", Severity.ERROR),
        (("REMOVE SequenceName", "BLANK SequenceName"), "recipe-contradiction", Severity.ERROR),
        (
            ("REPLACE SequenceName a", "REPLACE SequenceName b"),
            "recipe-contradiction",
            Severity.ERROR,
        ),
        (("REMOVE SequenceName", "REMOVE 00180024"), "recipe-line-twice", Severity.WARNING),
        (("REMOVE PatientAge",), "recipe-line-same", Severity.WARNING),
        (("KEEP EchoTime",), "recipe-line-same", Severity.WARNING),
        (("REMOVE ALL", "BLANK SequenceName"), "recipe-line-shadowed", Severity.WARNING),
        (("REMOVE PatientAddress",), "recipe-line-not-in-iod", Severity.WARNING),
        (('REMOVE 0019,"ACME",01',), "recipe-line-same", Severity.WARNING),
        (("REMOVE endswith:Time",), "recipe-hits-required", Severity.ERROR),
        (("REMOVE EchoTime",), "recipe-names-required", Severity.NOTE),
        (("BLANK endswith:Name",), "recipe-hits-protected", Severity.ERROR),
        (("REMOVE contains:UID",), "recipe-hits-protected", Severity.ERROR),
        (("REMOVE ALL",), "recipe-hits-protected", Severity.NOTE),
        (("REPLACE contains:Operator x",), "recipe-value-does-not-fit", Severity.ERROR),
        (("KEEP select:group:0018",), "recipe-keep-leaves", Severity.WARNING),
        (("ADD ClinicalTrialProtocolID 7",), "recipe-add-incomplete", Severity.WARNING),
    ],
)
def test_a_line_that_cannot_be_meant_or_has_no_effect_is_found(
    lines: tuple[str, ...], code: str, severity: Severity
) -> None:
    assert only(code, *lines).severity is severity


def test_lines_that_do_something_are_not_complained_of() -> None:
    assert (
        codes("REMOVE SequenceName", "REMOVE DeviceDiameter", "ADD BodyPartExamined SPINE") == set()
    )
    assert codes("REMOVE endswith:DeviceDiameter") == set()
    allow = ("REMOVE contains:CoilName|SequenceName", "KEEP SequenceName")
    assert "recipe-line-same" not in codes(*allow)


def test_endswith_time_names_the_echo_time_that_it_would_empty() -> None:
    finding = only("recipe-hits-required", "REMOVE endswith:EchoTime", "KEEP EffectiveEchoTime")
    assert "Echo Time" in finding.message
    assert finding.place == "test.dicom:5"
    assert "Echo Time" not in str(check("REMOVE endswith:Time", "KEEP endswith:EchoTime"))


def test_a_contradiction_through_a_group_is_one() -> None:
    more = ("%fields coils", "FIELD ReceiveCoilName")
    assert "recipe-contradiction" in codes(
        "REMOVE fields:coils", "BLANK ReceiveCoilName", more=more
    )
    assert "recipe-contradiction" not in codes("REMOVE fields:coils", more=more)


def test_a_group_that_no_line_uses_is_found() -> None:
    more = ("%fields coils", "FIELD ReceiveCoilName")
    assert "recipe-group-unused" in codes(more=more)
    assert "recipe-group-unused" not in codes("REMOVE fields:coils", more=more)


def test_what_loosens_is_noted_with_its_reason_and_an_idle_override_is_an_error() -> None:
    labels = ("ADD Override InstitutionName the collection is ours",)
    note = only("recipe-loosens", "KEEP InstitutionName", labels=labels)
    assert (note.severity, note.place) == (Severity.NOTE, "test.dicom:4")
    assert "the collection is ours" in note.message
    assert only("recipe-override-unused", labels=labels).severity is Severity.ERROR


def test_an_override_that_the_profile_makes_needless_is_found() -> None:
    labels = ("ADD Override EchoTime why",)
    assert only("recipe-override-idle", "KEEP EchoTime", labels=labels).severity is Severity.WARNING


def test_a_kept_date_is_said_to_be_shifted() -> None:
    found = only("recipe-keep-leaves", "REMOVE ALL", "KEEP StudyDate", labels=(MODIFIED,))
    assert "Study Date" in found.message


def test_taking_away_a_sequence_that_must_stay_is_noted() -> None:
    assert only("recipe-names-required", "REMOVE DeviceSequence").severity is Severity.NOTE


def test_a_private_line_has_an_effect_where_the_option_keeps_what_it_removes() -> None:
    line = 'REMOVE 0019,"SIEMENS MR HEADER",0C'
    assert codes(line, labels=("ADD Option RetainSafePrivate",)) == set()
    assert codes(line) == {"recipe-line-same"}
    override = ('ADD Override 0029,"SIEMENS CSA HEADER",10 slice timing',)
    assert codes('KEEP 0029,"SIEMENS CSA HEADER",10', labels=override) == {"recipe-loosens"}


def test_an_added_module_with_all_that_it_needs_is_complete() -> None:
    trial = (
        "ADD ClinicalTrialSponsorName ACME",
        "ADD ClinicalTrialProtocolID 7",
        "ADD ClinicalTrialProtocolName spine",
        "ADD ClinicalTrialSiteID 1",
        "ADD ClinicalTrialSiteName here",
    )
    assert "recipe-add-incomplete" not in codes(*trial)
    assert "recipe-add-incomplete" in codes(*trial[1:])


def test_what_is_declared_and_not_carried_out_is_noted() -> None:
    more = ("%filter x", "LABEL y", "coordinates all", "%values z", "FIELD PatientID")
    found = check(labels=("ADD Option CleanRecognizableVisualFeatures", MODIFIED), more=more)
    assert [(each.code, each.place) for each in found] == [
        ("recipe-option-not-carried-out", "test.dicom"),
        ("recipe-section-not-used", "test.dicom:7"),
        ("recipe-section-not-used", "test.dicom:10"),
    ]
    assert "CleanRecognizableVisualFeatures" in found[0].message
    assert {each.severity for each in found} == {Severity.NOTE}
