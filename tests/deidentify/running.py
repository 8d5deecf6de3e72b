"""One Data Set in, one out, as the engine does it."""

from __future__ import annotations

import io
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset

from casepack.deidentify.crosswalk import Crosswalk
from casepack.deidentify.pseudonyms import Pseudonyms
from casepack.deidentify.studies import deidentify_file_set
from casepack.encoding import Encoding, encode_element
from casepack.model import Deidentified
from casepack.recipe import Recipe
from casepack.study import read_file_set
from tests.deidentify.plans import shipped
from tests.foreign import quiet
from tests.wire import TRANSFER_SYNTAXES, part_ten

KEY = b"k" * 32
PSEUDONYMS = Pseudonyms(key=KEY)
MR = "1.2.840.10008.5.1.4.1.1.4"

Elements = dict[int, bytes]
"""Encoded elements by tag."""


def mr_elements(how: Encoding, **other: bytes) -> Elements:
    """Return what an MR image needs to be taken for one, encoded."""
    found = (
        (0x00080008, "CS", b"ORIGINAL\\PRIMARY\\OTHER"),
        (0x00080016, "UI", MR.encode()),
        (0x00080018, "UI", b"1.2.3.4"),
        (0x00080020, "DA", b"20240108"),
        (0x00080030, "TM", b"101500"),
        (0x00080060, "CS", b"MR"),
        (0x00100010, "PN", b"DOE^JANE"),
        (0x00100020, "LO", b"4711-A"),
        (0x0020000D, "UI", b"1.2.3"),
        (0x0020000E, "UI", b"1.2.3.1"),
        (0x00200013, "IS", b"1"),
    )
    elements = {tag: encode_element(tag, vr, value, how) for tag, vr, value in found}
    return elements | {int(tag.removeprefix("x"), 16): value for tag, value in other.items()}


def file_of(how: Encoding, elements: Elements, transfer_syntax: str = "") -> bytes:
    body = b"".join(elements[tag] for tag in sorted(elements))
    return part_ten(body, transfer_syntax or TRANSFER_SYNTAXES[how])


def deidentify_bytes(
    contents: bytes | list[bytes],
    folder: Path,
    using: str | Recipe = "publication",
    *,
    workers: int = 1,
) -> tuple[Deidentified, Crosswalk]:
    """De-identify files given as bytes, all of one patient."""
    study = folder / "study"
    study.mkdir(parents=True)
    for number, content in enumerate([contents] if isinstance(contents, bytes) else contents):
        (study / f"{number:04d}.dcm").write_bytes(content)
    recipe = shipped(using) if isinstance(using, str) else using
    file_set = read_file_set(study)
    return deidentify_file_set(file_set, recipe, PSEUDONYMS, folder / "out", workers=workers)


def output_bytes(content: bytes, folder: Path, using: str | Recipe = "publication") -> bytes:
    deidentified, _ = deidentify_bytes(content, folder, using)
    (instance,) = deidentified.instances
    return instance.path.read_bytes()


def to_bytes(ds: Dataset) -> bytes:
    buffer = io.BytesIO()
    with quiet():
        ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def deidentify_dataset(ds: Dataset, folder: Path, using: str | Recipe = "publication") -> Dataset:
    """De-identify a pydicom Data Set and read the result with pydicom."""
    return from_bytes(output_bytes(to_bytes(ds), folder, using))


def from_bytes(content: bytes) -> Dataset:
    with quiet():
        found = pydicom.dcmread(io.BytesIO(content))
        found.decode()
    return found
