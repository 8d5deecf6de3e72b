"""Any text, and any lines: no crash, and no line that breaks an IOD or frees what must go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casepack.errors import RecipeError
from casepack.model import Action
from casepack.recipe import parse_recipe, parse_with_errors
from casepack.recipe.limits import fault_of_touching
from casepack.standard.types import read_iod
from tests.deidentify.plans import CLASSES, plan, recipe
from tests.recipe.recipes import PROFILE, recipe_of

_PIECES = st.sampled_from(
    (
        *("FORMAT dicom\n", "%header", "%labels", "%fields a", "%values a", "%filter a", "\n", " "),
        *("ADD ", "KEEP ", "REMOVE ", "REPLACE ", "BLANK ", "JITTER ", "FIELD ", "SPLIT "),
        *("LABEL ", "PatientName", "EchoTime", "00100010", "(0010,0010)", '0019,"ACME",01', '"'),
        *("'", "#", "ALL", "contains:", "endswith:Time", "except:", "select:VR:PN", "fields:a"),
        *("values:a", "[", "(", "+", "||", "coordinates 0,0,5,5", "contains Modality CT", "by="),
        *(";", "minlength=4", PROFILE, "Override ", "Option CleanGraphics", "\u2028", "\x0b"),
        *("\ufeff", "é", "func:x", "\\", "__"),
    )
)
_SELECTORS = st.sampled_from(
    (
        *("ALL", "endswith:Time", "endswith:Name", "contains:UID", "contains:Sequence"),
        *("startswith:Patient", "except:Rows", "select:VR:SQ", "select:VR:DS"),
        *("select:group:0018", "select:group:0028", "EchoTime", "ImageType", "SequenceName"),
        *("DeviceSequence", "PixelSpacing", "fields:some"),
    )
)
_LINES = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["KEEP", "REMOVE", "BLANK"]), _SELECTORS).map(" ".join),
        _SELECTORS.filter(lambda text: ":" in text or text == "ALL").map("REPLACE {} 7".format),
    ),
    min_size=1,
    max_size=4,
)
_IOD = read_iod(CLASSES["MR"])
_BASIC = recipe()


@given(st.lists(_PIECES, max_size=30).map("".join))
def test_any_text_is_a_recipe_or_an_error_with_a_place(text: str) -> None:
    _found, errors = parse_with_errors(text, "test.dicom")
    assert all(error.place.startswith("test.dicom") for error in errors)
    if errors:
        with pytest.raises(RecipeError):
            parse_recipe(text, "test.dicom")
    else:
        parse_recipe(text, "test.dicom")


@given(st.lists(_PIECES, max_size=30).map("".join))
def test_any_lines_below_a_sound_head_leave_what_was_understood(text: str) -> None:
    found, errors = parse_with_errors(recipe_of(text), "test.dicom")
    assert all(error.place.startswith("test.dicom") for error in errors)
    assert found.name == "test"


@pytest.mark.filterwarnings("error")
@given(_LINES)
def test_no_lines_break_the_iod_or_free_what_the_profile_takes(lines: list[str]) -> None:
    assert _IOD is not None
    text = recipe_of("%header", *lines, "%fields some", "FIELD contains:Coil", "FIELD Laterality")
    made, basic = plan("MR", parse_recipe(text, "test.dicom")), plan("MR", _BASIC)
    for module in _IOD.modules:
        for place in module.attributes:
            if len(place) > 2:
                continue
            before, after = basic.rule(place), made.rule(place)
            if after.action == before.action and after.value == before.value:
                continue
            assert not fault_of_touching(place[-1]), (lines, place)
            assert after.action is not Action.KEEP, (lines, place)
            kind = made.attribute_type(place)
            if kind in {"1", "1C"}:
                assert after.action is Action.DUMMY, (lines, place)
            elif kind in {"2", "2C"}:
                assert after.action in {Action.ZERO, Action.DUMMY}, (lines, place)
