"""Remembering results saves work and changes nothing: byte for byte, count for count."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casepack.deidentify import dataset as module
from casepack.deidentify.actions import Context, compile_echo
from casepack.deidentify.dataset import DataSetDeidentifier, Extent
from casepack.deidentify.elements import Applied
from casepack.deidentify.instance import InstanceDeidentifier, deidentification_stamps
from casepack.deidentify.plan import compile_plan
from casepack.encoding import (
    Encoding,
    encode_element,
    encode_sequence,
    read_elements,
)
from casepack.errors import InstanceHeld, StudyError
from casepack.layout import Layout
from casepack.model import Reason
from casepack.study import read_file_set
from tests.deidentify.plans import CLASSES, RECIPES, shipped
from tests.deidentify.running import PSEUDONYMS
from tests.foreign import foreign_files
from tests.wire import ENCODINGS

CONTEXT = Context(
    pseudonyms=PSEUDONYMS,
    patient_id="4711",
    days_into_the_past=700,
    echo=compile_echo([b"DOE^JANE", b"JANE", b"4711"]),
)
TAGS = {
    # what an MR image holds, what identifies, what is private
    0x00080008: "CS",
    0x00080018: "UI",
    0x00080020: "DA",
    0x00080030: "TM",
    0x0008002A: "DT",
    0x00080050: "SH",
    0x00080060: "CS",
    0x00081030: "LO",
    0x00081140: "SQ",
    0x00100010: "PN",
    0x00100020: "LO",
    0x00100040: "CS",
    0x00101010: "AS",
    0x00101030: "DS",
    0x00180024: "SH",
    0x00180080: "DS",
    0x00189087: "FD",
    0x00190010: "LO",
    0x0019100C: "IS",
    0x0020000D: "UI",
    0x00200013: "IS",
    0x00280010: "US",
    0x00280301: "CS",
    0x00409096: "SQ",
    0x00120062: "CS",
    0x00181030: "LO",
    0x00200052: "UI",
    0x00104000: "LT",
    0x60003000: "OW",
    0x7FE00010: "OW",
}
VALUES = [
    *(b"", b"1.2.3", b"20240108", b"101500", b"600 ", b"JANE", b"tse jane", b"4711", b"060Y"),
    *(b"095Y", b"F", b"ORIGINAL\\JANE", b"SIEMENS MR HEADER", b"MEIER", b"\0\0", b"x" * 5000),
]
INNER = {0x00409210: "SH", 0x00081155: "UI", 0x00104000: "LT", 0x00283003: "LO", 0x00091001: "LO"}

element = st.sampled_from(sorted(TAGS)).flatmap(
    lambda tag: st.tuples(
        st.just(tag),
        st.one_of(st.just(TAGS[tag]), st.just(TAGS[tag]), st.just("UN"), st.just("LO")),
        st.sampled_from(VALUES),
        st.lists(st.tuples(st.sampled_from(sorted(INNER)), st.sampled_from(VALUES)), max_size=3),
    )
)
data_sets = st.lists(st.lists(element, max_size=10, unique_by=lambda e: e[0]), max_size=6)


def encode(given_elements: list[tuple], how: Encoding) -> bytes:  # type: ignore[type-arg]
    found = []
    for tag, vr, value, inner in sorted(given_elements, key=lambda e: e[0]):
        if vr == "SQ":
            item = b"".join(
                encode_element(child, INNER[child], content, how)
                for child, content in sorted(dict(inner).items())
            )
            found.append(encode_sequence(tag, [item, b""], how))
        else:
            short = value[:60000] if vr not in {"UN", "OW"} else value
            found.append(encode_element(tag, vr, short, how))
    return b"".join(found)


def outcome(deidentifier: DataSetDeidentifier, body: bytes, how: Encoding) -> bytes | str:
    try:
        elements, _ = read_elements(body, 0, len(body), how)
        layout = Layout(
            transfer_syntax_uid="",
            encoding=how,
            meta=(),
            elements=tuple(elements),
            places={element.tag: element for element in elements},
            recurring=True,
        )
        output = deidentifier.deidentify(body, layout)
    except InstanceHeld as held:
        return str(held.reason)
    return b"".join(
        body[part.start : part.end] if isinstance(part, Extent) else part for _, part in output
    )


@settings(max_examples=150)
@given(
    sets=data_sets,
    how=st.sampled_from(ENCODINGS),
    using=st.sampled_from(RECIPES),
    repeat=st.integers(1, 2),
)
def test_generated_data_sets(sets: list, how: Encoding, using: str, repeat: int) -> None:  # type: ignore[type-arg]
    recipe = shipped(using)
    plan = compile_plan(CLASSES["MR"], recipe, frozenset(TAGS))
    stamps = deidentification_stamps(recipe, plan.options, how)
    both = [
        DataSetDeidentifier(plan, CONTEXT, how, stamps, remember=remember)
        for remember in (True, False)
    ]
    for given_elements in sets * repeat:
        body = encode(given_elements, how)
        remembered, anew = (outcome(each, body, how) for each in both)
        assert remembered == anew
        if isinstance(anew, bytes):
            again, _ = read_elements(anew, 0, len(anew), how)
            assert [e.tag for e in again] == sorted({e.tag for e in again})
    (counts, uids), (counts_anew, uids_anew) = (each.take_totals() for each in both)
    assert counts == counts_anew
    assert uids == uids_anew


def run(path: Path, root: Path, using: str, *, remember: bool) -> tuple[object, ...]:
    (root / "in").mkdir(parents=True)
    (root / "in" / "a.dcm").symlink_to(path)
    file_set = read_file_set(root / "in")
    context = Context(
        pseudonyms=PSEUDONYMS,
        patient_id=file_set.patient_id,
        days_into_the_past=700,
        echo=compile_echo(file_set.identifiers),
    )
    deidentifier = InstanceDeidentifier(
        recipe=shipped(using), context=context, root=root / "out", remember=remember
    )
    found: list[object] = []
    for turn in range(2):
        try:
            placed = deidentifier.deidentify(file_set.instances[0])
            found.append(placed.instance.path.read_bytes())
            placed.instance.path.unlink()
        except InstanceHeld as held:
            found.append(held.reason)
        totals = deidentifier.take_totals()
        found.append(totals.applied)
        if turn == 0:
            # of what is remembered, the UIDs were noted before
            found.append(totals.uids)
    return tuple(found)


def test_files_of_others(tmp_path: Path) -> None:
    done: Counter[str] = Counter()
    for number, path in enumerate(foreign_files()):
        using = RECIPES[number % len(RECIPES)]
        try:
            remembered = run(path, tmp_path / f"{number}r", using, remember=True)
        except StudyError:
            done["unusable"] += 1
            continue
        assert remembered == run(path, tmp_path / f"{number}a", using, remember=False), path.name
        done["held" if isinstance(remembered[0], str) else "done"] += 1
        assert remembered[0] != Reason.NOT_UNDERSTOOD
    assert done["done"] > 100
    assert done["held"] > 50


def test_a_full_memory_is_emptied_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MEMO_ENTRIES", 2)
    how = ENCODINGS[1]
    recipe = shipped("publication")
    plan = compile_plan(CLASSES["MR"], recipe, frozenset())
    both = [
        DataSetDeidentifier(plan, CONTEXT, how, (), remember=remember) for remember in (True, False)
    ]
    for number in range(20):
        uid = f"1.2.{number % 5}".encode()
        body = encode([(0x00080018, "UI", uid, []), (0x00200052, "UI", uid, [])], how)
        assert outcome(both[0], body, how) == outcome(both[1], body, how)
    assert len(both[0]._memo) <= 2
    assert isinstance(next(iter(both[0].take_totals()[0])), Applied)
