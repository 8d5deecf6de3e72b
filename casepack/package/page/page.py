"""index.html: the case as one reads it, with its images, in one file that needs no network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files as resources
from pathlib import Path

from casepack.case import Case
from casepack.errors import UsageError
from casepack.lesion import MeasuredLesion
from casepack.model import Verified
from casepack.package.licences import find_licence
from casepack.package.page import page_text
from casepack.package.page.markup import escape, fill, json_for_script
from casepack.package.page.page_measurements import measurement_tables
from casepack.package.page.page_text import Part
from casepack.package.page.viewer_data import describe_viewer, name_time_point, view_of
from casepack.package.pictures.figures import PlacedFigure
from casepack.package.pictures.previews import Stack
from casepack.package.text import one_line, write_text
from casepack.package.wording import abstract, cite, doi_url

FIGURES = "figures/"
"""Folder of the figures, as seen from the page."""


def write_page(  # what a page is made of, each once
    root: Path,
    verified: Verified,
    case: Case,
    stacks: Sequence[Stack],
    figures: Sequence[PlacedFigure],
    lesions: Sequence[MeasuredLesion],
) -> None:
    """Write ``index.html`` with style and script inside; pictures stay files beside it.

    Its Content Security Policy allows this style, this script and pictures, and no connection.

    Parameters
    ----------
    root
        Root of the payload; previews are expected in ``preview/``, figures in ``figures/``.
    verified
        De-identified studies with the checks that they passed.
    case
        Its text is shown as text, whatever characters it holds.
    stacks, figures
        As `write_previews` and `write_figures` returned them.
    lesions
        Measured lesions, for outlines and the table.
    """
    style = _asset("page.css") + _asset("viewer.css")
    script = "".join(map(_asset, ("page.js", "geometry.js", "viewer.js")))
    shown = any(stack.images for stack in stacks)
    first, rest = _parts(verified, case, stacks, figures, lesions)
    page = fill(
        _asset("page.html"),
        {
            "language": escape(case.language),
            "style-hash": _source_hash(style),
            "script-hash": _source_hash(script),
            "plain-title": escape(one_line(case.title)),
            "style": style,
            "linked-data": json_for_script(_linked_data(case)),
            "front": page_text.front_matter(case),
            "contents": _contents([*first, *_images(shown=shown), *rest]),
            "opening": "\n".join(map(_section, first)),
            "viewer": _asset("viewer.html") if shown else "",
            "sections": "\n".join(map(_section, rest)),
            "citation": escape(cite(case)),
            "footer": f"Made with {escape(verified.deidentified.record.software)}. "
            "For teaching and research; not for diagnosis.",
            "viewer-data": json_for_script(describe_viewer(case, stacks, lesions)),
            "script": script,
        },
    )
    write_text(root / "index.html", page)


def replace_case(page: str, before: Case, after: Case) -> str:
    """Return the page with identifier and citation of the case replaced, as when a DOI was set.

    Raises
    ------
    UsageError
        The page does not say what `write_page` writes for the case before.
    """
    for old, new in zip(_identification(before), _identification(after), strict=True):
        if old not in page:
            raise UsageError(
                "index.html is not as this version of casepack writes it",
                advice="It was changed, or another version made it: pack the case again.",
            )
        page = page.replace(old, new)
    return page


def _identification(case: Case) -> tuple[str, ...]:
    """Return the texts of the page that the DOI is part of."""
    return (
        f"<li>{page_text.name_case(case)}</li>",
        escape(cite(case)),
        json_for_script(_linked_data(case)),
    )


def _parts(
    verified: Verified,
    case: Case,
    stacks: Sequence[Stack],
    figures: Sequence[PlacedFigure],
    lesions: Sequence[MeasuredLesion],
) -> tuple[list[Part], list[Part]]:
    """Return the sections before and after the images, without those that hold nothing."""
    history = "Clinical history" if case.clinical_history.strip() else "The case"
    opening = page_text.opening(case)
    first = [Part(name="history", title=history, short="History", body=opening, full=True)]
    measured = measurement_tables(case, stacks, lesions)
    listed = page_text.files(lesions=bool(lesions), figures=bool(figures))
    rest = [
        Part(
            name="findings",
            title="Imaging findings",
            short="Findings",
            body=page_text.findings(case),
        ),
        Part(name="figures", title="Figures", body=_figures(case, stacks, figures), full=True),
        Part(name="measurements", title="Measurements", body=measured),
        Part(name="course", title="Course", body=page_text.course(case)),
        Part(name="discussion", title="Discussion", body=page_text.discussion(case)),
        Part(
            name="differential",
            title="Differential diagnosis",
            short="Differential",
            body=page_text.differential(case),
        ),
        Part(
            name="diagnosis",
            title="Final diagnosis",
            short="Diagnosis",
            body=page_text.diagnosis(case),
        ),
        Part(name="references", title="References", body=page_text.references(case)),
        Part(name="cite", title="How to cite", body=page_text.citation(case)),
        Part(
            name="deidentification",
            title="De-identification",
            body=page_text.deidentification(verified),
        ),
        Part(name="statements", title="Statements", body=page_text.statements(case)),
        Part(name="files", title="Files", body=listed),
    ]
    return [part for part in first if part.body], [part for part in rest if part.body]


def _section(part: Part) -> str:
    width = "body full" if part.full else "body"
    return (
        f'<section class="part" id="{part.name}"><div class="wide"><h2>{part.title}</h2>\n'
        f'<div class="{width}">\n{part.body}\n</div></div></section>'
    )


def _images(*, shown: bool) -> list[Part]:
    return [Part(name="images", title="Images", body="")] if shown else []


def _contents(parts: Sequence[Part]) -> str:
    items = "".join(
        f'<li><a href="#{part.name}">{part.short or part.title}</a></li>' for part in parts
    )
    return f'<nav class="contents" aria-label="Contents"><ul class="wide">{items}</ul></nav>'


def _figures(case: Case, stacks: Sequence[Stack], figures: Sequence[PlacedFigure]) -> str:
    items = "\n".join(_figure(case, stacks, figure) for figure in figures)
    if not items:
        return ""
    return f'<div class="figures" data-count="{len(figures)}">\n{items}\n</div>'


def _figure(case: Case, stacks: Sequence[Stack], figure: PlacedFigure) -> str:
    time_point = name_time_point(case, figure.time_point)
    source = "".join(
        f"<span>{escape(text)}</span>" for text in (figure.series_label, time_point) if text
    )
    place = view_of(figure, stacks)
    if place is not None:
        source += (
            f'<button type="button" data-view-stack="{place[0]}" data-view-image="{place[1]}">'
            "Open in the viewer</button>"
        )
    return (
        f'<figure id="fig{figure.number}{figure.panel}">{_figure_picture(figure, time_point)}\n'
        f'<figcaption><div class="caption"><b>Figure {figure.number}{figure.panel}.</b> '
        f"{escape(figure.caption)}</div>"
        f'<div class="figure-source">{source}</div></figcaption></figure>'
    )


def _figure_picture(figure: PlacedFigure, time_point: str) -> str:
    if not figure.file:
        return f'<div class="missing">No picture: the image {escape(figure.skipped)}.</div>'
    words = [figure.series_label, time_point]
    if figure.marking:
        words.append("lesion pointed at" if figure.marking == "pointer" else "lesion outlined")
    plain = f' data-plain="{escape(FIGURES + figure.plain)}"' if figure.plain != figure.file else ""
    address, number = escape(FIGURES + figure.file), f"{figure.number}{figure.panel}"
    detail = ""
    if figure.detail:
        detail = escape(FIGURES + figure.detail)
        plain += f' data-detail="{detail}"'
        detail = (
            f'<img class="detail {figure.detail_corner}" src="{detail}" alt="the same, magnified">'
        )
    return (
        f'<a class="figure-link" href="{address}" data-number="{number}"{plain}>'
        f'<img src="{address}" width="{figure.width}" height="{figure.height}" '
        f'alt="{escape(", ".join(word for word in words if word))}">{detail}</a>'
    )


def _linked_data(case: Case) -> dict[str, object]:
    """Return the case as schema.org JSON-LD, for search engines that meet the hosted page."""
    licence = find_licence(case.licence)
    content: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "name": one_line(case.title),
        "description": abstract(case),
        "inLanguage": case.language,
        "keywords": list(case.keywords),
        "creator": [
            {
                "@type": "Person",
                "givenName": one_line(author.given),
                "familyName": one_line(author.family),
                **({"@id": f"https://orcid.org/{author.orcid}"} if author.orcid else {}),
            }
            for author in case.authors
        ],
    }
    if licence.url:
        content["license"] = licence.url
    if case.doi:
        content["identifier"] = content["@id"] = doi_url(case.doi)
    if case.publication_date:
        content["datePublished"] = case.publication_date.isoformat()
    if case.publisher:
        content["publisher"] = {"@type": "Organization", "name": one_line(case.publisher)}
    return content


def _source_hash(text: str) -> str:
    """Return the hash source of CSP: the page may run this text and no other."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


@cache
def _asset(name: str) -> str:
    return resources(__package__).joinpath(name).read_text(encoding="utf-8")
