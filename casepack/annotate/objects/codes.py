"""Coded concepts that the objects name, beside those of the case (PS3.16, edition 2026d)."""

from __future__ import annotations

from pydicom.sr.coding import Code as SrCode

from casepack.lesion import Extent
from casepack.model import Code

SCHEME = "99CASEPACK"
SCHEME_NAME = "casepack local codes"

FOR_PUBLICATION_EXPORT = SrCode("128714", "DCM", "For Publication Export")
FOR_TEACHING_FILE_EXPORT = SrCode("128710", "DCM", "For Teaching File Export")
"""CID 7010 Key Object Selection Document Title."""
IHE_FOR_TEACHING_FILE_EXPORT = SrCode("TCE001", "IHERADTF", "For Teaching File Export")
"""The only title that RSNA's CTP and MIRC take for that of a teaching file manifest."""
TEACHING_FILE_INFORMATION = SrCode("128712", "DCM", "Additional Teaching File Information")
"""CID 7018 Miscellaneous Document Title."""
IHE_TEACHING_FILE_INFORMATION = SrCode("TCE006", "IHERADTF", "Additional Teaching File Information")

MILLIMETRE = SrCode("mm", "UCUM", "millimeter")
SQUARE_MILLIMETRE = SrCode("mm2", "UCUM", "square millimeter")
DAY = SrCode("d", "UCUM", "day")

LONG_AXIS = SrCode("103339001", "SCT", "Long axis")
SHORT_AXIS = SrCode("103340004", "SCT", "Short axis")
LENGTH = SrCode("410668003", "SCT", "Length")
AREA = SrCode("42798000", "SCT", "Area")
CRANIOCAUDAL = SrCode("CRANIOCAUDAL", SCHEME, "Extent along the craniocaudal axis")
"""Method of a Length; the standard has no code for it."""

ANTEROPOSTERIOR = SrCode("ANTEROPOSTERIOR", SCHEME, "Extent along the anteroposterior axis")
TRANSVERSE = SrCode("TRANSVERSE", SCHEME, "Extent along the transverse axis")
HEIGHT = SrCode("121207", "DCM", "Height")
DEPTH = SrCode("131197000", "SCT", "Depth")
WIDTH = SrCode("103355008", "SCT", "Width")
DISTANCE = SrCode("121206", "DCM", "Distance")
VOLUME = SrCode("118565006", "SCT", "Volume")
MILLILITRE = SrCode("ml", "UCUM", "milliliter")
RATIO = SrCode("118586006", "SCT", "Ratio")
NO_UNIT_RATIO = SrCode("{ratio}", "UCUM", "ratio")
SIGNAL_TO_REFERENCE = SrCode(
    "SIGNAL_RATIO", SCHEME, "Mean signal over that of the reference region"
)
PERCENT = SrCode("%", "UCUM", "Percent")
LONG_AXIS_CHANGE = SrCode("LONG_AXIS_CHANGE", SCHEME, "Change of the long axis since baseline")
AXIS_PRODUCT_CHANGE = SrCode(
    "PRODUCT_CHANGE", SCHEME, "Change of the product of the axes since baseline"
)
VOLUME_CHANGE = SrCode("VOLUME_CHANGE", SCHEME, "Change of the volume since baseline")
CURRENT_RESPONSE = SrCode("112048", "DCM", "Current Response")
PRESENCE = SrCode("121052", "DCM", "Presence of property")
ABSENT = SrCode("272519000", "SCT", "Absent")

CALIPER_METHODS = {
    Extent.LENGTH: SrCode("CALIPER", SCHEME, "Distance drawn by hand"),
    Extent.LONG_AXIS: SrCode("CALIPER_LONG", SCHEME, "Long axis drawn by hand"),
    Extent.SHORT_AXIS: SrCode("CALIPER_SHORT", SCHEME, "Short axis drawn by hand"),
    Extent.CRANIOCAUDAL: CRANIOCAUDAL,
    Extent.ANTEROPOSTERIOR: ANTEROPOSTERIOR,
    Extent.TRANSVERSE: TRANSVERSE,
}

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
