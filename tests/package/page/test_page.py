"""The text of index.html: complete, escaped, self-contained."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from casepack.case import Case, Figure, Panel, untitled_case
from casepack.lesion import MeasuredLesion
from casepack.model import Verified
from casepack.package.page.page import write_page
from casepack.package.page.page_measurements import describe_change
from casepack.package.pictures.figures import write_figures
from casepack.package.pictures.previews import write_previews
from tests.package.cases import MARKUP, extended_case, full_case, lesions, plain_verified, verified
from tests.package.screens import drawn_lesion

HOSTILE = "</script></style><img src=x onerror=alert(1)>{{script}}<!--'\"&"


class Page(HTMLParser):
    """Elements, texts and the content of scripts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.blocks: dict[str, str] = {}
        self._block = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        known = {name: value or "" for name, value in attrs}
        self.elements.append((tag, known))
        self._block = ""
        if tag in {"script", "style"}:
            self._block = known.get("id") or known.get("type") or tag
            self.blocks[self._block] = ""

    def handle_endtag(self, tag):
        if tag in {"script", "style"}:
            self._block = ""

    def handle_data(self, data):
        if self._block:
            self.blocks[self._block] += data
        else:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def write(
    root: Path, found: Verified, case: Case, measured: tuple[MeasuredLesion, ...] = ()
) -> Page:
    stacks = write_previews(root / "preview", found)
    figures = write_figures(root / "figures", found, case, measured)
    write_page(root, found, case, stacks, figures, measured)
    return Page((root / "index.html").read_text("utf-8"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def page(folder: Path) -> Page:
    found = verified(folder / "in")
    return write(folder, found, full_case(), lesions(found))


def viewer_data(page: Page) -> dict[str, Any]:
    content = json.loads(page.blocks["viewer-data"])
    assert isinstance(content, dict)
    return content


def test_every_part_of_the_case_can_be_read(page):
    text = " ".join(page.text.split())
    marked = " ".join(MARKUP.split())
    for expected in (
        f"Title {marked}",
        "Zoë Müller",
        f"Hospital {marked}",
        f"History {marked} # not a heading",
        f"Findings {marked}",
        "Between the studies: Radiotherapy",
        "Smaller.",
        f"Background {marked}",
        "Take-home message",
        f"Astrocytoma {marked}",
        f"Metastasis {marked}",
        "Certainty: probable",
        f"Caption {marked}",
        f"Work {marked}",
        "Published 6 May 2024",
        f"Publisher {marked}",
        "Over 89 years, female",
        "CC-BY-NC-SA-4.0",
        f"Lesion {marked}",
        "1 of 1 checks passed",
        "Clean Pixel Data Option",
        "2 files were held back",
        "does not remove it",
        "Given.",
    ):
        assert expected in text


def test_text_of_others_makes_no_element_and_no_script(tmp_path):
    case = full_case(
        title=HOSTILE,
        clinical_history=HOSTILE,
        keywords=(HOSTILE,),
        publisher=HOSTILE,
        figures=(Figure(caption=HOSTILE, series=1),),
    )
    found = verified(tmp_path / "in")
    measured = (drawn_lesion(found, (1, 0, 0), label=HOSTILE),)
    page = write(tmp_path, found, case, measured)
    plain = write(tmp_path / "plain", found, full_case(figures=case.figures), measured)
    assert [name for name, _ in page.elements].count("script") == 3
    assert [name for name, _ in page.elements].count("img") == [
        name for name, _ in plain.elements
    ].count("img")
    assert not any("onerror" in attributes for _, attributes in page.elements)
    assert page.blocks["script"] == plain.blocks["script"]
    assert viewer_data(page)["marks"][0]["label"] == HOSTILE
    assert json.loads(page.blocks["application/ld+json"])["name"] == " ".join(HOSTILE.split())
    assert page.text.count(HOSTILE) >= 5


def test_the_page_needs_no_network_and_no_other_file_than_pictures(page, folder):
    for name, attributes in page.elements:
        for attribute in ("src", "data", "action"):
            address = attributes.get(attribute, "")
            assert not address or (name == "img" and (folder / address).is_file())
    assert [one["href"] for one in page.all("link")] == ["data:,"]
    assert "url(" not in page.blocks["style"]
    assert "@import" not in page.blocks["style"]
    assert not re.search(r"\b(fetch|XMLHttpRequest|WebSocket|import)\b", page.blocks["script"])


def test_the_content_security_policy_allows_exactly_this_style_and_script(page):
    (policy,) = [one["content"] for one in page.all("meta") if "http-equiv" in one]
    assert policy.startswith("default-src 'none'; ")
    for name in ("style", "script"):
        digest = hashlib.sha256(page.blocks[name].encode()).digest()
        assert f"{name}-src 'sha256-{base64.b64encode(digest).decode()}'" in policy
    assert not any("style" in attributes for _, attributes in page.elements)
    assert not any(key.startswith("on") for _, one in page.elements for key in one)


def test_links_lead_to_files_of_the_package_to_parts_of_the_page_or_to_identifiers(page, folder):
    anchors = {one["id"] for _, one in page.elements if "id" in one}
    promised = {
        "dicom/DICOMDIR",
        "annotations/lesions.json",
        "figures/figures.json",
        "case.json",
        "ro-crate-metadata.json",
        "doi/datacite.json",
        "CITATION.cff",
        "deid/report.html",
    }
    hosts = ("https://doi.org/", "https://orcid.org/", "https://creativecommons.org/")
    for address in (one["href"] for one in page.all("a")):
        if address.startswith("#"):
            assert address[1:] in anchors
        else:
            inside = address in promised or (folder / address).is_file()
            assert inside or address.startswith(hosts)
    assert promised <= {one["href"] for one in page.all("a")}


def test_pictures_have_an_alternative_text_and_a_size(page):
    pictures = [one for one in page.all("img") if one.get("src")]
    assert pictures
    for one in pictures:
        assert len(one["alt"]) > 5
        assert int(one["width"]) > 0


def test_the_viewer_knows_every_picture_with_its_plane(page, folder):
    data = viewer_data(page)
    assert data["timePoints"] == [f"Before {MARKUP}, day 0", "After, day 96"]
    assert [one["timePoint"] for one in data["stacks"]] == [1, 1, 2, 2]
    for stack in data["stacks"]:
        for one in stack["images"]:
            assert (folder / one["file"]).is_file()
            assert one["letters"] == ["A", "P", "H", "F"]
    first = data["stacks"][0]["images"][0]
    assert first["position"] == [-4, -48, 64]
    assert first["spacing"] == [2, 2]
    assert first["place"] == "R 4.0 mm"
    assert data["stacks"][0]["images"][2]["place"] == "L 4.0 mm"


def test_outlines_are_shown_where_they_were_drawn_and_on_parallel_series(tmp_path):
    found = verified(tmp_path / "in")
    measured = (drawn_lesion(found, (1, 0, 2), box=(10, 20, 22, 38)),)
    drawn, projected = viewer_data(write(tmp_path, found, untitled_case(2), measured))["marks"]
    assert (drawn["stack"], drawn["image"], drawn["projected"]) == (0, 2, False)
    # the corner of the picture is (0, 0), so a pixel's centre lies half a pixel in
    assert drawn["points"] == [[10.5, 20.5], [22.5, 20.5], [22.5, 38.5], [10.5, 38.5]]
    assert drawn["size"] == "36.0 \u00d7 24.0 mm"
    assert (projected["stack"], projected["image"], projected["projected"]) == (1, 2, True)
    assert projected["points"] == drawn["points"]


def test_measurements_are_compared_over_time(tmp_path):
    found = verified(tmp_path / "in")
    measured = (drawn_lesion(found, (1, 0, 0), (2, 0, 0)),)
    text = write(tmp_path, found, untitled_case(2), measured).text
    assert "outlined on Sagittal T1" in text
    for expected in (
        "36.0 mm",
        "27.0 mm",
        "\u221225 %",
        "864 mm\u00b2",
        "486 mm\u00b2",
        "\u221244 %",
    ):
        assert expected in text


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [(20, 10, "\u221250 %"), (20, 25, "+25 %"), (20, 20, "\u00b10 %"), (0, 3, "\u2013")],
)
def test_a_change_is_told_with_its_sign(first, last, expected):
    assert describe_change(first, last) == expected


def test_a_case_without_text_has_no_empty_parts(tmp_path):
    page = write(tmp_path, plain_verified(tmp_path / "in"), untitled_case(1))
    sections = [one["id"] for one in page.all("section")]
    assert sections == ["images", "figures", "cite", "deidentification", "files"]
    assert "Untitled case" in page.text
    assert "No check was run on the 1 DICOM instance of this package" in page.text
    assert "annotations/lesions.json" not in {one["href"] for one in page.all("a")}


def test_a_study_without_pictures_has_a_page_without_a_viewer(tmp_path):
    found = plain_verified(tmp_path / "in")
    write_page(tmp_path, found, untitled_case(1), (), (), ())
    page = Page((tmp_path / "index.html").read_text("utf-8"))
    assert [one["id"] for one in page.all("section")] == ["cite", "deidentification", "files"]


def test_the_same_case_gives_the_same_page(tmp_path):
    found = verified(tmp_path / "in")
    for name in ("a", "b"):
        write(tmp_path / name, found, full_case(), lesions(found))
    assert (tmp_path / "a/index.html").read_bytes() == (tmp_path / "b/index.html").read_bytes()


def test_timeline_affiliations_panels_and_findings_of_series_can_be_read(tmp_path):
    panels = (Panel(series=1, caption="Before."), Panel(series=1, time_point=1, caption="Again."))
    figure = Figure(caption="Both.", panels=panels)
    case = Case.model_validate(extended_case().model_dump() | {"figures": [figure.model_dump()]})
    page = write(tmp_path, verified(tmp_path / "in", studies=1), case)
    text = " ".join(page.text.split())
    for expected in (
        "Radiology, Example University",
        "Invented Institute",
        "Day \N{MINUS SIGN}21: Weakness of the legs",
        "Day 0 to 35: Dexamethasone",
        "She walks.",
        "Series 3: Sagittal T2. Dark nodule.",
        "Ependymoma: no cysts",
        "Consent to publication: patient.",
        "Committee of Example University, approval E-7",
        "Example Fund, award A-1, Cords",
        "Figure 1a.",
        "Figure 1b.",
    ):
        assert expected in text
    assert {attributes.get("id") for _, attributes in page.elements} >= {"fig1a", "fig1b"}
