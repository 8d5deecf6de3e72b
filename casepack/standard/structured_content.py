"""PS3.15 Table E.3.4-1: Content Items by concept and Value Type, for Clean Structured Content.

Edition and origin of the table are in README.md beside the data. Where reports write a concept of
SNOMED CT with its retired code (SRT, SNM3, 99SDM), the row of the concept holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from casepack.model import Option
from casepack.standard.profile import option_codes, read_rows
from casepack.standard.tables import read_table

STRUCTURED_CONTENT_EDITION: Final = "2026c"
SOURCE: Final = "E.3.4-1"
_RETIRED_SCHEMES: Final = frozenset({"SRT", "SNM3", "99SDM"})
_NAMING: Final = frozenset({"PNAME", "TEXT"})
_CHARACTERISTICS: Final = {
    # Age, Subject Age; Body Weight, Patient Weight; Body Height, Patient Height: the table lists
    # Subject Age alone, and what it does to that is done to the others
    ("SCT", "397669002"): "121033",
    ("LN", "30525-0"): "121033",
    ("SCT", "424144002"): "121033",
    ("LN", "29463-7"): "121033",
    ("SCT", "27113001"): "121033",
    ("LN", "8302-2"): "121033",
    ("SCT", "50373000"): "121033",
}
AGES: Final = frozenset(
    {("DCM", "121033"), ("SCT", "397669002"), ("LN", "30525-0"), ("SCT", "424144002")}
)
"""Concepts (scheme, value) whose number is an age: over 89 years it identifies."""

Concept = tuple[str, str]
"""Coding Scheme Designator and Code Value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentRow:
    """One row: the Basic Profile's code (``X``, ``D``, ``X/D``) and the Options' codes."""

    basic: str
    options: Mapping[Option, str]
    source: str


@cache
def _rows() -> Mapping[tuple[str, str, str], ContentRow]:
    return {
        (row["scheme"], row["codeValue"], row["valueType"]): ContentRow(
            basic=row["basicProfile"], options=option_codes(row), source=SOURCE
        )
        for row in read_rows("clean_structured_content.json")
    }


@cache
def _identifying_rows() -> Mapping[Concept, ContentRow]:
    """Return the rows of names and identifiers: no Option cleans them, whatever their Value Type.

    The table knows a Subject ID as TEXT; one that is written as NUM is a Subject ID all the same.
    """
    return {
        (scheme, value): row
        for (scheme, value, value_type), row in _rows().items()
        if value_type in _NAMING and Option.CLEAN_DESCRIPTORS not in row.options
    }


def present_concept(concept: Concept) -> Concept:
    """Return the concept under the code that the standard uses today."""
    scheme, value = concept
    if scheme in _RETIRED_SCHEMES:
        current = read_table("mapping")["SRT"].get(value)
        return ("SCT", str(current)) if current is not None else concept
    return concept


def content_row(concept: Concept, value_type: str) -> ContentRow | None:
    """Return the row for a Content Item; None if the table lists it not.

    Parameters
    ----------
    concept
        Coding Scheme Designator and Code Value of the Concept Name.
    value_type
        Value Type (0040,A040) of the Content Item.
    """
    concept = present_concept(concept)
    found = _rows().get((*concept, value_type)) or _identifying_rows().get(concept)
    if found is None and concept in _CHARACTERISTICS and value_type == "NUM":
        row = _rows()["DCM", _CHARACTERISTICS[concept], "NUM"]
        return ContentRow(basic=row.basic, options=row.options, source=f"{SOURCE} gap")
    return found


IDENTIFIERS: Final[Mapping[Concept, tuple[int, str]]] = {
    # Accession Number; Subject ID; Placer and Filler Number; Specimen and Container Identifiers;
    # Person ID; Identifier within Role; Serial Numbers; Identifier, Prescription: as Patient ID
    **{("DCM", value): (0x00100020, "LO") for value in ("121022", "121030", "121020", "121021")},
    **{("DCM", value): (0x00100020, "LO") for value in ("121041", "111700", "111705", "113871")},
    **{("DCM", value): (0x00100020, "LO") for value in ("128775", "113880", "121016", "121196")},
    **{("DCM", value): (0x00100020, "LO") for value in ("125010", "113516")},
    # Login Name, Service Performer, Calibration Responsible Party: as names
    **{("DCM", value): (0x00100010, "PN") for value in ("128774", "121435", "113724")},
    # Organization Names, Physical Locations, Transferred From, Delivery Location, Room: as places
    **{("DCM", value): (0x00080080, "LO") for value in ("121009", "113873", "121017", "121197")},
    **{("DCM", value): (0x00080080, "LO") for value in ("122128", "121434", "121121", "110119")},
}
"""Texts that are identifiers, with the Attribute (tag, VR) that holds such in an image: they are
looked for in all other text."""
