"""The review sheet as a page: read, decide, save the decisions as CSV. Works from ``file://``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


def draw_review_page(rows: Iterable[ReviewRow]) -> str:
    """Return the text of ``review.html``: what went is struck through, what is left beside it."""
    ordered = sort_rows(rows)
    template = Template(
        files("casepack.deidentify").joinpath("review_page.html").read_text("utf-8")
    )
    return template.substitute(
        columns=",".join(COLUMNS),
        count=str(len(ordered)),
        changed=str(sum(_is_changed(row) for row in ordered)),
        groups="\n".join(
            _draw_group(place, list(group))
            for place, group in groupby(ordered, key=lambda row: (row.kind, row.place))
        ),
    )


def _is_changed(row: ReviewRow) -> bool:
    return row.kind is RowKind.BOX or row.original != row.result


def _draw_group(place: tuple[RowKind, str], rows: Sequence[ReviewRow]) -> str:
    head = "Box" if place[0] is RowKind.BOX else "Original"
    return (
        f"<section><h2>{escape(place[1])}</h2><table><thead><tr><th>{head}</th><th>Written</th>"
        "<th>Decision</th></tr></thead><tbody>\n"
        + "\n".join(_draw_row(row) for row in rows)
        + "\n</tbody></table></section>"
    )


def _draw_row(row: ReviewRow) -> str:
    changed = ' class="changed"' if _is_changed(row) else ""
    why = escape(", ".join((*row.removed, *(f"“{word}” is not known" for word in row.unknown))))
    result = escape(row.result) if row.result else "<i>nothing: it goes by its Type</i>"
    picture = f'<img src="{escape(row.picture)}" alt="">' if row.picture else ""
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
