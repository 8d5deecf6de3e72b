from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from casepack.annotate.lesions import read_lesions
from casepack.errors import CaseError
from casepack.model import Code

CANARY = "Canary-Jane"
TRIANGLE = [[1.5, 2.25, -3.0], [4.0, 2.25, -3.0], [1.5, 8.0, -7.125]]


def code(value: str = "2748008", meaning: str = "Spinal cord") -> dict[str, str]:
    return {"value": value, "scheme": "SCT", "meaning": meaning}


def content() -> dict[str, Any]:
    return {
        "casepack_lesions": 1,
        "coordinate_system": "LPS",
        "unit": "mm",
        "lesions": [
            {
                "tracking_id": "lesion-1",
                "label": "Métastase, D12",
                "finding": code("128462008", "Metastasis"),
                "sites": [code(), code("23215003", "T12 vertebra")],
                "outlines": [{"time_point": 1, "series_number": 5, "points": TRIANGLE}],
                "evaluations": [{"time_point": 1, "concept": code(), "value": code()}],
            }
        ],
    }


def write(folder: Path, data: object) -> Path:
    path = folder / "lesions.json"
    text = data if isinstance(data, str) else json.dumps(data)
    path.write_text(text, encoding="utf-8")
    return path


def changed(path: str, value: object) -> dict[str, Any]:
    """The content with one place changed; a value of ... removes the key."""
    data = copy.deepcopy(content())
    *parents, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    place: Any = data
    for part in parents:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return data


def test_lesion_file_is_read_whole(tmp_path):
    (lesion,) = read_lesions(write(tmp_path, content()))
    assert lesion.tracking_id == "lesion-1"
    assert lesion.label == "Métastase, D12"
    assert lesion.finding == Code(value="128462008", scheme="SCT", meaning="Metastasis")
    assert [site.meaning for site in lesion.sites] == ["Spinal cord", "T12 vertebra"]
    assert lesion.outlines[0].points == tuple(tuple(point) for point in TRIANGLE)
    assert (lesion.outlines[0].time_point, lesion.outlines[0].series_number) == (1, 5)
    assert lesion.evaluations[0].concept.meaning == "Spinal cord"


def test_ras_coordinates_change_the_sign_of_x_and_y(tmp_path):
    (lesion,) = read_lesions(write(tmp_path, changed("coordinate_system", "RAS")))
    assert lesion.outlines[0].points[2] == (-1.5, -8.0, -7.125)


def test_evaluations_may_be_left_out(tmp_path):
    (lesion,) = read_lesions(write(tmp_path, changed("lesions/0/evaluations", ...)))
    assert lesion.evaluations == ()


def test_file_without_lesions_holds_none(tmp_path):
    assert read_lesions(write(tmp_path, changed("lesions", []))) == ()


def test_closing_point_is_dropped(tmp_path):
    closed = changed("lesions/0/outlines/0/points", [*TRIANGLE, TRIANGLE[0]])
    (lesion,) = read_lesions(write(tmp_path, closed))
    assert len(lesion.outlines[0].points) == 3


def test_byte_order_mark_does_no_harm(tmp_path):
    assert read_lesions(write(tmp_path, "\ufeff" + json.dumps(content())))


OUTLINE = "lesions/0/outlines/0"


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("casepack_lesions", 2, "casepack_lesions"),
        ("casepack_lesions", True, "casepack_lesions"),
        ("casepack_lesions", ..., "casepack_lesions"),
        ("coordinate_system", "LAS", "coordinate_system"),
        ("coordinate_system", ..., "coordinate_system"),
        ("unit", "cm", "unit"),
        ("unit", ..., "unit"),
        (CANARY, 1, "top level"),
        ("lesions", {}, "lesions"),
        (f"lesions/0/{CANARY}", 1, "lesions[0]"),
        ("lesions/0/tracking_id", "", "lesions[0].tracking_id"),
        ("lesions/0/tracking_id", 7, "lesions[0].tracking_id"),
        ("lesions/0/tracking_id", f"{CANARY}\n", "lesions[0].tracking_id"),
        ("lesions/0/label", "  ", "lesions[0].label"),
        ("lesions/0/label", CANARY * 200, "lesions[0].label"),
        ("lesions/0/finding", ..., "lesions[0].finding"),
        ("lesions/0/finding/meaning", CANARY * 9, "lesions[0].finding.meaning"),
        ("lesions/0/finding/value", f"{CANARY}\\7", "lesions[0].finding.value"),
        ("lesions/0/finding/scheme", CANARY * 2, "lesions[0].finding.scheme"),
        (f"lesions/0/finding/{CANARY}", "x", "lesions[0].finding"),
        ("lesions/0/sites", ..., "lesions[0].sites"),
        ("lesions/0/outlines", [], "lesions[0]"),
        (f"{OUTLINE}/time_point", 0, "lesions[0].outlines[0].time_point"),
        (f"{OUTLINE}/time_point", "1", "lesions[0].outlines[0].time_point"),
        (f"{OUTLINE}/time_point", True, "lesions[0].outlines[0].time_point"),
        (f"{OUTLINE}/series_number", 1.5, "lesions[0].outlines[0].series_number"),
        (f"{OUTLINE}/{CANARY}", 1, "lesions[0].outlines[0]"),
        (f"{OUTLINE}/points", TRIANGLE[:2], "lesions[0].outlines[0].points"),
        (f"{OUTLINE}/points", [*TRIANGLE[:2], TRIANGLE[0]], "lesions[0].outlines[0].points"),
        (f"{OUTLINE}/points/1", [1.25, 2.25], "lesions[0].outlines[0].points[1]"),
        (f"{OUTLINE}/points/1/2", "7.125", "lesions[0].outlines[0].points[1][2]"),
        (f"{OUTLINE}/points/1/2", 1e6, "lesions[0].outlines[0].points[1][2]"),
        (f"{OUTLINE}/points/1/2", None, "lesions[0].outlines[0].points[1][2]"),
        ("lesions/0/evaluations/0/value", ..., "lesions[0].evaluations[0].value"),
    ],
)
def test_whatever_is_wrong_is_named_by_its_place_and_never_quoted(tmp_path, path, value, place):
    with pytest.raises(CaseError) as caught:
        read_lesions(write(tmp_path, changed(path, value)))
    assert caught.value.place.startswith(f"lesions.json: {place}")
    assert caught.value.advice
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    for told in (str(caught.value), caught.value.advice):
        assert CANARY not in told
        assert "7.125" not in told


def test_two_lesions_with_one_tracking_identifier_are_refused(tmp_path):
    data = content()
    data["lesions"] *= 2
    with pytest.raises(CaseError, match="same tracking_id"):
        read_lesions(write(tmp_path, data))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "top level"),
        ('{"unit": NaN}', "NaN"),
        ('{"unit": "mm", "unit": "mm"}', "same key twice"),
        ('{"lesions": 1e999}', "missing"),
    ],
)
def test_text_that_is_no_lesion_file_is_refused(tmp_path, text, message):
    with pytest.raises(CaseError) as caught:
        read_lesions(write(tmp_path, text))
    assert message in str(caught.value)


def test_coordinate_beyond_any_number_is_refused(tmp_path):
    text = json.dumps(content()).replace("-7.125", "-1e999")
    with pytest.raises(CaseError, match=r"points\[2\]\[2\]"):
        read_lesions(write(tmp_path, text))


def test_line_of_the_fault_is_named_where_json_ends(tmp_path):
    with pytest.raises(CaseError) as caught:
        read_lesions(write(tmp_path, '{"unit": "mm",\n "lesions": [}'))
    assert caught.value.place == "lesions.json:2"


def test_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(CaseError, match="cannot be read"):
        read_lesions(tmp_path / "none.json")
    latin = tmp_path / "latin.json"
    latin.write_bytes(b'{"label": "\xe9"}')
    with pytest.raises(CaseError, match="cannot be read"):
        read_lesions(latin)
