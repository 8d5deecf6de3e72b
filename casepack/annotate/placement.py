"""Where a new object goes: its UIDs and its numbers in the study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Identifiers of a new object, and how it refers to frames."""

    series_instance_uid: str
    series_number: int
    sop_instance_uid: str
    instance_number: int
    frames: Mapping[str, list[int]]
    """Referenced frames of the multi-frame key images, by SOP Instance UID."""
