"""What was seen in images before they are de-identified, and what follows from it.

Plain values without numpy: they cross processes and stand in the journal, and who looks at no
pixels does not wait for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from casepack.model import Edges, Option, Reason

BoxesByFrame = Mapping[int, tuple[Edges, ...]]
"""By 0-based frame number; frames without a box are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen in one image by itself."""

    frames: int = 0
    """0: it has no Pixel Data."""
    rows: int = 0
    columns: int = 0
    found: BoxesByFrame = field(default_factory=dict)
    """Lines of text."""
    doubtful: BoxesByFrame = field(default_factory=dict)
    """What looks like large text and was not drawn: it stays, and a person is told."""
    known: tuple[Edges, ...] = ()
    """What rules on known devices and the recipe want covered in every frame."""
    kept: tuple[Edges, ...] = ()
    """Where the recipe says that what is found identifies nobody."""
    added: BoxesByFrame = field(default_factory=dict)
    """What a person added."""
    spared: BoxesByFrame = field(default_factory=dict)
    """What was found and stays on the word of a person."""
    flagged: bool = False
    """The header or the recipe says that there is text, and not where."""
    hidden: bool = False
    """Bits beyond Bits Stored hold something: an overlay, perhaps."""
    reason: Reason | None = None
    """Why it cannot be examined."""

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON holds it, without what a person said; `seen_of` is the way back."""
        return {
            "size": [self.frames, self.rows, self.columns],
            "found": [[frame, *map(list, boxes)] for frame, boxes in sorted(self.found.items())],
            "doubtful": [
                [frame, *map(list, boxes)] for frame, boxes in sorted(self.doubtful.items())
            ],
            "known": [list(box) for box in self.known],
            "kept": [list(box) for box in self.kept],
            "flags": [self.flagged, self.hidden],
            "reason": self.reason,
        }


def seen_of(text: Mapping[str, Any]) -> Seen:
    """Return what `Seen.as_json` wrote."""
    frames, rows, columns = text["size"]
    flagged, hidden = text["flags"]
    return Seen(
        frames=frames,
        rows=rows,
        columns=columns,
        found={frame: edges_of(boxes) for frame, *boxes in text["found"]},
        doubtful={frame: edges_of(boxes) for frame, *boxes in text["doubtful"]},
        known=edges_of(text["known"]),
        kept=edges_of(text["kept"]),
        flagged=flagged,
        hidden=hidden,
        reason=Reason(text["reason"]) if text["reason"] else None,
    )


def edges_of(boxes: Iterable[Sequence[int]]) -> tuple[Edges, ...]:
    """Return boxes as JSON gives them."""
    return tuple((left, top, right, bottom) for left, top, right, bottom in boxes)


CLAIMED_BY_IMAGE: Final = frozenset(
    {Option.CLEAN_PIXEL_DATA, Option.CLEAN_RECOGNIZABLE_VISUAL_FEATURES}
)
"""Options that are claimed of images one by one."""


class Face(StrEnum):
    """What is known of a face in an image."""

    ABSENT = "absent"
    """It has no picture, the head cannot be in it, or it lies outside of the region of the face."""
    REMOVED = "removed"
    DROPPED = "dropped"
    """A localizer that the recipe has left out."""
    NOT_ASSESSED = "not-assessed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is to be done with the pixels of an image."""

    examined: bool = True
    """False: it has no Pixel Data."""
    boxes: BoxesByFrame = field(default_factory=dict)
    """What is covered."""
    kept: tuple[Edges, ...] = ()
    """Where text that is found stays in any frame, on the word of the recipe."""
    spared: BoxesByFrame = field(default_factory=dict)
    """What was found in a frame and stays, on the word of a person."""
    stays: bool = False
    """Text was found and stays, on the word of the recipe or of a person."""
    hidden: bool = False
    """Bits beyond Bits Stored are cleared."""
    reason: Reason | None = None
    """Why the image is held."""
    face: Face | None = None
    """What is known of a face; None where the recipe does not ask."""
    face_boxes: BoxesByFrame = field(default_factory=dict)
    """What is covered of it."""

    @property
    def claims(self) -> frozenset[Option]:
        """Options that are true of this image alone, if the recipe declares them.

        An object without Pixel Data, such as a report, claims what its images do: the method is
        an Attribute of the Patient, and there is nothing left to clean.
        """
        pixels = {Option.CLEAN_PIXEL_DATA}
        if self.face in {Face.ABSENT, Face.REMOVED}:
            pixels.add(Option.CLEAN_RECOGNIZABLE_VISUAL_FEATURES)
        return frozenset(pixels)

    @property
    def changes(self) -> bool:
        """True when the Pixel Data will not be those of the original."""
        return bool(self.boxes) or bool(self.face_boxes) or self.hidden

    @property
    def digest(self) -> str:
        """What the new SOP Instance UID depends on beside the old one; empty if nothing changes."""
        if not (self.boxes or self.face_boxes):
            return ""
        both = (self.boxes, self.face_boxes)
        text = json.dumps([sorted((at, *boxes) for at, boxes in found.items()) for found in both])
        return hashlib.sha256(text.encode("ascii")).hexdigest()
