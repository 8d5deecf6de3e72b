"""Plans by name of SOP Class and recipe."""

from __future__ import annotations

from functools import cache

from casepack.deidentify.plan import Plan, compile_plan
from casepack.recipe import Recipe, parse_recipe, read_recipe
from casepack.standard.dictionary import tag_for_keyword

CLASSES = {
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "Enhanced MR": "1.2.840.10008.5.1.4.1.1.4.1",
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "SEG": "1.2.840.10008.5.1.4.1.1.66.4",
    "RTSTRUCT": "1.2.840.10008.5.1.4.1.1.481.3",
    "SC": "1.2.840.10008.5.1.4.1.1.7",
    "KOS": "1.2.840.10008.5.1.4.1.1.88.59",
    "Comprehensive SR": "1.2.840.10008.5.1.4.1.1.88.33",
    "GSPS": "1.2.840.10008.5.1.4.1.1.11.1",
    "PDF": "1.2.840.10008.5.1.4.1.1.104.1",
}
RECIPES = ("basic", "publication", "strict", "tcia")
HEADER = """FORMAT dicom
%labels
ADD Profile BasicApplicationLevelConfidentialityProfile
"""


@cache
def shipped(name: str) -> Recipe:
    return read_recipe(name)


def recipe(*options: str, header: str = "", overrides: str = "") -> Recipe:
    lines = [HEADER, *(f"ADD Option {option}\n" for option in options), overrides]
    return parse_recipe("".join([*lines, "\n%header\n", header]), "test.dicom")


def plan(name: str, using: Recipe, present: frozenset[int] = frozenset()) -> Plan:
    return compile_plan(CLASSES[name], using, present)


def tag(keyword: str) -> int:
    found = tag_for_keyword(keyword)
    assert found is not None, keyword
    return found


def path(*keywords: str) -> tuple[int, ...]:
    return tuple(tag(keyword) for keyword in keywords)
