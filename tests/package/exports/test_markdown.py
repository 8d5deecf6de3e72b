from __future__ import annotations

import re

from casepack.case import untitled_case
from casepack.package.exports.markdown import (
    case_sections,
    escape,
    write_case_markdown,
    write_eurorad_markdown,
)
from tests.package.cases import MARKUP, extended_case, full_case

ORDER = [
    "Case type",
    "Section",
    "Patient",
    "Area of interest",
    "Procedure",
    "Imaging technique",
    "Special focus",
    "Clinical history",
    "Imaging findings",
    f"Imaging findings, time point 1: Before {MARKUP}",
    "Imaging findings, time point 2: After",
    "Discussion: background",
    "Discussion: clinical perspective",
    "Discussion: imaging perspective",
    "Discussion: outcome",
    "Discussion: take home message",
    "Differential diagnosis list",
    "Final diagnosis",
    "Consent",
    "Ethics",
    "Funding",
]


def test_the_parts_come_in_the_order_of_a_eurorad_case() -> None:
    assert [heading for heading, _ in case_sections(full_case())] == ORDER


def test_a_bare_case_has_no_empty_parts() -> None:
    assert [heading for heading, _ in case_sections(untitled_case(2))] == ["Case type"]
    assert "## Figures" not in write_case_markdown(untitled_case(2), {})


def test_no_text_of_the_case_is_read_as_markup() -> None:
    text = write_case_markdown(full_case(), {"figures/fig1.png": f"Caption {MARKUP}"})
    bare = re.sub(r"\\.", "", text)
    assert "<script" not in bare
    assert "*b*" not in bare
    assert "[e](" not in bare
    assert "\n# not a heading" not in text
    assert "\n1. not a list" not in text


def test_escaping_leaves_ordinary_prose_as_it_is() -> None:
    assert escape("A lesion of 12 mm, T1-dark (D12).") == "A lesion of 12 mm, T1-dark (D12)."
    assert escape("- a\n2. b\n+ c") == "\\- a\n\\2. b\n\\+ c"


def test_eurorad_text_stays_as_it_is_inside_fences_that_it_cannot_close() -> None:
    text = write_eurorad_markdown(full_case())
    assert f"```text\nTitle {MARKUP}\n```" in text
    assert "````text\nMessage: ```fences``` too.\n````" in text
    headings = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert headings[:2] == ["Title", "Authors"]
    assert headings[2 : 2 + len(ORDER)] == ORDER
    assert headings[2 + len(ORDER) :] == ["Figure 1", "References", "Keywords"]


def test_an_escaped_number_at_the_start_of_a_line_is_not_a_list() -> None:
    assert escape("12 mm") == "12 mm"
    assert escape("12. mm") == "\\12. mm"


def test_new_parts_of_a_case_are_in_the_text_in_their_places() -> None:
    text = write_case_markdown(extended_case(), {"figures/fig1b.png": "Caption"})
    for heading in ("Timeline", "Treatment", "Outcome", "Consent", "Ethics", "Competing interests"):
        assert f"## {heading}\n" in text
    assert "(Radiology, Example University; Invented Institute)" in text
    assert "Series 3: Sagittal T2. Dark nodule." in text
    assert "Ependymoma: no cysts" in text
    assert "Figure 1b: Caption" in text
