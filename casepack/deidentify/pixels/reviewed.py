"""Boxes on the review sheet: what a person is asked, and what comes of the answers.

Each box that was found is a row; one that stands alike in several images of a series is one row for
all of them. A person may also add boxes, in pixels or as a region of the patient.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from casepack.deidentify.pixels.boxes import Box, clip_boxes, lies_in, mask_of
from casepack.deidentify.pixels.drawn import group_boxes
from casepack.deidentify.pixels.looks import Seen
from casepack.deidentify.pixels.planes import Plane, read_planes
from casepack.deidentify.pixels.regions import Region, cut_region
from casepack.deidentify.review import AddedBox, Decision, Decisions, ReviewRow, RowKind
from casepack.errors import ReviewError
from casepack.model import Edges, FileSet, Reason, Series
from casepack.part_ten import open_part_ten

_FRAME_OF_REFERENCE: Final = 0x00200052
_PLACE: Final = re.compile(r"(?:(all)|series +([0-9.]+)|([0-9.]+)(?: +frame +([0-9]+))?)")
COVERED: Final = "covered"
HELD: Final = "held"
KEPT: Final = "kept"
_FOUND: Final = "text-found"
_BY_RECIPE: Final = "kept-by-recipe"
_DOUBTFUL: Final = "not-drawn"
_KNOWN: Final = "known-region"
_SAID: Final = "said-to-hold-text"

SeenByNumber = Mapping[int, Seen]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A box, or an image said to hold text, for a person to decide on."""

    place: str = field(repr=False)
    box: Edges | None
    """None for an image as a whole."""
    parts: tuple[Edges, ...] = ()
    """The boxes that it is made of: those of an oblique line overlap."""
    why: str
    images: tuple[tuple[int, int], ...]
    """Numbers of the images and 0-based frames in which it stands."""

    @property
    def original(self) -> str:
        """The box as the sheet holds it."""
        return ",".join(map(str, self.box)) if self.box is not None else ""

    @property
    def result(self) -> str:
        """What is made of it, unless a person decides otherwise."""
        if self.why in {_DOUBTFUL, _BY_RECIPE}:
            return KEPT
        return COVERED if self.box is not None else HELD


def list_candidates(file_set: FileSet, seen: SeenByNumber) -> tuple[Candidate, ...]:
    """Return what was found, series by series; boxes that are the same in a series once."""
    return tuple(
        candidate
        for series, numbers in _series_of(file_set)
        for candidate in _candidates_of(series, {number: seen[number] for number in numbers})
    )


def _series_of(file_set: FileSet) -> Iterator[tuple[Series, range]]:
    """Yield each series with the numbers of its images."""
    number = 0
    for study in file_set.studies:
        for series in study.series:
            yield series, range(number, number + len(series.instances))
            number += len(series.instances)


def _candidates_of(series: Series, seen: SeenByNumber) -> Iterator[Candidate]:
    found: defaultdict[tuple[tuple[Box, ...], str], list[tuple[int, int]]] = defaultdict(list)
    first = min(seen)
    for number, one in seen.items():
        kept = mask_of([Box(*box) for box in one.kept], one.rows, one.columns)
        for frame, boxes in sorted(one.found.items()):
            there = [Box(*box) for box in boxes]
            stay = [box for box in there if lies_in(box, kept)]
            for why, some in ((_FOUND, set(there) - set(stay)), (_BY_RECIPE, stay)):
                for parts in group_boxes(some):
                    found[parts, why].append((number, frame))
        for frame, boxes in sorted(one.doubtful.items()):
            for parts in group_boxes(Box(*box) for box in boxes):
                found[parts, _DOUBTFUL].append((number, frame))
        for box in one.known:
            found[(Box(*box),), _KNOWN] += [(number, frame) for frame in range(one.frames)]
        if one.flagged and not one.found and not one.known and one.reason is None:
            uid = series.instances[number - first].sop_instance_uid
            yield Candidate(place=uid, box=None, why=_SAID, images=((number, 0),))
    for (parts, why), images in sorted(found.items()):
        number, frame = images[0]
        uid = series.instances[number - first].sop_instance_uid
        alone = f"{uid} frame {frame + 1}"
        place = alone if len(images) == 1 else f"series {series.series_instance_uid}"
        box = _around(parts)
        yield Candidate(place=place, box=box, parts=parts, why=why, images=tuple(images))


def _around(parts: Sequence[Edges]) -> Edges:
    left, top, right, bottom = zip(*parts, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _edges(box: Edges) -> Edges:
    left, top, right, bottom = box
    return left, top, right, bottom


def draw_rows(
    candidates: Sequence[Candidate],
    decisions: Decisions,
    pictures: Mapping[int, str],
    reads: Mapping[int, str],
) -> tuple[ReviewRow, ...]:
    """Return the rows of the review sheet.

    Parameters
    ----------
    candidates
        From `list_candidates`.
    decisions
        What was decided before.
    pictures
        By place in `candidates`, the path of a picture below the folder of the sheet.
    reads
        By place in `candidates`, what is written there, as far as anybody can read it.
    """
    rows = tuple(
        ReviewRow(
            kind=RowKind.BOX,
            place=one.place,
            original=one.original,
            result=one.result,
            removed=(one.why,),
            picture=pictures.get(at, ""),
            reads=reads.get(at, ""),
            decision=_decided(one, decisions),
        )
        for at, one in enumerate(candidates)
    )
    # so that who saves the sheet again does not lose what was added before
    return (*rows, *(_row_of(one) for one in decisions.added))


def _row_of(added: AddedBox) -> ReviewRow:
    return ReviewRow(
        kind=RowKind.BOX,
        place=added.place,
        original=added.original,
        result=COVERED,
        decision=Decision.COVER,
    )


def _decided(candidate: Candidate, decisions: Decisions) -> Decision | None:
    found = decisions.find(RowKind.BOX, candidate.place, candidate.original, candidate.result)
    return found.decision if found is not None else None


def decide(file_set: FileSet, seen: SeenByNumber, decisions: Decisions) -> SeenByNumber:
    """Return what was seen, as a person corrected it.

    Raises
    ------
    ReviewError
        A box is added to what is not there.
    """
    if not decisions.digest:
        return seen
    corrected = dict(seen)
    for candidate in list_candidates(file_set, seen):
        decision = _decided(candidate, decisions)
        for number, frame in candidate.images:
            if decision is Decision.REJECT:
                corrected[number] = Seen(reason=Reason.BURNED_IN)
            elif decision is Decision.KEEP and corrected[number].reason is None:
                corrected[number] = _spare(corrected[number], candidate, frame)
    for added in decisions.added:
        for number, boxes in _place(added, file_set, corrected, decisions.file):
            corrected[number] = _with_boxes(corrected[number], boxes)
    return corrected


def _spare(seen: Seen, candidate: Candidate, frame: int) -> Seen:
    if candidate.box is None:
        return replace(seen, flagged=False)
    if candidate.result == KEPT:
        return seen
    if candidate.why == _KNOWN:
        known = tuple(box for box in seen.known if _edges(box) not in candidate.parts)
        return replace(seen, known=known)
    found = dict(seen.found)
    left = tuple(box for box in found.pop(frame, ()) if _edges(box) not in candidate.parts)
    if left:
        found[frame] = left
    # found again at the second look, it stays again
    spared = {**seen.spared, frame: (*seen.spared.get(frame, ()), *candidate.parts)}
    return replace(seen, found=found, spared=spared)


def _with_boxes(seen: Seen, boxes: Mapping[int, Box]) -> Seen:
    if seen.reason is not None or not seen.frames:
        return seen
    added = dict(seen.added)
    for frame, box in boxes.items():
        added[frame] = (*added.get(frame, ()), *clip_boxes([box], seen.rows, seen.columns))
    return replace(seen, added=added)


def _place(
    added: AddedBox, file_set: FileSet, seen: SeenByNumber, file: str
) -> Iterator[tuple[int, dict[int, Box]]]:
    """Yield the images that an added box is in, with the box in each frame."""
    match = _PLACE.fullmatch(added.place)
    where = f"{file}:{added.line}"
    if match is None:
        raise ReviewError(
            "the place of the box is not understood",
            place=where,
            advice="Write all, series and its number, or an original SOP Instance UID.",
        )
    frame = int(match[4]) - 1 if match[4] else None
    chosen = _chosen(match, file_set)
    if not chosen:
        raise ReviewError("there is no such series or image", place=where)
    if added.region is not None:
        yield from _placed_in_patient(added.region, match, chosen, file_set, seen)
    elif added.pixels is not None:
        for number in chosen:
            frames = range(seen[number].frames) if frame is None else [frame]
            yield number, {one: Box(*added.pixels) for one in frames if one < seen[number].frames}


def _chosen(match: re.Match[str], file_set: FileSet) -> list[int]:
    numbers = []
    for series, members in _series_of(file_set):
        named = match[2] in {str(series.number), series.series_instance_uid}
        for number, instance in zip(members, series.instances, strict=True):
            if match[1] or named or instance.sop_instance_uid == match[3]:
                numbers.append(number)
    return numbers


def _placed_in_patient(
    region: Region,
    match: re.Match[str],
    chosen: Sequence[int],
    file_set: FileSet,
    seen: SeenByNumber,
) -> Iterator[tuple[int, dict[int, Box]]]:
    paths = [instance.path for instance in file_set.instances]
    found = {number: _planes_of(paths[number], one) for number, one in seen.items() if one.frames}
    frames_of_reference = {found[number][0] for number in chosen if number in found} - {""}
    for number, (uid, planes) in found.items():
        alike = uid in frames_of_reference and not match[3]
        if number in chosen or alike:
            boxes = {at: cut_region(region, plane) for at, plane in enumerate(planes)}
            yield number, {at: box for at, box in boxes.items() if box is not None}


def _planes_of(path: Path, seen: Seen) -> tuple[str, tuple[Plane, ...]]:
    with open_part_ten(path) as file:
        uid = (file.value(_FRAME_OF_REFERENCE) or b"").decode("latin-1")
        return uid, read_planes(file, seen.rows, seen.columns, seen.frames)
