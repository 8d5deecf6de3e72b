"""Clean Recognizable Visual Features (PS3.15 E.3.2) for sections of the spine.

Of each Frame of Reference it is told whether the head can be in its images. If it can, the face is
what the recipe says, or what the surface of the skin shows; the same region of the patient is
covered in all images. Where neither is known, nothing is claimed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np

from casepack.deidentify.pixels.boxes import Box, boxes_of
from casepack.deidentify.pixels.head import Depicted, beyond_reach, read_depicted
from casepack.deidentify.pixels.header import read_stored_pixels
from casepack.deidentify.pixels.looks import Face, Look
from casepack.deidentify.pixels.planes import Plane
from casepack.deidentify.pixels.stored import Values, read_frames, shown_values
from casepack.deidentify.pixels.surface import FaceRegion, Profile, find_face
from casepack.errors import InstanceHeld
from casepack.model import FileSet, Reason
from casepack.part_ten import open_part_ten
from casepack.recipe import FaceRule

_SECTIONS: Final = frozenset({"MR", "CT"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceVerdict:
    """What becomes of an image."""

    status: Face
    boxes: Mapping[int, tuple[Box, ...]] = field(default_factory=dict)
    """What is to be covered, by 0-based frame number; frames without a box are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Image:
    path: Path = field(repr=False)
    series: int
    depicted: Depicted


def assess_faces(file_set: FileSet, rule: FaceRule) -> dict[Path, FaceVerdict]:
    """Tell of each instance whether a face can be in it, and what has to be covered.

    Parameters
    ----------
    file_set
        All studies of the patient: coordinates hold from series to series.
    rule
        What the recipe says.

    Returns
    -------
    dict
        A verdict for each instance, by path. An instance that cannot be read is not assessed.
    """
    verdicts: dict[Path, FaceVerdict] = {}
    groups: dict[str, list[_Image]] = defaultdict(list)
    for number, series in enumerate(s for study in file_set.studies for s in study.series):
        for instance in series.instances:
            depicted = _read(instance.path)
            if depicted is None or not depicted.frame_of_reference or not depicted.planes:
                status = Face.ABSENT if _without_picture(instance.path) else None
                verdicts[instance.path] = FaceVerdict(status=status or Face.NOT_ASSESSED)
                continue
            image = _Image(path=instance.path, series=number, depicted=depicted)
            groups[depicted.frame_of_reference].append(image)
    within = {name: _within_reach(images) for name, images in groups.items()}
    several = sum(bool(images) for images in within.values()) > 1
    # numbers by hand mean one Frame of Reference: where several can show the head, which?
    by_hand = None if several else _given(rule)
    for name, images in groups.items():
        region = (by_hand or _find_region(images)) if within[name] else None
        for image in images:
            inside = image in within[name]
            verdicts[image.path] = _verdict(image, region, inside=inside, rule=rule)
    return verdicts


def _given(rule: FaceRule) -> FaceRegion | None:
    if rule.above is None or rule.in_front_of is None:
        return None
    return FaceRegion(above=rule.above, in_front_of=rule.in_front_of)


def _read(path: Path) -> Depicted | None:
    try:
        with open_part_ten(path) as file:
            return read_depicted(file)
    except (InstanceHeld, ValueError):
        return None


def _without_picture(path: Path) -> bool:
    try:
        with open_part_ten(path) as file:
            return read_stored_pixels(file) is None
    except InstanceHeld:
        return False


def add_faces(looks: Mapping[Path, Look], verdicts: Mapping[Path, FaceVerdict]) -> dict[Path, Look]:
    """Return what is to be done with each image, with its face covered beside its text."""
    return {path: _with_face(look, verdicts[path]) for path, look in looks.items()}


def _with_face(look: Look, verdict: FaceVerdict) -> Look:
    if verdict.status is Face.DROPPED:
        return replace(look, face=verdict.status, reason=look.reason or Reason.LOCALIZER)
    return replace(look, face=verdict.status, face_boxes=verdict.boxes)


def _within_reach(images: Sequence[_Image]) -> list[_Image]:
    beyond = beyond_reach([image.depicted for image in images])
    return [image for image, far in zip(images, beyond, strict=True) if not far]


def _verdict(
    image: _Image, region: FaceRegion | None, *, inside: bool, rule: FaceRule
) -> FaceVerdict:
    if not inside:
        return FaceVerdict(status=Face.ABSENT)
    if rule.drop_localizers and image.depicted.localizer:
        return FaceVerdict(status=Face.DROPPED)
    if region is None or image.depicted.modality not in _SECTIONS:
        return FaceVerdict(status=Face.NOT_ASSESSED)
    boxes = {
        number: found
        for number, plane in enumerate(image.depicted.planes)
        if (found := boxes_of(region.mask(plane)))
    }
    return FaceVerdict(status=Face.REMOVED if boxes else Face.ABSENT, boxes=boxes)


def _find_region(images: Sequence[_Image]) -> FaceRegion | None:
    """Find the face in the outline that all sections of a Frame of Reference show together."""
    by_series: dict[int, list[_Image]] = defaultdict(list)
    for image in images:
        if image.depicted.modality in _SECTIONS:
            by_series[image.series].append(image)
    middles = [
        plane.corners()[:, 0].mean()
        for members in by_series.values()
        for image in members
        for plane in image.depicted.planes
    ]
    if not middles:
        return None
    profile = Profile()
    for members in by_series.values():
        profile.add(_frames(members), float(np.median(middles)))
    return find_face(profile)


def _frames(images: Iterable[_Image]) -> Iterator[tuple[Plane, Values]]:
    for image in images:
        yield from read_sections(image.path)


def read_sections(path: Path) -> tuple[tuple[Plane, Values], ...]:
    """Return the planes of an image with what they show, air dark.

    Nothing for colours, for an image without planes, and for one that cannot be read: it is held
    for that elsewhere.
    """
    try:
        with open_part_ten(path) as file:
            pixels = read_stored_pixels(file)
            if pixels is None or pixels.samples > 1 or pixels.photometric == "PALETTE COLOR":
                return ()
            planes = read_depicted(file).planes
            sign = np.int64(-1 if pixels.photometric == "MONOCHROME1" else 1)
            # copies: the file is closed before they are used
            shown = [shown_values(pixels, frame) * sign for frame in read_frames(pixels)]
    except InstanceHeld:
        return ()
    return tuple(zip(planes, shown, strict=True)) if len(planes) == len(shown) else ()
