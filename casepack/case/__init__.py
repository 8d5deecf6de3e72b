"""The case file: what a person writes about the case, validated.

The parts are those of a Eurorad case (section, case type, patient, clinical history, imaging
findings, discussion, differential diagnosis list, final diagnosis, figures, references) with what
Radiopaedia, MIRC, the CARE guidelines and JATS ask for besides, and what a DOI needs (authors,
publisher, licence, keywords). A case file is YAML; messages name the file and the line, never a
value.
"""

from casepack.case.model import Case, Picture, untitled_case
from casepack.case.parts import (
    AGE_LIMIT,
    Affiliation,
    Author,
    CodedTerm,
    Diagnosis,
    Differential,
    Discussion,
    Event,
    Figure,
    Grant,
    Panel,
    Patient,
    Reference,
    Relation,
    SeriesFindings,
    TimePoint,
)
from casepack.case.reading import parse_case, read_case

__all__ = [
    "AGE_LIMIT",
    "Affiliation",
    "Author",
    "Case",
    "CodedTerm",
    "Diagnosis",
    "Differential",
    "Discussion",
    "Event",
    "Figure",
    "Grant",
    "Panel",
    "Patient",
    "Picture",
    "Reference",
    "Relation",
    "SeriesFindings",
    "TimePoint",
    "parse_case",
    "read_case",
    "untitled_case",
]
