"""Dates, times of day and great ages in folded text, in the forms of many languages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final, NamedTuple

from casepack.deidentify.descriptors.late import LatePattern
from casepack.deidentify.descriptors.vocabulary import read_sections

Date = tuple[int, int, int]
"""Year, month, day; 0 for a part that is not written."""


class Found(NamedTuple):
    """A date in a text, with what it may mean (day or month first)."""

    start: int
    end: int
    dates: frozenset[Date]


_PIVOT: Final = 35
_LAST_DAY: Final = 31
_FIRST_YEAR: Final = 1800
_MONTHS_A_YEAR: Final = 12
_YEAR: Final = r"(?:1[89]|20)\d\d"
_TIME: Final = r"(?:[t ]\s?\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?\s?(?:z|utc|gmt|[+-]\d\d:?\d\d)?)?"
_CLOCK: Final = r"(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d(?:\.\d{1,6})?)?"

_COMPACT: Final = LatePattern(
    rf"(?<!\d)(?:(?P<y>{_YEAR})(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])"
    rf"(?:[t_]?{_CLOCK}(?:[+-]\d{{4}})?)?"
    rf"|(?P<a>[0-3]\d)(?P<b>[0-3]\d)(?P<y2>(?:19|20)\d\d))(?!\d)"
)
_SEPARATED: Final = LatePattern(
    # year first
    r"(?<![\d.,/])(?:(?P<y>[12]\d{3})(?P<s>\s?[-./:_ ]\s?)(?P<m>0?[1-9]|1[0-2])(?P=s)"
    r"(?P<d>0?[1-9]|[12]\d|3[01])"
    # day or month first
    r"|(?P<a>[0-3]?\d)(?P<t>\s?[-./_ ]\s?)(?P<b>[0-3]?\d)(?P=t)(?P<y2>[12]\d{3})"
    r"|(?P<y3>(?:19|20)\d\d),(?P<m3>0[1-9]|1[0-2]),(?P<d3>0[1-9]|[12]\d|3[01])"
    # two digits of the year
    r"|(?<![tlcs])"
    # TE 10/20/30
    r"(?!(?<=t[eir] )\d?[05]/\d?[05]/\d?[05](?!\d))"
    r"(?P<a3>\d{1,2})(?P<u>\s?[-./]\s?)(?P<b3>[01]?\d|[0-3]?\d)(?P=u)'?(?P<c3>\d\d))"
    rf"(?![\d])(?![-./]\d)(?!\s?(?:min|mm|cm|ms|s|sec|deg|°)(?![^\W_])){_TIME}"
)
_MAY_BE_SEPARATED: Final = LatePattern(r"\d\s?[-.,/:_ ]\s?\d\d?\s?[-.,/:_ ]\s?'?\d")
"""Quick to compile: what every match holds."""
_MONTH_AND_YEAR: Final = LatePattern(
    r"(?<![\d.,/-])(?:(?P<m>0?[1-9]|1[0-2])\s?[-./]\s?(?P<y>(?:19|20)\d\d)"
    r"|(?P<y2>(?:19|20)\d\d)\s?[-./]\s?(?P<m2>0[1-9]|1[0-2]))(?![\d])(?![-./]\d)"
)
_GERMAN_DAY: Final = LatePattern(
    r"\b(?:am|vom|seit|ab|bis|den|zum)\s(?P<d>0?[1-9]|[12]\d|3[01])\.\s?(?P<m>0?[1-9]|1[0-2])\.(?!\d)"
)
_ROMAN: Final = LatePattern(
    # 3.V.2019, 3/V/19, 3 V 2019, IX.2019; "3 V 19" may be two values
    r"(?<![^\W_])(?<![\d][.,/-])(?:(?P<d>0?[1-9]|[12]\d|3[01])(?:\s?(?P<s>[./-])\s?|\s))?"
    r"(?P<roman>i{1,3}|i?v|vi{1,3}|i?x|xi{1,2})"
    rf"(?:(?(s)\s?(?P=s)\s?|(?(d)\s|\s?[./-]\s?))(?P<y>{_YEAR})|(?(s)\s?(?P=s)\s?|(?!))(?P<c>\d\d))"
    r"(?![^\W_])(?![.,]\d)"
)
_ROMANS: Final = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_WEEK: Final = LatePattern(
    r"(?<![^\W_])(?:[ck]w|weeks?|woche|semaine|settimana|semana|hafta|tydzien|vecka|uge)\s?"
    rf"(?:[1-9]|0[1-9]|[1-4]\d|5[0-3])\s?[\s/.,-]\s?(?P<y>{_YEAR})(?!\d|\s?(?:ms|mm|hz)\b)"
    rf"|(?<!\d)(?P<y2>{_YEAR})-?w[0-5]\d(?:-?[1-7])?(?![^\W_])"
)
"""Of a year (ISO 8601): a few days."""
_FEWEST_DIGITS: Final = 3
_IN_DIGITS: Final = ((_COMPACT, 8), (_SEPARATED, 4), (_MONTH_AND_YEAR, 5), (_GERMAN_DAY, 2))
"""With the fewest digits that they need."""
_EAST_ASIAN: Final = LatePattern(
    r"(?:明治|大正|昭和|平成|令和|民國|民国)?\s?(?:\d{1,4}|元)\s?[年년]\s?\d{1,2}\s?[月월](?:\s?\d{1,2}\s?[日일号號])?"
    r"|(?:明治|大正|昭和|平成|令和|民國|民国)\s?\d{1,2}(?:\s?[年./-]\s?\d{1,2}){0,2}"
    r"|[明大昭平令]\s?\d{1,2}([./])\d{1,2}\1\d{1,2}(?!\d)"
    r"|\d{1,2}\s?[月월]\s?\d{1,2}\s?[日일号號]"
    r"|(?<!\d)(?:1[89]|20)\d\d\s?[年년]"
    # S47.1.8 and H30/1/8, but not the levels T10-11-12
    r"|(?<![a-z\d])(?:[sh]\d{2}|r\d{1,2})([./])\d{1,2}\2\d{1,2}(?!\d)"
)
_TIMES: Final = LatePattern(
    r"(?<![\d:.])(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?(?:\s?(?:[ap]\.?m\b\.?|uhr|hrs|h\b))?(?![\d:])"
    r"|(?<![\d:.])\d:[0-5]\d(?::[0-5]\d|\s?(?:[ap]\.?m\b\.?|uhr|hrs|h\b))(?![\d:])"
    r"|(?<![\d.])(?:0?\d|1[0-2])(?:[:.][0-5]\d)?\s?[ap]\.?m\b\.?(?![\w-])"
    # a lesion of the breast lies at 3 o'clock: bei 3 Uhr, 3-Uhr-Position
    r"|(?<![\d.,])(?<!bei )(?<!auf )(?<!lage )(?<!\d-)\d{1,2}(?:[.:][0-5]\d)?\s?uhr\b"
    r"|(?<![\d.,])(?:bei|auf) \d{1,2}[.:][0-5]\d\s?uhr\b"
    # 14h30, but the hours 6h 24h
    r"|(?<![\d.,])(?:[01]?\d|2[0-3])\s?h\s?[0-5]\d(?!\d|\s?h\b)"
    r"|(?<![\d.,/-])(?:[01]\d|2[0-3])[0-5]\d\s?(?:hrs|uhr)\b"
    r"|\b(?:saat|kl|kell|ore|alle ore|um|a las|as|klo)\.?\s(?:[01]?\d|2[0-3])[.:][0-5]\d(?!\d)"
    r"(?:\s?(?:uhr|h)\b)?"
    r"|(?:午前|午後|上午|下午|오전|오후)?\s?\d{1,2}\s?[時时시点點]\s?\d{1,2}\s?[分분](?:\s?\d{1,2}\s?[秒초])?"
    r"|(?:午前|午後|上午|下午|오전|오후)\s?\d{1,2}\s?[時时시点點]"
)
_MAY_BE_TIME: Final = LatePattern(r"\d(?:[.:]\d|\s?(?:[ap]\.?m|uhr|h\s?\d|hrs))")
"""Quick to compile: what every match in ASCII holds."""
_AGES: Final = LatePattern(
    r"(?<![\d.,])0?(?:9\d|1[0-2]\d)[\s-]?(?:year|yr|yo\b|y/o|y\.o|jahr|jahrig|ans\b|anni\b|anos\b|anos_|jaar|jarig"
    r"|yas|歳|才|岁|歲|세\b|лет\b|год|ετων|ετη|let\b|lat\b|ar\b|eves|vuotias|y\b(?![/.]))\w*(?:[\s-]?old\b)?"
    r"|\b(?:age|aged|alter|agee|etat|eta|edad|idade|yas|yasi|leeftijd|年齢|年龄|возраст|ηλικια)\s?[:=]?\s?"
    r"(?:9\d|1[0-2]\d)(?![\d.])"
)
_MAY_BE_AGE: Final = LatePattern(r"9\d|1[0-2]\d")

_DAY: Final = r"(?:0?[1-9]|[12]\d|3[01])"
_OF: Final = r"(?:de |d'|di |of |do |ta )?"
_MONTH_NAME: Final = LatePattern(r"[^\W\d_]{3,}")
_DAY_BEFORE: Final = LatePattern(
    rf"(?<![^\W_])(?<!\d[.,]){_DAY}(?P<glued>(?:st|nd|rd|th|er|o|a|e|\.)?[\s._/-]{{0,2}}{_OF})\Z"
)
_YEAR_BEFORE: Final = LatePattern(rf"(?<!\d)(?P<year>{_YEAR})[\s.,_/-]{{1,2}}\Z")
_DAY_BEHIND: Final = LatePattern(
    rf"\.?[\s._-]{{0,2}}(?:the )?{_DAY}(?:st|nd|rd|th)?"
    rf"(?:[\s,._-]{{1,2}}(?P<year>{_YEAR}))?(?![^\W_])"
    r"(?![.,]\d)(?!\s?(?:mm|cm|ms|s|hz|min|ml|deg|°|%|x))"
)
_YEAR_BEHIND: Final = LatePattern(rf"\.?[\s._,/'-]{{0,3}}(?:de |del |of )?(?P<year>{_YEAR})(?!\d)")
_SHORT_YEAR_BEHIND: Final = LatePattern(
    r"(?P<joint>\.?(?:[\s._,/-]{0,2}'?))(?P<year>\d\d)(?![^\W_])(?![.,]\d)"
)
_CLEAR_WITH_DAY: Final = frozenset(
    [
        "may",
        "march",
        "mars",
        "marz",
        "mai",
        "maggio",
        "mayo",
        "mei",
        "maio",
        "mart",
        "juin",
        "maja",
        "maj",
    ]
)
_GLUED: Final = frozenset(["mar", "may", "oct", "dec", "sep", "jun", "jul"])


@cache
def _months() -> Mapping[str, int]:
    """Return the number of each name of a month, folded."""
    names: dict[str, int] = {}
    for line in read_sections()["months"].splitlines():
        number, *words = line.split()
        names |= dict.fromkeys(words, int(number))
    return names


@cache
def _ambiguous_months() -> frozenset[str]:
    """Return the names that are other words too: they need a year or a day beside them."""
    return frozenset(read_sections()["ambiguous_months"].split())


def find_dates(text: str) -> Iterator[Found]:
    """Yield the dates of a folded text; they may overlap."""
    digits = sum(map(str.isdecimal, text))
    for pattern, fewest in _IN_DIGITS:
        if digits < fewest or (pattern is _SEPARATED and not _MAY_BE_SEPARATED.search(text)):
            continue
        for match in pattern.finditer(text):
            dates = _read_numbers(match)
            if dates:
                yield Found(match.start(), match.end(), dates)
    yield from _find_romans_and_weeks(text, digits)
    if not text.isascii() or "." in text or "/" in text:
        for match in _EAST_ASIAN.finditer(text):
            yield Found(match.start(), match.end(), _read_east_asian(match.group()))
    for match in _MONTH_NAME.finditer(text):
        if match.group() in _months():
            found = _read_named(text, match)
            if found is not None:
                yield found


def _find_romans_and_weeks(text: str, digits: int) -> Iterator[Found]:
    if digits < _FEWEST_DIGITS:
        return
    for match in _ROMAN.finditer(text):
        # 5 x 2000, and one letter without a day, are no dates
        if (match["roman"] == "x" and not match["s"]) or not (match["d"] or match["roman"][1:]):
            continue
        year = int(match["y"]) if match["y"] else _full_year(int(match["c"]))
        month = _ROMANS.index(match["roman"]) + 1
        day = int(match["d"] or 0)
        yield Found(match.start(), match.end(), frozenset({(year, month, day)}))
    for match in _WEEK.finditer(text):
        year = int(match["y"] or match["y2"])
        yield Found(match.start(), match.end(), frozenset({(year, 0, 0)}))


def find_times(text: str) -> Iterator[tuple[int, int]]:
    """Yield the times of day of a folded text."""
    if text.isascii() and not _MAY_BE_TIME.search(text):
        return
    for match in _TIMES.finditer(text):
        yield match.span()


def find_great_ages(text: str) -> Iterator[tuple[int, int]]:
    """Yield the ages of 90 years or more (45 CFR 164.514(b)(2)(i)(C))."""
    if _MAY_BE_AGE.search(text):
        for match in _AGES.finditer(text):
            yield match.span()


def _read_numbers(match: re.Match[str]) -> frozenset[Date]:
    """Return the dates that numbers may mean; none if they are no date."""
    parts = {name: int(value) for name, value in match.groupdict().items() if _is_number(value)}
    if "y" in parts:
        return frozenset({(parts["y"], parts.get("m", 0), parts.get("d", 0))})
    if "y3" in parts:
        return frozenset({(parts["y3"], parts["m3"], parts["d3"])})
    if "m2" in parts:
        return frozenset({(parts["y2"], parts["m2"], 0)})
    if "y2" in parts:
        return _either_way(parts["y2"], parts["a"], parts["b"])
    if "c3" in parts:
        first, second, third = parts["a3"], parts["b3"], parts["c3"]
        dates = _either_way(_full_year(third), first, second)
        if len(match["a3"]) > 1 and _is_day(second, third):
            dates |= {(_full_year(first), second, third)}
        return dates
    return frozenset({(0, parts["m"], parts["d"])})


def _read_east_asian(text: str) -> frozenset[Date]:
    """Return year, month and day; none of a year counted by reigns."""
    numbers = [int(digits) for digits in re.findall(r"\d+", text)]
    if not numbers or numbers[0] < _FIRST_YEAR:
        return frozenset()
    year, month, day = (*numbers, 0, 0)[:3]
    return frozenset({(year, month, day)})


def _is_number(value: str | None) -> bool:
    return value is not None and value.isdecimal()


def _either_way(year: int, first: int, second: int) -> frozenset[Date]:
    """Return the dates with day or month first."""
    found = set()
    if _is_day(second, first):
        found.add((year, second, first))
    if _is_day(first, second):
        found.add((year, first, second))
    return frozenset(found)


def _is_day(month: int, day: int) -> bool:
    return 1 <= month <= _MONTHS_A_YEAR and 1 <= day <= _LAST_DAY


def _full_year(two_digits: int) -> int:
    return 2000 + two_digits if two_digits <= _PIVOT else 1900 + two_digits


def _read_named(text: str, name: re.Match[str]) -> Found | None:
    """Return the date around the name of a month, if there is one.

    Year and month are enough to recognise a date of the study.
    """
    word, (start, end) = name.group(), name.span()
    month = _months()[word]
    plain = word not in _ambiguous_months()
    day = _DAY_BEFORE.search(text, max(0, start - 12), start)
    year = _YEAR_BEHIND.match(text, end)
    if year:
        first = day.start() if day else start
        return Found(first, year.end(), frozenset({(int(year["year"]), month, 0)}))
    if before := _YEAR_BEFORE.search(text, max(0, start - 7), start):
        behind = _DAY_BEHIND.match(text, end)
        last = behind.end() if behind else end
        return Found(before.start(), last, frozenset({(int(before["year"]), month, 0)}))
    behind = _DAY_BEHIND.match(text, end)
    if behind and behind["year"]:
        return Found(start, behind.end(), frozenset({(int(behind["year"]), month, 0)}))
    short = _SHORT_YEAR_BEHIND.match(text, end)
    clear = short and ("'" in short["joint"] or (plain and short["joint"][:1] not in {" ", "."}))
    if short and (day or clear):
        first = day.start() if day else start
        return Found(first, short.end(), frozenset({(_full_year(int(short["year"])), month, 0)}))
    stands = plain or word in _CLEAR_WITH_DAY
    if day and (stands or (word in _GLUED and not day["glued"])) and not _is_letter(text, end):
        return Found(day.start(), end, frozenset({(0, month, 0)}))
    if behind and stands and not _is_letter(text, start - 1):
        return Found(start, behind.end(), frozenset({(0, month, 0)}))
    return None


def _is_letter(text: str, place: int) -> bool:
    return 0 <= place < len(text) and text[place].isalnum()
