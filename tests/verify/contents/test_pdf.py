"""Text of a PDF, which only a reader of PDF sees, is searched as far as it can be unpacked."""

from __future__ import annotations

import time
import zlib
from pathlib import Path

import pytest

from casepack.verify.contents import pdf as pdf_text
from casepack.verify.contents.contents import split_parts
from casepack.verify.contents.parts import TooLarge
from casepack.verify.contents.reading import read_part_ten
from tests.builders import write_instance
from tests.verify.studies import FAMILY, result_image

TEXT = b"BT (" + FAMILY.encode("latin-1") + b") Tj ET " + bytes(range(32, 127)) * 3


def pdf(*packed: bytes) -> bytes:
    streams = (b"stream\r\n" + one + b"\nendstream " for one in packed)
    return b"%PDF-1.7 stream\nhello endstream " + b"".join(streams)


def unpacked(data: bytes) -> list[bytes]:
    return [part.data[:] for part in split_parts(data) if part.place == "inside of the document"]


@pytest.mark.parametrize("cut", [0, 4, 20])
def test_each_compressed_stream_is_unpacked_as_far_as_it_goes(cut: int) -> None:
    packed = zlib.compress(TEXT)
    first, second, *_ = unpacked(pdf(packed[: len(packed) - cut], zlib.compress(b"more")))
    assert FAMILY.encode("latin-1") in first
    assert second == b"more"


def test_what_only_looks_like_a_stream_is_passed_over() -> None:
    assert unpacked(pdf(b"x\x9cnot deflate", b"BT plain Td")) == []


def test_strings_are_put_together_as_they_are_shown() -> None:
    shown = b"BT [(Qu\\151l)20(lf)-300(e\\)a) ] TJ 5 0 Td <7468 6572> Tj (\\\n!) ' ET"
    assert unpacked(pdf(shown)) == [b"Quillf e)ather!", b"Quillf e)a ther! "]


def test_a_stream_is_looked_at_once_however_many_begin() -> None:
    """Or a file of a megabyte would take minutes."""
    data = b"%PDF-1.4\n" + b"stream\nx" * 200_000
    began = time.process_time()
    unpacked(data)
    assert time.process_time() - began < 3


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_text, "MOST_UNPACKED", 1000)
    with pytest.raises(TooLarge):
        unpacked(pdf(*[zlib.compress(b" " * 900)] * 3))


def test_an_encapsulated_document_is_unpacked_at_its_attribute(tmp_path: Path) -> None:
    document = pdf(zlib.compress(TEXT))
    ds = result_image(1, 1, 1)
    ds.add_new(0x00420011, "OB", document + b" " * (len(document) % 2))
    data = write_instance(ds, tmp_path / "1.dcm").read_bytes()
    found = [part.place for part in split_parts(data, read_part_ten(data)) if part.data == TEXT]
    assert found == ["(0042,0011)"]
