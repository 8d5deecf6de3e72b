from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from casepack.case import untitled_case
from casepack.model import Action, Option, Verified
from casepack.package.report import (
    ACTIONS,
    OPTIONS,
    action_rows,
    describe_report,
    write_actions_csv,
)
from casepack.package.report_page import write_report_page
from tests.package import cases


def _paths(checked: Verified) -> dict[str, str]:
    return {one.sop_instance_uid: "dicom/there" for one in checked.deidentified.instances}


def _page(checked: Verified) -> str:
    report = describe_report(checked, cases.full_case(), _paths(checked), cases.SOFTWARE)
    return write_report_page(report, action_rows(checked))


def _words(page: str) -> str:
    parts: list[str] = []

    class Reader(HTMLParser):
        def handle_data(self, data: str) -> None:
            parts.append(data)

    Reader().feed(page)
    return " ".join(" ".join(parts).split())


def test_the_report_names_every_option_and_whether_it_was_carried_out(tmp_path: Path) -> None:
    checked = cases.verified(tmp_path)
    report = describe_report(checked, cases.full_case(), _paths(checked), cases.SOFTWARE)
    carried_out = {one["code"] for one in report["options"] if one["carried_out"]}
    assert carried_out == {"113101", "113107"}
    assert len(report["options"]) == len(Option)
    assert report["profile"]["code"] == "113100"
    assert all(one["meaning"].endswith("Option") for one in report["options"])


def test_the_report_tells_the_files_left_out_and_what_to_do(tmp_path: Path) -> None:
    checked = cases.verified(tmp_path)
    report = describe_report(checked, cases.full_case(), _paths(checked), cases.SOFTWARE)
    assert [(one["reason"], one["held"], one["count"]) for one in report["left_out"]] == [
        ("burned-in", True, 2),
        ("not-dicom", False, 1),
    ]


def test_a_warning_names_the_file_by_its_place_in_the_package(tmp_path: Path) -> None:
    checked = cases.verified(tmp_path)
    report = describe_report(checked, cases.full_case(), _paths(checked), cases.SOFTWARE)
    assert report["warnings"][0]["file"] == "dicom/there"
    assert str(tmp_path) not in json.dumps(report)


def test_the_actions_are_a_table_with_one_row_an_attribute(tmp_path: Path) -> None:
    rows = list(csv.reader(io.StringIO(write_actions_csv(cases.verified(tmp_path)))))
    assert rows == [
        ["sop_class", "tag", "name", "action", "source", "count"],
        ["MR Image Storage", "(0008,0080)", "Institution, Name", "X", "E.1-1", "1200"],
        ["MR Image Storage", "(0010,0010)", "Patient's Name", "D", "E.1-1", "1200"],
    ]


def test_the_page_shows_markup_as_text_and_loads_nothing(tmp_path: Path) -> None:
    page = _page(cases.verified(tmp_path))
    assert "<script" not in page
    assert "src=" not in page
    assert "http" not in page
    assert cases.MARKUP in _words(page)


def test_the_page_says_what_was_checked_and_what_could_not_be(tmp_path: Path) -> None:
    words = _words(_page(cases.verified(tmp_path)))
    assert "Passed. 1 check on 12 DICOM instances; 1 warning; 1 check not run" in words
    assert "not run: dciodvfy is not installed" in words
    assert "does not remove it" in words


def test_the_page_does_not_claim_a_check_that_was_not_recorded(tmp_path: Path) -> None:
    checked = cases.plain_verified(tmp_path)
    report = describe_report(checked, untitled_case(1), _paths(checked), cases.SOFTWARE)
    words = _words(write_report_page(report, action_rows(checked)))
    assert "Passed" not in words
    assert "Not checked." in words
    assert "every file of the input is in this package" in words


@pytest.mark.parametrize("option", Option)
def test_every_option_is_explained_both_ways(option: Option) -> None:
    done, not_done = OPTIONS[option]
    assert done != not_done


def test_every_action_is_explained() -> None:
    assert set(ACTIONS) == set(Action)
