from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import requests
import rocrate

from casepack.case import Case, untitled_case
from casepack.model import Verified
from casepack.package.crate import METADATA, PREVIEW, describe_crate, write_crate_preview
from casepack.package.text import write_json, write_text
from tests.package import cases


def _payload(root: Path, checked: Verified, names: tuple[str, ...] = ()) -> Mapping[str, str]:
    """A payload with empty files in the places that a package has; returns the paths."""
    paths = {
        one.sop_instance_uid: f"dicom/PT000000/ST000000/SE{number // 3:06d}/IM{number % 3:06d}"
        for number, one in enumerate(checked.deidentified.instances)
    }
    files = ("index.html", "LICENSE", "case.json", "dicom/DICOMDIR", "preview/a/000.webp", *names)
    for name in (*files, *paths.values()):
        write_text(root / name, "x")
    return paths


def _write(root: Path, case: Case, checked: Verified) -> dict[str, Any]:
    paths = _payload(root, checked, ("figures/fig1.png",))
    captions = {"figures/fig1.png": f"Caption {cases.MARKUP}"}
    crate = describe_crate(root, case, checked.deidentified, paths, captions)
    write_json(root / METADATA, crate)
    write_text(root / PREVIEW, write_crate_preview(case, crate))
    return crate


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer the context's address from the copy in the package rocrate; nothing else."""
    context = (Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld").read_bytes()

    def send(_self: object, request: requests.PreparedRequest, **_: object) -> requests.Response:
        assert request.url == "https://w3id.org/ro/crate/1.3/context"
        response = requests.Response()
        response.status_code, response.url, response.request = 200, request.url, request
        response._content = context
        response.headers["Content-Type"] = "application/ld+json"
        return response

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)


def _issues(root: Path) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of rdflib and pyshacl
        from rocrate_validator.models import Severity, ValidationSettings
        from rocrate_validator.services import validate

        result = validate(
            ValidationSettings(
                rocrate_uri=str(root),
                profile_identifier="ro-crate-1.3",
                requirement_severity=Severity.REQUIRED,
                no_cache=True,
            )
        )
    return [f"{one.check.identifier}: {one.message}" for one in result.get_issues()]


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    "case",
    [cases.full_case(), untitled_case(2), cases.extended_case()],
    ids=["full", "bare", "extended"],
)
def test_the_crate_is_valid_at_the_required_level(tmp_path: Path, case: Case) -> None:
    _write(tmp_path / "data", case, cases.verified(tmp_path / "in"))
    assert _issues(tmp_path / "data") == []


@pytest.mark.usefixtures("offline")
def test_the_validator_would_find_a_file_that_is_not_there(tmp_path: Path) -> None:
    _write(tmp_path / "data", untitled_case(2), cases.verified(tmp_path / "in"))
    (tmp_path / "data" / "case.json").unlink()
    assert _issues(tmp_path / "data")


def test_every_reference_in_the_graph_leads_to_an_entity(tmp_path: Path) -> None:
    crate = _write(tmp_path / "data", cases.full_case(), cases.verified(tmp_path / "in"))
    entities = {entity["@id"]: entity for entity in crate["@graph"]}
    assert len(entities) == len(crate["@graph"])

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [value["@id"]] if set(value) == {"@id"} else []
        return (
            [one for item in value for one in references(item)] if isinstance(value, list) else []
        )

    external = {"https://w3id.org/ro/crate/1.3"}
    for entity in entities.values():
        for value in entity.values():
            assert set(references(value)) <= entities.keys() | external


def test_every_part_is_on_disk_and_every_file_belongs_to_a_part(tmp_path: Path) -> None:
    root = tmp_path / "data"
    crate = _write(root, cases.full_case(), cases.verified(tmp_path / "in"))
    parts = [entity["@id"] for entity in crate["@graph"] if (root / entity["@id"]).exists()]
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if path.is_file() and name != PREVIEW:
            assert any(name == part or (part != "./" and name.startswith(part)) for part in parts)


def test_without_a_date_the_crate_says_the_last_day_not_today(tmp_path: Path) -> None:
    crate = _write(tmp_path / "data", untitled_case(2), cases.verified(tmp_path / "in"))
    root = next(entity for entity in crate["@graph"] if entity["@id"] == "./")
    assert root["datePublished"] == "9999-12-31"
    assert root["license"] == {"@id": "LICENSE"}


def test_the_preview_shows_markup_as_text_and_links_every_file(tmp_path: Path) -> None:
    root = tmp_path / "data"
    _write(root, cases.full_case(), cases.verified(tmp_path / "in"))
    seen: list[tuple[str, str | None]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.append((tag, dict(attrs).get("href")))

    page = (root / PREVIEW).read_text("utf-8")
    Reader().feed(page)
    assert "script" not in {tag for tag, _ in seen}
    assert "&lt;script&gt;" in page
    links = [link for tag, link in seen if tag == "a" and link and "://" not in link]
    assert all((root / link).exists() for link in links)
    assert "figures/fig1.png" in links


def test_other_forms_of_a_figure_and_outlines_say_what_they_are(tmp_path: Path) -> None:
    checked = cases.verified(tmp_path / "in")
    names = ("figures/fig1.png", "figures/fig1-detail.png", "figures/fig1-plain.png")
    paths = _payload(tmp_path, checked, (*names, "annotations/1-lesion-1.svg"))
    captions = {names[0]: "Dark nodule."}
    crate = describe_crate(tmp_path, untitled_case(2), checked.deidentified, paths, captions)
    graph: Any = crate["@graph"]
    described = {one["@id"]: one.get("description") for one in graph}
    assert [described[name] for name in (*names, "annotations/1-lesion-1.svg")] == [
        "Dark nodule.",
        "Magnified, without the outline. Dark nodule.",
        "Without the mark on the lesion. Dark nodule.",
        "Outline of a lesion, in the pixels of its key image.",
    ]


def test_the_metadata_is_repeatable(tmp_path: Path) -> None:
    checked = cases.verified(tmp_path / "in")
    first = _write(tmp_path / "a", cases.full_case(), checked)
    second = _write(tmp_path / "b", cases.full_case(), checked)
    assert json.dumps(first) == json.dumps(second)
