"""What a person decides on boxes: kept, held, added in pixels or in the patient; and going on."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from casepack.deidentify.crosswalk import Crosswalk, write_crosswalk
from casepack.deidentify.journal import Journal
from casepack.deidentify.pixels import examine
from casepack.deidentify.pixels.boxes import Box
from casepack.deidentify.pixels.pictures import write_review
from casepack.deidentify.pixels.planes import Plane
from casepack.deidentify.pixels.regions import cut_region
from casepack.deidentify.review import COLUMNS, Decision, read_decisions
from casepack.deidentify.studies import deidentify_file_set
from casepack.errors import ReviewError
from casepack.model import Reason
from casepack.study import read_file_set
from tests.builders import write_instance
from tests.deidentify.pixels.test_run import NAME, image, in_ink, results, run
from tests.deidentify.plans import shipped
from tests.deidentify.running import PSEUDONYMS

Row = dict[str, str]
Written = dict[tuple[int, int], Any]


def images() -> list[Dataset]:
    return [
        image(1, text=NAME),
        image(2),
        image(3, BurnedInAnnotation="YES"),
        *(image(number, series=2, text="L5") for number in (1, 2)),
    ]


def sheet(folder: Path, crosswalk: Crosswalk) -> list[Row]:
    """Return the rows of boxes that a run writes."""
    write_crosswalk(folder, crosswalk)
    with (folder / "review.csv").open(encoding="utf-8-sig", newline="") as file:
        return [row for row in csv.DictReader(file) if row["kind"] == "box"]


def again(
    folder: Path, using: list[Dataset], rows: list[Row]
) -> tuple[dict[tuple[int, int], Any], Crosswalk]:
    path = folder / "decided.csv"
    folder.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    done, crosswalk = run(folder, using, decisions=read_decisions(path))
    return results(done), crosswalk


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Row], Path]:
    folder = tmp_path_factory.mktemp("first")
    _, crosswalk = run(folder, images())
    return sheet(folder / "crosswalk", crosswalk), folder / "crosswalk"


def test_each_box_is_a_row_with_a_picture_before_and_after(first: tuple[list[Row], Path]) -> None:
    rows, folder = first
    uids = {str(ds.SOPInstanceUID): ds for ds in images()}
    held = [row for row in rows if row["result"] == "held"]
    assert [uids[row["place"]].InstanceNumber for row in held] == [3]
    (name,) = [r for r in rows if r["place"] == f"{images()[0].SOPInstanceUID} frame 1"]
    left, top, right, bottom = map(int, name["original"].split(","))
    assert left <= 12
    assert top <= 22
    assert right >= 180
    assert bottom >= 30
    page = (folder / "review.html").read_text("utf-8")
    assert 'src="pixels/candidate-0001.png"' in page
    pictures = sorted((folder / "pixels").glob("*.png"))
    assert all(path.stat().st_mode & 0o077 == 0 for path in (folder / "pixels").iterdir())
    assert len([path for path in pictures if path.name.startswith("series-")]) == 2
    assert len(pictures) == 2 + len(rows)


def test_what_is_kept_stays_and_what_is_rejected_is_held(
    first: tuple[list[Row], Path], tmp_path: Path
) -> None:
    rows = [dict(row) for row in first[0]]
    uid = str(images()[0].SOPInstanceUID)
    for row in rows:
        row["decision"] = "keep"
    found, crosswalk = again(tmp_path / "kept", images(), rows)
    assert not crosswalk.unused
    np.testing.assert_array_equal(found[1, 1].pixel_array, images()[0].pixel_array)
    assert found[1, 3].PixelData == images()[2].PixelData
    for row in rows:
        row["decision"] = "reject" if row["place"].startswith(uid) else ""
    found, crosswalk = again(tmp_path / "held", images(), rows)
    assert [item.reason for item in crosswalk.unused] == [Reason.BURNED_IN] * 2
    assert (1, 1) not in found


def test_what_was_decided_is_shown_the_next_time(
    first: tuple[list[Row], Path], tmp_path: Path
) -> None:
    rows = [{**row, "decision": "approve"} for row in first[0]]
    _, crosswalk = again(tmp_path, images(), rows)
    assert {row["decision"] for row in sheet(tmp_path / "crosswalk", crosswalk)} == {"approve"}


def test_what_was_added_stands_on_the_next_sheet(tmp_path: Path) -> None:
    added = [("series 1", "100,200,140,230"), ("all", "-1.5,2,3.25,4,5,6.000001 mm")]
    rows = [
        {"decision": "cover", "kind": "box", "place": place, "original": box}
        for place, box in added
    ]
    using = [image(1)]
    first, crosswalk = again(tmp_path / "first", using, rows)
    again_rows = [
        row for row in sheet(tmp_path / "c", crosswalk) if row["decision"] == Decision.COVER
    ]
    assert len(again_rows) == 2
    second, _ = again(tmp_path / "second", using, again_rows)
    assert (first[1, 1].pixel_array[200:230, 100:140] == first[1, 1].pixel_array[200, 100]).all()
    assert first[1, 1].PixelData == second[1, 1].PixelData


def test_a_box_can_be_drawn_on_each_frame_with_a_find_and_on_each_series(tmp_path: Path) -> None:
    small = image(2, series=3)
    small.Rows, small.PixelData = 128, small.PixelData[: 128 * 256 * 2]
    several = image(3, series=3)
    several.NumberOfFrames, several.PixelData = 2, several.PixelData * 2
    named = image(1, text=NAME)
    _, crosswalk = run(tmp_path, [named, image(1, series=3), small, several])
    assert crosswalk.pixels is not None
    rows, canvases = write_review(tmp_path / "crosswalk", crosswalk.pixels)
    assert all((tmp_path / "crosswalk" / canvas.picture).exists() for canvas in canvases)
    on_rows = [canvas for canvas in canvases if canvas.picture in {row.picture for row in rows}]
    assert [choice.places for choice in on_rows[0].choices] == [
        (named.SOPInstanceUID,),
        (f"series {named.SeriesInstanceUID}",),
    ]
    whole = {c.title: c for c in canvases if c not in on_rows}
    assert [(c.rows, c.columns, len(c.choices)) for c in whole.values()] == [
        (256, 256, 2),
        (256, 256, 3),
        (128, 256, 2),
    ]
    first, *_ = whole.values()
    assert first.choices[0].places == (f"series {named.SeriesInstanceUID}",)
    # a box on a picture of one size is for the images of that size
    uids = (str(image(1, series=3).SOPInstanceUID), str(several.SOPInstanceUID))
    large, other = list(whole.values())[1:]
    assert large.choices[0].places == uids
    assert [choice.frames for choice in large.choices[1:]] == [1, 2]
    assert other.choices[0].places == (small.SOPInstanceUID,)


@pytest.mark.parametrize(
    ("place", "covered"),
    [
        ("all", {(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)}),
        ("series 2", {(2, 1), (2, 2)}),
        (f"series {image(1).SeriesInstanceUID}", {(1, 1), (1, 2), (1, 3)}),
        (str(image(2).SOPInstanceUID), {(1, 2)}),
        (f"{image(2).SOPInstanceUID} frame 1", {(1, 2)}),
    ],
)
def test_a_box_that_a_person_adds_is_covered(
    tmp_path: Path, place: str, covered: set[tuple[int, int]]
) -> None:
    row = {"decision": "cover", "kind": "box", "place": place, "original": "100,200,140,230"}
    using = [*images()[1:], image(1)]
    for ds in using:
        ds.BurnedInAnnotation = "NO"
    found, crosswalk = again(tmp_path, using, [row])
    assert not crosswalk.unused
    one_value = {
        key for key, ds in found.items() if len(np.unique(ds.pixel_array[200:230, 100:140])) == 1
    }
    assert one_value == covered


def test_a_box_on_an_image_that_was_said_to_hold_text_lets_it_pass(tmp_path: Path) -> None:
    ds = image(1, BurnedInAnnotation="YES")
    row = {"decision": "cover", "kind": "box", "place": "series 1", "original": "0,0,100,20"}
    found, crosswalk = again(tmp_path, [ds], [row])
    assert not crosswalk.unused
    assert found[1, 1].BurnedInAnnotation == "NO"


@pytest.mark.parametrize(
    ("place", "original"),
    [
        ("series 1", "10,10,5,20"),
        ("series 1", "10,10,20"),
        ("series 1", "1,2,3,4,5,6"),
        ("series 1", "1,2,3,4 mm"),
        ("series 1", "DOE"),
        ("", "1,2,3,4"),
        ("series 77", "1,2,30,40"),
        ("1.2.3.4.5", "1,2,30,40"),
        ("DOE JANE", "1,2,30,40"),
    ],
)
def test_a_box_that_cannot_be_placed_stops_the_run_without_a_value(
    tmp_path: Path, place: str, original: str
) -> None:
    row = {"decision": "cover", "kind": "box", "place": place, "original": original}
    with pytest.raises(ReviewError) as error:
        again(tmp_path, [image(1)], [row])
    assert "decided.csv:2" in str(error.value)
    assert "DOE" not in str(error.value)


SAGITTAL = Plane(
    position=(4.0, -48.0, 64.0),
    row=(0.0, 1.0, 0.0),
    column=(0.0, 0.0, -1.0),
    spacing=(2.0, 1.0),
    thickness=4.0,
    rows=64,
    columns=96,
)


@pytest.mark.parametrize(
    ("region", "box"),
    [
        # rows 5 to 10 of 2 mm, columns 10 to 20 of 1 mm
        (((0, -38, 54), (8, -28, 44)), Box(10, 5, 21, 11)),
        (((8, -28, 44), (0, -38, 54)), Box(10, 5, 21, 11)),
        # the slab reaches 2 mm to each side
        (((5.9, -38, 54), (9, -28, 44)), Box(10, 5, 21, 11)),
        (((6.1, -38, 54), (9, -28, 44)), None),
        (((-500, -500, -500), (500, 500, 500)), Box(0, 0, 96, 64)),
        (((0, 100, 54), (8, 120, 44)), None),
    ],
)
def test_a_region_of_the_patient_is_cut_by_the_plane(region, box) -> None:
    assert cut_region(region, SAGITTAL) == box


def test_a_region_is_covered_in_every_series_of_its_frame_of_reference(tmp_path: Path) -> None:
    sagittal, axial, elsewhere = image(1), image(1, series=2), image(1, series=3)
    axial.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    axial.ImagePositionPatient = [-60, -60, 20]
    axial.FrameOfReferenceUID = sagittal.FrameOfReferenceUID
    elsewhere.FrameOfReferenceUID = "1.2.826.0.1.3680043.10.9999.77"
    sagittal.PixelSpacing = axial.PixelSpacing = [0.5, 0.5]
    x, y, z = sagittal.ImagePositionPatient
    corner = f"{x - 5},{y + 20},{z - 20},{x + 5},{y + 40},{z - 60} mm"
    row = {"decision": "cover", "kind": "box", "place": "series 1", "original": corner}
    found, _ = again(tmp_path, [sagittal, axial, elsewhere], [row])
    assert len(np.unique(found[1, 1].pixel_array[41:119, 41:79])) == 1
    left, top = int((x - 5 + 60) * 2), int((y + 20 + 60) * 2)
    inside = found[2, 1].pixel_array[top + 1 : top + 38, left + 1 : left + 18]
    assert z - 60 < 20 < z - 20
    assert len(np.unique(inside)) == 1
    assert found[3, 1].PixelData == elsewhere.PixelData


# ---------------------------------------------------------------- going on


def test_a_run_that_goes_on_looks_at_nothing_twice_and_notices_what_is_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    plain = examine.examine_file

    def count(path: Path, filters: object) -> object:
        looked.append(path.name)
        return plain(path, filters)  # type: ignore[arg-type]

    monkeypatch.setattr(examine, "examine_file", count)
    study, out = tmp_path / "study", tmp_path / "out"
    for number in range(1, 5):
        write_instance(image(number), study / f"{number}.dcm")
    journal = Journal(source=study, recipe=shipped("publication"), pseudonyms=PSEUDONYMS)

    records = []

    def go_on(target: Path) -> dict[str, bytes]:
        file_set = read_file_set(study)
        done, _ = deidentify_file_set(
            file_set, shipped("publication"), PSEUDONYMS, target, journal=journal
        )
        records.append(done.record)
        return {path.name: path.read_bytes() for path in target.rglob("*.dcm")}

    before = go_on(out)
    assert len(looked) == 4
    assert go_on(out) == before
    assert len(looked) == 4
    write_instance(image(5, text=NAME), study / "5.dcm")
    after = go_on(out)
    assert looked[4:] == ["5.dcm"]
    assert after == go_on(tmp_path / "fresh")
    assert set(before) < set(after)
    assert go_on(out) == after
    assert records[2] == records[3] == records[4]
    assert records[4].pixels is not None
    assert any(change.boxes for _uid, change in records[4].pixels.changes)


def test_ink_is_ink() -> None:
    assert len(np.unique(in_ink(image(1, text=NAME)))) > 20
