"""The page for a data-protection officer: its words, and how it looks in a browser."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from casepack.model import Check
from casepack.verify import Report, collect_identifiers, verify_folder, write_page
from casepack.verify.findings.findings import make_finding
from casepack.verify.inventory import Inventory
from casepack.verify.page import report_page
from tests.browser import console, grave_faults, open_browser, screen, width_of
from tests.package.cases import needs
from tests.verify.studies import Written

HOSTILE = "<img src=x onerror=alert(1)>/IM1"
SKIPPED = Check(name="iods", title="Validators", examined=0, findings=0, skipped="not installed")


@pytest.fixture(autouse=True)
def _no_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casepack.verify.verification.available_tools", dict)


def page_of(*codes: str, compared: bool = True, **changes: Any) -> str:
    findings = tuple(make_finding(code, file=HOSTILE, place="(0010,0010)") for code in codes)
    report = Report(kind="folder", checks=(), findings=findings, compared=compared, **changes)
    return report_page(report, (), fingerprint="f" * 64, software="casepack 0")


def verdict_of(page: str) -> str:
    match = re.search(r'<p class="verdict (\w+)"><strong>(.*?)</strong>', page)
    assert match
    return f"{match[1]}: {match[2]}"


@pytest.mark.parametrize(
    ("page", "verdict"),
    [
        (page_of(), "passed: Passed."),
        (page_of("reference-external"), "passed: Passed."),
        (page_of("age-over-89"), "partly: Passed."),
        (page_of("age-over-89", "burned-in"), "failed: Not passed."),
        (page_of("burned-in", compared=False), "failed: Not passed."),
        (
            page_of(compared=False),
            "partly: Passed as far as it can be checked without the originals.",
        ),
    ],
)
def test_the_verdict_says_no_more_than_was_checked(page: str, verdict: str) -> None:
    assert verdict_of(page) == verdict


def test_a_check_that_was_not_run_is_said_in_the_verdict_and_in_the_table() -> None:
    report = Report(kind="package", checks=(SKIPPED,), findings=(), compared=True)
    page = report_page(report, (), fingerprint="", software="casepack 0")
    assert "1 check not run" in page
    assert "not run: not installed" in page


def test_findings_name_tag_attribute_file_and_advice_and_escape_what_is_foreign() -> None:
    page = page_of("attribute-not-removed")
    assert "(0010,0010)</code> Patient&#x27;s Name" in page
    assert "Remove it, or claim the Option that keeps it." in page
    assert "&lt;img src=x" in page
    assert "<img" not in page


def test_the_page_says_edition_programs_claims_and_fingerprint() -> None:
    page = page_of(
        tools={"dciodvfy": "1.00"},
        inventory=Inventory(claimed=("113100", "999"), disputed=("113107",)),
    )
    for text in ("PS3.15 2026d", "casepack 0, dciodvfy 1.00", "(113100); 1 unknown code", "f" * 64):
        assert text in page
    assert "Modified Dates Option (113107)" in page


def test_many_places_are_cut_with_their_number() -> None:
    findings = tuple(make_finding("burned-in", file="1", place=f"{n}") for n in range(50))
    report = Report(kind="folder", checks=(), findings=findings)
    page = report_page(report, (), fingerprint="", software="casepack 0")
    assert "10 places more" in page


@pytest.mark.parametrize("with_originals", [True, False])
def test_the_page_of_a_bad_folder_holds_none_of_its_values(
    written: Written, tmp_path: Path, *, with_originals: bool
) -> None:
    identifiers = collect_identifiers(written.originals)
    root = tmp_path / "Brandtmüller Wilhelmina" / "study"
    shutil.copytree(written.originals.root, root / "QX-5582137" / "Brandtmüller")
    originals = written.originals if with_originals else None
    page = write_page(verify_folder(root, originals=originals), root, software="casepack 0")
    assert verdict_of(page).startswith("failed")
    for value in identifiers.values:
        if value.distinctive:
            assert value.value not in page


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in {"src", "href"}]
        assert tag not in {"script", "link", "iframe"}


def test_the_page_is_self_contained_and_always_the_same(written: Written) -> None:
    def write() -> str:
        report = verify_folder(written.root, originals=written.originals)
        return write_page(report, written.root, software="casepack 0")

    page = write()
    assert page == write()
    parser = _Links()
    parser.feed(page)
    assert len(parser.links) == 4
    assert all(link.startswith("data:image/webp;base64,") for link in parser.links)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with open_browser(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@needs("chromium")
@needs("chromedriver")
@pytest.mark.parametrize("width", [1280, 400])
def test_in_a_browser_the_page_fits_its_pictures_load_and_nothing_is_refused(
    browser: webdriver.Chrome, written: Written, tmp_path: Path, width: int
) -> None:
    (written.root / ("long" * 40)).write_bytes(b"")
    report = verify_folder(written.root, originals=written.originals)
    file = tmp_path / "report.html"
    file.write_text(write_page(report, written.root, software="casepack 0"), "utf-8")
    with screen(browser, width):
        _check_page(browser, file.as_uri(), width)


def _check_page(browser: webdriver.Chrome, address: str, width: int) -> None:
    browser.get(address)
    assert width_of(browser) <= width
    assert grave_faults(browser) == []
    loaded = browser.execute_script(
        "return [...document.images].map(i => i.complete && i.naturalWidth)"
    )
    assert len(loaded) == 4
    assert all(loaded)
    verdict = browser.find_element(By.CSS_SELECTOR, ".verdict")
    assert verdict.text.startswith("Not passed. 1 error")
    assert verdict.is_displayed()
    heading = browser.find_element(By.CSS_SELECTOR, ".finding h3")
    assert heading.text == "ERROR The file is empty"
    assert console(browser) == []
