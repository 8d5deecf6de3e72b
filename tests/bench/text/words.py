"""What lines say: names, dates, numbers, short and long, in many scripts; all made up."""

from __future__ import annotations

from random import Random

_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VOWELS, _CONSONANTS = "aeiou", "bcdfghjklmnprstvwz"
_RANGES = {
    "cyrillic": ((0x410, 0x44F),),
    "greek": ((0x391, 0x3A1), (0x3A3, 0x3A9), (0x3B1, 0x3C9)),
    "cjk": ((0x4E00, 0x7FFF), (0x4E00, 0x62FF), (0x3042, 0x3093), (0x30A2, 0x30F3)),
    "hangul": ((0xAC00, 0xD7A3),),
    "arabic": ((0x628, 0x63A), (0x641, 0x64A)),
    "hebrew": ((0x5D0, 0x5EA),),
    "thai": ((0xE01, 0xE2E),),
    "devanagari": ((0x915, 0x939),),
}
_MARKS = {"devanagari": "ािीुूेैोौ्", "thai": "าิีุูเแโ", "arabic": ""}
_TERMS = (
    "MR", "CT", "TE: 98", "TR 3500", "SL 4.0", "FOV 320", "W 400 C 40", "Zoom 100%", "T2 TSE SAG",
    "HOSPITAL", "Dr.", "Acc:", "ID:", "DOB", "5 cm", "10 mm", "Se: 3", "Im: 12/15", "120 kV",
    "THK 3.0", "Study 1", "DERIVED", "A->P", "512x512", "+C", "NEX 2", "F", "M", "61Y",
)  # fmt: skip


def line_of_text(random: Random, script: str) -> str:
    """Make up a line; `script` is latin, bitmap, strokes (ASCII) or a key of the ranges."""
    if script not in _RANGES:
        return _latin(random)
    if random.random() < 0.15:
        return _word(random, script, random.randint(1, 3))
    words = [_word(random, script, random.randint(2, 8)) for _ in range(random.randint(1, 3))]
    if random.random() < 0.3 and script not in {"hebrew", "thai", "devanagari"}:
        words.append(_number(random))
    return (" " if script != "cjk" or random.random() < 0.3 else "").join(words)


def short_line(random: Random, script: str) -> str:
    """Make up one to three letters, half of the time one: the lines that are missed most."""
    count = random.choice((1, 1, 1, 2, 2, 3))
    if script in _RANGES:
        letters = [random.choice(_RANGES[script]) for _ in range(count)]
        return "".join(chr(random.randint(*letter)) for letter in letters)
    if count == 1 and random.random() < 0.5:
        return random.choice("RLAPHFSI")
    return "".join(random.choice(_UPPER + _UPPER.lower() + "0123456789") for _ in range(count))


def _word(random: Random, script: str, length: int) -> str:
    if script in {"cjk", "hangul"}:
        length = max(1, length // 2)
    letters = []
    span = random.choice(_RANGES[script])
    for _ in range(length):
        first, last = span if script == "cjk" else random.choice(_RANGES[script])
        letters.append(chr(random.randint(first, last)))
        if _MARKS.get(script) and random.random() < 0.4:
            letters.append(random.choice(_MARKS[script]))
    return "".join(letters)


def _latin(random: Random) -> str:
    kind = random.random()
    if kind < 0.3:
        return _name(random)
    if kind < 0.45:
        return _number(random)
    if kind < 0.55:
        return f"{_name(random)} {_number(random)}"
    if kind < 0.67:
        return random.choice(_TERMS)
    if kind < 0.77:
        # two letters and initials: short lines were the weak ones
        return "".join(random.choice(_UPPER + "0123456789") for _ in range(random.randint(2, 3)))
    if kind < 0.80:
        return random.choice("RLAPHFSI")
    if kind < 0.9:
        return f"{random.choice(_TERMS)} {random.choice(_TERMS)}"
    return "".join(
        random.choice(_UPPER + _UPPER.lower() + "0123456789-_/.:,^()#%")
        for _ in range(random.randint(3, 20))
    )


def _name(random: Random) -> str:
    parts = []
    for _ in range(random.randint(1, 3)):
        syllables = random.randint(1, 4)
        part = "".join(
            random.choice(_CONSONANTS) + random.choice(_VOWELS) for _ in range(syllables)
        ) + random.choice(("", "n", "r", "s", "tz"))
        parts.append(part.capitalize())
    text = random.choice((", ", "^", " ", " ")).join(parts)
    return text.upper() if random.random() < 0.5 else text


def _number(random: Random) -> str:
    kind = random.randint(0, 5)
    day, month, year = random.randint(1, 28), random.randint(1, 12), random.randint(1920, 2026)
    if kind == 0:
        return f"{day:02}.{month:02}.{year}"
    if kind == 1:
        return f"{year}-{month:02}-{day:02}"
    if kind == 2:
        months = (
            "Jan",
            "Feb",
            "MAR",
            "Apr",
            "May",
            "JUN",
            "Jul",
            "AUG",
            "Sep",
            "Oct",
            "NOV",
            "Dec",
        )
        return f"{day} {months[month - 1]} {year}"
    if kind == 3:
        return f"{random.randint(0, 23):02}:{random.randint(0, 59):02}:{random.randint(0, 59):02}"
    if kind == 4:
        return str(random.randint(0, 99999999))
    return f"{random.choice(_UPPER)}{random.choice(_UPPER)}{random.randint(100, 999999)}"
