"""Attribute Types (PS3.5 7.4) of every Attribute of an IOD, by its path from the root."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from casepack.model import AttributeType

Path = tuple[int, ...]
"""Tags from the root of the Data Set down to the Attribute, without Item numbers."""

IOD_EDITION: Final = "2026b"
"""Edition of PS3.3 that the tables of Attribute Types are made from."""
_STRICTNESS: Final = {"1": 0, "1C": 1, "2": 2, "2C": 3, "3": 4, None: 5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A Module of an IOD: Usage (M, U, C), and its Attributes' Types by path."""

    name: str
    usage: str
    attributes: Mapping[Path, str | None]
    top_level: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Iod:
    """An Information Object Definition as its Modules (PS3.3)."""

    name: str
    modules: tuple[Module, ...]

    def present_modules(self, tags: frozenset[int]) -> frozenset[str]:
        """Return the Modules that a Data Set with these top-level tags holds.

        A Module of Usage U or C counts when the Data Set holds an Attribute that no mandatory
        Module has: presence conditions are not in the tables.
        """
        mandatory: set[int] = set()
        for module in self.modules:
            if module.usage == "M":
                mandatory |= module.top_level
        return frozenset(
            module.name
            for module in self.modules
            if module.usage == "M" or module.top_level & tags - mandatory
        )

    def attribute_type(self, path: Path, present: frozenset[str]) -> AttributeType | None:
        """Return the strictest Type that the present Modules give to the Attribute at `path`.

        None if no Module of the IOD defines it. An Attribute that only absent Modules define, or
        that is a functional group's row without a Type, is Type 3.
        """
        found: str | None = None
        defined = False
        for module in self.modules:
            if path in module.attributes:
                defined = True
                code = module.attributes[path]
                if module.name in present and _STRICTNESS[code] < _STRICTNESS[found]:
                    found = code
        if not defined:
            return None
        return AttributeType(found) if found is not None else AttributeType.TYPE_3


@cache
def _tables(name: str) -> dict[str, Any]:
    data = (files("casepack.standard") / name).read_bytes()
    tables: dict[str, Any] = json.loads(gzip.decompress(data))
    return tables


@cache
def core_sop_classes() -> tuple[str, ...]:
    """Return the SOP Classes that case reports are made of: MR, CT, PET and what refers to them."""
    return tuple(sorted(_tables("iod_attribute_types.core.json.gz")["sop"]))


@cache
def read_iod(sop_class_uid: str) -> Iod | None:
    """Return the IOD of a Storage SOP Class, or None if the tables have none for it."""
    for name in ("iod_attribute_types.core.json.gz", "iod_attribute_types.json.gz"):
        tables = _tables(name)
        iod = tables["sop"].get(sop_class_uid)
        if iod is not None:
            modules = tuple(
                _module(module, usage, tables["module"].get(module, {}))
                for module, usage, _entity in tables["iod"][iod]
            )
            return Iod(name=iod, modules=modules)
    return None


def _module(name: str, usage: str, rows: Mapping[str, str | None]) -> Module:
    attributes = {
        tuple(int(tag, 16) for tag in path.split(".")): code
        for path, code in rows.items()
        if "x" not in path
    }
    return Module(
        name=name,
        usage=usage,
        attributes=attributes,
        top_level=frozenset(path[0] for path in attributes if len(path) == 1),
    )
