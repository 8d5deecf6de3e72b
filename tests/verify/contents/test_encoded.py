"""Base64 is found wherever it begins, in either alphabet, in one line or in many."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casepack.verify.contents.encoded import find_base64

MOST = 1 << 20
contents = st.binary(min_size=48, max_size=400).map(lambda content: b"\xa7" + content + b"\xa7")
"""Never written with hexadecimal digits only, as zero bytes are: that is taken for a checksum."""
before = st.text(alphabet=" .,:;\n", max_size=70).map(lambda text: text.encode() + b'"')


def said(data: bytes) -> list[bytes]:
    return list(find_base64(data, MOST))


@given(contents, before, st.sampled_from([b'"', b" ", b"", b"<", b"\n\n"]))
def test_a_run_is_decoded_wherever_it_begins(content: bytes, start: bytes, end: bytes) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for run in (encode(content), encode(content).rstrip(b"=")):
            if set(run) - set(b"-") and set(run) - set(b"_"):
                assert said(start + run + end) == [content]


@given(contents.filter(lambda content: len(content) > 60), before)
def test_lines_are_joined(content: bytes, start: bytes) -> None:
    lines = base64.encodebytes(content).rstrip(b"\n")
    xml = lines.replace(b"\n", b"\r\n    ")
    for run in (lines, xml, json.dumps(lines.decode())[1:-1].encode()):
        assert said(start + run + b'"') == [content]


@given(contents, st.integers(1, 40))
def test_chunks_make_no_difference(content: bytes, blocks: int) -> None:
    data = b'<a b="' + base64.b64encode(content) + b'"> and ' + base64.b64encode(content[::-1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("casepack.verify.contents.encoded._CHUNK", 32 * blocks)
        assert said(data) == [content, content[::-1]]


def test_no_more_is_decoded_than_asked_for() -> None:
    run = base64.b64encode(bytes(range(256)) * 40)
    assert [len(one) for one in find_base64(run, 1000)] == [1000]


def test_checksums_and_drawn_lines_are_no_base64() -> None:
    text = b"a" * 64 + b"  data/a\n" + b"AB01" * 32 + b"  data/b\n" + b"-" * 80 + b" \n" + b"_" * 80
    assert said(text) == []
