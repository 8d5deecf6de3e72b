"""What is checked: MIDI-B's ten actions, and what each check is counted under."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final


class Action(StrEnum):
    """The ten actions of MIDI-B."""

    TAG_RETAINED = "tag_retained"
    TEXT_NOTNULL = "text_notnull"
    TEXT_RETAINED = "text_retained"
    TEXT_REMOVED = "text_removed"
    DATE_SHIFTED = "date_shifted"
    UID_CHANGED = "uid_changed"
    UID_CONSISTENT = "uid_consistent"
    PATID_CONSISTENT = "patid_consistent"
    PIXELS_RETAINED = "pixels_retained"
    PIXELS_HIDDEN = "pixels_hidden"


REMOVALS: Final = frozenset(
    {Action.TEXT_REMOVED, Action.DATE_SHIFTED, Action.UID_CHANGED, Action.PIXELS_HIDDEN}
)
RETENTIONS: Final = frozenset(
    {Action.TAG_RETAINED, Action.TEXT_NOTNULL, Action.TEXT_RETAINED, Action.PIXELS_RETAINED}
)

AttributePath = tuple[str | int, ...]
"""Keywords and numbers of Items; ``meta:KEYWORD``, ``preamble:``, ``private:GGGG:CREATOR:EE``."""


def draw_path(path: AttributePath) -> str:
    """Return the path for reading."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)[1:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question to one instance of the output."""

    action: Action
    path: AttributePath
    text: str = ""
    """What must go or stay; the old UID, date or Patient ID; digest of the pixel bytes."""
    category: str = ""
    """HIPAA letter, or the rule of TCIA or of DICOM."""
    kind: str = ""
    """Of planting: echoed from the header, unseen elsewhere, written as a pattern, eponym ..."""
    planted: str = ""
    """The whole value that held it."""
    sentence: bool = False
    """Part of a planted sentence, not a header's own value."""
    sealed: bool = False
    """Of a sentence whose failures are counted but never shown."""
    box: tuple[int, int, int, int] | None = None
    """Of burned-in text: first row, last row, first column, last column."""


@dataclass(slots=True, kw_only=True)
class Examined:
    """An instance that was written, and its checks."""

    path: Path
    language: str
    character_set: str
    stamp: int
    """Number in the first pixels, by which the output is found again whatever its name."""
    sop_instance_uid: str
    patient_id: str
    study_uid: str
    series_uid: str
    class_name: str
    """MR, CT, SR, SC ...: the classes other than MR may be held, and are counted apart."""
    checks: list[Check] = field(default_factory=list)
