"""Where a new object goes: its UIDs and its numbers in the study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from casepack.annotate.objects.shown import ImageReference


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Identifiers of a new object, and how it refers to frames and to its copies."""

    series_instance_uid: str
    series_number: int
    sop_instance_uid: str
    instance_number: int
    frame_counts: Mapping[str, int]
    """Number of frames of each image of the studies, by SOP Instance UID."""
    identical: tuple[ImageReference, ...] = field(default=())
    """The same document in the other studies."""
    further: tuple[ImageReference, ...] = field(default=())
    """Documents that belong to the key objects."""

    def is_multi_frame(self, image: ImageReference) -> bool:
        """Tell whether a reference must name a frame.

        Referenced Frame Number is Type 1C: absent for an image of one frame (PS3.3 10.3).
        """
        return max(self.frame_counts.get(image.sop_instance_uid, 1), image.frame) > 1
