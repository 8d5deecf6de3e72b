"""The case page in a browser: opened from disk, silent on the console, its viewer at work."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from casepack.case import Figure
from casepack.package.figures import write_figures
from casepack.package.page import write_page
from casepack.package.previews import write_previews
from tests.package.cases import full_case, needs, plain_verified, verified
from tests.package.pictures import drawn_lesion

pytestmark = [needs("chromium"), needs("chromedriver")]

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--force-prefers-reduced-motion",
    "--window-size=1400,1000",
)
HOSTILE = (
    "</script><img src=x onerror=\"document.title='hit'\"><script>document.title='hit'</script>"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case of two time points of two sagittal series of seven slices, and a lesion in both."""
    root = tmp_path_factory.mktemp("site")
    found = verified(root / "in", studies=2, series=2, slices=7)
    measured = (drawn_lesion(found, (1, 0, 2), (2, 0, 4), label=f"Lesion {HOSTILE}"),)
    case = full_case(
        title=f"Title {HOSTILE}",
        figures=(
            Figure(caption=f"Caption {HOSTILE}", series=1, lesion="lesion-1"),
            Figure(caption="Plain", series=2, time_point=2, image=6),
        ),
    )
    stacks = write_previews(root / "preview", found)
    figures = write_figures(root / "figures", found, case, measured)
    write_page(root, found, case, stacks, figures, measured)
    return root / "index.html"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.binary_location = shutil.which("chromium") or ""
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = Service(shutil.which("chromedriver"), log_output=os.devnull)
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: webdriver.Chrome, site: Path) -> Iterator[webdriver.Chrome]:
    browser.get(site.as_uri())
    yield browser
    assert browser.get_log("browser") == []  # type: ignore[no-untyped-call]


def bring(page: webdriver.Chrome, element: WebElement) -> WebElement:
    """Scroll an element to the middle of the screen, where nothing covers it."""
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    return element


def text_of(element: WebElement, attribute: str = "textContent") -> str:
    return element.get_attribute(attribute) or ""


def panes(page: webdriver.Chrome) -> list[WebElement]:
    return page.find_elements(By.CSS_SELECTOR, ".pane")


def places(page: webdriver.Chrome) -> list[tuple[int, int]]:
    """Stack and image that each viewport shows."""
    return [
        (int(pane.get_attribute("data-stack") or -1), int(pane.get_attribute("data-index") or -1))
        for pane in panes(page)
    ]


def press(page: webdriver.Chrome, *keys: str, pane: int = 0) -> None:
    page.execute_script("arguments[0].focus({preventScroll: true})", panes(page)[pane])
    ActionChains(page).send_keys(*keys).perform()


def use(page: webdriver.Chrome, tool: str) -> None:
    bring(page, page.find_element(By.CSS_SELECTOR, f'[data-tool="{tool}"]')).click()


def wheel(page: webdriver.Chrome, delta: int, pane: int = 0) -> None:
    origin = ScrollOrigin.from_element(panes(page)[pane])
    ActionChains(page).scroll_from_origin(origin, 0, delta).perform()


def drag_with_right_button(
    page: webdriver.Chrome, element: WebElement, across: int, down: int
) -> None:
    chain = ActionChains(page)
    pointer: Any = chain.w3c_actions.pointer_action
    pointer.move_to(element)
    pointer.pointer_down(button=2)
    pointer.move_by(across, down)
    pointer.pointer_up(button=2)
    chain.perform()


def outlines(page: webdriver.Chrome) -> list[int]:
    return [len(pane.find_elements(By.CSS_SELECTOR, ".outline")) for pane in panes(page)]


def style(page: webdriver.Chrome, element: WebElement, name: str) -> Any:
    return page.execute_script("return getComputedStyle(arguments[0])[arguments[1]]", element, name)


def test_the_page_opens_at_the_lesion_before_and_after(page):
    assert places(page) == [(0, 2), (2, 4)]
    assert outlines(page) == [1, 1]
    pictures = page.find_elements(By.CSS_SELECTOR, ".pane img")
    WebDriverWait(page, 5).until(
        lambda _: all(
            page.execute_script("return arguments[0].naturalWidth", one) for one in pictures
        )
    )


def test_arrow_keys_page_and_stop_at_the_ends(page):
    use(page, "link")
    press(page, Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_UP)
    assert places(page)[0] == (0, 3)
    press(page, Keys.END, Keys.ARROW_DOWN)
    assert places(page)[0] == (0, 6)
    press(page, Keys.HOME)
    assert places(page)[0] == (0, 0)
    count = page.find_element(By.CSS_SELECTOR, ".pane-count").text
    position = page.find_element(By.CSS_SELECTOR, ".pane-position").text
    assert (count, position) == ("1 / 7", "R 4.0 mm")


def test_the_wheel_pages_and_does_not_scroll_the_page(page):
    use(page, "link")
    bring(page, panes(page)[0])
    before = page.execute_script("return scrollY")
    wheel(page, 120)
    assert places(page)[0] == (0, 3)
    assert page.execute_script("return scrollY") == before
    wheel(page, -120)
    assert places(page)[0] == (0, 2)


def test_at_the_end_of_a_stack_the_wheel_scrolls_the_page(page):
    press(page, Keys.END)
    bring(page, panes(page)[0])
    before = page.execute_script("return scrollY")
    wheel(page, 120)
    WebDriverWait(page, 3).until(lambda _: page.execute_script("return scrollY") > before)
    assert places(page)[0] == (0, 6)


def test_linked_viewports_move_together_by_position(page):
    # the lesion lies in image 3 of the first study and in image 5 of the second: two slices on
    press(page, Keys.ARROW_UP)
    assert places(page) == [(0, 1), (2, 3)]
    press(page, Keys.ARROW_DOWN, pane=1)
    assert places(page) == [(0, 2), (2, 4)]
    use(page, "link")
    press(page, Keys.ARROW_UP)
    assert places(page) == [(0, 1), (2, 4)]


def test_linking_again_keeps_the_positions_that_were_set_by_hand(page):
    use(page, "link")
    press(page, Keys.HOME)
    press(page, Keys.HOME, pane=1)
    use(page, "link")
    press(page, Keys.ARROW_DOWN)
    assert places(page) == [(0, 1), (2, 1)]


def test_series_of_one_study_are_linked_by_true_position(page):
    bring(page, panes(page)[1]).click()
    bring(page, page.find_element(By.CSS_SELECTOR, '[data-stack-button="1"]')).click()
    assert places(page) == [(0, 2), (1, 2)]
    press(page, Keys.END)
    assert places(page) == [(0, 6), (1, 6)]


def test_the_outline_is_drawn_where_the_lesion_is_and_can_be_taken_off(page):
    use(page, "outline")
    assert outlines(page) == [0, 0]
    use(page, "outline")
    press(page, Keys.ARROW_UP)
    assert outlines(page) == [0, 0]
    press(page, "k")
    assert places(page) == [(0, 2), (2, 4)]
    assert outlines(page) == [1, 1]
    box, picture = page.execute_script(
        "const pane = document.querySelector('.pane');"
        "const of = (name) => pane.querySelector(name).getBoundingClientRect();"
        "return [of('.outline'), of('.overlay')]"
    )
    # drawn from pixel (10, 20) to (22, 38) of 48 x 64, shown as large as fits
    scale = min(picture["width"] / 48, picture["height"] / 64)
    left = picture["left"] + (picture["width"] - 48 * scale) / 2
    top = picture["top"] + (picture["height"] - 64 * scale) / 2
    assert box["left"] == pytest.approx(left + 10.5 * scale, abs=2)
    assert box["top"] == pytest.approx(top + 20.5 * scale, abs=2)
    assert box["width"] == pytest.approx(12 * scale, abs=3)


def test_axes_are_shown_on_request(page):
    use(page, "calipers")
    assert len(panes(page)[0].find_elements(By.CSS_SELECTOR, ".axis")) == 2
    assert "36.0 \u00d7 24.0 mm" in panes(page)[0].text


def test_brightness_and_contrast_change_the_picture_and_reset_undoes_it(page):
    pane = panes(page)[0]
    picture = pane.find_element(By.CSS_SELECTOR, "img")
    plain = style(page, picture, "filter")
    drag_with_right_button(page, bring(page, pane), 50, -50)
    assert style(page, picture, "filter") == "brightness(1.3) contrast(1.3)"
    assert places(page)[0] == (0, 2)
    use(page, "reset")
    assert style(page, picture, "filter") == plain == "brightness(1) contrast(1)"
    slider = page.find_element(By.CSS_SELECTOR, ".contrast")
    page.execute_script("arguments[0].focus()", slider)
    slider.send_keys(Keys.ARROW_RIGHT)
    assert style(page, picture, "filter") == "brightness(1) contrast(1.01)"


def test_dragging_pages(page):
    use(page, "link")
    pane = bring(page, panes(page)[0])
    ActionChains(page).drag_and_drop_by_offset(pane, 0, 60).perform()
    assert places(page)[0] == (0, 4)


def test_the_slider_pages_and_tells_where_it_is(page):
    slider = page.find_element(By.CSS_SELECTOR, ".slice")
    page.execute_script("arguments[0].focus()", slider)
    slider.send_keys(Keys.ARROW_RIGHT)
    assert places(page)[0] == (0, 3)
    assert slider.get_attribute("aria-valuetext") == "Image 4 of 7, L 8.0 mm"


def test_keys_zoom_and_reset_undoes_it(page):
    stage = page.find_element(By.CSS_SELECTOR, ".stage")
    press(page, "+", "+")
    assert style(page, stage, "transform").startswith("matrix(1.5625,")
    press(page, "r")
    assert style(page, stage, "transform").startswith("matrix(1,")


def test_one_series_can_be_seen_alone(page):
    use(page, "pair")
    assert places(page) == [(0, 2)]
    use(page, "pair")
    assert len(places(page)) == 2


def test_the_diagnosis_is_hidden_until_it_is_asked_for(page):
    text = page.find_element(By.CSS_SELECTOR, ".diagnosis-text")
    button = page.find_element(By.CSS_SELECTOR, ".diagnosis summary")
    assert not text.is_displayed()
    assert button.text == "Show diagnosis"
    bring(page, button).click()
    assert text.is_displayed()
    assert text.text.startswith("Metastasis")


def test_in_print_the_viewer_is_hidden_and_the_diagnosis_shown(page):
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert not page.find_element(By.ID, "images").is_displayed()
        assert page.find_element(By.CSS_SELECTOR, ".figures img").is_displayed()
        page.execute_script("dispatchEvent(new Event('beforeprint'))")
        assert page.find_element(By.CSS_SELECTOR, ".diagnosis-text").is_displayed()
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_a_figure_is_enlarged_with_and_without_outline(page):
    link = page.find_element(By.CSS_SELECTOR, ".figure-link")
    bring(page, link).click()
    box = page.find_element(By.ID, "lightbox")
    picture = page.find_element(By.ID, "lightbox-image")
    assert box.is_displayed()
    assert text_of(picture, "src").endswith("figures/fig1.png")
    page.find_element(By.ID, "lightbox-outline").click()
    assert text_of(picture, "src").endswith("figures/fig1-plain.png")
    box.send_keys(Keys.ARROW_RIGHT)
    assert text_of(picture, "src").endswith("figures/fig2.png")
    page.find_element(By.ID, "lightbox-close").click()
    assert not box.is_displayed()


def test_a_figure_opens_its_image_in_the_viewer(page):
    button = page.find_elements(By.CSS_SELECTOR, "[data-view-stack]")[1]
    bring(page, button).click()
    assert places(page)[0] == (3, 5)


def test_hostile_text_runs_nothing_and_loads_nothing(page):
    assert page.title.startswith("Title </script>")
    assert HOSTILE in page.find_element(By.TAG_NAME, "h1").text
    assert HOSTILE in page.find_element(By.CSS_SELECTOR, ".pane-lesion").get_attribute(
        "textContent"
    )
    sources = page.execute_script(
        "return [...document.images].map((one) => one.getAttribute('src'))"
    )
    assert "x" not in sources
    names = page.execute_script(
        "return performance.getEntriesByType('resource').map((one) => one.name)"
    )
    assert all(name.startswith(("file:", "data:")) for name in names)


@pytest.mark.parametrize("width", [390, 800, 1400])
def test_the_page_is_no_wider_than_the_screen(page, width):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        page.refresh()
        assert page.execute_script("return document.documentElement.scrollWidth") <= width
        assert len(panes(page)) == (1 if width < 600 else 2)
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_without_scripts_the_figures_and_the_text_remain(browser, site):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(site.as_uri())
        assert not browser.find_element(By.ID, "images").is_displayed()
        assert browser.find_element(By.CSS_SELECTOR, ".figures img").is_displayed()
        summary = browser.find_element(By.CSS_SELECTOR, ".diagnosis summary")
        ActionChains(browser).scroll_to_element(summary).pause(0.2).click(summary).perform()
        assert browser.find_element(By.CSS_SELECTOR, ".diagnosis-text").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_case_of_one_image_works_too(browser, tmp_path):
    found = plain_verified(tmp_path / "in")
    case = full_case(figures=())
    stacks = write_previews(tmp_path / "preview", found)
    figures = write_figures(tmp_path / "figures", found, case, ())
    write_page(tmp_path, found, case, stacks, figures, ())
    browser.get((tmp_path / "index.html").as_uri())
    assert places(browser) == [(0, 0)]
    assert not browser.find_element(By.CSS_SELECTOR, '[data-tool="pair"]').is_enabled()
    press(browser, Keys.ARROW_DOWN, "k", "l", "s")
    assert browser.get_log("browser") == []
