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
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".xml": "application/xml",
}
_KNOWN = {
    "CITATION.cff": ("Citation", "How to cite this data set, for reference managers."),
    "LICENSE": ("Licence", "Under which terms the package may be used."),
    "README.txt": ("Read me", "What this package is and how to open it."),
    "annotations/lesions.json": ("Lesions", "Outlines in mm, measurements and codes, by image."),
    "case.json": ("Case as data", "Text, studies, series, instances and their files."),
    "case.md": ("Case as text", "The case in the order of a journal's case report."),
    "deid/actions.csv": ("Actions", "What de-identification did to each Attribute, counted."),
    "deid/report.html": ("De-identification report", "What was done and what was checked."),
    "deid/report.json": ("De-identification report as data", "The same for programs."),
    "doi/datacite.json": ("DataCite metadata, JSON", "For registering a DOI."),
    "doi/datacite.xml": ("DataCite metadata, XML", "For registering a DOI."),
    "doi/zenodo.json": ("Zenodo metadata", "For a draft on Zenodo or another InvenioRDM."),
    "export/eurorad.md": ("Text for Eurorad", "The text in the order of the submission form."),
    "export/mirc.xml": ("MIRCdocument", "The case for RSNA MIRC teaching files."),
    "figures/figures.json": ("Figures as data", "Captions, and the images that are shown."),
    "index.html": ("Case page", "The case with an image viewer; works without network."),
}
"""Name and description of the files that every package has."""

_FORMS = {
    "-detail.png": "Magnified, without the outline.",
    "-plain.png": "Without the mark on the lesion.",
}
"""Pictures beside a figure, by how their names end (`casepack.package.pictures.figures`)."""

Entity = dict[str, object]


def describe_crate(
    payload: Path,
    case: Case,
    deidentified: Deidentified,
    paths: Mapping[str, str],
    captions: Mapping[str, str],
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
    graph += _context(case)
    return {"@context": f"{SPECIFICATION}/context", "@graph": graph}


def write_crate_preview(case: Case, crate: Entity) -> str:
    """Return the text of ``ro-crate-preview.html``: the crate's parts, with links."""
    graph = crate["@graph"]
    assert isinstance(graph, list)  # noqa: S101  # made above
    rows = [
        f'<tr><td><a href="{escape(str(entity["@id"]))}">{escape(str(entity["@id"]))}</a></td>'
        f"<td>{escape(str(entity.get('description', entity['name'])))}</td></tr>"
        for entity in graph
        if "contentSize" in entity or entity["@id"] in _FOLDERS
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


def _refs(identifiers: Iterable[str]) -> object:
    """Return references; a single one stands alone, as RO-Crate recommends."""
    references = [_ref(identifier) for identifier in identifiers]
    return references[0] if len(references) == 1 else references


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
        "hasPart": _refs([*single, *folders]),
        "mainEntity": _ref("index.html"),
    }
    if case.authors:
        root["author"] = _refs(
            dict.fromkeys(_person_id(case, place) for place in range(len(case.authors)))
        )
    if case.publisher.strip():
        root["publisher"] = _ref("#publisher")
    if case.keywords:
        root["keywords"] = ", ".join(map(one_line, case.keywords))
    if case.doi:
        root["identifier"] = _ref(doi_url(case.doi))
    cited = _cited(case)
    if cited:
        root["citation"] = _refs(cited)
    return root


def _file(payload: Path, name: str, captions: Mapping[str, str]) -> Entity:
    path = payload / name
    title, description = _KNOWN.get(name, (path.name, _describe_picture(name, captions)))
    entity: Entity = {
        "@id": name,
        "@type": ["File", "CreativeWork"] if name == "LICENSE" else "File",
        "name": title,
        "contentSize": str(path.stat().st_size),
        "encodingFormat": _FORMATS.get(path.suffix, "text/plain"),
    }
    if description:
        entity["description"] = description
    return entity


def _describe_picture(name: str, captions: Mapping[str, str]) -> str:
    """Return the caption of a figure, or of the one that the picture is another form of."""
    if name.endswith(".svg"):
        return "Outline of a lesion, in the pixels of its key image."
    for form, what in _FORMS.items():
        figure = name.removesuffix(form) + ".png"
        if name.endswith(form) and figure in captions:
            return f"{what} {one_line(captions[figure])}".strip()
    return one_line(captions.get(name, ""))


def _folders(
    payload: Path,
    files: Sequence[str],
    case: Case,
    deidentified: Deidentified,
    paths: Mapping[str, str],
) -> Iterable[Entity]:
    series = list(_series(case, deidentified, paths))
    directory = _file(payload, "dicom/DICOMDIR", {})
    directory |= {
        "name": "DICOM directory",
        "description": "The directory of the file-set; DICOM viewers open it.",
        "encodingFormat": "application/dicom",
    }
    yield {
        "@id": "dicom/",
        "@type": "Dataset",
        "name": "DICOM file-set",
        "description": "De-identified images and annotations, with their directory.",
        "hasPart": _refs(["dicom/DICOMDIR", *(str(one["@id"]) for one in series)]),
    }
    yield directory
    yield from series
    if any(name.startswith("preview/") for name in files):
        yield {
            "@id": "preview/",
            "@type": "Dataset",
            "name": "Preview pictures",
            "description": "The images as pictures, for the case page; not for diagnosis.",
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
        organization: Entity = {"@id": identifier, "@type": "Organization", "name": name}
        if identifier.startswith("https:"):
            organization["url"] = identifier
        yield organization
    if case.publisher.strip():
        yield {"@id": "#publisher", "@type": "Organization", "name": one_line(case.publisher)}


def _affiliations(case: Case) -> dict[str, str]:
    """Return name to identifier: its ROR, where it has one."""
    found = [one for author in case.authors for one in case.affiliations_of(author)]
    names = {one_line(one.line): one.ror for one in reversed(found)}
    places = enumerate(dict.fromkeys(one_line(one.line) for one in found), 1)
    return {name: names[name] or f"#affiliation-{place}" for place, name in places}


def _person(case: Case, place: int, author: Author, places: Mapping[str, str]) -> Entity:
    person: Entity = {
        "@id": _person_id(case, place),
        "@type": "Person",
        "name": name_author(author),
        "familyName": one_line(author.family),
        "givenName": one_line(author.given),
    }
    named = [places[one_line(one.line)] for one in case.affiliations_of(author)]
    if named:
        person["affiliation"] = _refs(dict.fromkeys(named))
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
            "name": "DOI of this data set",
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
