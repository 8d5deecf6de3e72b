"""What no line of a recipe may do: touch what casepack sets, or loosen without an override."""

from __future__ import annotations

from typing import Final

from casepack.model import Action, Option
from casepack.standard.dictionary import dictionary_vr
from casepack.standard.profile import is_overlay_or_curve, profile_rows

_DATA_SET: Final = 0x0008
_STAMPS: Final = frozenset(
    # what was done: Patient Identity Removed, method, codes; dates; burned-in text; visual features
    {0x00120062, 0x00120063, 0x00120064, 0x00280301, 0x00280302, 0x00280303}
)
_IDENTITY: Final = frozenset(
    # SOP Instance, Study and Series Instance UID; Patient's Name and Patient ID
    {0x00080018, 0x0020000D, 0x0020000E, 0x00100010, 0x00100020}
)
_CHARACTER_SET: Final = 0x00080005
_PIXELS: Final = frozenset(
    # Image Pixel, its palettes and offsets; Number of Frames; pixel padding and rescaling
    {0x00280002, 0x00280004, 0x00280006, 0x00280008, 0x00280010, 0x00280011, 0x00280100}
    | {0x00280101, 0x00280102, 0x00280103, 0x00281101, 0x00281102, 0x00281103, 0x00281201}
    | {0x00281202, 0x00281203, 0x00281221, 0x00281222, 0x00281223, 0x00280120, 0x00280121}
    | {0x00281052, 0x00281053, 0x00281054}
    | {0x7FE00001, 0x7FE00002, 0x7FE00003, 0x7FE00008, 0x7FE00009, 0x7FE00010}
)
_SEALED: Final = frozenset(
    # Encrypted and Original Attributes Sequence, Digital Signatures Sequence
    {0x04000500, 0x04000561, 0xFFFAFFFA}
)
_FREE_TEXT: Final = frozenset({"ST", "LT", "UT"})
_SHORT_TEXT: Final = frozenset({"LO", "SH", "UC"})
_CODES: Final = frozenset(
    # Code Value, Coding Scheme Designator and Version, Long Code Value
    {0x00080100, 0x00080102, 0x00080103, 0x00080119}
)
_DATE_VRS: Final = frozenset({"DA", "DT", "TM"})
_CODE_MEANING: Final = 0x00080104
_LONGITUDINAL: Final = frozenset(
    {Option.RETAIN_LONGITUDINAL_FULL_DATES, Option.RETAIN_LONGITUDINAL_MODIFIED_DATES}
)


def fault_of_touching(tag: int) -> str:
    """Return why no line may be about an Attribute, or an empty string.

    Structural UIDs, which name a class, a code or a syntax and no instance, are those that Table
    E.1-1 does not list.
    """
    if tag >> 16 < _DATA_SET:
        return "casepack writes File Meta Information and directories itself"
    if not tag & 0xFFFF or tag >> 16 == 0xFFFE:  # noqa: PLR2004  # delimiters
        return "this belongs to the encoding"
    if tag in _STAMPS | _IDENTITY or tag == _CHARACTER_SET:
        return "casepack sets this Attribute itself"
    if tag in _PIXELS:
        return "Pixel Data would not mean the same without this Attribute"
    if dictionary_vr(tag) == "UI" and tag not in profile_rows():
        return "a structural UID names no instance and stays"
    return ""


def fault_of_keeping(tag: int) -> str:
    """Return why an Attribute cannot be kept by any override, or an empty string."""
    if is_overlay_or_curve(tag):
        return "overlays and curves are removed as whole groups"
    if tag in _SEALED:
        return "this holds originals, or a signature of them"
    if is_temporal(tag):
        return "dates and times are retained by an Option or not at all"
    return ""


def is_shifted(tag: int, options: frozenset[Option]) -> bool:
    """Tell whether an Attribute is one that the Modified Dates Option treats."""
    row = profile_rows().get(tag)
    modified = Option.RETAIN_LONGITUDINAL_MODIFIED_DATES
    return row is not None and modified in options and modified in row.options


def is_temporal(tag: int) -> bool:
    """Tell whether an Attribute is a date or time, or one that the date Options are about."""
    row = profile_rows().get(tag)
    listed = row is not None and bool(_LONGITUDINAL & row.options.keys())
    return listed or dictionary_vr(tag) in _DATE_VRS


def loosens(tag: int, options: frozenset[Option]) -> bool:
    """Tell whether keeping an Attribute goes beyond the Profile with its Options."""
    row = profile_rows().get(tag)
    if row is None:
        cleaned = Option.CLEAN_DESCRIPTORS in options and tag not in _CODES
        texts = _FREE_TEXT | _SHORT_TEXT if cleaned else _FREE_TEXT
        return tag == _CODE_MEANING or dictionary_vr(tag) in texts
    return not any(row.options.get(option) == Action.KEEP for option in options)
