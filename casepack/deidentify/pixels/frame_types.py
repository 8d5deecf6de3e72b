"""Frame Type (0008,9007) of the frames that were covered, and the Image Type that follows from it.

A frame whose pixels are not those of its original is DERIVED (PS3.3 C.8.16.1.1), and the Image Type
is MIXED as long as other frames are not. A Frame Type that stands in the Shared Functional Groups
moves into those of each frame where it no longer holds for all.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from casepack.encoding import (
    Encoding,
    encode_element,
    encode_sequence,
    read_elements,
    read_items,
    unpad,
)

SHARED: Final = 0x52009229
EACH_FRAME: Final = 0x52009230
_FRAME_TYPE: Final = 0x00089007
DERIVED: Final = b"DERIVED"
MIXED: Final = b"MIXED"

_Group = dict[int, bytes]
"""Encoded elements of an Item, by tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameTypes:
    """What the functional groups say once some frames are derived."""

    image: bytes
    """Value 1 of Image Type (0008,0008)."""
    groups: dict[int, bytes]
    """The Sequences of functional groups that are other ones, encoded, by tag."""


def derive_frame_types(
    shared: bytes | None, each: bytes | None, touched: Collection[int], how: Encoding
) -> FrameTypes:
    """Return what becomes of the Frame Types when the pixels of some frames were changed.

    Parameters
    ----------
    shared, each
        Shared and Per-Frame Functional Groups Sequence, encoded; None where there is none.
    touched
        0-based numbers of the frames.
    how
        Encoding of both.

    Returns
    -------
    FrameTypes
        Without Frame Types, the Image Type is that of an image all derived.
    """
    common = next(iter(_read_groups(shared, how)), {})
    groups = _read_groups(each, how)
    macro = _macro_of(common, how)
    if macro is not None and groups:
        whole = common.pop(macro)
        for group in groups:
            group[macro] = whole
    kinds = set()
    for number, group in enumerate(groups):
        own = _macro_of(group, how)
        if own is not None:
            if number in touched:
                group[own] = _derive(group[own], how)
            kinds.add(_read_frame_type(group[own], how)[0])
    if not kinds:
        return FrameTypes(image=DERIVED, groups={})
    changed = {EACH_FRAME: groups}
    if macro is not None:
        if len({group[macro] for group in groups}) == 1:
            common[macro] = [group.pop(macro) for group in groups].pop()
        changed[SHARED] = [common]
    return FrameTypes(
        image=kinds.pop() if len(kinds) == 1 else MIXED,
        groups={tag: _encode(tag, items, how) for tag, items in changed.items()},
    )


def _read_groups(encoded: bytes | None, how: Encoding) -> list[_Group]:
    """Return the Items of a Sequence."""
    if encoded is None:
        return []
    (sequence,), _ = read_elements(encoded, 0, len(encoded), how)
    _, items = read_items(encoded, sequence, how)
    return [{part.tag: encoded[part.start : part.end] for part in item} for item in items]


def _encode(tag: int, items: Sequence[_Group], how: Encoding) -> bytes:
    return encode_sequence(
        tag, [b"".join(part for _, part in sorted(item.items())) for item in items], how
    )


def _macro_of(group: _Group, how: Encoding) -> int | None:
    """Return the tag of the Sequence with the Frame Type: that of MR is another than that of CT."""
    return next((tag for tag in group if _read_frame_type(group[tag], how)), None)


def _read_frame_type(encoded: bytes, how: Encoding) -> list[bytes]:
    """Return the values of the Frame Type in a Sequence; none where there is none."""
    (element,), _ = read_elements(encoded, 0, len(encoded), how)
    items = _read_groups(encoded, how) if element.vr == "SQ" else []
    for item in items:
        if _FRAME_TYPE in item:
            raw = item[_FRAME_TYPE]
            (found,), _ = read_elements(raw, 0, len(raw), how)
            return [part.strip() for part in unpad(raw[found.value : found.end]).split(b"\\")]
    return []


def _derive(encoded: bytes, how: Encoding) -> bytes:
    """Return the Sequence with DERIVED as first value of its Frame Type."""
    (sequence,), _ = read_elements(encoded, 0, len(encoded), how)
    value = b"\\".join([DERIVED, *_read_frame_type(encoded, how)[1:]])
    items = _read_groups(encoded, how)
    for item in items:
        if _FRAME_TYPE in item:
            item[_FRAME_TYPE] = encode_element(_FRAME_TYPE, "CS", value, how)
    return _encode(sequence.tag, items, how)
