"""Finding what a place of planted.json holds: read here on its own, not with the writer's code."""

from __future__ import annotations

import re
from pathlib import Path

from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

_STEP = re.compile(r"\(([0-9A-Fa-f]{4}),([0-9A-Fa-f]{4})\)(?:\[(\d+)\])?")


def element_at(ds: Dataset, place: str) -> DataElement:
    steps = [(int(g + e, 16), n) for g, e, n in _STEP.findall(place)]
    for tag, number in steps[:-1]:
        ds = ds[tag].value[int(number)]
    return ds[steps[-1][0]]


def bytes_of(element: DataElement, encoding: str) -> bytes:
    value = element.value
    return value if isinstance(value, bytes) else str(value).encode(encoding)


def holds(path: Path, place: str, value: str) -> bool:
    """Tell whether a file holds a value at a place (all but pixels)."""
    raw = path.read_bytes()
    ds = dcmread(path)
    encoding = "latin-1" if ds.get("SpecificCharacterSet") == "ISO_IR 100" else "utf-8"
    wanted = value.encode(encoding)
    if place == "preamble":
        return wanted in raw[:128]
    if place == "trailing padding":
        return wanted in ds[0xFFFCFFFC].value
    if place.startswith("file meta"):
        return wanted in bytes_of(element_at(ds.file_meta, place), encoding)
    return wanted in bytes_of(element_at(ds, place), encoding)
