"""The page of the sample case as readers see it: three widths, light and dark, and in print."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.by import By

from casepack.annotate.lesions import read_lesions
from casepack.annotate.measure import measure_lesions
from casepack.case import read_case
from casepack.model import Deidentified, Verified
from casepack.package.write import write_package
from casepack.pipeline import make_sample
from casepack.study import read_file_set
from tests.browser import SHOTS, console, grave_faults, keep_picture, open_browser, screen, width_of
from tests.builders import RECORD
from tests.package.cases import SOFTWARE, needs

pytestmark = [needs("chromium"), needs("chromedriver")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the sample case, whose synthetic study is taken as it is."""
    root = tmp_path_factory.mktemp("looks")
    make_sample(root / "sample", seed=1, slices=7, size=160)
    case = read_case(root / "sample" / "case.yaml")
    studies = read_file_set(root / "sample" / "study").studies
    found = Deidentified(root=root, studies=studies, record=RECORD)
    lesions = measure_lesions(found, read_lesions(root / "sample" / "lesions.json"))
    checked = Verified(deidentified=found, checks=())
    write_package(checked, case, lesions, root / "package", software=SOFTWARE)
    return root / "package" / "data"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with open_browser(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 800, 1280])
def test_nothing_grave_keeps_anyone_from_reading_the_page(browser, site, width, scheme):
    with screen(browser, width, scheme):
        browser.get((site / "index.html").as_uri())
        assert width_of(browser) <= width
        assert grave_faults(browser) == []
        taken = Image.open(io.BytesIO(keep_picture(browser, f"case-{width}-{scheme}")))
        assert taken.width == width
        paper = np.asarray(taken.convert("L"))[40, 2]
        assert (paper > 200) == (scheme == "light")
        assert console(browser) == []
    assert (SHOTS / f"case-{width}-{scheme}.png").is_file()


@pytest.mark.parametrize("name", ["deid/report.html", "ro-crate-preview.html"])
def test_the_other_pages_can_be_read_by_everyone_too(browser, site, name):
    for scheme in ("light", "dark"):
        with screen(browser, 390, scheme):
            browser.get((site / name).as_uri())
            assert grave_faults(browser) == []
            assert width_of(browser) <= 390
    keep_picture(browser, Path(name).stem)


def test_a_wide_table_of_the_report_can_be_scrolled_with_keys(browser, site, tmp_path):
    report = (site / "deid/report.html").read_text("utf-8")
    assert "<thead><tr><th" in report
    page = tmp_path / "report.html"
    page.write_text(report.replace("<thead><tr><th", "<thead><tr><th>" + 99 * "w", 1), "utf-8")
    with screen(browser, 390):
        browser.get(page.as_uri())
        assert width_of(browser) <= 390
        assert grave_faults(browser) == []


def test_the_check_itself_finds_grey_on_grey_and_a_button_without_a_name(browser, tmp_path):
    page = tmp_path / "bad.html"
    page.write_text(
        "<!doctype html><html lang=en><title>t</title><main><h1>H</h1><button></button>"
        "<p style='color:#999;background:#aaa'>hard to read</p></main>",
        "utf-8",
    )
    browser.get(page.as_uri())
    found = {fault.partition(":")[0] for fault in grave_faults(browser)}
    assert found == {"button-name", "color-contrast"}


def test_open_parts_can_be_read_by_everyone_too(browser, site):
    with screen(browser, 1280):
        browser.get((site / "index.html").as_uri())
        browser.execute_script("document.querySelector('.diagnosis').open = true")
        browser.execute_script("document.querySelector('button[data-count=\"3\"]').click()")
        assert grave_faults(browser) == []
        keep_picture(browser, "viewer-three-series", whole=False)
        browser.execute_script("document.querySelector('.figure-link').click()")
        assert grave_faults(browser) == []


def test_the_lesion_is_shown_magnified_and_without_its_outline(browser, site):
    browser.get((site / "index.html").as_uri())
    inset = browser.find_element(By.CSS_SELECTOR, ".figure-link .detail")
    browser.execute_script("arguments[0].click()", inset)
    shown = browser.find_element(By.ID, "lightbox-image")
    assert (shown.get_attribute("src") or "").endswith("figures/fig1-detail.png")
    assert not browser.find_element(By.ID, "lightbox-outline").is_enabled()
    keep_picture(browser, "figure-detail", whole=False)
    browser.find_element(By.ID, "lightbox-detail").click()
    assert (shown.get_attribute("src") or "").endswith("figures/fig1.png")


def test_the_localizer_line_runs_where_the_other_image_cuts_this_one(browser, site):
    browser.get((site / "index.html").as_uri())
    axial = browser.find_element(By.XPATH, "//button[@data-stack-button][contains(., 'Axial T2')]")
    panes = browser.find_elements(By.CSS_SELECTOR, ".pane")
    browser.execute_script("arguments[0].focus()", panes[1])
    browser.execute_script("arguments[0].click()", axial)
    lines = [pane.find_elements(By.CSS_SELECTOR, ".line") for pane in panes]
    assert [len(found) for found in lines] == [1, 1]
    # the middle sagittal image cuts the axial one in the middle, from front to back
    axial_box, line = browser.execute_script(
        "return [arguments[0].querySelector('.stage'), arguments[0].querySelector('.line')]"
        ".map((one) => { const of = one.getBoundingClientRect();"
        " return [of.left, of.top, of.width, of.height]; })",
        panes[1],
    )
    assert line[0] + line[2] / 2 == pytest.approx(axial_box[0] + axial_box[2] / 2, rel=0.05)
    assert line[3] > axial_box[3]
    toggle = browser.find_element(By.CSS_SELECTOR, '[data-tool="lines"]')
    browser.execute_script("arguments[0].click()", toggle)
    assert not browser.find_elements(By.CSS_SELECTOR, ".line")


def test_keys_alone_reach_everything_in_the_order_of_the_page(browser, site):
    with screen(browser, 1280):
        browser.get((site / "index.html").as_uri())
        reached = []
        for _ in range(90):
            browser.execute_cdp_cmd(
                "Input.dispatchKeyEvent",
                {"type": "keyDown", "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9},
            )
            reached.append(
                browser.execute_script(
                    "const of = document.activeElement; return of.className || of.dataset.tool"
                    " || of.getAttribute('href') || of.tagName"
                )
            )
            if "deid/report.html" in reached:
                break
        order = [reached.index(name) for name in ("skip", "#history", "link", "pane", "slice")]
        assert order == sorted(order)
        assert "figure-link" in reached
        assert "SUMMARY" in reached


def test_printed_it_is_a_few_pages_with_figures_and_the_diagnosis(browser, site):
    browser.get((site / "index.html").as_uri())
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": False})
    content = base64.b64decode(printed["data"])
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", content)) <= 9
    (SHOTS / "case-printed.pdf").write_bytes(content)
