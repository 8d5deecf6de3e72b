from __future__ import annotations

from pathlib import Path

import pytest

from casepack.case import Case, read_case, untitled_case
from casepack.case.completeness import find_doubts, find_gaps
from casepack.case.profiles import PUBLICATION_PROFILES, is_part, read_profile, read_profile_text
from casepack.errors import CaseError
from casepack.model import Finding, Severity
from casepack.shipped import shipped_folder


@pytest.fixture(scope="module")
def sample() -> Case:
    return read_case(shipped_folder("samples") / "case.yaml")


def _changed(case: Case, **parts: object) -> Case:
    return Case.model_validate(case.model_dump() | parts)


def _warnings(findings: tuple[Finding, ...]) -> list[str]:
    return [one.place for one in findings if one.severity is Severity.WARNING]


@pytest.mark.parametrize("name", PUBLICATION_PROFILES)
def test_shipped_profiles_can_be_read_and_ask_for_a_title(name: str) -> None:
    profile = read_profile(name)
    assert "title" in profile.required
    assert profile.source
    missing = find_gaps(untitled_case(1), profile)
    assert any("authors" in one.place or "patient" in one.place for one in missing)


@pytest.mark.parametrize("name", ["generic", "eurorad", "zenodo"])
def test_the_sample_has_what_these_profiles_require(sample: Case, name: str) -> None:
    assert _warnings(find_gaps(sample, read_profile(name))) == []


def test_what_is_required_and_missing_is_a_warning_at_its_place(sample: Case) -> None:
    case = _changed(sample, clinical_history=" ", authors=[{"family": "A", "given": "B"}])
    places = _warnings(find_gaps(case, read_profile("eurorad")))
    assert places == ["authors.0.affiliation", "clinical_history"]


def test_one_of_several_parts_is_enough(sample: Case) -> None:
    case = _changed(sample, consent="", consent_from="patient", imaging_findings="")
    assert _warnings(find_gaps(case, read_profile("generic"))) == []
    silent = _changed(case, consent_from=None)
    assert _warnings(find_gaps(silent, read_profile("generic"))) == ["consent"]


def test_findings_of_series_count_as_those_of_the_time_point(sample: Case) -> None:
    points = [{"label": "Only", "series": [{"series": 1, "findings": "A lesion."}]}]
    figures = [{"caption": "One image of it", "series": 1}]
    case = _changed(sample, time_points=points, figures=figures)
    assert "time_points.0.findings" not in _warnings(find_gaps(case, read_profile("radiopaedia")))


def test_limits_and_allowed_values_are_checked(sample: Case) -> None:
    case = _changed(sample, keywords=["one"], case_type="Report", licence="CC-BY-4.0")
    assert _warnings(find_gaps(case, read_profile("generic"))) == ["keywords"]
    assert _warnings(find_gaps(case, read_profile("eurorad"))) == ["case_type", "licence"]
    long = find_gaps(sample, read_profile("radiopaedia"))
    assert [(one.code, one.place) for one in long] == [("case-limit", "clinical_history")]


def test_a_profile_of_ones_own_lies_beside_the_case_file(tmp_path: Path, sample: Case) -> None:
    text = "profile: 1\ntitle: Mine\nrequired: [abstract]\nlimits: {title: {words: [1, 5]}}\n"
    (tmp_path / "mine.yaml").write_text(text)
    findings = find_gaps(sample, read_profile("mine.yaml", tmp_path))
    assert _warnings(findings) == ["abstract", "title"]
    assert findings[0].section == "publication profile: Mine"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("profile: 1\ntitle: Mine\nrequired:\n  - title\n  - titel\n", "mine.yaml:5"),
        ("profile: 1\ntitle: Mine\nallowed:\n  patient.agee: ['1']\n", "mine.yaml:4"),
        ("profile: 1\ntitle: Mine\nneeded: [title]\n", "mine.yaml:3"),
        ("title: Mine\n", "mine.yaml:1: profile"),
    ],
)
def test_a_wrong_profile_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(CaseError) as caught:
        read_profile("mine.yaml", tmp_path)
    assert caught.value.message.startswith(message)


def test_a_profile_that_is_not_there_is_refused_with_the_names_of_those_there_are() -> None:
    with pytest.raises(CaseError) as caught:
        read_profile_text("nature")
    assert "radiopaedia" in caught.value.advice


@pytest.mark.parametrize(
    "path", ["authors[].orcid", "discussion.outcome", "figures[].panels[].series"]
)
def test_paths_of_the_model_are_parts(path: str) -> None:
    assert is_part(path)


@pytest.mark.parametrize("path", ["author", "authors.orcid.x", "title[]", "discussion.end", ""])
def test_other_paths_are_none(path: str) -> None:
    assert not is_part(path)


def test_the_sample_raises_no_doubt(sample: Case) -> None:
    assert find_doubts(sample) == ()


@pytest.mark.parametrize(
    ("parts", "place", "words"),
    [
        (
            {"differential_diagnosis": ["Intramedullary metastasis of breast cancer."]},
            "differential_diagnosis",
            "nothing but the final diagnosis",
        ),
        ({"differential_diagnosis": ["A", "B", "a"]}, "differential_diagnosis", "twice"),
        ({"figures": [{"series": 1}]}, "figures.0", "no caption"),
        ({"figures": [{"series": 1, "caption": "Image"}]}, "figures.0", "hardly anything"),
        (
            {"figures": [{"series": 1, "caption": "What it shows", "time_point": 1}] * 2},
            "figures.1",
            "same image as figures.0",
        ),
        ({"treatment": "None, as she was 93 years old."}, "treatment", "above 89"),
        ({"clinical_history": "A 91-year-old woman"}, "clinical_history", "above 89"),
        ({"clinical_history": "A 61 year old woman"}, "clinical_history", "another age"),
        ({"outcome": "TODO"}, "outcome", "placeholder"),
        ({"licence": "cc by"}, "licence", "SPDX"),
        ({"language": "english"}, "language", "BCP 47"),
    ],
)
def test_doubtful_content_is_named(
    sample: Case, parts: dict[str, object], place: str, words: str
) -> None:
    doubts = find_doubts(_changed(sample, **parts))
    assert place in {one.place for one in doubts}
    assert any(words in one.message for one in doubts)
    assert all(one.severity is Severity.WARNING for one in doubts)


@pytest.mark.parametrize(
    "text", ["A 89-year-old man", "93 mm long", "over 89 years old", "aged 60"]
)
def test_other_numbers_are_no_age_above_the_limit(sample: Case, text: str) -> None:
    assert find_doubts(_changed(sample, treatment=text)) == ()
