"""The review sheet as a page: read, decide, save the decisions as CSV. Works from ``file://``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from itertools import groupby
from string import Template
from typing import Final

from casepack.deidentify.review import COLUMNS, Decision, ReviewRow, RowKind, sort_rows

_WORDS: Final = {
    Decision.APPROVE: "right",
    Decision.REJECT: "remove it all",
    Decision.KEEP: "keep the original",
}
_WORDS_OF_BOX: Final = {
    Decision.APPROVE: "right",
    Decision.REJECT: "hold the image",
    Decision.KEEP: "leave the pixels",
}
GAP: Final = 8
"""Pixels between the two halves of a picture, each of which shows the same frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which images a box that is drawn on a picture is for."""

    label: str
    places: tuple[str, ...] = field(repr=False)
    """As the column ``place`` of the review sheet names them."""
    frames: int = 1
    """More than one: a frame may be named besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """A picture on which a person may draw a box: a frame, or all of a series together, twice."""

    picture: str
    """Its path below the folder of the page."""
    title: str
    rows: int
    """Of the image; the picture may be smaller."""
    columns: int
    choices: tuple[Choice, ...]


def draw_review_page(rows: Iterable[ReviewRow], canvases: Iterable[Canvas] = ()) -> str:
    """Return the text of ``review.html``: what went is struck through, what is left beside it.

    Parameters
    ----------
    rows
        Those with the decision COVER are boxes that a person added before.
    canvases
        Pictures to draw on; those that are no picture of a row are shown below the rows.
    """
    all_rows = sort_rows(rows)
    ordered = [row for row in all_rows if row.decision is not Decision.COVER]
    by_picture = {canvas.picture: canvas for canvas in canvases}
    shown = {row.picture for row in ordered}
    below = [canvas for canvas in by_picture.values() if canvas.picture not in shown]
    template = Template(
        files("casepack.deidentify").joinpath("review_page.html").read_text("utf-8")
    )
    return template.substitute(
        columns=",".join(COLUMNS),
        count=str(len(ordered)),
        changed=str(sum(_is_changed(row) for row in ordered)),
        groups="\n".join(
            _draw_group(place, list(group), by_picture)
            for place, group in groupby(ordered, key=lambda row: (row.kind, row.place))
        ),
        invitation=_INVITATION if by_picture else "",
        drawings=_draw_series(below) if by_picture else _NO_DRAWINGS,
        added=_as_json([_added(row) for row in all_rows if row.decision is Decision.COVER]),
        gap=str(GAP),
    )


_NO_DRAWINGS: Final = '<div hidden><p id="none"></p><div id="boxes"></div></div>'
_INVITATION: Final = (
    ' Pixels in which text was missed can be covered too: <a href="#draw">boxes that you add</a>.'
)
_SERIES: Final = """<h2 id="draw">Boxes that you add</h2>
<p>Where text was missed, draw a box: drag over any picture on this page, or press <em>Add a
box</em> below it and type its edges in pixels of the image, right and bottom excluded. Say which
images it is for. What you add stands here, and in the file that <em>Save decisions</em> makes.</p>
<div id="boxes"></div><p id="none"><i>None yet.</i></p>
"""


def _draw_series(canvases: Sequence[Canvas]) -> str:
    """Return the list of what was added, and the pictures of series."""
    figures = [
        f"<figure><figcaption>{escape(canvas.title)}</figcaption>{_draw_canvas(canvas)}</figure>"
        for canvas in canvases
    ]
    return "\n".join([_SERIES, *figures])


def _draw_canvas(canvas: Canvas) -> str:
    places = _as_json(
        [
            {"label": choice.label, "places": choice.places, "frames": choice.frames}
            for choice in canvas.choices
        ]
    )
    return (
        f'<span class="drawing" data-rows="{canvas.rows}" data-columns="{canvas.columns}"'
        f' data-places="{escape(places)}"><img src="{escape(canvas.picture)}"'
        f' alt="{escape(canvas.title)}" draggable="false"></span>'
    )


def _added(row: ReviewRow) -> dict[str, str]:
    return {
        "decision": Decision.COVER.value,
        "kind": row.kind.value,
        "place": row.place,
        "original": row.original,
    }


def _as_json(value: object) -> str:
    """Return JSON that ends no element of HTML."""
    return json.dumps(value).replace("<", "\\u003c")


def _is_changed(row: ReviewRow) -> bool:
    return row.kind is RowKind.BOX or row.original != row.result


def _draw_group(
    place: tuple[RowKind, str], rows: Sequence[ReviewRow], canvases: Mapping[str, Canvas]
) -> str:
    head = "Box" if place[0] is RowKind.BOX else "Original"
    return (
        f"<section><h2>{escape(place[1])}</h2><table><thead><tr><th>{head}</th><th>Written</th>"
        "<th>Decision</th></tr></thead><tbody>\n"
        + "\n".join(_draw_row(row, canvases) for row in rows)
        + "\n</tbody></table></section>"
    )


def _draw_row(row: ReviewRow, canvases: Mapping[str, Canvas]) -> str:
    changed = ' class="changed"' if _is_changed(row) else ""
    reads = [f"reads “{row.reads}”"] if row.reads else []
    unknown = (f"“{word}” is not known" for word in row.unknown)
    why = escape(", ".join((*row.removed, *reads, *unknown)))
    result = escape(row.result) if row.result else "<i>nothing: it goes by its Type</i>"
    canvas = canvases.get(row.picture)
    picture = _draw_canvas(canvas) if canvas is not None else ""
    return (
        f'<tr{changed} data-id="{row.identifier}" data-kind="{row.kind.value}"'
        f' data-place="{escape(row.place)}" data-result="{escape(row.result)}">'
        f'<td class="original">{_mark(row)}</td>'
        f'<td>{result}{picture}<p class="why">{why}</p></td><td>{_draw_choices(row)}</td></tr>'
    )


def _mark(row: ReviewRow) -> str:
    """Return the original with what went struck through."""
    parts, position = [], 0
    for start, end in row.marks:
        parts += [escape(row.original[position:start]), "<del>", escape(row.original[start:end])]
        parts.append("</del>")
        position = end
    return "".join((*parts, escape(row.original[position:])))


def _draw_choices(row: ReviewRow) -> str:
    words = _WORDS_OF_BOX if row.kind is RowKind.BOX else _WORDS
    choices = "".join(
        f'<label><input type="radio" name="{row.identifier}" value="{decision.value}"'
        f"{' checked' if row.decision is decision else ''}>{word}</label>"
        for decision, word in words.items()
    )
    wording = (
        '<input type="text" aria-label="Wording to write instead" placeholder="or write instead"'
        f' value="{escape(row.instead)}">'
        if row.kind is RowKind.TEXT
        else ""
    )
    return f"<fieldset>{choices}{wording}</fieldset>"
