"""The tables: score as MIDI-B counts, by action, category, language, attribute; the failures."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from tests.bench.midib.check import REMOVALS, RETENTIONS, draw_path
from tests.bench.midib.scoring import ABSENT, Outcome

RELEASED: Final = ("MR", "CT")
_REMOVAL_TARGET: Final = 1.0
_WITHOUT_SPACES: Final = ("ja", "zh")
_RETENTION_TARGET: Final = 0.995


def is_removal(outcome: Outcome) -> bool:
    """Tell whether something had to go."""
    return outcome.check.action in REMOVALS


def is_retention(outcome: Outcome) -> bool:
    """Tell whether something had to stay."""
    return outcome.check.action in RETENTIONS


def is_free_text(outcome: Outcome) -> bool:
    """Tell whether the check asks about a planted sentence, not about a header's own value."""
    return outcome.check.sentence


def select_released(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return the checks of images that have to be handed in."""
    return [o for o in outcomes if o.examined.class_name in RELEASED]


def measure(outcomes: Sequence[Outcome]) -> float:
    """Return the part that passed; 1 for nothing."""
    return sum(o.passed for o in outcomes) / len(outcomes) if outcomes else 1.0


def draw_score(name: str, outcomes: list[Outcome]) -> str:
    """Return one line of the table of programs."""
    groups = (
        outcomes,
        [o for o in outcomes if is_removal(o)],
        [o for o in outcomes if is_retention(o)],
        [o for o in outcomes if is_removal(o) and is_free_text(o)],
        [o for o in outcomes if is_retention(o) and is_free_text(o)],
        [o for o in outcomes if not is_removal(o) and not is_retention(o)],
    )
    return f"{name:26}" + "".join(_draw_part(group) for group in groups)


SCORE_HEAD: Final = (
    f"{'':26}"
    + "".join(f"{head:>18}" for head in ("all", "removals", "retentions"))
    + "".join(f"{head:>18}" for head in ("text removals", "text retentions", "consistency"))
)


def draw_table(title: str, outcomes: list[Outcome], key: Callable[[Outcome], str]) -> str:
    """Return a table of removals and retentions by a key."""
    rows: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        rows[key(outcome)].append(outcome)
    lines = [f"{title:40}{'removals':>18}{'retentions':>18}{'consistency':>18}"]
    for row in sorted(rows):
        parts = (
            [o for o in rows[row] if is_removal(o)],
            [o for o in rows[row] if is_retention(o)],
            [o for o in rows[row] if not is_removal(o) and not is_retention(o)],
        )
        lines.append(f"  {row:38}" + "".join(_draw_part(part) for part in parts))
    return "\n".join(lines)


def draw_held(outcomes: list[Outcome]) -> str:
    """Return what became of the classes that a careful program may hold."""
    rows: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.examined.class_name not in RELEASED:
            rows[outcome.examined.class_name].append(outcome)
    head = f"{'classes that may be held, apart':34}{'instances':>10}{'held':>6}"
    lines = [head + f"{'removals':>18}{'retentions of released':>24}"]
    for name, found in sorted(rows.items()):
        files = {o.examined.path: o.missing for o in found}
        removed = _draw_part([o for o in found if is_removal(o)])
        kept = _draw_part([o for o in found if is_retention(o) and not o.missing])
        lines.append(f"  {name:32}{len(files):>10}{sum(files.values()):>6}{removed}{kept:>24}")
    return "\n".join(lines)


def draw_targets(outcomes: list[Outcome]) -> str:
    """Return the targets, met or not."""
    lines = []
    for name, test, target in (
        ("removals", is_removal, _REMOVAL_TARGET),
        ("retentions", is_retention, _RETENTION_TARGET),
    ):
        for scope, chosen in (
            ("all checks", outcomes),
            ("planted text alone", [o for o in outcomes if is_free_text(o)]),
        ):
            found = measure([o for o in chosen if test(o)])
            met = found >= target
            lines.append(
                f"target: {name}, {scope:20} >= {target:.1%}: "
                f"{found:8.3%}  {'met' if met else 'NOT MET'}"
            )
    return "\n".join(lines)


def draw_failures(outcomes: list[Outcome], *, examples: int) -> str:
    """Return the failures by action and kind; with examples, which are synthetic, if wanted."""
    groups: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if not outcome.passed:
            groups[outcome.check.action.value, _name_failure(outcome)].append(outcome)
    lines = []
    for (action, kind), found in sorted(groups.items(), key=lambda group: -len(group[1])):
        languages = sorted({o.examined.language for o in found})
        lines.append(f"{len(found):5}  {action}: {kind}  [{' '.join(languages)}]")
        shown = [o for o in found if not o.check.sealed]
        for outcome in _choose_distinct(shown, examples):
            check = outcome.check
            lines.append(
                f"         {outcome.examined.language} {draw_path(check.path)}: {check.text!r} in "
                f"{check.planted!r} -> {outcome.found!r}"
            )
    return "\n".join(lines) or "none"


def name_attribute(outcome: Outcome) -> str:
    """Return the keyword of the innermost Attribute."""
    name = str(next(step for step in reversed(outcome.check.path) if isinstance(step, str)))
    return "private" if name.startswith(("private:", "tag:")) else name


def leaves_nothing(outcome: Outcome) -> bool:
    """Tell whether no word of a text that had to stay is left."""
    text = outcome.check.text.casefold()
    words = re.findall(r"\w{2,}", text)
    if outcome.examined.language in _WITHOUT_SPACES:
        words = [text[start : start + 2] for start in range(len(text) - 1)]
    found = "" if outcome.found == ABSENT else outcome.found.casefold()
    return not any(word in found for word in words)


def draw_emptied(outcomes: list[Outcome]) -> str:
    """Return the Attributes that never keep a word: a policy, told apart from rules that fail."""
    rows: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if is_retention(outcome) and is_free_text(outcome):
            rows[name_attribute(outcome)].append(outcome)
    emptied = sorted(name for name, found in rows.items() if all(map(leaves_nothing, found)))
    if not emptied:
        return "no Attribute is emptied always"
    rest = [o for name, found in rows.items() if name not in emptied for o in found]
    return (
        f"no target: always emptied: {', '.join(emptied)}; "
        f"retentions of planted text without these: {measure(rest):.3%}"
    )


def _name_failure(outcome: Outcome) -> str:
    kind = outcome.check.kind
    if not is_retention(outcome) or not outcome.check.sentence:
        return kind
    if leaves_nothing(outcome):
        return f"{kind}, nothing left in {name_attribute(outcome)}"
    return f"{kind}, words lost"


def _choose_distinct(outcomes: list[Outcome], number: int) -> list[Outcome]:
    """Return examples of as many languages as there are, each value once."""
    seen: dict[tuple[str, str], Outcome] = {}
    for outcome in outcomes:
        seen.setdefault((outcome.check.planted, outcome.check.text), outcome)
    turns: dict[str, int] = defaultdict(int)
    ranked: list[tuple[int, int, Outcome]] = []
    for outcome in seen.values():
        ranked.append((turns[outcome.examined.language], len(ranked), outcome))
        turns[outcome.examined.language] += 1
    return [outcome for _, _, outcome in sorted(ranked, key=lambda rank: rank[:2])[:number]]


def _draw_part(outcomes: Sequence[Outcome]) -> str:
    if not outcomes:
        return f"{'-':>18}"
    passed = sum(o.passed for o in outcomes)
    return f"{f'{passed}/{len(outcomes)}':>11}{passed / len(outcomes):>7.1%}"
