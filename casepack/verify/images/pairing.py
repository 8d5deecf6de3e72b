"""Which original each image came from, by its Pixel Data: no crosswalk is asked or believed."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from casepack.model import FileSet
from casepack.verify.contents.alike import AlikeReader
from casepack.verify.contents.elements import PartTen, plain_text
from casepack.verify.contents.reading import is_part_ten
from casepack.verify.holdings import Holding, Holdings, open_buffer
from casepack.verify.images.pixels import digest_pixels
from casepack.verify.images.redactions import Redaction, differs_in_boxes_only
from casepack.verify.profile import FULL_DATES, MODIFIED_DATES

_KEPT: Final = (
    0x00080060,  # Modality
    0x00200011,  # Series Number
    0x00200012,  # Acquisition Number
    0x00200013,  # Instance Number
    0x00200032,  # Image Position (Patient)
    0x00180081,  # Echo Time
)
"""What tells images with the same Pixel Data apart and no tool needs to change."""
_STUDY_DATE: Final = 0x00080020
_LONG: Final = 512
"""Bytes: longer than any date, UID or number that is compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An image and the original that it was made from."""

    original: Holding = field(repr=False)
    result: Holding = field(repr=False)

    @property
    def shift(self) -> int | None:
        """Days by which the Study Date was shifted; None unless an Option keeps intervals."""
        if not self.result.claims.options & {FULL_DATES, MODIFIED_DATES}:
            return None
        before = read_date(self.original.text(_STUDY_DATE))
        after = read_date(self.result.text(_STUDY_DATE))
        return None if before is None or after is None else (after - before).days


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """The images of a folder beside the originals."""

    pairs: tuple[Pair, ...] = field(repr=False)
    originals: dict[str, list[Holding]] = field(repr=False)
    """Original images by the digest of their Pixel Data."""
    results: dict[str, list[Holding]] = field(repr=False)
    redacted: frozenset[str] = field(repr=False, default=frozenset())
    """New SOP Instance UIDs of images that differ from their originals in declared boxes alone."""

    @cached_property
    def new_uids(self) -> dict[str, str]:
        """From an original SOP Instance UID to the new one."""
        return {pair.original.sop_instance_uid: pair.result.sop_instance_uid for pair in self.pairs}

    @cached_property
    def shifts(self) -> frozenset[int]:
        """Days by which Study Dates were shifted; more than one if they were shifted unequally."""
        return frozenset(pair.shift for pair in self.pairs if pair.shift is not None)

    @property
    def missing(self) -> int:
        """How many original images have no counterpart."""
        return sum(map(len, self.originals.values())) - len(self.pairs)


def read_date(text: str) -> dt.date | None:
    """Return the date of a DA or DT value; None if it is not one."""
    digits = text[:8]
    if len(digits) != 8 or not digits.isdecimal():  # noqa: PLR2004  # YYYYMMDD
        return None
    try:
        return dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def read_originals(originals: FileSet) -> list[Holding]:
    """Return the original files as the verifier reads them; unreadable ones are left out.

    Long values are not kept: none is compared, and there may be tens of thousands of files.
    """
    found = []
    reader = AlikeReader()
    for instance in originals.instances:
        try:
            with open_buffer(instance.path) as data:
                if is_part_ten(data):
                    part_ten = _without_long_values(reader.read_part_ten(data))
                    found.append(Holding(path=instance.path, name="", part_ten=part_ten))
        except OSError:
            continue
    return found


def _without_long_values(part_ten: PartTen) -> PartTen:
    return replace(
        part_ten,
        elements=tuple(
            one._replace(value=b"") if len(one.value) > _LONG else one for one in part_ten.elements
        ),
    )


def pair_images(
    holdings: Holdings, originals: FileSet, redactions: Mapping[str, Redaction] | None = None
) -> Pairing:
    """Pair each image with its original; those that cannot be told apart are left unpaired.

    Parameters
    ----------
    redactions
        What a run says that it covered, by new SOP Instance UID.
    """
    before = _by_digest(read_originals(originals))
    after = {
        # of segmentations, those that the originals brought along
        digest: found
        for digest, results in _by_digest(holdings.dicom).items()
        if (found := [one for one in results if one.is_image or digest in before])
    }
    pairs: list[Pair] = []
    for digest, results in after.items():
        pairs += _pair(before.get(digest, []), results)
    covered = list(_pair_redacted(before, after, pairs, redactions or {}))
    return Pairing(
        pairs=(*pairs, *covered),
        originals=before,
        results=after,
        redacted=frozenset(pair.result.sop_instance_uid for pair in covered),
    )


def _pair_redacted(
    before: Mapping[str, list[Holding]],
    after: Mapping[str, list[Holding]],
    pairs: Sequence[Pair],
    redactions: Mapping[str, Redaction],
) -> Iterator[Pair]:
    """Yield the images with declared boxes beside the originals that they equal elsewhere."""
    taken = {pair.original.path for pair in pairs}
    left: defaultdict[tuple[str, ...], list[Holding]] = defaultdict(list)
    for original in (one for found in before.values() for one in found):
        if original.path not in taken:
            left[_key(original)].append(original)
    for result in (one for found in after.values() for one in found):
        redaction = redactions.get(result.sop_instance_uid)
        if redaction is None:
            continue
        alike = left[_key(result)]
        for original in alike:
            if differs_in_boxes_only(original.path, result.path, redaction):
                alike.remove(original)
                yield Pair(original=original, result=result)
                break


def _by_digest(holdings: Iterable[Holding]) -> dict[str, list[Holding]]:
    found: defaultdict[str, list[Holding]] = defaultdict(list)
    for holding in holdings:
        digest = digest_pixels(holding)
        if digest:
            found[digest].append(holding)
    return dict(found)


def _pair(originals: list[Holding], results: list[Holding]) -> list[Pair]:
    if len(originals) == len(results) == 1:
        return [Pair(original=originals[0], result=results[0])]
    by_key: defaultdict[tuple[str, ...], tuple[list[Holding], list[Holding]]] = defaultdict(
        lambda: ([], [])
    )
    for side, holdings in enumerate((originals, results)):
        for holding in holdings:
            by_key[_key(holding)][side].append(holding)
    return [
        Pair(original=before[0], result=after[0])
        for before, after in by_key.values()
        if len(before) == len(after) == 1
    ]


def _key(holding: Holding) -> tuple[str, ...]:
    top = holding.part_ten.top
    return tuple(plain_text(top[tag].value) if tag in top else "" for tag in _KEPT)
