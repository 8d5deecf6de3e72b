"""Licences: names and canonical addresses by SPDX identifier, and the LICENSE file.

The legal texts are not copied: the canonical address names the one that holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from casepack.case import Case
from casepack.package.text import one_line, wrap
from casepack.package.wording import name_authors

_SPDX = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """A licence; all parts are empty when none was given."""

    identifier: str
    """SPDX identifier, https://spdx.org/licenses/."""
    name: str
    url: str
    summary: str
    """What it asks for, in one sentence of ours; not legal text."""
    known: bool
    """True when name and address come from the table below."""


_CC = "https://creativecommons.org/"
_TABLE = (
    (
        "CC-BY-4.0",
        "Creative Commons Attribution 4.0 International",
        _CC + "licenses/by/4.0/",
        (
            "You may share and adapt the material for any purpose if you credit the authors and "
            "say what you changed."
        ),
    ),
    (
        "CC-BY-SA-4.0",
        "Creative Commons Attribution-ShareAlike 4.0 International",
        _CC + "licenses/by-sa/4.0/",
        (
            "You may share and adapt the material for any purpose if you credit the authors, say "
            "what you changed and pass adaptations on under the same licence."
        ),
    ),
    (
        "CC-BY-NC-4.0",
        "Creative Commons Attribution-NonCommercial 4.0 International",
        _CC + "licenses/by-nc/4.0/",
        (
            "You may share and adapt the material for non-commercial purposes if you credit the "
            "authors and say what you changed."
        ),
    ),
    (
        "CC-BY-NC-SA-4.0",
        "Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International",
        _CC + "licenses/by-nc-sa/4.0/",
        (
            "You may share and adapt the material for non-commercial purposes if you credit the "
            "authors, say what you changed and pass adaptations on under the same licence."
        ),
    ),
    (
        "CC0-1.0",
        "Creative Commons Zero v1.0 Universal",
        _CC + "publicdomain/zero/1.0/",
        (
            "The authors have waived their rights as far as the law allows; you may use the "
            "material for any purpose without asking."
        ),
    ),
)

NO_LICENCE = Licence(
    identifier="",
    name="All rights reserved; no licence was given",
    url="",
    summary="Nobody but the holders of the rights may copy, share or adapt the material, beyond "
    "what the law allows without their consent.",
    known=False,
)
_LICENCES = {
    identifier: Licence(identifier=identifier, name=name, url=url, summary=summary, known=True)
    for identifier, name, url, summary in _TABLE
}


def find_licence(identifier: str) -> Licence:
    """Return the licence of an SPDX identifier; `NO_LICENCE` for the empty one.

    An identifier that is not in the table leads to its page at SPDX; a text that is no identifier
    is taken as the licence's name.
    """
    if not identifier.strip():
        return NO_LICENCE
    if identifier in _LICENCES:
        return _LICENCES[identifier]
    spdx = _SPDX.fullmatch(identifier) is not None
    return Licence(
        identifier=identifier if spdx else "",
        name=identifier,
        url=f"https://spdx.org/licenses/{identifier}.html" if spdx else "",
        summary="",
        known=False,
    )


def write_licence_text(case: Case) -> str:
    """Return the text of the LICENSE file."""
    licence = find_licence(case.licence)
    names = name_authors(case)
    holder = f"Copyright: {'; '.join(names)}" if names else "Copyright: the authors of the case"
    lines = [*wrap(one_line(case.title)), *wrap(holder), ""]
    if licence is NO_LICENCE:
        return "\n".join([*lines, f"{licence.name}.", "", *wrap(licence.summary)])
    lines += ["Images, annotations, figures and text of this package are made available under", ""]
    lines.append(f"    {licence.name}")
    if licence.identifier:
        lines.append(f"    SPDX-License-Identifier: {licence.identifier}")
    if licence.url:
        lines.append(f"    {licence.url}")
    if licence.summary:
        lines += ["", *wrap(f"In short, and not in place of the licence: {licence.summary}")]
    if licence.url:
        lines += ["", "The terms that hold are those at the address above."]
    return "\n".join(lines)
