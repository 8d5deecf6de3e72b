"""The review sheet in a browser: opened from disk, decided on, saved and read again."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select

from casepack.deidentify.review import (
    AddedBox,
    Decided,
    Decision,
    Decisions,
    ReviewRow,
    RowKind,
    read_decisions,
)
from casepack.deidentify.review_page import GAP, Canvas, Choice, draw_review_page
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


def save(browser: webdriver.Chrome, folder: Path) -> Decisions:
    """Press the button, and read what was saved."""
    browser.find_element(By.ID, "save").click()
    saved = folder / "review.csv"
    deadline = time.monotonic() + 20
    while not saved.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return read_decisions(saved)


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
    decisions = save(browser, tmp_path)

    def decided(row: ReviewRow) -> Decided:
        found = decisions.find(row.kind, row.place, row.original, row.result)
        assert found is not None
        return found

    assert decided(ROWS[0]).decision is Decision.APPROVE
    assert decided(ROWS[0]).instead == "-T2 sagittal"
    assert decided(ROWS[1]).decision is Decision.KEEP
    assert decided(ROWS[2]).decision is Decision.REJECT
    assert browser.title == "Review sheet"


HALF, ROWS_OF, COLUMNS_OF = 200, 300, 400
"""A picture at half the size of the image."""
SERIES = Canvas(
    picture="pixels/series-0001.png",
    title="Series 1, 2 image(s)",
    rows=ROWS_OF,
    columns=COLUMNS_OF,
    choices=(
        Choice(label="all images of the series", places=("series 1.2",)),
        Choice(label="image 7", places=("1.2.7",), frames=3),
        Choice(label="all images of this size", places=("1.2.8", "1.2.9")),
    ),
)
FRAME = Canvas(
    picture="pixels/candidate-0001.png",
    title=HOSTILE,
    rows=ROWS_OF,
    columns=COLUMNS_OF,
    choices=(Choice(label="this image", places=("1.2.3",)),),
)
BOX = ReviewRow(
    kind=RowKind.BOX,
    place="1.2.3 frame 1",
    original="1,2,30,12",
    result="covered",
    picture=FRAME.picture,
)
BEFORE = ReviewRow(
    kind=RowKind.BOX,
    place="series 9",
    original="3,4,5,6",
    result="covered",
    decision=Decision.COVER,
)


@pytest.fixture
def page(browser: webdriver.Chrome, tmp_path: Path) -> webdriver.Chrome:
    """The page with pictures to draw on."""
    (tmp_path / "pixels").mkdir()
    for canvas in (SERIES, FRAME):
        picture = Image.new("RGB", (2 * HALF + GAP, ROWS_OF // 2), "white")
        picture.save(tmp_path / canvas.picture)
    text = draw_review_page([BOX, BEFORE], [SERIES, FRAME])
    (tmp_path / "review.html").write_text(text, "utf-8")
    # what stays on top of a small window would be hit instead of a picture
    browser.set_window_size(1300, 1600)
    browser.get((tmp_path / "review.html").as_uri())
    return browser


def drag(page: webdriver.Chrome, picture: WebElement, start: tuple[int, int], by: int) -> None:
    """Drag over a picture, from a place in pixels of the picture on the screen."""
    across, down = (start[0] - picture.size["width"] / 2, start[1] - picture.size["height"] / 2)
    move = ActionChains(page).move_to_element_with_offset(picture, int(across), int(down))
    move.click_and_hold().move_by_offset(by, by).release().perform()


def added(found: Decisions) -> list[tuple[str, object]]:
    return [(one.place, one.pixels) for one in found.added]


@needs("chromium")
@needs("chromedriver")
def test_a_box_drawn_on_a_picture_comes_back_in_pixels_of_the_image(
    page: webdriver.Chrome, tmp_path: Path
) -> None:
    first, second = page.find_elements(By.CSS_SELECTOR, ".drawing img")
    size = second.size["width"] / (2 * HALF + GAP)
    start = round(40 * size), round(20 * size)
    drag(page, second, start, round(50 * size))
    form = page.find_element(By.ID, "form")
    assert len(second.find_elements(By.XPATH, "../span[@class='box new']")) == 2
    Select(form.find_element(By.NAME, "place")).select_by_visible_text("all images of this size")
    form.find_element(By.CSS_SELECTOR, "[type=submit]").click()
    # the right half shows the same frame
    drag(page, second, (start[0] + round((HALF + GAP) * size), start[1]), round(50 * size))
    form.find_element(By.CSS_SELECTOR, "[type=submit]").click()
    drag(page, first, (30, 10), 500)
    form.find_element(By.CSS_SELECTOR, "[type=submit]").click()
    assert page.find_element(By.ID, "count").text == "0 of 1 decided, 5 boxes added"
    assert page.title == "Review sheet"

    found = added(save(page, tmp_path))
    assert found[0] == ("series 9", (3, 4, 5, 6))
    assert [place for place, _ in found[1:]] == ["1.2.8", "1.2.9", "series 1.2", "1.2.3"]
    for _, box in found[1:4]:
        assert box == pytest.approx((80, 40, 180, 140), abs=3)
    # what leaves the picture ends at its edge
    assert found[4][1] == pytest.approx((60, 20, COLUMNS_OF, ROWS_OF), abs=60)
    assert found[4][1][2:] == (COLUMNS_OF, ROWS_OF)  # type: ignore[index]


@needs("chromium")
@needs("chromedriver")
def test_a_box_can_be_typed_and_taken_back_without_a_mouse(
    page: webdriver.Chrome, tmp_path: Path
) -> None:
    def type_box(*edges: int) -> None:
        page.find_elements(By.CSS_SELECTOR, "button.add")[1].send_keys(Keys.ENTER)
        for edge in edges:
            page.switch_to.active_element.send_keys(str(edge), Keys.TAB)

    type_box(50, 20, 10, 90)
    page.switch_to.active_element.send_keys(Keys.TAB, Keys.ENTER)
    assert page.find_element(By.ID, "count").text.endswith("1 box added")
    page.find_element(By.ID, "never").send_keys(Keys.ENTER)
    type_box(10, 20, 50, 90)
    page.switch_to.active_element.send_keys("i", Keys.TAB, "2", Keys.ENTER)
    lines = page.find_elements(By.CSS_SELECTOR, ".added input")
    assert lines[1].get_attribute("value") == 'cover,,box,1.2.7 frame 2,"10,20,50,90",,,,'
    page.find_elements(By.XPATH, "//button[text()='Remove']")[0].send_keys(Keys.ENTER)

    assert save(page, tmp_path).added == (
        AddedBox(place="1.2.7 frame 2", line=3, pixels=(10, 20, 50, 90)),
    )
