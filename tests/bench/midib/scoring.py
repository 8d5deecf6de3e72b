"""The pass rules of MIDI-B on the files that a program wrote."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from tests.bench.midib.check import REMOVALS, Action, AttributePath, Check, Examined
from tests.bench.midib.planting import split_removed
from tests.bench.midib.structure import read_stamp

ABSENT: Final = "(absent)"
_STOP_WORDS: Final = (
    "a an and are as at be by for from has have in into is it its no not of on or over the to was "
    "were will with"
)
_ALIKE: Final = 0.2
"""Correlation with the old pixels of the box above which its text may still be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A check that was made, and what was found."""

    check: Check
    examined: Examined
    passed: bool
    missing: bool
    """The program wrote no such instance."""
    found: str = ""


class Output:
    """The files of a program, found again by the stamp in their pixels or by the mapping."""

    def __init__(
        self, folder: Path, uids: Mapping[str, str] | None, patients: Mapping[str, str] | None
    ) -> None:
        self.data_sets: list[tuple[Path, Dataset]] = []
        for path in sorted(folder.rglob("*")):
            if path.is_file() and (ds := _read(path)) is not None:
                self.data_sets.append((path, ds))
        self._by_stamp = {read_stamp(ds): ds for _, ds in self.data_sets if read_stamp(ds)}
        self._by_uid = {str(ds.get("SOPInstanceUID", "")): ds for _, ds in self.data_sets}
        self._by_name = {(p.parent.name, p.name): ds for p, ds in self.data_sets}
        self.uids: dict[str, str] = dict(uids or {})
        self.patients: dict[str, str] = dict(patients or {})
        self._derive = uids is None

    def find(self, examined: Examined) -> Dataset | None:
        """Return what has become of an instance."""
        if examined.stamp:
            return self._by_stamp.get(examined.stamp)
        new = self.uids.get(examined.sop_instance_uid, examined.sop_instance_uid)
        place = (examined.path.parent.name, examined.path.name)
        return self._by_uid.get(new) or self._by_name.get(place)

    def expect_uid(self, old: str, found: str) -> str | None:
        """Return the new UID by the program's mapping; without one, what was first seen."""
        return self.uids.setdefault(old, found) if self._derive else self.uids.get(old)

    def expect_patient(self, old: str, found: str) -> str | None:
        """Return the new Patient ID in the same manner."""
        return self.patients.setdefault(old, found) if self._derive else self.patients.get(old)


def score(examined: list[Examined], output: Output) -> list[Outcome]:
    """Return the outcome of every check."""
    outcomes = []
    for instance in examined:
        ds = output.find(instance)
        for check in instance.checks:
            if ds is None:
                passed, found = check.action in REMOVALS, ""
            else:
                passed, found = _judge(check, instance, ds, output)
            outcomes.append(
                Outcome(
                    check=check, examined=instance, passed=passed, missing=ds is None, found=found
                )
            )
    return outcomes


def _judge(check: Check, instance: Examined, ds: Dataset, output: Output) -> tuple[bool, str]:
    if check.action == Action.PIXELS_HIDDEN:
        return _is_hidden(check, instance, ds), ""
    value = read_value(ds, check.path)
    if check.action == Action.PIXELS_RETAINED:
        data = ds.get("PixelData") or b""
        return hashlib.md5(data, usedforsecurity=False).hexdigest() == check.text, "other pixels"
    return _judge_value(check, value, output), ABSENT if value is None else value


def _judge_value(check: Check, value: str | None, output: Output) -> bool:
    match check.action:
        case Action.TAG_RETAINED:
            return value is not None
        case Action.TEXT_NOTNULL:
            return bool(value)
        case Action.TEXT_RETAINED:
            return value is not None and _holds_all(value, check.text)
        case Action.TEXT_REMOVED:
            return value is None or not _holds_any(value, check.text)
        case Action.DATE_SHIFTED | Action.UID_CHANGED:
            return value is None or check.text not in value
        case Action.UID_CONSISTENT:
            return value is None or value == output.expect_uid(check.text, value)
        case Action.PATID_CONSISTENT:
            return value is not None and value == output.expect_patient(check.text, value)
        case _:
            return False


def _holds_all(value: str, text: str) -> bool:
    value, text = value.casefold(), text.casefold()
    if text in value or _is_same_number(value, text):
        return True
    stop_words = _STOP_WORDS.split()
    tokens = [re.sub(r"^[\W_]+|[\W_]+$", "", token) for token in text.split()]
    return all(token in value for token in tokens if token and token not in stop_words)


def _is_same_number(value: str, text: str) -> bool:
    try:
        return float(value) == float(text)
    except ValueError:
        return False


def _holds_any(value: str, text: str) -> bool:
    value = value.casefold().replace("<removed>", "")
    return any(token in value for token in split_removed(text))


def _is_hidden(check: Check, instance: Examined, ds: Dataset) -> bool:
    """Tell whether no letter can be seen: pixels are compared, no OCR is asked."""
    if check.box is None or "PixelData" not in ds:
        return True
    rows, columns = slice(*check.box[:2]), slice(*check.box[2:])
    old = _read_pixels(dcmread(instance.path))[rows, columns].astype(float).ravel()
    new = _read_pixels(ds)[rows, columns].astype(float).ravel()
    if new.std() == 0:
        return True
    return abs(float(np.corrcoef(old, new)[0, 1])) < _ALIKE


def _read_pixels(ds: Dataset) -> np.ndarray[Any, Any]:
    return np.frombuffer(ds.PixelData, "<u2").reshape(ds.Rows, ds.Columns)


def read_value(ds: Dataset, path: AttributePath) -> str | None:
    """Return the text of a value; None if the path is not there."""
    first = str(path[0])
    if first == "preamble:":
        return (getattr(ds, "preamble", None) or b"").decode("latin-1")
    if first.startswith("private:"):
        return _read_private(ds, first)
    if first.startswith("tag:"):
        tag = int(first[4:], 16)
        return _draw(ds[tag].value) if tag in ds else None
    here: Any = ds.file_meta if first.startswith("meta:") else ds
    for step in (first.removeprefix("meta:"), *path[1:]):
        if isinstance(step, int):
            if not here or len(here) <= step:
                return None
            here = here[step]
        elif step not in here:
            return None
        else:
            here = here[step].value
    return _draw(here)


def _read_private(ds: Dataset, path: str) -> str | None:
    _, group, creator, element = path.split(":")
    try:
        block = ds.private_block(int(group, 16), creator)
    except KeyError:
        return None
    number = int(element, 16)
    return _draw(block[number].value) if number in block else None


def _draw(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, MultiValue):
        return "\\".join(str(part) for part in value)
    return str(value)


def _read(path: Path) -> Dataset | None:
    try:
        ds = dcmread(path)
        for _ in ds.iterall():
            pass
    except Exception:  # noqa: BLE001  # what a peer wrote may be unreadable in any way
        return None
    return ds
