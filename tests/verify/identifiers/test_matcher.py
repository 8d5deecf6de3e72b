"""The one pass finds what a plain search finds, and keeps to the edges."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casepack.verify.identifiers.edges import Edge, Pattern
from casepack.verify.identifiers.matcher import Matcher

ALPHABET = b"abAB01. \x00@`^~"
"""With bytes that fall together with others when a window is folded."""


def pattern(text: bytes, value: int = 0, edge: Edge = Edge.ANY, width: int = 1) -> Pattern:
    return Pattern(text=text.lower(), edge=edge, width=width, big=False, value=value)


texts = st.lists(st.sampled_from(ALPHABET), min_size=4, max_size=40).map(bytes)
haystacks = st.lists(st.sampled_from(ALPHABET), max_size=400).map(bytes)


def plain_search(
    needles: list[bytes], haystack: bytes, start: int = 0, stop: int | None = None
) -> set[tuple[int, int]]:
    """Return every place of every needle, whatever the case of its letters."""
    stop = len(haystack) if stop is None else stop
    return {
        (match.start(), index)
        for index, needle in enumerate(needles)
        for match in re.finditer(b"(?=" + re.escape(needle.lower()) + b")", haystack.lower())
        if start <= match.start() and match.start() + len(needle) <= stop
    }


@given(st.lists(texts, min_size=1, max_size=8), haystacks, st.integers(0, 40), st.data())
def test_it_finds_what_a_plain_search_finds(
    needles: list[bytes], haystack: bytes, planted: int, data: st.DataObject
) -> None:
    haystack = haystack[:planted] + needles[0] + haystack[planted:]
    start = data.draw(st.integers(0, len(haystack)))
    stop = data.draw(st.integers(start, len(haystack)))
    matcher = Matcher(pattern(needle, index) for index, needle in enumerate(needles))
    found = [(hit.offset, hit.pattern.value) for hit in matcher.search(haystack)]
    assert set(found) == plain_search(needles, haystack)
    assert len(found) == len(set(found))
    part = {(hit.offset, hit.pattern.value) for hit in matcher.search(haystack, start, stop)}
    assert part == plain_search(needles, haystack, start, stop)


@given(st.lists(texts, min_size=1, max_size=4), haystacks, st.integers(1, 60))
def test_chunks_make_no_difference(needles: list[bytes], haystack: bytes, chunk: int) -> None:
    matcher = Matcher(pattern(needle, index) for index, needle in enumerate(needles))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("casepack.verify.identifiers.matcher._CHUNK", chunk)
        parts = {(hit.offset, hit.pattern.value) for hit in matcher.search(haystack)}
    assert parts == plain_search(needles, haystack)


def test_a_matcher_of_nothing_finds_nothing() -> None:
    assert list(Matcher([]).search(b"anything")) == []
    assert list(Matcher([pattern(b"long enough text")]).search(b"")) == []


@pytest.mark.parametrize(
    ("edge", "text", "around", "is_found"),
    [
        (Edge.WORD, "luci", "{} x", True),
        (Edge.WORD, "luci", "x{}", False),
        (Edge.WORD, "luci", "{}d", False),
        (Edge.WORD, "luci", "1{}2", True),
        (Edge.TOKEN, "ab12", "-{}-", True),
        (Edge.TOKEN, "ab12", "1{}", False),
        (Edge.NUMBER, "12345", "x{}y", True),
        (Edge.NUMBER, "12345", "0{}", False),
        (Edge.NUMBER, "12345", "1.{}", False),
        (Edge.NUMBER, "12345", "{}.5", False),
        (Edge.NUMBER, "12345", "{}. And", True),
        (Edge.DIGITS, "12345", "1.{}", True),
        (Edge.DIGITS, "12345", "{}6", False),
        (Edge.DATE, "20240108", "{}101500", True),
        (Edge.DATE, "20240108", "{}10", True),
        (Edge.DATE, "20240108", "{}991500", False),
        (Edge.DATE, "20240108", "{}1015001", False),
        (Edge.DATE, "20240108", "2{}", False),
        (Edge.UID, "1.2.3.4.5", "{}", True),
        (Edge.UID, "1.2.3.4.5", "{}.dcm", True),
        (Edge.UID, "1.2.3.4.5", "{}.6", False),
        (Edge.UID, "1.2.3.4.5", "{}6", False),
        (Edge.UID, "1.2.3.4.5", "0.{}", False),
    ],
)
@pytest.mark.parametrize("codec", ["ascii", "utf-16-le"])
def test_edges(edge: Edge, text: str, around: str, is_found: bool, codec: str) -> None:
    width = 1 if codec == "ascii" else 2
    matcher = Matcher([pattern(text.encode(codec), edge=edge, width=width)])
    haystack = f"  {around.format(text)}  ".encode(codec)
    assert bool(list(matcher.search(haystack))) is is_found


def test_capitals_begin_a_new_word() -> None:
    matcher = Matcher([pattern(b"luci", edge=Edge.WORD)])
    assert list(matcher.search(b"lspineLuci"))
    assert list(matcher.search(b"LuciSpine"))
    assert not list(matcher.search(b"LSPINELUCI"))


def test_short_matches_in_checksums_and_base64_are_chance() -> None:
    import base64
    import hashlib

    digest = hashlib.sha512(b"x").hexdigest().encode()
    words = [pattern(b"abed", edge=Edge.WORD), pattern(b"66044", edge=Edge.NUMBER)]
    for word in (b"abed", b"66044"):
        for spoiled in (digest[:40] + b"7" + word + b"7e" + digest[46:], b"f" * 60 + word + b"a"):
            assert not list(Matcher(words).search(spoiled + b"  data/case.json"))
        line = base64.b64encode(b"\xff" * 90).replace(b"/////////", b"//" + word + b"//", 1)
        assert not list(Matcher(words).search(line))
        assert list(Matcher(words).search(b"a" * 20 + b" " + word + b" " + digest))
    # twelve characters are no chance even there
    name = pattern(b"deadbeefcafe", edge=Edge.ANY)
    assert list(Matcher([name]).search(digest + b"DEADBEEFCAFE" + digest))


def test_what_lies_outside_of_the_limits_is_not_beside() -> None:
    matcher = Matcher([pattern(b"12345", edge=Edge.NUMBER)])
    assert not list(matcher.search(b"9123458"))
    assert list(matcher.search(b"9123458", bounds=lambda _: (1, 6)))
