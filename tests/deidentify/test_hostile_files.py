"""Mutated files through the whole engine: held, or written as something that can be read again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from casepack.deidentify.actions import Context, compile_echo
from casepack.deidentify.instance import InstanceDeidentifier
from casepack.encoding import EXPLICIT_LITTLE, encode_element, encode_sequence
from casepack.errors import InstanceHeld
from casepack.model import Instance
from casepack.part_ten import open_part_ten
from tests.deidentify.plans import CLASSES, RECIPES, shipped
from tests.deidentify.running import PSEUDONYMS, file_of, mr_elements
from tests.foreign import foreign_files
from tests.test_hostile_encoding import mutations

CONTEXT = Context(
    pseudonyms=PSEUDONYMS,
    patient_id="4711",
    days_into_the_past=700,
    echo=compile_echo([b"DOE^JANE", b"JANE", b"4711-A"]),
)
NAMES = re.compile(rb"(?<![0-9A-Za-z])(?:JANE|4711)(?![0-9A-Za-z])")
"""As whole words: a mutation may glue a name to the letters before it."""
CLASS_OF = {
    "MR_small.dcm": CLASSES["MR"],
    "MR_small_bigendian.dcm": CLASSES["MR"],
    "MR_small_implicit.dcm": CLASSES["MR"],
    "emri_small_jpeg_ls_lossless.dcm": CLASSES["Enhanced MR"],
    "liver_1frame.dcm": CLASSES["SEG"],
}


def with_names_everywhere() -> bytes:
    how = EXPLICIT_LITTLE
    label = encode_element(0x00409210, "SH", b"JANE", how)
    planted = (
        (0x00081030, "LO", b"spine of JANE "),
        (0x00090010, "LO", b"JANE"),
        (0x00104000, "LT", b"JANE DOE "),
        (0x00180024, "SH", b"tse JANE"),
        (0x00180080, "DS", b"600 "),
        (0x00181030, "LO", b"JANE"),
        (0x00191008, "OB", b"JANE"),
        (0x00280010, "US", b"\x40\0"),
        (0x0040A124, "UI", b"1.2.4711"),
    )
    elements = {tag: encode_element(tag, vr, value, how) for tag, vr, value in planted}
    elements[0x00409096] = encode_sequence(0x00409096, [label], how)
    return file_of(how, mr_elements(how) | elements)


def try_all(
    content: bytes, sop_class_uid: str, using: str, folder: Path, count: int
) -> list[bytes]:
    """De-identify mutations of a file; only a file that is held may end without output."""
    deidentifier = InstanceDeidentifier(recipe=shipped(using), context=CONTEXT, root=folder / "out")
    path = folder / "a.dcm"
    written = []
    for mutated in mutations(content, len(using), count):
        path.write_bytes(mutated)
        try:
            with open_part_ten(path) as file:
                transfer_syntax = file.transfer_syntax_uid
            instance = Instance(
                path=path,
                sop_class_uid=sop_class_uid,
                sop_instance_uid="1.2.3",
                transfer_syntax_uid=transfer_syntax,
            )
            found = deidentifier.deidentify(instance).instance.path
        except InstanceHeld:
            continue
        with open_part_ten(found) as file:
            assert file.value(0x00120062) == b"YES"
        written.append(found.read_bytes())
        found.unlink()
    assert [found for found in (folder / "out").rglob("*") if found.is_file()] == []
    return written


@pytest.mark.parametrize("using", RECIPES)
def test_names_never_survive_a_mutation(tmp_path: Path, using: str) -> None:
    written = try_all(with_names_everywhere(), CLASSES["MR"], using, tmp_path, 300)
    assert len(written) > 20
    assert not [content for content in written if NAMES.search(content)]


@pytest.mark.parametrize("name", sorted(CLASS_OF))
def test_mutated_files_are_held_or_written_whole(tmp_path: Path, name: str) -> None:
    paths = [path for path in foreign_files() if path.name == name]
    if not paths:
        pytest.skip("the package that holds it is not installed")
    assert try_all(paths[0].read_bytes(), CLASS_OF[name], "publication", tmp_path, 150)


@pytest.mark.slow
@pytest.mark.parametrize("using", RECIPES)
def test_names_never_survive_thousands_of_mutations(tmp_path: Path, using: str) -> None:
    written = try_all(with_names_everywhere(), CLASSES["MR"], using, tmp_path, 2500)
    assert not [content for content in written if NAMES.search(content)]
