"""Images beside their originals: pairs without a crosswalk, dates that only look like leaks."""

from __future__ import annotations

import datetime as dt

import pytest
from pydicom.dataset import Dataset

from casepack.model import FileSet
from casepack.study import read_file_set
from casepack.verify import Identifiers, Kind, collect_identifiers, verify_folder
from casepack.verify.holdings import read_holdings
from casepack.verify.images.comparison import explained_dates
from casepack.verify.images.pairing import pair_images, read_date
from tests.builders import write_instance
from tests.verify.studies import (
    BIRTH,
    DATES,
    NEW,
    SHIFT,
    Written,
    change,
    original_image,
    result_image,
    shifted,
    uid,
)


@pytest.fixture(autouse=True)
def _without_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casepack.verify.verification.available_tools", dict)


def test_each_image_is_paired_with_what_it_was_made_of(written: Written) -> None:
    pairing = pair_images(read_holdings(written.root), written.originals)
    assert len(pairing.pairs) == 8
    assert pairing.missing == 0
    assert pairing.shifts == {SHIFT.days}
    for pair in pairing.pairs:
        for keyword in (0x00200011, 0x00200013, 0x00200032):
            assert pair.original.text(keyword) == pair.result.text(keyword)


def test_images_with_the_same_pixels_are_told_apart_by_what_is_kept(written: Written) -> None:
    folder = written.root.parent / "alike"
    for instance in (1, 2):
        for make, name in ((original_image, "before"), (result_image, "after")):
            ds = make(1, 1, instance)
            ds.PixelData = b"\x01\x00" * (len(ds.PixelData) // 2)
            write_instance(ds, folder / name / f"{instance}.dcm")
    pairing = pair_images(read_holdings(folder / "after"), read_file_set(folder / "before"))
    assert {(p.original.text(0x00200013), p.result.text(0x00200013)) for p in pairing.pairs} == {
        ("1", "1"),
        ("2", "2"),
    }


def _study_of_the_day_it_is_shifted_to(written: Written) -> tuple[FileSet, str]:
    """Make the second study fall on the day that the first is shifted to: a coincidence."""
    coincidence = shifted(DATES[1])
    folder = written.root.parent / "coincidence"
    for study, date in ((1, coincidence), (2, DATES[1])):
        ds = original_image(study, 1, 1)
        ds.StudyDate = ds.SeriesDate = date
        write_instance(ds, folder / f"{study}.dcm")
    for path in written.root.rglob("*.dcm"):
        path.unlink()
    for study, date in ((1, shifted(coincidence)), (2, coincidence)):
        ds = result_image(study, 1, 1)
        ds.StudyDate = ds.SeriesDate = date
        write_instance(ds, written.root / f"{study}.dcm")
    return read_file_set(folder), coincidence


def test_a_shifted_date_may_fall_on_another_study_s_original_date(written: Written) -> None:
    originals, coincidence = _study_of_the_day_it_is_shifted_to(written)
    identifiers = collect_identifiers(originals)
    assert coincidence in {v.value for v in identifiers.values if v.kind is Kind.DATE}
    pairing = pair_images(read_holdings(written.root), originals)
    assert explained_dates(pairing, identifiers) == {coincidence}
    assert verify_folder(written.root, originals=originals).findings == ()


def test_but_not_where_the_original_has_it_itself(written: Written) -> None:
    originals, coincidence = _study_of_the_day_it_is_shifted_to(written)

    def edit(ds: Dataset) -> None:
        ds.SeriesDate = coincidence

    change(written.root / "1.dcm", edit)
    findings = verify_folder(written.root, originals=originals).findings
    assert [(f.code, f.file, f.place) for f in findings] == [
        ("date-unchanged", "1.dcm", "(0008,0021)")
    ]


def test_a_birth_date_is_explained_by_nothing(written: Written, identifiers: Identifiers) -> None:
    for path in written.root.rglob("*.dcm"):
        change(path, lambda ds: setattr(ds, "PatientBirthDate", BIRTH))
    codes = {
        finding.code
        for finding in verify_folder(
            written.root, originals=written.originals, identifiers=identifiers
        ).findings
    }
    assert codes == {"identifier-date", "date-unchanged", "birth-date-kept"}


def test_full_dates_may_stand_when_they_are_claimed(written: Written) -> None:
    def edit(ds: Dataset) -> None:
        for code in ds.DeidentificationMethodCodeSequence:
            if code.CodeValue == "113107":
                code.CodeValue = "113106"
        ds.LongitudinalTemporalInformationModified = "UNMODIFIED"
        date = DATES[0] if ds.StudyInstanceUID == uid(NEW, 1) else DATES[1]
        ds.StudyDate = ds.SeriesDate = date

    for path in written.root.rglob("*.dcm"):
        change(path, edit)
    assert verify_folder(written.root, originals=written.originals).findings == ()


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("20240229", dt.date(2024, 2, 29)),
        ("20240229101500.000", dt.date(2024, 2, 29)),
        ("20230229", None),
        ("2024", None),
        ("", None),
        ("2024-01-01", None),
    ],
)
def test_dates_are_read_without_an_exception(text: str, date: dt.date | None) -> None:
    assert read_date(text) == date
