"""What a case lacks for its publication profile, and what in it looks doubtful.

Nothing here stops a package from being made: the author decides. Findings name places, no text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from casepack.case.forms import is_language, is_spdx
from casepack.case.model import Case
from casepack.case.parts import AGE_LIMIT
from casepack.case.profiles import Limit, PublicationProfile, Range, split_path
from casepack.model import Finding, Severity

_AGE: Final = re.compile(
    r"\b(\d{1,3})[\s-]*(?:years?|yrs?|y)?[\s-]*(?:old|of age)\b|\baged?:?\s+(\d{1,3})\b"
    r"|\b(\d{1,3})[\s-]*(?:y/o|yo)\b",
    re.IGNORECASE,
)
_OLDEST: Final = 125
_PLACEHOLDER: Final = re.compile(r"\b(?:TODO|TBD|FIXME|XXX)\b|\blorem ipsum\b", re.IGNORECASE)
_SENTENCE_END: Final = re.compile(r"[.!?](?:\s|$)")
_FEWEST_CAPTION_WORDS: Final = 3
_WORDS: Final = re.compile(r"\w+")

Place = tuple[str, str]
"""Path and text."""


def find_gaps(case: Case, profile: PublicationProfile) -> tuple[Finding, ...]:
    """Return what the case lacks or has too much of for a publication profile."""
    content = _content(case)
    gaps = chain(
        _missing(content, profile.required, "required", Severity.WARNING),
        _missing(content, profile.recommended, "recommended", Severity.NOTE),
        _beyond_limits(content, profile.limits),
        _not_allowed(content, profile.allowed),
    )
    return tuple(
        Finding(
            code=code,
            severity=severity,
            message=message,
            section=f"publication profile: {profile.title}",
            advice="Write it into the case file, or change the profile.",
            file="",
            place=place,
        )
        for code, severity, place, message in gaps
    )


def find_doubts(case: Case) -> tuple[Finding, ...]:
    """Return what a reviewer would ask about: content that is there but looks doubtful."""
    doubts = chain(
        _differential(case), _figures(case), _ages(case), _placeholders(case), _forms(case)
    )
    return tuple(
        Finding(
            code="case-doubt",
            severity=Severity.WARNING,
            message=message,
            section="casepack",
            advice=advice,
            place=place,
        )
        for place, message, advice in doubts
    )


_Gap = tuple[str, Severity, str, str]
_Doubt = tuple[str, str, str]


def _content(case: Case) -> dict[str, Any]:
    """Return the case as plain data, with what it says in another place filled in."""
    content = case.model_dump()
    for author, entry in zip(case.authors, content["authors"], strict=True):
        entry["affiliation"] = "; ".join(one.line for one in case.affiliations_of(author))
    for point, time_point in zip(content["time_points"], case.time_points, strict=True):
        said = [one.findings for one in time_point.series]
        point["findings"] = "\n".join([time_point.findings, *said]).strip()
    discussion = content["discussion"]
    before = [one.treatment_before for one in case.time_points]
    content["treatment"] = content["treatment"] or "\n".join(before).strip()
    content["outcome"] = content["outcome"] or discussion["outcome"]
    discussion["outcome"] = discussion["outcome"] or content["outcome"]
    return content


def _values(content: object, steps: Sequence[str], place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield place and value of all that a path leads to; None for what is not there."""
    if not steps:
        yield place, content
        return
    name, many = steps[0].removesuffix("[]"), steps[0].endswith("[]")
    inner = content.get(name) if isinstance(content, Mapping) else None
    here = f"{place}.{name}" if place else name
    if not many or not inner:
        # of an empty list nothing can be missing: that it is empty is another line's concern
        if not many:
            yield from _values(inner, steps[1:], here)
        return
    for number, item in enumerate(inner):
        yield from _values(item, steps[1:], f"{here}.{number}")


def _find(content: Mapping[str, Any], path: str) -> list[tuple[str, Any]]:
    return list(_values(content, path.split(".")))


def _is_said(value: object) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and value not in ((), [], {})


def _missing(
    content: Mapping[str, Any], paths: Iterable[str], word: str, severity: Severity
) -> Iterator[_Gap]:
    for path in paths:
        alternatives = [_find(content, one) for one in split_path(path)]
        if any(found and all(_is_said(value) for _, value in found) for found in alternatives):
            continue
        empty = [place for place, value in alternatives[0] if not _is_said(value)]
        if "[]" in path and not any(alternatives):
            continue
        for place in empty or [path]:
            other = f" ({path})" if "|" in path else ""
            yield f"case-{word}", severity, place, f"is {word} and not given{other}"


def _beyond_limits(content: Mapping[str, Any], limits: Mapping[str, Limit]) -> Iterator[_Gap]:
    for path, limit in limits.items():
        for place, value in _find(content, path):
            if not _is_said(value):
                continue
            for unit, count, bounds in _measure(value, limit):
                fewest, most = bounds
                if (fewest is not None and count < fewest) or (most is not None and count > most):
                    wanted = f"{fewest or 0} to {most if most is not None else 'any number'}"
                    message = f"has {count} {unit}, asked for are {wanted}"
                    yield "case-limit", Severity.WARNING, place, message


def _measure(value: object, limit: Limit) -> Iterator[tuple[str, int, Range]]:
    if isinstance(value, str):
        counts = {
            "words": len(_WORDS.findall(value)),
            "characters": len(value.strip()),
            "sentences": max(1, len(_SENTENCE_END.findall(value.strip()))),
        }
    elif isinstance(value, Sequence):
        counts = {"items": len(value)}
    else:
        return
    for unit, count in counts.items():
        bounds = getattr(limit, unit)
        if bounds is not None:
            yield unit, count, bounds


def _not_allowed(
    content: Mapping[str, Any], allowed: Mapping[str, Sequence[str]]
) -> Iterator[_Gap]:
    for path, values in allowed.items():
        for place, value in _find(content, path):
            said = value if isinstance(value, tuple | list) else [value]
            if any(_is_said(one) and one not in values for one in said):
                message = f"is none of: {'; '.join(values)}"
                yield "case-not-allowed", Severity.WARNING, place, message


def _differential(case: Case) -> Iterator[_Doubt]:
    if case.final_diagnosis is None or not case.differential_diagnosis:
        return
    final = _folded(case.final_diagnosis.text)
    listed = [_folded(one.text) for one in case.differential_diagnosis]
    if all(one == final or one in final or final in one for one in listed):
        yield (
            "differential_diagnosis",
            "holds nothing but the final diagnosis",
            "List what else the findings could have been, the likeliest first.",
        )
    if len(set(listed)) != len(listed):
        yield "differential_diagnosis", "lists something twice", "Delete one of them."


def _folded(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".")


def _figures(case: Case) -> Iterator[_Doubt]:
    seen: dict[object, str] = {}
    for picture in case.pictures:
        if not picture.caption.strip():
            yield (
                picture.place,
                "the figure has no caption",
                "Say what it shows: plane, sequence, finding.",
            )
        elif len(_WORDS.findall(picture.caption)) < _FEWEST_CAPTION_WORDS:
            yield picture.place, "the caption says hardly anything", "Say what the figure shows."
        shown = (picture.time_point, picture.series, picture.lesion, picture.image, picture.window)
        if shown in seen:
            yield picture.place, f"shows the same image as {seen[shown]}", "Delete one of them."
        seen.setdefault(shown, picture.place)


def _ages(case: Case) -> Iterator[_Doubt]:
    for place, text in _texts(case):
        found = [int(next(filter(None, match.groups()))) for match in _AGE.finditer(text)]
        if any(AGE_LIMIT < age <= _OLDEST for age in found):
            yield (
                place,
                f"gives an exact age above {AGE_LIMIT}, which identifies",
                f"Write 'over {AGE_LIMIT} years old'.",
            )
        of_patient = case.patient.age if place == "clinical_history" and found else None
        if of_patient is not None and min(found[0], AGE_LIMIT + 1) != of_patient:
            yield place, "gives another age than patient.age", "Correct one of them."


def holds_placeholder(text: str) -> bool:
    """Tell whether a text was left to be written: ``TODO`` and the like."""
    return _PLACEHOLDER.search(text) is not None


def _placeholders(case: Case) -> Iterator[_Doubt]:
    for place, text in _texts(case):
        if holds_placeholder(text):
            yield place, "still holds a placeholder", "Write the text."


def _forms(case: Case) -> Iterator[_Doubt]:
    if case.licence.strip() and not is_spdx(case.licence):
        yield (
            "licence",
            "is not on the SPDX License List",
            "Write an identifier such as CC-BY-4.0: https://spdx.org/licenses/.",
        )
    if not is_language(case.language):
        yield "language", "is not a BCP 47 tag", "Write en, and not english."


def _texts(case: Case) -> Iterator[Place]:
    """Yield all texts of the case with their places, but for what it cites."""
    dump = case.model_dump(exclude={"references", "grants", "authors", "lesions", "profile"})
    yield from _texts_in(dump, "")


def _texts_in(value: object, place: str) -> Iterator[Place]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts_in(inner, f"{place}.{key}" if place else str(key))
    elif isinstance(value, tuple | list):
        for number, inner in enumerate(value):
            yield from _texts_in(inner, f"{place}.{number}")
