"""Attribute Types: the shipped tables are one another's, highdicom's, and resolve as published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from casepack.deidentify.plan import resolve_code
from casepack.model import AttributeType
from casepack.standard.dictionary import tag_for_keyword
from casepack.standard.types import Iod, Module, _tables, read_iod

MR = "1.2.840.10008.5.1.4.1.1.4"
CORE, FULL = "iod_attribute_types.core.json.gz", "iod_attribute_types.json.gz"


def test_the_core_table_is_a_subset_of_the_full_one() -> None:
    core, full = _tables(CORE), _tables(FULL)
    assert len(core["sop"]) == 18
    assert len(full["sop"]) == 180
    for kind in ("sop", "iod", "module"):
        assert core[kind].items() <= full[kind].items() or all(
            full[kind][key] == value for key, value in core[kind].items()
        )
    assert sum(len(paths) for paths in full["module"].values()) == 99_740
    assert sum(len(paths) for paths in core["module"].values()) == 20_261


def _highdicom(name: str) -> Any:
    spec = find_spec("highdicom")
    assert spec is not None
    assert spec.origin is not None
    return json.loads((Path(spec.origin).parent / "_standard" / name).read_text("utf-8"))


def test_the_full_table_is_that_of_the_installed_highdicom() -> None:
    full = _tables(FULL)
    assert full["sop"] == _highdicom("sop_class_iod_map.json")
    modules = _highdicom("iod_module_map.json")
    assert full["iod"] == {
        iod: [[row["key"], row["usage"], row["ie"]] for row in rows]
        for iod, rows in modules.items()
    }
    for name, rows in _highdicom("module_attribute_map.json").items():
        expected: dict[str, set[str]] = {}
        for row in rows:
            tags = [tag_for_keyword(keyword) for keyword in (*row["path"], row["keyword"])]
            if None not in tags:
                path = ".".join(f"{tag:08X}" for tag in tags)
                expected.setdefault(path, set()).add(row["type"])
        paths = full["module"][name].items()
        read = {path: str(code) for path, code in paths if "x" not in path}  # but overlays
        assert read.keys() == expected.keys()
        assert all(read[path] in codes for path, codes in expected.items())


def _contexts() -> Iterator[tuple[str, int, str, list[str]]]:
    text = (files("casepack.standard") / "compound_resolution_core.json").read_text("utf-8")
    for sop_class, tags in json.loads(text).items():
        for tag, entry in tags.items():
            for context in entry["contexts"]:
                yield sop_class, int(tag, 16), entry["action"], context


def test_compound_codes_resolve_as_worked_out_by_hand() -> None:
    # 363 places in seven SOP Classes. One difference of writing: U*, a Sequence that stays with
    # its UIDs replaced, is a K here, whose Items are gone through.
    examined = 0
    for sop_class, tag, code, (place, type_code, name, usage, result) in _contexts():
        iod = read_iod(sop_class)
        assert iod is not None
        (module,) = [module for module in iod.modules if module.name == name]
        path = tuple(int(part, 16) for part in place.split("."))
        assert (module.usage, module.attributes[path]) == (usage, type_code)
        resolved = resolve_code(tag, code, AttributeType(type_code or "3"))
        assert resolved == {"U*": "K"}.get(result, result)
        examined += 1
    assert examined == 363


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((0x00100020,), AttributeType.TYPE_2),
        ((0x0020000D,), AttributeType.TYPE_1),
        ((0x00180080,), AttributeType.TYPE_2C),
        ((0x00180024,), AttributeType.TYPE_3),
        ((0x00101002, 0x00100020), AttributeType.TYPE_1),
        ((0x00101002, 0x00180080), None),
        ((0x00091001,), None),
        ((), None),
    ],
)
def test_types_of_mr_by_path(path: tuple[int, ...], expected: AttributeType | None) -> None:
    iod = read_iod(MR)
    assert iod is not None
    assert iod.attribute_type(path, iod.present_modules(frozenset())) is expected


def test_a_module_that_may_be_absent_counts_by_what_it_alone_defines() -> None:
    iod = read_iod(MR)
    assert iod is not None
    empty = iod.present_modules(frozenset())
    agent = (0x00180010,)  # Contrast/Bolus Agent: Type 2 of a conditional Module
    assert "contrast-bolus" not in empty
    assert iod.attribute_type(agent, empty) is AttributeType.TYPE_3
    present = iod.present_modules(frozenset({0x00180012}))
    assert "contrast-bolus" in present
    assert iod.attribute_type(agent, present) is AttributeType.TYPE_2


def test_the_strictest_type_of_several_modules_holds() -> None:
    path = (0x00080008,)
    modules = tuple(
        Module(name=name, usage=usage, attributes={path: code}, top_level=frozenset(path))
        for name, usage, code in (
            ("a", "M", None),
            ("b", "M", "2C"),
            ("c", "U", "1"),
            ("d", "M", "3"),
        )
    )
    iod = Iod(name="test", modules=modules)
    assert iod.attribute_type(path, frozenset("abd")) is AttributeType.TYPE_2C
    assert iod.attribute_type(path, frozenset("abcd")) is AttributeType.TYPE_1
    assert iod.attribute_type(path, frozenset("a")) is AttributeType.TYPE_3
    assert iod.attribute_type((1,), frozenset("abcd")) is None


def test_every_sop_class_of_the_tables_has_an_iod() -> None:
    for uid in _tables(FULL)["sop"]:
        iod = read_iod(uid)
        assert iod is not None
        assert iod.modules
    assert read_iod("1.2.3") is None
