"""What is odd about a recipe: contradictions, lines without effect, selectors that hit too much.

Each line is looked at in the IODs of the SOP Classes that case reports are made of, against what
the Profile with its Options would do without any line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from casepack.deidentify.explaining.recipe_effects import LineEffect, line_effects, open_classes
from casepack.deidentify.plan import carried_out
from casepack.errors import RecipeError
from casepack.model import AttributeType, Finding, Severity
from casepack.recipe import (
    OPTION_NAMES,
    HeaderAction,
    Kind,
    Recipe,
    RecipeLine,
    Target,
    parse_with_errors,
)
from casepack.standard.dictionary import attribute_name, dictionary_tags
from casepack.standard.safe_private import safe_private_vrs
from casepack.standard.sop_classes import sop_class_name
from casepack.standard.types import Module, Path

_MOST_NAMED: Final = 5
_MUST_BE_THERE: Final = frozenset({AttributeType.TYPE_1, AttributeType.TYPE_2})
_ANNEX_E: Final = "PS3.15 E.1.1"
_LANGUAGE: Final = "recipe language"
_BY_TYPE: Final = "of Type 1 or 2, so not removed but emptied or given a dummy"
_FIRST_GROUP: Final = 0x0008


def check_recipe(text: str, file: str) -> tuple[Finding, ...]:
    """Return what is wrong or odd about the text of a recipe; errors of the language alone if any.

    Severity ERROR is for what cannot be meant, WARNING for what has no effect, NOTE for what the
    author should know.
    """
    recipe, errors = parse_with_errors(text, file)
    if errors:
        return tuple(_language_finding(error) for error in errors)
    findings = [
        *_contradictions(recipe),
        *(found for effect in line_effects(recipe) for found in _findings_of(effect)),
        *_additions(recipe),
        *_overrides(recipe),
        *_declarations(recipe, file),
        *_known_names(recipe, file),
    ]
    return tuple(sorted(findings, key=_line_number))


def _language_finding(error: RecipeError) -> Finding:
    message = error.message.removeprefix(f"{error.place}: ")
    return _finding("recipe-language", Severity.ERROR, message, error.place, error.advice)


def _finding(
    code: str,
    severity: Severity,
    message: str,
    place: str,
    advice: str,
    section: str = _LANGUAGE,
) -> Finding:
    return Finding(
        code=code, severity=severity, message=message, section=section, advice=advice, place=place
    )


def _line_number(finding: Finding) -> int:
    number = finding.place.rpartition(":")[2]
    return int(number) if number.isdecimal() else 0


def _findings_of(effect: LineEffect) -> Iterator[Finding]:
    line = effect.line
    word, place = f"{line.action} {line.selector.text}", line.source
    pattern = not line.selector.exact
    if not effect.changes:
        yield _without_effect(effect, word)
    if pattern and effect.protected and line.action is not HeaderAction.KEEP:
        everything = line.selector.kind in {Kind.ALL, Kind.EXCEPT}
        yield _finding(
            "recipe-hits-protected",
            Severity.NOTE if everything else Severity.ERROR,
            f"{word} also hits {_names(effect.protected)}, which no line can touch",
            place,
            "They stay as they are. Name fewer Attributes.",
            _ANNEX_E,
        )
    if effect.required:
        yield _finding(
            "recipe-hits-required",
            Severity.ERROR,
            f"{word} also hits {_names(effect.required)}: {_BY_TYPE}",
            place,
            "Name fewer Attributes, or KEEP these.",
            "PS3.5 7.4",
        )
    if effect.required_named:
        yield _finding(
            "recipe-names-required",
            Severity.NOTE,
            f"{word} is about {_names(effect.required_named)}: {_BY_TYPE}",
            place,
            "Nothing, if that is meant.",
            "PS3.5 7.4",
        )
    if effect.unfit:
        yield _finding(
            "recipe-value-does-not-fit",
            Severity.ERROR,
            f"{word} also hits {_names(effect.unfit)}, which cannot take this value",
            place,
            "They are removed, emptied or given a dummy by their Type. Name fewer Attributes.",
            "PS3.5 6.2",
        )
    if effect.left:
        yield _finding(
            "recipe-keep-leaves",
            Severity.WARNING,
            f"{word} leaves {_names(effect.left)} to the Profile, which does not keep them",
            place,
            "A pattern never loosens the Profile, and no date is kept beside shifted ones. "
            "Write KEEP and an override for each Attribute that is to be kept.",
            _ANNEX_E,
        )


def _without_effect(effect: LineEffect, word: str) -> Finding:
    line = effect.line
    if effect.same:
        code, why = "recipe-line-same", "the Profile with its Options does the same already"
    elif effect.shadowed_by:
        code, why = "recipe-line-shadowed", f"{_listed(effect.shadowed_by)} holds instead"
    elif not _finds_any(line):
        return _finding(
            "recipe-matches-nothing",
            Severity.ERROR,
            f"{word} matches no Attribute of PS3.6",
            line.source,
            "Check the spelling; patterns are regular expressions.",
        )
    else:
        code, why = "recipe-line-not-in-iod", "no IOD has this Attribute, so it goes anyway"
    return _finding(
        code, Severity.WARNING, f"{word} has no effect: {why}", line.source, "Leave the line out."
    )


def _finds_any(line: RecipeLine) -> bool:
    if line.selector.exact_members:
        return True
    standard = (Target((tag,)) for tag in dictionary_tags() if tag >> 16 >= _FIRST_GROUP)
    private = (
        Target(path=((group << 16) | 0x1000 | element,), creator=creator, vr=min(vrs))
        for (creator, group, element), vrs in safe_private_vrs().items()
    )
    return any(
        line.selector.matches(target) for targets in (standard, private) for target in targets
    )


def _contradictions(recipe: Recipe) -> Iterator[Finding]:
    said: dict[tuple[Path, str], RecipeLine] = {}
    for line in recipe.lines:
        for exact in line.selector.exact_members:
            target = exact.target
            first = said.setdefault((target.path, target.creator.casefold()), line)
            if first is line:
                continue
            same = (first.action, first.value) == (line.action, line.value)
            yield _finding(
                "recipe-line-twice" if same else "recipe-contradiction",
                Severity.WARNING if same else Severity.ERROR,
                f"{exact.text} is treated by {first.source} already"
                + ("" if same else ", and otherwise"),
                line.source,
                "Leave one of the lines out.",
            )


def _additions(recipe: Recipe) -> Iterator[Finding]:
    added = {line.tag: line for line in recipe.lines if line.action is HeaderAction.ADD}
    for tag, line in added.items():
        missing: dict[frozenset[int], str] = {}
        for uid, iod in open_classes(recipe):
            if lacking := _lacking(tag, iod.modules, added.keys()):
                missing.setdefault(frozenset(lacking), sop_class_name(uid))
        for tags, name in missing.items():
            yield _finding(
                "recipe-add-incomplete",
                Severity.WARNING,
                f"ADD {line.selector.text} begins a Module of {name} that also needs "
                f"{_names(tags)}",
                line.source,
                "Add these too, unless all images hold them.",
                "PS3.3",
            )


def _lacking(tag: int | None, modules: Iterable[Module], added: Iterable[int | None]) -> set[int]:
    """Return what the Modules that an added Attribute begins need besides, the fewest of all."""
    holding = [module for module in modules if tag in module.top_level]
    if not holding or any(module.usage == "M" for module in holding):
        return set()
    needs = [
        {
            path[0]
            for path, code in module.attributes.items()
            if len(path) == 1 and code in _MUST_BE_THERE
        }.difference(each for each in added if each is not None)
        for module in holding
    ]
    return min(needs, key=len)


def _overrides(recipe: Recipe) -> Iterator[Finding]:
    for allowance in recipe.allowances:
        name, place = allowance.selector.text, allowance.source
        if recipe.uses(allowance):
            yield _finding(
                "recipe-loosens",
                Severity.NOTE,
                f"{name} is kept beyond the Profile: {allowance.reason}",
                place,
                "Reports and packages name this.",
                _ANNEX_E,
            )
        elif recipe.keeps(allowance):
            yield _finding(
                "recipe-override-idle",
                Severity.WARNING,
                f"{name} needs no override: the Profile with its Options keeps it",
                place,
                "Leave the override out.",
            )
        else:
            yield _finding(
                "recipe-override-unused",
                Severity.ERROR,
                f"no line keeps {name}",
                place,
                f"Write KEEP {name} below %header, or leave the override out.",
            )


def _declarations(recipe: Recipe, file: str) -> Iterator[Finding]:
    for name, option in OPTION_NAMES.items():
        if option in recipe.options - carried_out(recipe.options):
            yield _finding(
                "recipe-option-not-carried-out",
                Severity.NOTE,
                f"{name} is declared, and not carried out by this version",
                file,
                "What it would clean is removed or held; its code is not claimed.",
                "PS3.15 E.3",
            )
    for text in recipe.not_carried_out:
        head, _, why = text.partition("): ")
        section, _, place = head.rpartition(" (")
        yield _finding(
            "recipe-section-not-used",
            Severity.NOTE,
            f"{section}: {why}",
            place,
            "The section is read and checked, and does nothing.",
        )
    used = {line.selector.text.partition(":")[2] for line in recipe.lines if line.selector.members}
    for name, group in recipe.groups.items():
        if name not in used:
            yield _finding(
                "recipe-group-unused",
                Severity.WARNING,
                f"no line uses fields:{name}",
                group.source,
                "Leave the section out.",
            )


def _known_names(recipe: Recipe, file: str) -> Iterator[Finding]:
    if not recipe.known_words:
        return
    # only who cleans waits for the words
    from casepack.deidentify.descriptors import is_name  # noqa: PLC0415

    for word in recipe.known_words:
        if is_name(word):
            yield _finding(
                "recipe-known-name",
                Severity.WARNING,
                "a word of known_words is also a name of people, and would stay as one",
                _place_of_word(recipe, word, file),
                "Leave it out, unless no patient or physician can have that name.",
                "PS3.15 E.3.5",
            )


def _place_of_word(recipe: Recipe, word: str, file: str) -> str:
    for number, line in enumerate(recipe.text.split("\n"), 1):
        if line.split("#")[0].split() == ["FIELD", word]:
            return f"{file}:{number}"
    return file


def _names(tags: Iterable[int]) -> str:
    return _listed(attribute_name(tag) or "a private Attribute" for tag in sorted(tags))


def _listed(words: Iterable[str]) -> str:
    found = list(dict.fromkeys(words))
    more = len(found) - _MOST_NAMED
    shown = ", ".join(found[:_MOST_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown
