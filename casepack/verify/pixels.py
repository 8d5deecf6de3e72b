"""Are the pixels the originals', byte for byte?"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from casepack.model import Finding
from casepack.verify.elements import Buffer, PartTen, is_part_ten, read_part_ten
from casepack.verify.findings import make_finding
from casepack.verify.holdings import Holding, Holdings, open_buffer

_PIXEL_DATA: Final = 0x7FE00010
_PIXEL_TAGS: Final = (0x7FE00008, 0x7FE00009, _PIXEL_DATA)
_CHUNK: Final = 1 << 22
_TRAILING: Final = b"\x00"


def digest_pixels(path: Path, part_ten: PartTen | None = None) -> str:
    """Return the digest of the Pixel Data as encoded; empty when there are none.

    Raises
    ------
    OSError
        The file cannot be opened.
    """
    with open_buffer(path) as data:
        if part_ten is None:
            if not is_part_ten(data):
                return ""
            part_ten = read_part_ten(data)
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
            # Explicit VR Big Endian is retired: its words are compared in the order of today
            words = bytearray(chunk)
            words[0::2], words[1::2] = chunk[1::2], chunk[0::2]
            chunk = bytes(words)
        digest.update(chunk)
    return digest.hexdigest()


def digest_originals(paths: Iterable[Path]) -> dict[str, list[Path]]:
    """Return the original files by the digest of their Pixel Data."""
    found: defaultdict[str, list[Path]] = defaultdict(list)
    for path in paths:
        try:
            digest = digest_pixels(path)
        except OSError:
            continue
        if digest:
            found[digest].append(path)
    return dict(found)


def digest_holdings(holdings: Holdings) -> dict[Holding, str]:
    """Return the digest of each image."""
    return {}


def check_pixels(holdings: Holdings, originals: Mapping[str, list[Path]]) -> Iterator[Finding]:
    """Check that every image has the Pixel Data of an original, and no original twice."""
    counts: Counter[str] = Counter()
    for holding in holdings.dicom:
        if not holding.is_image:
            continue
        digest = digest_pixels(holding.path, holding.part_ten)
        counts[digest] += 1
        if digest not in originals:
            yield make_finding("pixels-changed", file=holding.name, place="(7FE0,0010)")
        elif counts[digest] > len(originals[digest]):
            yield make_finding("pixels-repeated", file=holding.name, place="(7FE0,0010)")
