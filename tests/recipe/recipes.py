"""Recipes for tests: the head that each needs, and what is wrong with a line."""

from __future__ import annotations

import pytest

from casepack.errors import RecipeError
from casepack.recipe import Recipe, parse_recipe

PROFILE = "ADD Profile BasicApplicationLevelConfidentialityProfile"


def recipe_of(*sections: str, labels: tuple[str, ...] = ()) -> str:
    """Return the text of a recipe: line 1 FORMAT, 2 %labels, 3 the Profile, then what is given."""
    return "\n".join(["FORMAT dicom", "%labels", PROFILE, *labels, *sections]) + "\n"


def parse(*sections: str, labels: tuple[str, ...] = ()) -> Recipe:
    return parse_recipe(recipe_of(*sections, labels=labels), "test.dicom")


def fault(*sections: str, labels: tuple[str, ...] = ()) -> str:
    """Return the message with which a recipe is refused, its place first."""
    with pytest.raises(RecipeError) as caught:
        parse(*sections, labels=labels)
    assert caught.value.message.startswith(caught.value.place)
    return caught.value.message
