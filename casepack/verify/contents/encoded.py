"""Base64 (RFC 4648) inside of other text: where it stands, and what it says."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from typing import Final

import numpy as np

from casepack.verify.contents.elements import Buffer, forget_pages

_LETTERS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
"""Both alphabets: the one of Section 4, and the one of Section 5, for URLs and file names."""
_IS_LETTER: Final = bytes(byte in _LETTERS for byte in range(256))
_FOR_URLS: Final = bytes.maketrans(b"-_", b"+/")
_RUN: Final = re.compile(
    rb"[A-Za-z0-9+/_-]{64,}+"
    # further lines, as mail, PEM and XML have them, or as JSON writes them
    rb"(?:(?:\r?\n[ \t]*+|(?:\\r)?\\n|&#1[03];|&#x[AaDd];)[A-Za-z0-9+/_-]++)*+={0,2}"
)
_WRITTEN_BREAK: Final = re.compile(rb"\\r|\\n|&#\w+;")
_BREAK: Final = b"\r\n\t "
_CHECKSUM: Final = re.compile(rb"[0-9a-f]+|[0-9A-F]+|-+|_+")
"""Runs of the alphabet that are no base64: checksums, and lines drawn with hyphens."""
_BLOCK: Final = 32
"""Letters: a run of twice as many fills an aligned block, wherever it begins."""
_SHORTEST: Final = 16
"""Letters of a run that is decoded if it says a text."""
_FULL: Final = int.from_bytes(b"\x01" * 8, "little")
_CHUNK: Final = _BLOCK << 13


def find_base64(data: Buffer, most: int) -> Iterator[bytes]:
    """Yield what the runs of base64 of 64 letters or more say, each to at most `most` bytes.

    Looked for in blocks, letter or not: a regular expression alone would look at each letter of
    each word of a text many times over.
    """
    done = 0
    for begin in range(0, len(data), _CHUNK):
        letters = data[begin : begin + _CHUNK].translate(_IS_LETTER)
        count = len(letters) // _BLOCK
        words = np.frombuffer(letters, "<u8", count * (_BLOCK // 8)).reshape(count, _BLOCK // 8)
        # of four words, each of eight letters
        full = (words[:, 0] & words[:, 1] & words[:, 2] & words[:, 3]) == _FULL
        for block in np.flatnonzero(full).tolist():
            at = begin + block * _BLOCK
            if at < done:
                continue
            before = data[max(done, at - _BLOCK) : at]
            start = at - len(before) + len(before.rstrip(_LETTERS))
            match = _RUN.match(data, start)
            done = at + 1 if match is None else match.end()
            if match is not None and not _CHECKSUM.fullmatch(match[0]):
                yield _decode(data[match.start() : min(match.end(), start + 2 * most)])[:most]
        forget_pages(data, begin, begin + len(letters))


def find_short_base64(data: Buffer) -> Iterator[bytes]:
    """Yield what shorter runs of base64, of 16 letters or more, say if that is text.

    So long are few words, and of those that are not encoded hardly any decodes to text.
    """
    for begin in range(0, len(data), _CHUNK):
        # what goes over the end of a chunk is taken with it
        letters = data[begin : begin + _CHUNK + 2 * _BLOCK].translate(_IS_LETTER)
        padded = np.frombuffer(b"\x00" + letters + b"\x00", np.uint8)
        edges = np.flatnonzero(padded[1:] != padded[:-1])
        starts, stops = edges[::2], edges[1::2]
        lengths = stops - starts
        short = (lengths >= _SHORTEST) & (lengths < 2 * _BLOCK) & (starts < _CHUNK)
        for start, stop in zip(starts[short].tolist(), stops[short].tolist(), strict=True):
            said = _decode(data[begin + start : begin + stop])
            if _is_text(said):
                yield said
        forget_pages(data, begin, begin + _CHUNK)


def _is_text(said: bytes) -> bool:
    try:
        return said.decode().isprintable()
    except UnicodeDecodeError:
        return False


def _decode(run: bytes) -> bytes:
    if b"\\" in run or b"&" in run:
        run = _WRITTEN_BREAK.sub(b"", run)
    letters = run.translate(_FOR_URLS, _BREAK).rstrip(b"=")
    # a single letter of the last four says nothing
    letters = letters[:-1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
