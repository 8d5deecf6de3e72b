"""Lines of a recipe in the engine: on real Data Sets, at any depth, never against the Type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from casepack.errors import StudyError
from casepack.model import Action
from casepack.recipe import Recipe, parse_recipe
from tests.builders import mr_instance
from tests.deidentify.plans import path, plan
from tests.deidentify.running import deidentify_bytes, deidentify_dataset, to_bytes
from tests.recipe.recipes import recipe_of

CREATOR = "ACME SPINE 1.0"
KEPT = f'0019,"{CREATOR}",01'
OVERRIDE = f"ADD Override {KEPT} needed for the method"


def recipe(*lines: str, labels: tuple[str, ...] = ()) -> Recipe:
    return parse_recipe(recipe_of("%header", *lines, labels=labels), "test.dicom")


def mr(**attributes: Any) -> Dataset:
    ds = mr_instance(PatientName="Quill^Amaranth", PatientID="QF-558213", **attributes)
    ds.BurnedInAnnotation = "NO"
    return ds


def item(**attributes: object) -> Dataset:
    ds = Dataset()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


# ---------------------------------------------------------------- by Type


@pytest.mark.parametrize(
    ("line", "keyword", "action"),
    [
        ("REMOVE SequenceName", "SequenceName", Action.REMOVE),
        ("REMOVE EchoTime", "EchoTime", Action.ZERO),
        ("REMOVE ImageType", "ImageType", Action.DUMMY),
        ("BLANK SequenceName", "SequenceName", Action.ZERO),
        ("BLANK ImageType", "ImageType", Action.DUMMY),
        ("REMOVE endswith:Time", "EchoTime", Action.ZERO),
        ("REMOVE ALL", "Manufacturer", Action.ZERO),
        ("REMOVE ALL", "SOPClassUID", Action.KEEP),
        ("REMOVE ALL", "Rows", Action.KEEP),
        ("REMOVE ALL", "SOPInstanceUID", Action.UID),
        ("REPLACE ALL 7", "SliceThickness", Action.DUMMY),
        ("REPLACE ALL 7", "ReferencedImageSequence", Action.REMOVE),
    ],
)
def test_a_line_never_breaks_the_iod_nor_touches_what_is_protected(
    line: str, keyword: str, action: Action
) -> None:
    assert plan("MR", recipe(line)).rule(path(keyword)).action is action


def test_what_the_iod_lacks_goes_whatever_a_line_says() -> None:
    using = recipe("KEEP PatientAddress", labels=("ADD Override PatientAddress why not",))
    assert plan("MR", using).rule(path("PatientAddress")).action is Action.REMOVE


def test_a_dummy_has_as_many_values_as_the_attribute_must_have(tmp_path: Path) -> None:
    out = deidentify_dataset(mr(), tmp_path, recipe("REMOVE ImageType", "REMOVE PixelSpacing"))
    assert out.ImageType == ["REMOVED", "REMOVED"]
    assert out.PixelSpacing == [0, 0]


def test_an_allow_list_keeps_what_it_names_and_the_image_stays_an_image(tmp_path: Path) -> None:
    using = recipe("REMOVE ALL", "KEEP EchoTime", "KEEP contains:ImageOrientation")
    ds = mr(SequenceName="*tse2d1", ProtocolName="Quill protocol")
    out = deidentify_dataset(ds, tmp_path, using)
    assert out.EchoTime == 10
    assert list(out.ImageOrientationPatient) == [0, 1, 0, 0, 0, -1]
    assert (out.RepetitionTime, out.get("SequenceName"), out.get("ProtocolName")) == (None,) * 3
    assert (out.Rows, out.BitsStored, out.PhotometricInterpretation) == (64, 12, "MONOCHROME2")
    assert out.PixelData == ds.PixelData
    assert out.SOPClassUID == ds.SOPClassUID


# ---------------------------------------------------------------- at depth


def test_a_line_holds_inside_sequences_too(tmp_path: Path) -> None:
    ds = mr(DeviceSequence=[item(DeviceDiameter="4", DeviceLength="20")])
    assert deidentify_dataset(ds, tmp_path / "a").DeviceSequence[0].DeviceDiameter == 4
    out = deidentify_dataset(ds, tmp_path / "b", recipe("REMOVE DeviceDiameter"))
    assert "DeviceDiameter" not in out.DeviceSequence[0]
    assert out.DeviceSequence[0].DeviceLength == 20


def test_a_path_holds_at_its_place_alone(tmp_path: Path) -> None:
    ds = mr(
        DeviceSequence=[item(DeviceDiameter="4")],
        InterventionSequence=[item(InterventionStatus="PRE")],
    )
    using = recipe("REMOVE DeviceSequence__DeviceDiameter", "REMOVE DeviceSequence__DeviceLength")
    out = deidentify_dataset(ds, tmp_path, using)
    assert "DeviceDiameter" not in out.DeviceSequence[0]


def test_keeping_a_sequence_shields_nothing_inside(tmp_path: Path) -> None:
    ds = mr(
        RequestAttributesSequence=[
            item(
                ScheduledProcedureStepDescription="for Quill",
                ScheduledProcedureStepID="QF-558213",
                StudyInstanceUID=mr().StudyInstanceUID,
            )
        ]
    )
    assert "RequestAttributesSequence" not in deidentify_dataset(ds, tmp_path / "a", recipe())
    using = recipe(
        "KEEP RequestAttributesSequence", labels=("ADD Override RequestAttributesSequence why",)
    )
    out = deidentify_dataset(ds, tmp_path / "b", using)
    (kept,) = out.RequestAttributesSequence
    assert "Quill" not in str(kept)
    assert "QF-558213" not in str(kept)
    assert kept.StudyInstanceUID == out.StudyInstanceUID


def test_what_a_sequence_says_goes_when_the_sequence_itself_must_stay(tmp_path: Path) -> None:
    tissue = item(CodeValue="85756007", CodingSchemeDesignator="SCT", CodeMeaning="Tissue")
    inside = item(SpecimenIdentifier="S7", SpecimenUID="1.2.3", SpecimenTypeCodeSequence=[tissue])
    ds = mr(SpecimenDescriptionSequence=[inside], ContainerIdentifier="C7")
    remove = "REMOVE SpecimenDescriptionSequence"
    whole = deidentify_dataset(ds, tmp_path / "a", recipe()).SpecimenDescriptionSequence[0]
    assert whole.SpecimenTypeCodeSequence[0].CodeValue == "85756007"
    emptied = deidentify_dataset(ds, tmp_path / "b", recipe(remove)).SpecimenDescriptionSequence[0]
    assert "SpecimenTypeCodeSequence" not in emptied
    assert emptied.SpecimenIdentifier == "REMOVED"
    but = "KEEP SpecimenDescriptionSequence__SpecimenTypeCodeSequence"
    kept = deidentify_dataset(ds, tmp_path / "c", recipe(remove, but)).SpecimenDescriptionSequence
    assert "SpecimenTypeCodeSequence" in kept[0]


def test_a_kept_date_is_one_that_the_option_shifts(tmp_path: Path) -> None:
    labels = ("ADD Option RetainLongitudinalModifiedDates",)
    ds = mr(SeriesDate="20240108", AcquisitionDate="20240108")
    using = recipe("REMOVE ALL", "KEEP StudyDate", "KEEP SeriesDate", labels=labels)
    out = deidentify_dataset(ds, tmp_path, using)
    assert out.StudyDate == out.SeriesDate
    assert "19000101" < out.StudyDate < "20240108"
    assert "AcquisitionDate" not in out


def test_a_keep_by_pattern_loosens_only_what_an_override_names(tmp_path: Path) -> None:
    ds = mr(InstitutionName="St. Elsewhere", InstitutionalDepartmentName="Radiology")
    labels = ("ADD Override InstitutionName it is ours",)
    out = deidentify_dataset(ds, tmp_path, recipe("KEEP contains:Institution", labels=labels))
    assert out.InstitutionName == "St. Elsewhere"
    assert "InstitutionalDepartmentName" not in out


def test_a_kept_text_still_may_not_echo_the_patient(tmp_path: Path) -> None:
    labels = ("ADD Override StudyDescription reviewed",)
    out = deidentify_dataset(
        mr(StudyDescription="MR of Amaranth"),
        tmp_path,
        recipe("KEEP StudyDescription", labels=labels),
    )
    assert "StudyDescription" not in out


# ---------------------------------------------------------------- ADD


def test_add_writes_a_missing_attribute_and_replaces_a_present_one(tmp_path: Path) -> None:
    using = recipe("ADD BodyPartExamined TSPINE", "ADD Laterality U", "ADD PatientAge 060Y")
    ds = mr()
    assert "Laterality" not in ds
    deidentified, _ = deidentify_bytes(to_bytes(ds), tmp_path, using)
    (instance,) = deidentified.instances
    out = pydicom.dcmread(instance.path)
    assert (out.BodyPartExamined, out.Laterality, out.PatientAge) == ("TSPINE", "U", "060Y")
    tags = [elem.tag for elem in out]
    assert tags == sorted(tags)
    done = {(row.name, row.action, row.source, row.count) for row in deidentified.record.actions}
    assert ("Laterality", Action.DUMMY, "test.dicom:6", 1) in done
    assert ("Body Part Examined", Action.DUMMY, "test.dicom:5", 1) in done


def test_add_writes_nothing_that_the_iod_does_not_define(tmp_path: Path) -> None:
    out = deidentify_dataset(mr(), tmp_path, recipe("ADD KVP 120", "ADD InterventionDrugName x"))
    assert "KVP" not in out
    assert "InterventionDrugName" not in out


def test_add_begins_a_module_whose_types_then_count() -> None:
    tag, remove = path("ClinicalTrialProtocolName"), "REMOVE ClinicalTrialProtocolName"
    assert plan("MR", recipe(remove)).rule(tag).action is Action.REMOVE
    using = recipe(remove, "ADD ClinicalTrialSponsorName ACME")
    assert plan("MR", using).rule(tag).action is Action.ZERO


# ---------------------------------------------------------------- private


def private(block: int = 0x10, creator: str = CREATOR) -> Dataset:
    ds = mr()
    ds.add_new(0x00190000 | block, "LO", creator)
    ds.add_new(0x00190000 | block << 8 | 0x01, "DS", "42.5")
    ds.add_new(0x00190000 | block << 8 | 0x02, "LO", "Quill's secret")
    return ds


@pytest.mark.parametrize("block", [0x10, 0x2A, 0xFF])
def test_a_private_attribute_is_kept_by_creator_in_any_block(tmp_path: Path, block: int) -> None:
    using = recipe(f"KEEP {KEPT}", labels=(OVERRIDE,))
    out = deidentify_dataset(private(block), tmp_path, using)
    kept = [(elem.tag, elem.value) for elem in out if elem.tag.is_private]
    assert kept == [(0x00190000 | block, CREATOR), (0x00190001 | block << 8, 42.5)]


def test_without_the_line_nothing_private_stays_and_no_creator(tmp_path: Path) -> None:
    out = deidentify_dataset(private(), tmp_path, recipe())
    assert not [elem for elem in out if elem.tag.is_private]


def test_another_creator_of_the_same_block_is_not_kept(tmp_path: Path) -> None:
    using = recipe(f"KEEP {KEPT}", labels=(OVERRIDE,))
    out = deidentify_dataset(private(creator="OTHER"), tmp_path, using)
    assert not [elem for elem in out if elem.tag.is_private]


@pytest.mark.parametrize("line", ["KEEP ALL", "KEEP select:group:0019", "KEEP contains:ACME"])
def test_a_pattern_keeps_no_private_attribute_without_an_override(
    tmp_path: Path, line: str
) -> None:
    out = deidentify_dataset(
        private(), tmp_path / "a", recipe(line, f"KEEP {KEPT}", labels=(OVERRIDE,))
    )
    assert [elem.tag for elem in out if elem.tag.is_private] == [0x00190010, 0x00191001]
    out = deidentify_dataset(private(), tmp_path / "c", recipe(line, labels=(OVERRIDE,)))
    assert [elem.tag for elem in out if elem.tag.is_private] == [0x00190010, 0x00191001]
    labels = ("ADD Option RetainSafePrivate",)
    out = deidentify_dataset(private(), tmp_path / "b", recipe(line, labels=labels))
    assert not [elem for elem in out if elem.tag.is_private]


@pytest.mark.parametrize(
    "line",
    [
        'REMOVE 0019,"SIEMENS MR HEADER",0C',
        "REMOVE select:group:0019",
        "BLANK contains:SIEMENS",
        "REMOVE ALL",
    ],
)
def test_a_line_removes_what_the_safe_private_option_would_keep(tmp_path: Path, line: str) -> None:
    ds = mr()
    ds.add_new(0x00190010, "LO", "SIEMENS MR HEADER")
    ds.add_new(0x0019100C, "IS", "800")
    labels = ("ADD Option RetainSafePrivate",)
    assert deidentify_dataset(ds, tmp_path / "a", recipe(labels=labels))[0x0019100C].value == 800
    out = deidentify_dataset(ds, tmp_path / "b", recipe(line, labels=labels))
    assert not [elem for elem in out if elem.tag.is_private]


def test_a_line_is_obeyed_where_an_essential_would_be_lifted(tmp_path: Path) -> None:
    ds = mr()
    ds.add_new(0x00190010, "LO", "SIEMENS MR HEADER")
    ds.add_new(0x0019100C, "IS", "800")
    assert deidentify_dataset(ds, tmp_path / "a", recipe()).DiffusionBValue == 800
    assert "DiffusionBValue" not in deidentify_dataset(
        ds, tmp_path / "b", recipe("REMOVE DiffusionBValue")
    )


def test_a_kept_private_attribute_inside_a_sequence_is_kept_there_too(tmp_path: Path) -> None:
    inner = item(DeviceDiameter="4")
    inner.add_new(0x00190010, "LO", CREATOR)
    inner.add_new(0x00191001, "LO", "inside")
    using = recipe(f"KEEP {KEPT}", labels=(OVERRIDE,))
    out = deidentify_dataset(mr(DeviceSequence=[inner]), tmp_path, using)
    assert out.DeviceSequence[0][0x00191001].value == "inside"


def test_items_of_a_kept_private_sequence_are_judged_one_by_one(tmp_path: Path) -> None:
    ds = mr()
    uid = ds.SOPInstanceUID
    ds.add_new(0x00190010, "LO", CREATOR)
    inside = item(PatientName="Quill^Amaranth", Rows=3, ReferencedSOPInstanceUID=uid)
    ds.add_new(0x00191001, "SQ", Sequence([inside]))
    using = recipe(f"KEEP {KEPT}", labels=(OVERRIDE,))
    for number, syntax in enumerate((ExplicitVRLittleEndian, ExplicitVRBigEndian)):
        ds.file_meta.TransferSyntaxUID = syntax
        out = deidentify_dataset(ds, tmp_path / str(number), using)
        (kept,) = out[0x00191001].value
        assert "Quill" not in str(kept)
        assert kept.Rows == 3
        assert kept.ReferencedSOPInstanceUID == out.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    out = deidentify_dataset(ds, tmp_path / "implicit", using)
    assert b"Quill" not in out[0x00191001].value
    assert out.SOPInstanceUID.encode() in out[0x00191001].value


def test_uids_in_kept_private_attributes_are_replaced(tmp_path: Path) -> None:
    ds = mr()
    ds.add_new(0x00190010, "LO", CREATOR)
    ds.add_new(0x00191001, "UI", ds.SOPInstanceUID)
    out = deidentify_dataset(ds, tmp_path, recipe(f"KEEP {KEPT}", labels=(OVERRIDE,)))
    assert out[0x00191001].value == out.SOPInstanceUID


def test_a_kept_private_text_may_not_echo_the_patient(tmp_path: Path) -> None:
    ds = private()
    ds.add_new(0x00191001, "LO", "by Amaranth")
    out = deidentify_dataset(ds, tmp_path, recipe(f"KEEP {KEPT}", labels=(OVERRIDE,)))
    assert 0x00191001 not in out


def test_unknown_bytes_that_hold_items_are_looked_into(tmp_path: Path) -> None:
    ds = mr()
    ds.add_new(0x00190010, "LO", CREATOR)
    name = b"\x10\x00\x10\x00\x0e\x00\x00\x00Quill^Amaranth"
    ds.add_new(0x00191001, "UN", b"\xfe\xff\x00\xe0" + len(name).to_bytes(4, "little") + name)
    out = deidentify_dataset(ds, tmp_path, recipe(f"KEEP {KEPT}", labels=(OVERRIDE,)))
    assert b"Quill" not in to_bytes(out)


def test_unknown_bytes_of_a_big_endian_file_are_not_guessed_at(tmp_path: Path) -> None:
    ds = mr()
    ds.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    ds.add_new(0x00190010, "LO", CREATOR)
    ds.add_new(0x00191001, "UN", b"\x00\x01")
    with pytest.raises(StudyError):
        deidentify_bytes(to_bytes(ds), tmp_path, recipe(f"KEEP {KEPT}", labels=(OVERRIDE,)))


# ---------------------------------------------------------------- record


def test_what_is_not_carried_out_is_in_the_record(tmp_path: Path) -> None:
    text = recipe_of(
        *("%filter graylist", "LABEL x", "coordinates all"),
        labels=("ADD Option CleanRecognizableVisualFeatures",),
    )
    deidentified, _ = deidentify_bytes(to_bytes(mr()), tmp_path, parse_recipe(text, "test.dicom"))
    assert deidentified.record.not_carried_out == (
        "Option CleanRecognizableVisualFeatures",
        "%filter graylist (test.dicom:5): used with Option CleanPixelData alone",
    )
