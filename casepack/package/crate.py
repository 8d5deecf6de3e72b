"""The payload as an RO-Crate 1.3: ro-crate-metadata.json and its preview page.

https://w3id.org/ro/crate/1.3. Written here rather than with the library, which stamps the clock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

from casepack.case import Author, Case
from casepack.model import Deidentified
from casepack.package.bag import list_files
from casepack.package.licences import find_licence
from casepack.package.text import one_line
from casepack.package.wording import (
    RISK,
    UNPUBLISHED_YEAR,
    abstract,
    cite,
    doi_url,
    name_author,
)

METADATA, PREVIEW = "ro-crate-metadata.json", "ro-crate-preview.html"
SPECIFICATION = "https://w3id.org/ro/crate/1.3"
_FOLDERS = ("dicom/", "preview/")
"""Folders described as a whole; every file in them is listed in DICOMDIR or in the manifest."""
_FORMATS = {
    ".cff": "application/yaml",
    ".css": "text/css",
    ".csv": "text/csv",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".md": "text/markdown",
    ".png": "image/png",
    ".webp": "image/webp",
    ".xml": "application/xml",
}
_NAMES = {
    "CITATION.cff": "How to cite this data set",
    "LICENSE": "Licence",
    "README.txt": "What this package is and how to open it",
    "annotations/lesions.json": "Lesions: outlines, measurements and codes",
    "case.json": "The case as data",
    "case.md": "The case as text",
    "deid/actions.csv": "De-identification: what was done to each Attribute",
    "deid/report.html": "De-identification report",
    "deid/report.json": "De-identification report as data",
    "doi/datacite.json": "DataCite metadata, JSON",
    "doi/datacite.xml": "DataCite metadata, XML",
    "doi/zenodo.json": "Metadata for a draft on Zenodo",
    "export/eurorad.md": "Text for a Eurorad submission",
    "figures/figures.json": "Figures: captions and images shown",
    "index.html": "Case page with image viewer",
}

Entity = dict[str, object]


def describe_crate(
    payload: Path,
    case: Case,
    deidentified: Deidentified,
    paths: Mapping[str, str],
    captions: Mapping[str, str],
    software: str,
) -> Entity:
    """Return the content of ``ro-crate-metadata.json`` for a payload that is otherwise complete.

    Parameters
    ----------
    payload
        Root of the crate.
    paths
        SOP Instance UID to path in the payload.
    captions
        Path in the payload to caption, for the figures.
    """
    files = [path.relative_to(payload).as_posix() for path in list_files(payload)]
    files = [name for name in files if name not in {METADATA, PREVIEW}]
    single = [name for name in files if not name.startswith(_FOLDERS)]
    parts: list[Entity] = [_file(payload, name, captions) for name in single]
    parts += _folders(payload, files, case, deidentified, paths)
    people = _people(case)
    graph: list[Entity] = [_descriptor(), _root(case, single, files), *parts, *people]
    graph += [*_context(case), *_provenance(software)]
    return {"@context": f"{SPECIFICATION}/context", "@graph": graph}


def write_crate_preview(case: Case, crate: Entity) -> str:
    """Return the text of ``ro-crate-preview.html``: the crate's parts, with links."""
    graph = crate["@graph"]
    assert isinstance(graph, list)  # noqa: S101  # made above
    rows = [
        f'<tr><td><a href="{escape(str(entity["@id"]))}">{escape(str(entity["@id"]))}</a></td>'
        f"<td>{escape(str(entity['name']))}</td></tr>"
        for entity in graph
        if entity["@type"] in ("File", "Dataset") and entity["@id"] != "./"
    ]
    template = resources.files(__package__).joinpath("crate_page.html").read_text("utf-8")
    return Template(template).substitute(
        language=escape(case.language),
        title=escape(one_line(case.title)),
        description=escape(abstract(case)),
        citation=escape(cite(case)),
        licence=escape(find_licence(case.licence).name),
        risk=escape(RISK),
        rows="\n".join(rows),
    )


def _ref(identifier: str) -> dict[str, str]:
    return {"@id": identifier}


def _descriptor() -> Entity:
    return {
        "@id": METADATA,
        "@type": "CreativeWork",
        "about": _ref("./"),
        "conformsTo": _ref(SPECIFICATION),
    }


def _root(case: Case, single: Sequence[str], files: Sequence[str]) -> Entity:
    licence = find_licence(case.licence)
    # Without a publication date: see UNPUBLISHED_YEAR
    published = case.publication_date or dt.date(UNPUBLISHED_YEAR, 12, 31)
    folders = [name for name in _FOLDERS if any(file.startswith(name) for file in files)]
    root: Entity = {
        "@id": "./",
        "@type": "Dataset",
        "name": one_line(case.title),
        "description": abstract(case),
        "datePublished": published.isoformat(),
        "license": _ref(licence.url or "LICENSE"),
        "hasPart": [_ref(name) for name in [*single, *folders]],
        "mainEntity": _ref("index.html"),
        "mentions": [_ref("#deidentification")],
    }
    if case.authors:
        root["author"] = [_ref(_person_id(case, place)) for place in range(len(case.authors))]
    if case.publisher.strip():
        root["publisher"] = _ref("#publisher")
    if case.keywords:
        root["keywords"] = [one_line(word) for word in case.keywords]
    if case.doi:
        root["identifier"] = _ref(doi_url(case.doi))
    cited = _cited(case)
    if cited:
        root["citation"] = [_ref(address) for address in cited]
    return root


def _file(payload: Path, name: str, captions: Mapping[str, str]) -> Entity:
    path = payload / name
    entity: Entity = {
        "@id": name,
        "@type": "File",
        "name": _NAMES.get(name, path.name),
        "contentSize": str(path.stat().st_size),
        "encodingFormat": _FORMATS.get(path.suffix, "text/plain"),
    }
    if name in captions:
        entity["caption"] = one_line(captions[name])
    return entity


def _folders(
    payload: Path,
    files: Sequence[str],
    case: Case,
    deidentified: Deidentified,
    paths: Mapping[str, str],
) -> Iterable[Entity]:
    series = list(_series(case, deidentified, paths))
    directory = _file(payload, "dicom/DICOMDIR", {})
    directory |= {"name": "DICOM directory", "encodingFormat": "application/dicom"}
    yield {
        "@id": "dicom/",
        "@type": "Dataset",
        "name": "DICOM file-set: de-identified images and annotations",
        "hasPart": [_ref("dicom/DICOMDIR"), *(_ref(str(one["@id"])) for one in series)],
    }
    yield directory
    yield from series
    if any(name.startswith("preview/") for name in files):
        yield {
            "@id": "preview/",
            "@type": "Dataset",
            "name": "Pictures of the images, for the case page",
            "encodingFormat": "image/webp",
        }


def _series(case: Case, deidentified: Deidentified, paths: Mapping[str, str]) -> Iterable[Entity]:
    for number, study in enumerate(deidentified.studies, 1):
        label = f"Study {number}"
        if number <= len(case.time_points):
            label = one_line(case.time_points[number - 1].label)
        for series in study.series:
            folder = paths[series.instances[0].sop_instance_uid].rpartition("/")[0]
            yield {
                "@id": f"{folder}/",
                "@type": "Dataset",
                "name": f"{label}: {series.modality} series {series.number}",
                "description": f"{len(series.instances)} DICOM instance(s)",
                "encodingFormat": "application/dicom",
                "identifier": f"urn:oid:{series.series_instance_uid}",
            }


def _person_id(case: Case, place: int) -> str:
    orcid = case.authors[place].orcid
    return f"https://orcid.org/{orcid}" if orcid else f"#author-{place + 1}"


def _people(case: Case) -> Iterable[Entity]:
    places = _affiliations(case)
    people: dict[str, Entity] = {}
    for place, author in enumerate(case.authors):
        people.setdefault(_person_id(case, place), _person(case, place, author, places))
    yield from people.values()
    for name, identifier in places.items():
        yield {"@id": identifier, "@type": "Organization", "name": name}
    if case.publisher.strip():
        yield {"@id": "#publisher", "@type": "Organization", "name": one_line(case.publisher)}


def _affiliations(case: Case) -> dict[str, str]:
    names = [one_line(author.affiliation) for author in case.authors if author.affiliation]
    return {name: f"#affiliation-{place}" for place, name in enumerate(dict.fromkeys(names), 1)}


def _person(case: Case, place: int, author: Author, places: Mapping[str, str]) -> Entity:
    person: Entity = {
        "@id": _person_id(case, place),
        "@type": "Person",
        "name": name_author(author),
        "familyName": one_line(author.family),
        "givenName": one_line(author.given),
    }
    if author.affiliation:
        person["affiliation"] = _ref(places[one_line(author.affiliation)])
    return person


def _cited(case: Case) -> list[str]:
    dois = [case.is_supplement_to, *(reference.doi for reference in case.references)]
    return [doi_url(doi) for doi in dict.fromkeys(dois) if doi]


def _context(case: Case) -> Iterable[Entity]:
    """Yield the licence, the DOI and the cited works."""
    licence = find_licence(case.licence)
    if licence.url:
        entity: Entity = {"@id": licence.url, "@type": "CreativeWork", "name": licence.name}
        if licence.summary:
            entity["description"] = licence.summary
        yield entity
    if case.doi:
        yield {
            "@id": doi_url(case.doi),
            "@type": "PropertyValue",
            "propertyID": "https://registry.identifiers.org/registry/doi",
            "value": f"doi:{case.doi}",
            "url": doi_url(case.doi),
        }
    names = {
        doi_url(reference.doi): one_line(reference.text)
        for reference in reversed(case.references)
        if reference.doi
    }
    for address in _cited(case):
        yield {"@id": address, "@type": "ScholarlyArticle", "name": names.get(address, address)}


def _provenance(software: str) -> Iterable[Entity]:
    yield {
        "@id": "#deidentification",
        "@type": "CreateAction",
        "name": "De-identification and packaging",
        "description": RISK,
        "instrument": _ref("#software"),
        "result": _ref("./"),
    }
    yield {"@id": "#software", "@type": "SoftwareApplication", "name": software}
