"""Storage SOP Classes by the names that people give them: ``MR``, ``ENHANCED_MR``, keyword, UID."""

from __future__ import annotations

from functools import cache
from typing import Final

from casepack.standard.tables import read_table

_STORAGE: Final = "Storage"
_IMAGE: Final = "Image"
_ALIASES: Final = {"pet": "positronemissiontomography", "seg": "segmentation"}


def storage_classes() -> tuple[str, ...]:
    """Return the UIDs of the Storage SOP Classes of PS3.6 Annex A that are not retired."""
    return tuple(uid for uid, _keyword in _storage_classes())


def sop_class_name(uid: str) -> str:
    """Return the name in PS3.6 Annex A, such as ``MR Image Storage``; the UID if it has none."""
    entry = read_table("UID_dictionary").get(uid)
    return str(entry[0]) if entry is not None else uid


def sop_class_uid(name: str) -> str | None:
    """Return the UID of the Storage SOP Class that `name` means; None if there is none.

    Parameters
    ----------
    name
        A UID; the keyword of PS3.6 with or without ``ImageStorage`` or ``Storage`` at its end,
        in any case, with or without ``_``, ``-`` and blanks between the words.
    """
    folded = _fold(name)
    return _uids_by_name().get(_ALIASES.get(folded, folded))


@cache
def _uids_by_name() -> dict[str, str]:
    names: dict[str, str] = {}
    for uid, keyword in _storage_classes():
        for form in (uid, keyword, keyword.removesuffix(_STORAGE), _short(keyword)):
            names.setdefault(_fold(form), uid)
    return names


def _storage_classes() -> list[tuple[str, str]]:
    return [
        (uid, str(entry[4]))
        for uid, entry in read_table("UID_dictionary").items()
        if entry[1] == "SOP Class" and str(entry[4]).endswith(_STORAGE) and not entry[3]
    ]


def _short(keyword: str) -> str:
    return keyword.removesuffix(_STORAGE).removesuffix(_IMAGE)


def _fold(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalnum() or char == ".")
