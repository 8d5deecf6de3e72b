"""Coded concepts that the objects name, beside those of the case (PS3.16, edition 2026d)."""

from __future__ import annotations

from pydicom.sr.coding import Code as SrCode

from casepack.model import Code

SCHEME = "99CASEPACK"
SCHEME_NAME = "casepack local codes"

FOR_PUBLICATION_EXPORT = SrCode("128714", "DCM", "For Publication Export")
"""CID 7010 Key Object Selection Document Title."""

MILLIMETRE = SrCode("mm", "UCUM", "millimeter")
SQUARE_MILLIMETRE = SrCode("mm2", "UCUM", "square millimeter")
DAY = SrCode("d", "UCUM", "day")

LONG_AXIS = SrCode("103339001", "SCT", "Long axis")
SHORT_AXIS = SrCode("103340004", "SCT", "Short axis")
LENGTH = SrCode("410668003", "SCT", "Length")
AREA = SrCode("42798000", "SCT", "Area")
CRANIOCAUDAL = SrCode("CRANIOCAUDAL", SCHEME, "Extent along the craniocaudal axis")
"""Method of a Length; the standard has no code for it."""

BASELINE_TIME_POINT = SrCode("C1442488", "UMLS", "Baseline")
"""CID 6146 Time Point Type."""
BASELINE_EVENT = SrCode("121079", "DCM", "Baseline")
"""CID 280 Longitudinal Temporal Event Type."""

_PROCEDURES = {
    "MR": SrCode("25056-3", "LN", "MRI unspecified body region"),
    "CT": SrCode("25045-6", "LN", "CT unspecified body region"),
    "PT": SrCode("44136-0", "LN", "PET unspecified body region"),
    "NM": SrCode("49118-3", "LN", "NM unspecified body region"),
}
_ANY_PROCEDURE = SrCode("363679005", "SCT", "Imaging procedure")


def procedure_reported(modality: str) -> SrCode:
    """Return the procedure of a Modality (CID 100 Quantitative Diagnostic Imaging Procedures)."""
    return _PROCEDURES.get(modality, _ANY_PROCEDURE)


def sr_code(code: Code) -> SrCode:
    """Return a code of the case as pydicom's type."""
    return SrCode(code.value, code.scheme, code.meaning)
