"""The review sheet: what is written, and which decisions come back."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from casepack.deidentify.review import (
    COLUMNS,
    NO_DECISIONS,
    Decision,
    ReviewRow,
    RowKind,
    draw_review_csv,
    read_decisions,
)
from casepack.errors import ReviewError

PLACE = "(0008,103E) Series Description"
NAMED = ReviewRow(
    kind=RowKind.TEXT,
    place=PLACE,
    original="T2 sag for Doe",
    result="T2 sag",
    removed=("echo-name",),
)
FORMULA = ReviewRow(kind=RowKind.TEXT, place=PLACE, original="=1+1", result="=1+1")
BOX = ReviewRow(kind=RowKind.BOX, place="1.2.3 frame 1", original="1,2,30,12", result="covered")


def sheet(*rows: ReviewRow) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(draw_review_csv(rows), newline="")))


def save(folder: Path, rows: list[dict[str, str]], separator: str = ",") -> Path:
    path = folder / "review.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, delimiter=separator, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_the_sheet_is_sorted_and_an_undecided_sheet_decides_nothing(tmp_path: Path) -> None:
    assert draw_review_csv([NAMED, BOX]) == draw_review_csv([BOX, NAMED])
    path = save(tmp_path, sheet(NAMED, BOX))
    decisions = read_decisions(path)
    assert decisions.find(NAMED.kind, NAMED.place, NAMED.original, NAMED.result) is None


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("word", ["approve", " Reject ", "KEEP"])
def test_a_decision_comes_back_whatever_spreadsheet_saved_it(
    tmp_path: Path, word: str, separator: str
) -> None:
    rows = [{**row, "decision": word} for row in sheet(NAMED, BOX)]
    decisions = read_decisions(save(tmp_path, rows, separator))
    for row in (NAMED, BOX):
        found = decisions.find(row.kind, row.place, row.original, row.result)
        assert found is not None
        assert found.decision is Decision(word.strip().lower())
    assert NO_DECISIONS.find(BOX.kind, BOX.place, BOX.original, BOX.result) is None


def test_a_row_is_found_by_its_id_when_a_spreadsheet_has_spoilt_the_rest(tmp_path: Path) -> None:
    rows = [{"decision": "reject", "id": row["id"], "original": "1.23E+07"} for row in sheet(NAMED)]
    decisions = read_decisions(save(tmp_path, rows))
    assert decisions.find(NAMED.kind, NAMED.place, NAMED.original, "another result")


def test_an_approval_holds_for_the_result_that_was_seen_and_no_other(tmp_path: Path) -> None:
    rows = [{**row, "decision": "approve"} for row in sheet(NAMED)]
    decisions = read_decisions(save(tmp_path, rows))
    assert decisions.find(NAMED.kind, NAMED.place, NAMED.original, "T2 sag") is not None
    assert decisions.find(NAMED.kind, NAMED.place, NAMED.original, "T2") is None
    assert decisions.find(NAMED.kind, "(0018,1030) Protocol Name", NAMED.original, "T2 sag") is None


def test_no_cell_is_carried_out_by_a_spreadsheet() -> None:
    (row,) = sheet(FORMULA)
    assert row["original"] == "'=1+1"


def test_wording_that_begins_like_a_formula_comes_back_as_it_was_written(tmp_path: Path) -> None:
    rows = [{**row, "decision": "approve", "instead": "'-T2 sag"} for row in sheet(NAMED)]
    decisions = read_decisions(save(tmp_path, rows))
    found = decisions.find(NAMED.kind, NAMED.place, NAMED.original, NAMED.result)
    assert found is not None
    assert found.instead == "-T2 sag"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("decision,id\nperhaps,r-1-2\n", "review.csv:2"),
        ("decision,id\nkeep,r-1-2\nreject,r-1-2\n", "review.csv:3"),
        ("a,b\n1,2\n", "review.csv"),
        ("", "review.csv"),
    ],
)
def test_a_sheet_that_is_not_understood_is_refused_by_line(
    tmp_path: Path, text: str, place: str
) -> None:
    path = tmp_path / "review.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ReviewError) as caught:
        read_decisions(path)
    assert caught.value.place == place


def test_a_sheet_that_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "review.csv"
    with pytest.raises(ReviewError):
        read_decisions(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ReviewError):
        read_decisions(path)


def test_a_message_about_a_sheet_never_quotes_it(tmp_path: Path) -> None:
    path = tmp_path / "review.csv"
    path.write_text("decision,id\nDOE JANE,r-1-2\n", encoding="utf-8")
    with pytest.raises(ReviewError) as caught:
        read_decisions(path)
    assert "DOE" not in str(caught.value) + caught.value.advice
