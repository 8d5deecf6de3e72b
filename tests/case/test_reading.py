from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casepack.case import parse_case, read_case
from casepack.errors import CaseError
from casepack.shipped import shipped_folder

WRONG = """\
id: iscm-1
title: A case
authors:
  - family: Quillfeather
    given: Ada
    orcid: 0000-0002-1825-0098
  - family: Placeholder
    given: Ben
    affilation: Nowhere
figures:
  - caption: A figure
    series: 2
  - caption: Another
patient:
  sex: no
  age: 93
Quillfeather Ada: 3
doi: doi:10.1594/x
"""


def _fail(text: str) -> str:
    with pytest.raises(CaseError) as caught:
        parse_case(text, "case.yaml")
    return caught.value.message


def test_the_sample_case_is_a_case() -> None:
    case = read_case(shipped_folder("samples") / "case.yaml")
    assert case.differential_diagnosis[1].text == "Ependymoma"
    assert [picture.number for picture in case.pictures] == [1, 2, 3, 4, 5, 6]


def test_every_error_is_named_with_its_line() -> None:
    lines = _fail(WRONG).splitlines()
    assert [line.split(": ")[0] for line in lines] == [
        f"case.yaml:{number}" for number in (6, 9, 13, 15, 16, 17, 18)
    ]
    assert "authors.0.orcid: is not an ORCID iD" in lines[0]
    assert "authors.1.affilation: there is no such key" in lines[1]


def test_no_message_quotes_a_value() -> None:
    message = _fail(WRONG)
    for value in ("Quillfeather", "Placeholder", "Nowhere", "0098", "93", "10.1594"):
        assert value not in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: b: c", "case.yaml:1: is not YAML"),
        ("id: x\ntitle: [", "case.yaml:2: is not YAML"),
        ("id: x\ntitle: y\nid: z", "case.yaml:3: a key is given twice"),
        ("id: x\ntitle: y\npublication_date: 2026-02-31", "case.yaml:3: is not YAML"),
        ("id: x\nauthors:\n  - {family: a, given: b, family: c}", "case.yaml:3: a key is given"),
        ("", "case.yaml:1: top level: Input should be"),
        ("- a", "case.yaml:1: top level: Input should be"),
        ("[" * 3000, "case.yaml: is nested too deeply"),
    ],
)
def test_what_is_not_a_case_file_is_refused(text: str, message: str) -> None:
    assert _fail(text).startswith(message)


def test_a_missing_key_has_the_line_of_what_should_hold_it() -> None:
    text = "id: x\ntitle: y\nfigures:\n  - caption: a\n    panels:\n      - {caption: b}\n"
    assert _fail(text).startswith("case.yaml:6: figures.0.panels.0.series: Field required")


def test_a_file_that_is_not_there_leads_to_init(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="cannot be read") as caught:
        read_case(tmp_path / "Quillfeather" / "case.yaml")
    assert "casepack init" in caught.value.advice
    assert "Quillfeather" not in caught.value.message


def test_authors_name_affiliations_of_the_list() -> None:
    text = """\
id: x
title: y
affiliations:
  - {id: uni, name: Example University, department: Radiology, ror: https://ror.org/03yrm5c26}
authors:
  - {family: A, given: B, affiliations: [uni], affiliation: Another hospital}
  - {family: C, given: D}
"""
    case = parse_case(text, "case.yaml")
    lines = [one.line for one in case.affiliations_of(case.authors[0])]
    assert lines == ["Radiology, Example University", "Another hospital"]
    assert case.affiliations_of(case.authors[1]) == ()
    assert "author 1 names an affiliation" in _fail(text.replace("[uni]", "[uno]"))
    double = text.replace("authors:", "  - {id: uni, name: Other}\nauthors:")
    assert "two affiliations have the same id" in _fail(double)


def test_panels_are_pictures_of_one_figure() -> None:
    text = """\
id: x
title: y
figures:
  - {caption: First, series: 1}
  - caption: Both.
    panels: [{series: 2, caption: Before.}, {series: 3, time_point: 2}]
"""
    pictures = parse_case(text, "case.yaml").pictures
    assert [(one.number, one.panel, one.series) for one in pictures] == [
        (1, "", 1),
        (2, "a", 2),
        (2, "b", 3),
    ]
    assert pictures[1].caption == "Both. Before."
    assert pictures[2].place == "figures.1.panels.1"
    mixed = text.replace("caption: Both.", "series: 4")
    assert "figures.1: has panels" in _fail(mixed)


def test_a_differential_may_be_text_or_coded() -> None:
    text = """\
id: x
title: y
differential_diagnosis:
  - Ependymoma
  - {text: Astrocytoma, code: {value: "38713004", scheme: SCT, meaning: Astrocytoma}}
"""
    first, second = parse_case(text, "case.yaml").differential_diagnosis
    assert (first.text, first.code) == ("Ependymoma", None)
    assert second.code is not None
    assert second.code.scheme == "SCT"
    assert "differential_diagnosis.0" in _fail(text.replace("- Ependymoma", "- 3"))


def test_relations_are_in_datacites_words() -> None:
    text = "id: x\ntitle: y\nrelations:\n  - {type: IsDerivedFrom, doi: 10.5072/a}\n"
    assert parse_case(text, "case.yaml").relations[0].doi == "10.5072/a"
    assert "relationType" in _fail(text.replace("IsDerivedFrom", "Resembles"))
    assert "not both" in _fail(text.replace("}", ", url: 'https://a.example/'}"))


@pytest.mark.parametrize(
    "value",
    [
        "!!timestamp abc",
        "!!bool maybe",
        "!!int one",
        "!!float x",
        "!!binary '*'",
        "!!python/object:os.system x",
        "!unknown x",
        "{? [a, b] : c}",
        "9" * 5000,
        "1e999999",
        "&a [*a]",
        "{<<: [1]}",
    ],
)
@pytest.mark.parametrize("key", ["publication_date", "patient", "keywords", "figures"])
def test_strange_values_of_yaml_are_errors_with_a_line(key: str, value: str) -> None:
    assert re.match(r"case\.yaml(:3)?: ", _fail(f"id: x\ntitle: y\n{key}: {value}\n"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["id", "title", "authors", "figures", "patient", "doi", "time_points"]),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.text(max_size=8),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(st.sampled_from(["age", "series", "label", "x y"]), inner)
                ),
                max_leaves=6,
            ),
        ),
        max_size=5,
    )
)
def test_any_content_is_a_case_or_an_error_of_ours(pairs: list[tuple[str, object]]) -> None:
    text = "".join(f"{key}: {json.dumps(value)}\n" for key, value in pairs)
    with contextlib.suppress(CaseError):
        parse_case(text, "case.yaml")


@pytest.mark.parametrize(
    "value",
    ["!!binary QW1hcmFudGg=", "!!set {Amaranth}", "!!omap [Amaranth: x]", "!!pairs [Amaranth: x]"],
)
@pytest.mark.parametrize("key", ["title", "keywords"])
def test_text_that_the_search_for_identifiers_cannot_see_is_refused(key: str, value: str) -> None:
    text = f"casepack: 1\n{key}: {value}\n"
    with pytest.raises(CaseError, match=r"case\.yaml:2: is not YAML") as caught:
        parse_case(text, "case.yaml")
    assert "Amaranth" not in str(caught.value)
