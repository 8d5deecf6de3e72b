"""Whether the pixels are the originals', byte for byte, but for boxes that a run declares."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from casepack.model import Finding
from casepack.verify.contents.elements import Buffer, PartTen, forget_pages
from casepack.verify.findings.findings import make_finding
from casepack.verify.holdings import Holding, open_buffer

_PIXEL_TAGS: Final = (0x7FE00008, 0x7FE00009, 0x7FE00010)
_CHUNK: Final = 1 << 22


def digest_pixels(holding: Holding) -> str:
    """Return the digest of the Pixel Data as encoded; empty when there are none.

    Words of the retired Explicit VR Big Endian are digested in the order of today.
    """
    try:
        with open_buffer(holding.path) as data:
            return _digest_pixels(data, holding.part_ten)
    except OSError:
        return ""


def _digest_pixels(data: Buffer, part_ten: PartTen) -> str:
    body: Buffer = data if part_ten.inflated is None else part_ten.inflated
    for tag in _PIXEL_TAGS:
        element = part_ten.top.get(tag)
        if element is not None:
            swap = not part_ten.little and element.vr == "OW"
            return _digest(body, element.start, element.stop, swap=swap)
    return ""


def _digest(data: Buffer, start: int, stop: int, *, swap: bool) -> str:
    digest = hashlib.sha256()
    for begin in range(start, stop, _CHUNK):
        chunk = data[begin : min(begin + _CHUNK, stop)]
        if swap:
            words = bytearray(chunk)
            words[0::2], words[1::2] = chunk[1::2], chunk[0::2]
            chunk = bytes(words)
        digest.update(chunk)
        forget_pages(data, begin, begin + len(chunk))
    return digest.hexdigest()


def check_pixels(
    results: Mapping[str, list[Holding]],
    originals: Mapping[str, list[Holding]],
    redacted: Collection[str] = (),
    declared: Collection[str] = (),
) -> Iterator[Finding]:
    """Check that every image has the Pixel Data of an original, and none more often.

    Parameters
    ----------
    results, originals
        Files by the digest of their Pixel Data.
    redacted
        SOP Instance UIDs of images that were found to differ in declared boxes alone.
    declared
        SOP Instance UIDs of images with declared boxes.
    """
    counts = Counter({digest: len(files) for digest, files in originals.items()})
    for digest, files in results.items():
        for number, holding in enumerate(files, 1):
            if holding.sop_instance_uid in redacted:
                continue
            if holding.sop_instance_uid in declared:
                yield make_finding("pixels-not-covered", file=holding.name, place="(7FE0,0010)")
            elif digest not in originals:
                yield make_finding("pixels-changed", file=holding.name, place="(7FE0,0010)")
            elif number > counts[digest]:
                yield make_finding("pixels-repeated", file=holding.name, place="(7FE0,0010)")
