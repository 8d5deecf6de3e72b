"""The case as a BibTeX entry."""

from __future__ import annotations

from casepack.case import Case
from casepack.package.text import one_line
from casepack.package.wording import doi_url

_SPECIAL = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "$": r"\$",
        "&": r"\&",
        "#": r"\#",
        "%": r"\%",
        "_": r"\_",
        "^": r"\^{}",
        "~": r"\~{}",
    }
)


def write_bibtex(case: Case) -> str:
    """Return an entry of type misc, which every style of BibTeX knows; letters stay UTF-8."""
    authors = " and ".join(
        f"{_escape(author.family)}, {_escape(author.given)}" for author in case.authors
    )
    fields = {
        "author": authors,
        # in a second pair of braces no style changes the case of letters
        "title": f"{{{_escape(case.title)}}}",
        "year": str(case.publication_date.year) if case.publication_date else "",
        "publisher": _escape(case.publisher),
        "howpublished": "Data set",
        "version": _escape(case.version),
        "doi": case.doi or "",
        "url": doi_url(case.doi) if case.doi else "",
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{case.id},", *lines, "}"]) + "\n"


def _escape(text: str) -> str:
    return one_line(text).translate(_SPECIAL)
