"""Objects that refer to instances which are not there: held where a set must be complete.

A report, a presentation state or a segmentation means nothing without the images it speaks of. In
a folder of its own it may wait for them, since one key gives one set of new UIDs; in a package it
would lead nowhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from casepack.deidentify.crosswalk import Crosswalk
from casepack.encoding import Buffer, Element, Encoding, read_items, unpad
from casepack.errors import StudyError
from casepack.model import Deidentified, FileSet, Instance, Reason, Study, Unused
from casepack.part_ten import open_part_ten

_DERIVED: Final = (
    # reports and key objects, presentation states, segmentations and the like, structure sets
    "1.2.840.10008.5.1.4.1.1.88.",
    "1.2.840.10008.5.1.4.1.1.11.",
    "1.2.840.10008.5.1.4.1.1.66.",
    "1.2.840.10008.5.1.4.1.1.481.3",
)
_NEVER_FILES: Final = (
    "1.2.840.10008.3.1.2.",
    "1.2.840.10008.5.1.4.31",
    "1.2.840.10008.5.1.4.34",
)
"""Performed Procedure Steps, Detached Studies, Worklist."""
_REFERENCED_CLASS: Final = 0x00081150
_REFERENCED_INSTANCE: Final = 0x00081155


def hold_unresolved(
    originals: FileSet, deidentified: Deidentified, crosswalk: Crosswalk
) -> tuple[Deidentified, Crosswalk]:
    """Take away derived objects that refer to instances which are held or were never given.

    Those that refer to one that is taken away go too.

    Raises
    ------
    StudyError
        Nothing is left.
    """
    lost = _find_unresolved(deidentified.instances)
    if not lost:
        return deidentified, crosswalk
    studies = tuple(study for one in deidentified.studies if (study := _without(one, lost)).series)
    if not studies:
        raise StudyError(
            "no instance is left: all refer to images that are not in the folder",
            advice="Add the images that the reports and segmentations speak of.",
        )
    for instance in lost.values():
        instance.path.unlink()
    unused = tuple(_unused(originals, crosswalk, lost))
    counts = Counter(dict(deidentified.record.unused))
    counts[Reason.REFERENCE_MISSING] += len(lost)
    record = replace(deidentified.record, unused=tuple(sorted(counts.items())))
    return (
        replace(deidentified, studies=studies, record=record),
        replace(crosswalk, unused=(*crosswalk.unused, *unused)),
    )


def _find_unresolved(instances: Sequence[Instance]) -> dict[str, Instance]:
    there = {instance.sop_instance_uid for instance in instances}
    references = {
        instance.sop_instance_uid: frozenset(_read_references(instance.path))
        for instance in instances
        if instance.sop_class_uid.startswith(_DERIVED)
    }
    while lost := {uid for uid in references.keys() & there if references[uid] - there}:
        there -= lost
    return {one.sop_instance_uid: one for one in instances if one.sop_instance_uid not in there}


def _read_references(path: Path) -> Iterator[str]:
    with open_part_ten(path) as file:
        yield from _references(file.buffer, file.elements, file.encoding, 0)


def _references(
    buffer: Buffer, elements: Sequence[Element], encoding: Encoding, depth: int
) -> Iterator[str]:
    found = {}
    for element in elements:
        if element.vr == "SQ":
            inner, items = read_items(buffer, element, encoding, depth=depth)
            for item in items:
                yield from _references(buffer, item, inner, depth + 1)
        elif element.tag in {_REFERENCED_CLASS, _REFERENCED_INSTANCE}:
            value = unpad(buffer[element.value : element.end])
            found[element.tag] = value.decode("ascii", "replace").strip()
    uid = found.get(_REFERENCED_INSTANCE)
    if uid and not found.get(_REFERENCED_CLASS, "").startswith(_NEVER_FILES):
        yield uid


def _without(study: Study, lost: dict[str, Instance]) -> Study:
    series = (
        replace(
            one,
            instances=tuple(each for each in one.instances if each.sop_instance_uid not in lost),
        )
        for one in study.series
    )
    return replace(study, series=tuple(one for one in series if one.instances))


def _unused(
    originals: FileSet, crosswalk: Crosswalk, lost: dict[str, Instance]
) -> Iterator[Unused]:
    for instance in originals.instances:
        uid = instance.sop_instance_uid
        if crosswalk.uids.get(uid, uid) in lost:
            yield Unused(
                number=0,
                path=instance.path,
                reason=Reason.REFERENCE_MISSING,
                sop_instance_uid=uid,
            )
