"""The review sheet in a browser: opened from disk, decided on, saved and read again."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from casepack.deidentify.review import Decided, Decision, ReviewRow, RowKind, read_decisions
from casepack.deidentify.review_page import draw_review_page
from tests.package.cases import needs

HOSTILE = "</td><script>document.title='hit'</script>"
ROWS = (
    ReviewRow(
        kind=RowKind.TEXT,
        place="(0008,103E) Series Description",
        original='T2 sag, "Doe"',
        result="T2 sag",
        removed=("echo-name",),
        marks=((9, 12),),
    ),
    ReviewRow(
        kind=RowKind.TEXT,
        place="(0020,4000) Image Comments",
        original=f"=Cyst\n{HOSTILE}",
        result="=Cyst",
        decision=Decision.KEEP,
    ),
    ReviewRow(kind=RowKind.BOX, place="1.2.3 frame 1", original="1,2,30,12", result="covered"),
)
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")


def test_what_went_is_struck_through_and_nothing_of_a_text_is_markup() -> None:
    page = draw_review_page(ROWS)
    assert "T2 sag, &quot;<del>Doe</del>&quot;" in page
    assert HOSTILE not in page
    assert page.index("Series Description") < page.index("1.2.3 frame 1")


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"download.default_directory": str(tmp_path)})
    options.binary_location = shutil.which("chromium") or ""
    driver = webdriver.Chrome(
        options=options, service=Service(shutil.which("chromedriver"), log_output=os.devnull)
    )
    yield driver
    driver.quit()


@needs("chromium")
@needs("chromedriver")
def test_decisions_made_on_the_page_come_back(browser: webdriver.Chrome, tmp_path: Path) -> None:
    (tmp_path / "review.html").write_text(draw_review_page(ROWS), "utf-8")
    browser.get((tmp_path / "review.html").as_uri())
    assert browser.find_element(By.ID, "count").text == "1 of 3 decided"
    wording = browser.find_elements(By.CSS_SELECTOR, "input[type=text]")[0]
    wording.send_keys("-T2 sagittal")
    browser.find_elements(By.CSS_SELECTOR, "input[value=reject]")[2].click()
    assert browser.find_element(By.ID, "count").text == "3 of 3 decided"
    browser.find_element(By.ID, "save").click()
    saved = tmp_path / "review.csv"
    deadline = time.monotonic() + 20
    while not saved.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    decisions = read_decisions(saved)

    def decided(row: ReviewRow) -> Decided:
        found = decisions.find(row.kind, row.place, row.original, row.result)
        assert found is not None
        return found

    assert decided(ROWS[0]).decision is Decision.APPROVE
    assert decided(ROWS[0]).instead == "-T2 sagittal"
    assert decided(ROWS[1]).decision is Decision.KEEP
    assert decided(ROWS[2]).decision is Decision.REJECT
    assert browser.title == "Review sheet"
