"""What the header says about burned-in text, before a pixel is looked at.

A suspicion never means that text was found, and no suspicion never means that there is none: every
frame of every image is examined. A declaration that was not met with a region is a reason to hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from casepack.deidentify.pixels.boxes import Box, clip_boxes
from casepack.deidentify.pixels.criteria import (
    MODALITY,
    ImageHeader,
    Known,
    known_by_filters,
    known_devices,
)
from casepack.recipe import Filter
from casepack.standard.sop_classes import sop_class_name

_SOP_CLASS: Final = 0x00080016
_IMAGE_TYPE: Final = 0x00080008
_CONVERSION_TYPE: Final = 0x00080064
_BURNED_IN_ANNOTATION: Final = 0x00280301
_CONVERTED: Final = frozenset({"DV", "DF", "SD", "DRW", "SYN", "WSD", "SI", "DI"})
"""Conversion Type (PS3.3 C.8.6.1): all of them; an acquired image has none."""
_FILM: Final = frozenset({"DF", "SD"})
_SCREEN: Final = ("SCREEN", "CAPTURE", "DOSE", "REPORT")
_DERIVED_CAPTURE: Final = "SECONDARY"


class Suspicion(StrEnum):
    """Why an image may hold burned-in text."""

    DECLARED = "declared"
    """Burned In Annotation (0028,0301) is neither NO nor empty."""
    SECONDARY_CAPTURE = "secondary-capture"
    SCREEN_SAVE = "screen-save"
    CONVERTED = "converted"
    DIGITISED_FILM = "digitised-film"
    SECONDARY_IMAGE = "secondary-image"
    """Value 2 of Image Type: made after the examination from other images."""
    KNOWN_DEVICE = "known-device"
    RECIPE = "recipe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """What is known about an image from its header."""

    suspicions: tuple[Suspicion, ...]
    known: tuple[Known, ...] = ()
    """Rules that hold, those of the recipe first."""
    boxes: tuple[Box, ...] = ()
    """What the rules want covered in every frame."""
    kept: tuple[Box, ...] = ()
    """Where the recipe says that text identifies nobody."""

    @property
    def declared(self) -> bool:
        """True when the header says that there is text, or says neither YES nor NO."""
        return Suspicion.DECLARED in self.suspicions

    @property
    def suspicious(self) -> bool:
        """True when an image that nobody examines should be held; derived ones are too many."""
        return bool(set(self.suspicions) - {Suspicion.SECONDARY_IMAGE})

    @property
    def flagged(self) -> bool:
        """True when somebody says that there is text: an image without a box is held then."""
        return self.declared or any(one.warns for one in self.known)


def triage(header: ImageHeader, filters: Sequence[Filter] = ()) -> Triage:
    """Tell from a header how likely burned-in text is, and where such images are known to have it.

    Parameters
    ----------
    header
        The image's header, before de-identification.
    filters
        ``%filter`` sections of the recipe; taken as they are, on MR too.
    """
    by_recipe = known_by_filters(filters, header)
    by_device = known_devices(header)
    suspicions = [
        *_from_attributes(header),
        *([Suspicion.KNOWN_DEVICE] if by_device else []),
        *([Suspicion.RECIPE] if any(one.boxes or one.warns for one in by_recipe) else []),
    ]
    known = (*by_recipe, *by_device)
    boxes = [box for one in known for box in one.boxes]
    return Triage(
        suspicions=tuple(suspicions),
        known=known,
        boxes=clip_boxes(boxes, header.rows, header.columns),
        kept=tuple(box for one in by_recipe for box in one.kept),
    )


def _from_attributes(header: ImageHeader) -> list[Suspicion]:
    found = []
    if _value(header, _BURNED_IN_ANNOTATION) not in {"", "NO"}:
        found.append(Suspicion.DECLARED)
    sop_class = sop_class_name(_value(header, _SOP_CLASS))
    if "Secondary Capture" in sop_class:
        found.append(Suspicion.SECONDARY_CAPTURE)
    image_type = _value(header, _IMAGE_TYPE)
    if any(word in image_type for word in _SCREEN):
        found.append(Suspicion.SCREEN_SAVE)
    conversion = _value(header, _CONVERSION_TYPE)
    if conversion in _CONVERTED:
        found.append(Suspicion.CONVERTED)
    if conversion in _FILM or _value(header, MODALITY) == "FD" or "Digitized" in sop_class:
        found.append(Suspicion.DIGITISED_FILM)
    if image_type.split("\\")[1:2] == [_DERIVED_CAPTURE]:
        found.append(Suspicion.SECONDARY_IMAGE)
    return found


def _value(header: ImageHeader, tag: int) -> str:
    return (header.text(tag) or "").strip(" \x00").upper()
