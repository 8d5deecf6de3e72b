"""What of one lesion one study shows: what its objects are made of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from casepack.lesion import (
    Evaluation,
    MeasuredCaliper,
    MeasuredLesion,
    Measurement,
    Response,
    Segment,
)
from casepack.model import Study


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReference:
    """One image, or one frame of it, with the Study and Series that it belongs to."""

    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    frame: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A lesion at the time point of one study."""

    lesion: MeasuredLesion
    time_point: int
    measurements: tuple[Measurement, ...]
    segments: tuple[Segment, ...]
    calipers: tuple[MeasuredCaliper, ...]
    evaluations: tuple[Evaluation, ...]
    response: Response | None
    absent: bool
    looked_at: ImageReference
    """An image of the study: what was looked at where nothing is drawn."""
    said: str = field(repr=False)
    """Digest of all that is known of the lesion: an edited lesion is another SOP Instance."""
    segmentations: Mapping[str, str] = field(default_factory=dict)
    """SOP Instance UID of the Segmentation of each segmented series."""
    segmentation_series: str = ""
    """Series Instance UID of the Segmentations."""

    @property
    def drawn_series(self) -> tuple[str, ...]:
        """Series Instance UIDs that something is drawn on, in the order of drawing."""
        drawn = [each.series_instance_uid for each in self.measurements]
        drawn += [each.series_instance_uid for each in self.calipers]
        return tuple(dict.fromkeys(drawn))

    @property
    def images(self) -> tuple[ImageReference, ...]:
        """The frames that are drawn on or segmented, each once."""
        return images_of((*self.measurements, *self.calipers), self.segments)


def images_of(
    drawn: Sequence[Measurement | MeasuredCaliper], segments: Sequence[Segment] = ()
) -> tuple[ImageReference, ...]:
    """Return the frames that drawings lie on, each once, in their order."""
    found = [
        ImageReference(
            study_instance_uid=each.study_instance_uid,
            series_instance_uid=each.series_instance_uid,
            sop_class_uid=each.sop_class_uid,
            sop_instance_uid=each.sop_instance_uid,
            frame=each.frame,
        )
        for each in drawn
    ]
    found += [
        ImageReference(
            study_instance_uid=segment.study_instance_uid,
            series_instance_uid=segment.series_instance_uid,
            sop_class_uid=each.sop_class_uid,
            sop_instance_uid=each.sop_instance_uid,
            frame=each.frame,
        )
        for segment in segments
        for each in segment.frames
    ]
    return tuple(dict.fromkeys(found))


def find_shown(
    study: Study, time_point: int, lesions: Sequence[MeasuredLesion], looked_at: ImageReference
) -> tuple[Shown, ...]:
    """Return the lesions that a study shows, or of which something is said at its time point."""
    uid = study.study_instance_uid
    shown: list[Shown] = []
    for lesion in lesions:
        found = Shown(
            lesion=lesion,
            time_point=time_point,
            measurements=tuple(
                each for each in lesion.measurements if each.study_instance_uid == uid
            ),
            segments=tuple(each for each in lesion.segments if each.study_instance_uid == uid),
            calipers=tuple(each for each in lesion.calipers if each.study_instance_uid == uid),
            evaluations=tuple(
                each for each in lesion.lesion.evaluations if each.time_point == time_point
            ),
            response=next(
                (each for each in lesion.responses if each.time_point == time_point), None
            ),
            absent=time_point in lesion.lesion.absent,
            looked_at=looked_at,
            said=_digest(lesion),
        )
        if found.images or found.evaluations or found.absent:
            shown.append(found)
    return tuple(shown)


def _digest(lesion: MeasuredLesion) -> str:
    digest = hashlib.sha256(repr(lesion).encode())
    for segment in lesion.segments:
        for frame in segment.frames:
            digest.update(frame.values)
    return digest.hexdigest()
