"""The case page in a browser: opened from disk, silent on the console, its viewer at work."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from casepack.case import Figure
from casepack.package.page.page import write_page
from casepack.package.pictures.figures import write_figures
from casepack.package.pictures.previews import write_previews
from tests.browser import console, open_browser, screen, width_of
from tests.package.cases import full_case, needs, plain_verified, verified
from tests.package.screens import drawn_lesion

pytestmark = [needs("chromium"), needs("chromedriver")]

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
    with open_browser(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def page(browser: webdriver.Chrome, site: Path) -> Iterator[webdriver.Chrome]:
    browser.get(site.as_uri())
    yield browser
    assert console(browser) == []


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


def arrange(page: webdriver.Chrome, count: int) -> None:
    bring(page, page.find_element(By.CSS_SELECTOR, f'button[data-count="{count}"]')).click()


def zooms(page: webdriver.Chrome) -> list[str]:
    return [style(page, one, "transform") for one in page.find_elements(By.CSS_SELECTOR, ".stage")]


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


def test_keys_zoom_at_the_lesion_and_reset_undoes_it(page):
    before = middle_of_outline(page)
    press(page, "+", "+")
    assert zooms(page)[0].startswith("matrix(1.5625,")
    assert middle_of_outline(page) == pytest.approx(before, abs=1.5)
    press(page, "r")
    assert zooms(page)[0].startswith("matrix(1,")


def middle_of_outline(page: webdriver.Chrome, pane: int = 0) -> tuple[float, float]:
    box = page.execute_script(
        "const of = arguments[0].querySelector('.outline').getBoundingClientRect();"
        "return [of.left + of.width / 2, of.top + of.height / 2]",
        panes(page)[pane],
    )
    return box[0], box[1]


def test_zoom_contrast_and_movement_are_linked_until_the_link_is_off(page):
    places_before = [middle_of_outline(page, pane) for pane in (0, 1)]
    press(page, "+", "+")
    # both about the same point of the patient, the lesion, wherever it is in each picture
    for pane in (0, 1):
        assert zooms(page)[pane].startswith("matrix(1.5625,")
        assert middle_of_outline(page, pane) == pytest.approx(places_before[pane], abs=1.5)
    drag_with_right_button(page, bring(page, panes(page)[1]), 50, -50)
    tones = [style(page, one, "filter") for one in page.find_elements(By.CSS_SELECTOR, ".pane img")]
    assert tones == ["brightness(1.3) contrast(1.3)"] * 2
    use(page, "link")
    press(page, "+", pane=1)
    assert [zoom.split(",")[0] for zoom in zooms(page)] == ["matrix(1.5625", "matrix(1.95312"]


def test_another_series_is_shown_as_large_and_at_the_same_place(page):
    press(page, "+", "+", "+")
    before = zooms(page)[0]
    bring(page, page.find_element(By.CSS_SELECTOR, '[data-stack-button="1"]')).click()
    assert places(page)[0] == (1, 2)
    assert before.startswith("matrix(1.95312")
    assert matrix(zooms(page)[0]) == pytest.approx(matrix(before), abs=0.5)


def matrix(transform: str) -> list[float]:
    return [float(part) for part in transform.removeprefix("matrix(").rstrip(")").split(",")]


def test_the_wheel_with_control_zooms_at_the_pointer_and_a_double_click_does_too(page):
    pane = bring(page, panes(page)[0])
    ActionChains(page).double_click(pane).perform()
    assert matrix(zooms(page)[0]) == pytest.approx([2.5, 0, 0, 2.5, 0, 0], abs=2)
    ActionChains(page).double_click(pane).perform()
    assert matrix(zooms(page)[0])[0] == 1
    origin = ScrollOrigin.from_element(pane, 60, 80)
    chain = ActionChains(page).key_down(Keys.CONTROL).scroll_from_origin(origin, 0, -120)
    chain.key_up(Keys.CONTROL).perform()
    zoom, _, _, _, right, down = matrix(zooms(page)[0])
    assert zoom == pytest.approx(1.4918, abs=1e-3)
    assert [right, down] == pytest.approx([-0.4918 * 60, -0.4918 * 80], abs=2)


def test_the_scale_in_the_viewport_is_as_long_as_it_says(page):
    def length_of_a_centimetre() -> float:
        ruler = page.find_element(By.CSS_SELECTOR, ".ruler")
        width = float(style(page, ruler, "width").removesuffix("px"))
        return width / float(ruler.text.removesuffix(" cm"))

    # 48 x 64 pixels of 2 mm, shown as large as fits
    box = panes(page)[0].size
    fit = min(box["width"] / 48, box["height"] / 64)
    assert length_of_a_centimetre() == pytest.approx(10 / 2 * fit, rel=0.02)
    press(page, "+", "+", "+")
    assert length_of_a_centimetre() == pytest.approx(10 / 2 * fit * 1.953125, rel=0.02)


def test_one_two_or_three_series_can_be_seen_at_a_time(page):
    arrange(page, 1)
    assert places(page) == [(0, 2)]
    press(page, "3")
    # the lesion, the lesion later, and another series beside the first, at the same position
    assert places(page) == [(0, 2), (2, 4), (1, 2)]
    press(page, Keys.ARROW_DOWN, pane=2)
    assert places(page) == [(0, 3), (2, 5), (1, 3)]
    arrange(page, 2)
    assert len(places(page)) == 2


def test_fingers_page_and_zoom(page):
    with screen(page, 390):
        page.refresh()
        bring(page, panes(page)[0])
        x, y = page.execute_script(
            "const box = document.querySelector('.pane').getBoundingClientRect();"
            "return [box.left + box.width / 2, box.top + box.height / 2]"
        )

        def touch(kind: str, *points: tuple[float, float]) -> None:
            asked = [{"x": px, "y": py, "id": number} for number, (px, py) in enumerate(points)]
            page.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": asked})

        touch("touchStart", (x, y))
        for step in (20, 40, 60):
            touch("touchMove", (x, y + step))
        touch("touchEnd")
        assert places(page)[0][1] > 2
        touch("touchStart", (x, y - 30))
        touch("touchStart", (x, y - 30), (x, y + 30))
        touch("touchMove", (x, y - 45), (x, y + 45))
        touch("touchMove", (x, y - 60), (x, y + 60))
        touch("touchEnd")
        assert matrix(zooms(page)[0])[0] > 1.2


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
    assert not page.find_element(By.ID, "lightbox-detail").is_displayed(), "the lesion is large"
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


@pytest.mark.parametrize("width", [390, 800, 1280, 1400])
def test_the_page_is_no_wider_than_the_screen(page, width):
    with screen(page, width):
        page.refresh()
        assert width_of(page) <= width
        assert len(panes(page)) == (1 if width < 600 else 2)
        listed = page.find_element(By.CSS_SELECTOR, ".contents ul")
        needed, given = (listed.get_property(name) for name in ("scrollWidth", "clientWidth"))
        assert (needed <= given) == (width >= 1280), "all sections are in sight on a desk"


def test_in_a_list_that_is_longer_than_the_screen_the_series_shown_is_in_sight(page):
    with screen(page, 390):
        page.refresh()
        listed = page.find_element(By.ID, "series-list")
        assert int(listed.get_property("scrollWidth")) > int(listed.get_property("clientWidth"))
        bring(page, page.find_elements(By.CSS_SELECTOR, "[data-view-stack]")[1]).click()
        shown = page.find_element(By.CSS_SELECTOR, '[data-stack-button][aria-pressed="true"]')
        assert shown.get_attribute("data-stack-button") == "3"
        assert listed.rect["x"] <= shown.rect["x"]
        right = listed.rect["x"] + listed.rect["width"]
        assert shown.rect["x"] + shown.rect["width"] <= right + 1


class _Asked(http.server.SimpleHTTPRequestHandler):
    paths: list[str]

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.paths.append(self.path)
        super().do_GET()


def test_from_a_web_server_it_asks_for_its_own_pictures_and_nothing_else(browser, site):
    _Asked.paths = []
    serve = partial(_Asked, directory=str(site.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser.execute_cdp_cmd("Network.enable", {})
        browser.get(f"http://127.0.0.1:{server.server_port}/index.html")
        press(browser, Keys.ARROW_DOWN)
        sent = browser.execute_script(
            "return performance.getEntriesByType('resource').map((one) => one.name)"
        )
        refused = browser.execute_async_script(
            "const done = arguments[0];"
            "fetch('/case.json').then(() => done(''), (no) => done(no.name))"
        )
        server.shutdown()
    assert places(browser)[0] == (0, 3)
    assert all(path.startswith(("/index.html", "/preview/", "/figures/")) for path in _Asked.paths)
    assert all(name.startswith(("http://127.0.0.1:", "data:")) for name in sent)
    assert refused == "TypeError", "no connection at all, not even home"
    assert any("Content Security Policy" in one["message"] for one in console(browser))


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
    counts = browser.find_elements(By.CSS_SELECTOR, "button[data-count]")
    assert [one.is_enabled() for one in counts] == [True, False, False]
    press(browser, Keys.ARROW_DOWN, "k", "l", "2", "+")
    assert console(browser) == []
