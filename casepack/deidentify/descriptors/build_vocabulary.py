"""Maintainers: write ``vocabulary.txt`` from recorded sources. Not imported at run time.

Sources:

- ``sources/*.txt``: lists written by hand; each says what it is and where it is from.
- pydicom (MIT; its version is written into the result): meanings of the coded concepts of PS3.16
  (``pydicom.sr``), Attribute names (PS3.6), names of UIDs. Animal breeds, ethnic groups and
  organisms are left out: they are full of personal and place names.
- the meanings in ``casepack/standard/codes.json``.

Run ``python -m casepack.deidentify.descriptors.build_vocabulary``.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from textwrap import wrap
from typing import Final, cast

from pydicom import __version__ as pydicom_version
from pydicom._dicom_dict import DicomDictionary
from pydicom.sr._concepts_dict import concepts

from casepack.deidentify.descriptors.folding import fold_word, spellings
from casepack.standard.tables import read_table

_Meanings = Mapping[str, tuple[str, Iterable[int] | None]]
"""By code: the meaning and the CIDs that hold it."""
_FOLDER: Final = Path(__file__).parent
_CODES: Final = _FOLDER.parents[1] / "standard" / "codes.json"
_WIDTH: Final = 110
_OF_ANIMALS: Final = frozenset({7480, 7481, 7486, 7490, 6099})
"""CIDs of breeds, their registries and of racial groups (PS3.16 Annex B)."""
_LEFT_OUT: Final = re.compile(
    r"\((?:organism|person|ethnic group|racial group|geographic location)\)|breed"
)
_WORD: Final = re.compile(r"[^\W\d_]+")
_STEM: Final = "~"
_ENDING: Final = 2
_INFLECTED: Final = re.compile("[\u0370-\u052f]{7,}")
"""Long Cyrillic and Greek words, which inflect at their end."""
_SHORTEST_STEM: Final = 3
_LONGEST_INITIALS: Final = 3
_OF_ABBREVIATIONS: Final = ("clinical.txt", "english.txt", "eponyms.txt", "sequences.txt")
_VOWEL: Final = re.compile("[aeiouy]")
"""What has none is an abbreviation in every language: LWS."""
_SHORTEST_MEANING: Final = 3
"""Shorter words of meanings are letters of codes; those that are words are in the lists."""
_LISTED_BY_NUMBER: Final = "months"
DOUBLE_USE: Final = ("body", "given", "other")
PHRASES: Final = frozenset({"eponym_phrases", "phrases"})
CUES: Final = ("phone_cues", "record_cues", "weak_record_cues")
"""Several words, kept together."""


def read_sources() -> dict[str, list[str]]:
    """Return the entries of all lists by section, as written."""
    sections: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted((_FOLDER / "sources").glob("*.txt")):
        section = ""
        for line in path.read_text("utf-8").splitlines():
            entry = line.partition("# ")[0] if not line.startswith("#") else ""
            if entry.startswith("["):
                section = entry.strip("[] ")
            elif section == _LISTED_BY_NUMBER:
                sections[section] += [entry] if entry.strip() else []
            else:
                sections[section] += entry.split()
    return dict(sections)


def dictionary_words() -> Iterator[str]:
    """Yield the words of coded meanings, Attribute names and UID names."""
    for scheme in cast("Mapping[str, Mapping[str, _Meanings]]", concepts).values():
        for meanings in scheme.values():
            for meaning, cids in meanings.values():
                if not _OF_ANIMALS & set(cids or ()) and not _LEFT_OUT.search(meaning):
                    yield from _WORD.findall(meaning)
    for attribute in DicomDictionary.values():
        yield from _WORD.findall(attribute[2])
    for uid in read_table("UID_dictionary").values():
        yield from _WORD.findall(uid[0])
    yield from _WORD.findall(json.dumps(_meanings(json.loads(_CODES.read_text("utf-8")))))


def _meanings(node: object) -> list[object]:
    """Return what stands under a key named meaning, at any depth."""
    if isinstance(node, dict):
        found = [value for key, value in node.items() if key == "meaning"]
        return found + [part for value in node.values() for part in _meanings(value)]
    if isinstance(node, list):
        return [part for value in node for part in _meanings(value)]
    return []


def build_vocabulary() -> str:
    """Return the text of ``vocabulary.txt``."""
    sources = read_sources()
    cues = {name: {_fold_phrase(entry) for entry in sources.pop(name)} for name in CUES}
    personal = _fold_words(sources.pop("personal_names"))
    ideographs = _fold_words(sources.pop("ideographs"))
    ideograph_eponyms = _fold_words(sources.pop("ideograph_eponyms"))
    stems = _fold_words(entry[:-1] for entry in sources["words"] if entry.endswith(_STEM))
    sources["words"] = [entry for entry in sources["words"] if not entry.endswith(_STEM)]
    sections = {
        name: _fold_words(entries)
        for name, entries in sources.items()
        if name not in PHRASES and name != _LISTED_BY_NUMBER
    }
    phrases = {_fold_phrase(entry) for name in PHRASES for entry in sources[name]}
    known = {
        word
        for word in (fold_word(word) for word in dictionary_words())
        if len(word) >= _SHORTEST_MEANING and word.isalpha() and word not in personal
    }
    clash = sections["words"] & personal
    if clash:
        raise ValueError(f"words and names at once: {sorted(clash)}")
    sections["words"] |= known - sections["common_eponyms"]
    # what has a part in a sentence is a word of it
    for role in (
        *("connectives", "agents", "persons", "patients", "institutions", "by", "for", "at"),
        *("address_cues", "specialties", "talks", "with"),
    ):
        sections["words"] |= sections[role]
    for role in ("units", "parameters", "id_cues", "companions", "companions_weak"):
        sections["words"] |= {word for word in sections[role] if word.isalnum()}
    sections["words"] -= {word for word in sections["words"] if len(word) == 1}
    # a name that is no word is not known by itself
    for name in DOUBLE_USE:
        sections[name] &= sections["words"]
        sections["common_eponyms"] -= sections[name]
    for name in (*DOUBLE_USE, "eponyms", "common_eponyms"):
        sections["words"] -= sections[name]
    sections["stems"] = {stem for stem in stems if len(stem) >= _SHORTEST_STEM}
    sections["soft"] = _soft_words(sections)
    sections["inflected_stems"] = {
        word[:-_ENDING]
        for name in ("words", *DOUBLE_USE, "eponyms", "common_eponyms")
        for word in sections[name]
        if _INFLECTED.fullmatch(word)
    }
    lines = [
        "# Known clinical and technical words, folded. Made by build_vocabulary.py; do not edit.",
        f"# Sources: sources/*.txt; pydicom {pydicom_version} (MIT): sr, datadict, uid;",
        "# casepack/standard/codes.json.",
    ]
    for name in sorted(sections):
        lines += _section(name, sections[name])
    lines += _section("ideographs", ideographs - ideograph_eponyms)
    lines += _section("ideograph_eponyms", ideograph_eponyms)
    lines += _section("personal_names", personal)
    lines += _section("phrases", phrases)
    for name in CUES:
        lines += _section(name, cues[name])
    lines += ["[months]", *(_month(entry) for entry in sources["months"])]
    return "\n".join(lines) + "\n"


def _soft_words(sections: Mapping[str, set[str]]) -> set[str]:
    """Return short words that are no abbreviation: everyday words, and words of meanings alone.

    In capitals among small letters they are somebody's initials: ordered by RUT.
    """
    capitals = {fold_word(word) for word in dictionary_words() if word.isupper()}
    for name in _OF_ABBREVIATIONS:
        words = (_FOLDER / "sources" / name).read_text("utf-8").split()
        capitals |= {form for word in words for form in spellings(word)}
    capitals |= sections["units"] | sections["parameters"] | sections["companions"]
    return {
        word
        for name in ("words", *DOUBLE_USE)
        for word in sections[name] - capitals
        if 1 < len(word) <= _LONGEST_INITIALS and _VOWEL.search(word)
    }


def _fold_words(entries: Iterable[str]) -> set[str]:
    """Fold; an entry of several words, joined by underscores or hyphens, gives each of them."""
    return {
        form
        for entry in entries
        for word in re.split(r"[_-]+", entry)
        for form in spellings(word)
        if form
    }


def _fold_phrase(entry: str) -> str:
    return "_".join(fold_word(word) for word in re.split(r"[_-]+", entry))


def _month(entry: str) -> str:
    number, *names = entry.split()
    return " ".join([number, *sorted({form for name in names for form in spellings(name)})])


def _section(name: str, words: Iterable[str]) -> list[str]:
    text = " ".join(sorted(words))
    lines = wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
    return [f"[{name}]", *lines]


def main() -> None:
    """Write the file."""
    (_FOLDER / "vocabulary.txt").write_text(build_vocabulary(), "utf-8")


if __name__ == "__main__":
    main()
