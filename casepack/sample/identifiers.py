"""The invented identifiers of ``samples/identifiers.yaml``, filled in for each study."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache

import yaml
from pydantic import BaseModel, ConfigDict

from casepack.shipped import shipped_folder

_WORD = re.compile(r"\{([a-z_:-]+)\}")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Planting(_Part):
    """A value and where it goes; ``kind`` is empty for what only completes an Item."""

    at: str
    """Tag path, e.g. ``(0040,0275)[0].(0040,0007)``."""
    vr: str
    kind: str
    value: str
    series: tuple[int, ...] = ()
    """Series Numbers; none: every image."""
    blob: bool = False
    """Wrapped in a vendor's binary header."""


class _File(_Part):
    uid_root: str
    words: dict[str, str]
    studies: tuple[dict[str, str], ...]
    values: tuple[str, ...]
    places: tuple[Planting, ...]


@cache
def _read() -> _File:
    path = shipped_folder("samples") / "identifiers.yaml"
    return _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who and where, for one study of one seed."""

    seed: int
    study: int

    def word(self, name: str) -> str:
        """Return an entry such as ``patient`` or ``accession``."""
        words = _read().words | _read().studies[self.study - 1]
        return words[name]

    def fill(self, text: str) -> str:
        """Replace ``{entry}`` and ``{uid:role}`` in a text."""
        return _WORD.sub(self._entry, text)

    def _entry(self, match: re.Match[str]) -> str:
        name = match.group(1)
        return self.uid(name[4:]) if name.startswith("uid:") else self.word(name)

    def uid(self, *role: object) -> str:
        """Return the UID of a role, in the way of a scanner: serial number, time, counter."""
        text = "\x00".join(str(part) for part in (self.seed, self.study, *role))
        number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")
        return f"{_read().uid_root}.{self.word('date')}{self.word('time')}.{number}"

    def plantings(self, series: int) -> list[tuple[Planting, str]]:
        """Return what goes into the images of a series; a later line replaces an earlier one."""
        found: dict[str, tuple[Planting, str]] = {}
        for planting in _read().places:
            if not planting.series or series in planting.series:
                found[planting.at] = (planting, self.fill(planting.value))
        return list(found.values())


def identifying_values() -> list[str]:
    """Return the strings of all studies that no result may hold, without UIDs."""
    found = list(_read().values)
    for study in _read().studies:
        found += [study[name] for name in sorted(study) if name not in {"time", "charset"}]
    return list(dict.fromkeys(found))


def series_only(at: str) -> tuple[int, ...]:
    """Return the series to which a place is limited, none when it is in every image."""
    for planting in _read().places:
        if planting.at == at and planting.series:
            return planting.series
    return ()
