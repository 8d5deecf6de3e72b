"""The answer key tells the truth: every place holds what it says."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.datadict import dictionary_has_tag

from casepack.sample.planting import draw_text
from tests.sample.conftest import Sample
from tests.sample.places import element_at, holds

KINDS = {
    "name", "id", "date", "uid", "institution", "address", "phone", "device", "private",
    "free-text", "pixels",
}  # fmt: skip


def places(sample: Sample, study: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sample.planted["studies"][study - 1]["places"]
    return found


@pytest.mark.parametrize("study", [1, 2])
def test_each_study_has_at_least_sixty_distinct_places(sample: Sample, study: int) -> None:
    assert len({place["place"] for place in places(sample, study)}) >= 60
    assert {place["kind"] for place in places(sample, study)} == KINDS


@pytest.mark.parametrize("study", [1, 2])
def test_every_listed_place_holds_its_value_in_every_listed_file(
    sample: Sample, study: int
) -> None:
    every = [p for p in sample.paths if f"ST{study:06d}" in p.parts and "SE000099" not in p.parts]
    checked = 0
    for entry in places(sample, study):
        place, value = entry["place"], entry["value"]
        if place in {"pixels", "(6000,3000)", "path", "README.TXT", "DICOMDIR"}:
            continue
        for path in every if entry["file"] == "*" else [sample.study / entry["file"]]:
            assert holds(path, place, value), f"{place} in {path.name}"
            checked += 1
    assert checked > 60 * len(every) * 0.8


def test_a_place_does_not_hold_another_value(sample: Sample) -> None:
    path = sample.paths[0]
    for place in ("preamble", "trailing padding", "file meta (0002,0016)", "(0010,0010)"):
        assert not holds(path, place, "Quaternion")


def test_the_name_is_in_the_dicomdir_the_note_and_the_folder_names(sample: Sample) -> None:
    by_place = {p["place"]: p["value"] for p in places(sample, 1) if p["kind"] == "name"}
    name = by_place["(0010,0010)"]
    assert name.encode("latin-1") in (sample.study / "DICOMDIR").read_bytes()
    assert name in (sample.study / "README.TXT").read_text("utf-8")
    assert all(by_place["path"] in path.parts for path in sample.paths)


def test_the_secondary_capture_shows_name_birth_date_and_id_in_its_pixels(sample: Sample) -> None:
    capture = next(ds for ds in sample.images.values() if ds.SeriesNumber == 99)
    assert capture.BurnedInAnnotation == "YES"
    burned = [p["value"] for p in places(sample, 1) if p["place"] == "pixels"]
    name, birth, identifier = burned
    assert name.isascii(), "the built-in font draws boxes for other letters"
    lines = (name, f"*{birth}  F", f"ID {identifier}")
    drawn = np.asarray(draw_text(lines, capture.Columns, capture.Rows)) > 200
    assert drawn.sum() > 300
    assert (capture.pixel_array[drawn] > 200).all()
    other = np.asarray(draw_text(("Somebody Else", "", ""), capture.Columns, capture.Rows)) > 200
    assert (capture.pixel_array[other] < 200).any()


@pytest.mark.parametrize("study", [1, 2])
def test_the_overlay_has_the_name_in_its_bits(sample: Sample, study: int) -> None:
    entry = next(p for p in places(sample, study) if p["place"] == "(6000,3000)")
    ds = dcmread(sample.study / entry["file"])
    drawn = np.asarray(draw_text(("MARK", entry["value"]), ds.Columns, ds.Rows)) > 127
    assert drawn.any()
    assert np.array_equal(ds.overlay_array(0x6000).astype(bool), drawn)


def test_every_value_to_look_for_occurs_in_the_input_and_none_is_an_everyday_word(
    sample: Sample,
) -> None:
    raw = b"".join(path.read_bytes() for path in sample.study.rglob("*") if path.is_file())
    values = sample.planted["values"]
    assert len(values) == len(set(values))
    for value in values:
        assert len(value) >= 7, "too short to search for"
        found = value.encode("latin-1") in raw or value.encode() in raw
        assert found


def test_all_original_uids_are_among_the_values(sample: Sample) -> None:
    values = set(sample.planted["values"])
    for ds in sample.images.values():
        assert ds.SOPInstanceUID in values
        assert ds.SeriesInstanceUID in values
        assert ds.StudyInstanceUID in values
        assert ds.get("FrameOfReferenceUID", ds.StudyInstanceUID) in values


def test_no_two_dates_differ_by_whole_weeks(sample: Sample) -> None:
    # Dates shifted by whole weeks can then never turn into another original date.
    from datetime import date

    found = [v for v in sample.planted["values"] if re.fullmatch(r"(19|20)\d{6}", v)]
    days = [date(int(v[:4]), int(v[4:6]), int(v[6:])).toordinal() for v in found]
    recent = [day for day in days if day > max(days) - 12 * 365]
    assert len(recent) == 6
    assert len({day % 7 for day in recent}) == len(recent)


def test_hard_places_are_among_them(sample: Sample) -> None:
    for study in (1, 2):
        names = {place["place"] for place in places(sample, study)}
        assert {
            "preamble", "trailing padding", "file meta (0002,0102)", "(0008,1032)[0].(0008,0104)",
            "(0400,0561)[0].(0400,0564)", "(0040,0275)[0].(0040,0007)", "(0031,0010)",
            "(0031,1003)[0].(0031,1004)", "(0029,1010)", "(0033,1001)", "(6000,4000)",
        } <= names  # fmt: skip


def test_text_glued_to_clinical_words_and_unknown_vrs_and_an_undefined_length_are_there(
    sample: Sample,
) -> None:
    ds = dcmread(sample.study / "DICOM/BRONDAL/ST000001/SE000003/IM000001")
    assert "oedema" in ds.ImageComments
    assert "Brøndal" in ds.ImageComments
    assert ds[0x00311005].VR == "UN"
    assert ds[0x00400275].is_undefined_length
    assert not dictionary_has_tag(0x00311005)
    assert element_at(ds, "(0029,1010)").value.startswith(b"SV10")


def test_what_must_survive_is_there_to_begin_with(sample: Sample) -> None:
    keep = sample.planted["keep"]
    assert {"EchoTime", "RepetitionTime", "PatientSex", "PatientAge", "BodyPartExamined"} <= {
        entry["attribute"] for entry in keep
    }
    for entry in keep:
        ds = sample.series(entry.get("study", 1), entry.get("series_number", 3))[0]
        value = ds[entry["attribute"]].value
        text = value if isinstance(value, str) else None
        many = "\\".join(str(v) for v in value) if hasattr(value, "__iter__") else str(value)
        assert entry["value"] == (text or many), entry["attribute"]


def test_studies_use_two_character_sets_for_one_name(sample: Sample) -> None:
    first, second = sample.series(1, 2)[0], sample.series(2, 2)[0]
    assert first.SpecificCharacterSet == "ISO_IR 100"
    assert second.SpecificCharacterSet == "ISO_IR 192"
    assert first.PatientName == second.PatientName
    assert first.PatientID == second.PatientID
