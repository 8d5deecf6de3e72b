"""Recipes: which Options of the Profile are declared, and which Attributes are treated apart.

The text is in deid's recipe language: ``FORMAT dicom``, then sections ``%header``, ``%labels``,
``%fields``, ``%values`` and ``%filter``. Profile and Options stand in ``%labels``; lines of
``%header`` tighten. A line that loosens the Profile beyond the declared Options needs a label
``ADD Override <Keyword> <why>``; reports and packages name it. Whatever is not understood is an
error with file and line: a rule that is silently lost is a leak. deid's own engine is not run.
"""

from __future__ import annotations

from casepack.recipe.document import (
    OPTION_NAMES,
    PRECEDENCE,
    FaceRule,
    HeaderAction,
    Override,
    Recipe,
    RecipeLine,
)
from casepack.recipe.filters import Filter
from casepack.recipe.groups import Group
from casepack.recipe.read import (
    DEFAULT_RECIPE,
    list_recipes,
    parse_filters,
    parse_recipe,
    parse_with_errors,
    read_recipe,
    read_text,
)
from casepack.recipe.selectors import Kind, Selector, Target, parse_selector

__all__ = [
    "DEFAULT_RECIPE",
    "OPTION_NAMES",
    "PRECEDENCE",
    "FaceRule",
    "Filter",
    "Group",
    "HeaderAction",
    "Kind",
    "Override",
    "Recipe",
    "RecipeLine",
    "Selector",
    "Target",
    "list_recipes",
    "parse_filters",
    "parse_recipe",
    "parse_selector",
    "parse_with_errors",
    "read_recipe",
    "read_text",
]
