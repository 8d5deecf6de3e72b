"""What happens to the value of a Content Item: Table E.3.4-1 of PS3.15, else its Value Type."""

from __future__ import annotations

from typing import Final

from casepack.deidentify.plan import Plan, Rule
from casepack.model import Action, Option
from casepack.standard.structured_content import Concept, ContentRow, content_row

_REFERENCES: Final = frozenset({"IMAGE", "COMPOSITE", "WAVEFORM"})
_DATES: Final = frozenset({"DATE", "TIME", "DATETIME"})
_DEVICE_DATES: Final = frozenset({("DCM", "113723")})
"""Calibration DateTime: its true value can be looked up, and would give the shift away."""
_DATE_OPTIONS: Final = {
    Option.RETAIN_LONGITUDINAL_FULL_DATES: "K",
    Option.RETAIN_LONGITUDINAL_MODIFIED_DATES: "C",
}
_UNLISTED: Final = "E.3.4-1, not listed"
_UNLISTED_DATE: Final = ContentRow(basic="D", options=_DATE_OPTIONS, source=_UNLISTED)
"""What Table E.1-1 says of Date, Time and DateTime."""


def judge_content(value_type: str, concept: Concept, plan: Plan) -> Rule:
    """Return what happens to the value of a Content Item: by the table, else by its Value Type."""
    row = content_row(concept, value_type)
    return _unlisted(value_type, plan) if row is None else _listed(value_type, concept, row, plan)


def _listed(value_type: str, concept: Concept, row: ContentRow, plan: Plan) -> Rule:
    dummy = dummy_action(value_type)
    basic = Action.REMOVE if row.basic == "X" else dummy
    for option in sorted(plan.options & row.options.keys(), key=lambda option: option.value):
        source = f"{row.source} {option.value}"
        if option is Option.RETAIN_LONGITUDINAL_MODIFIED_DATES and (
            concept in _DEVICE_DATES or value_type not in _DATES
        ):
            continue
        if row.options[option] == Action.KEEP or value_type == "TIME":
            # a shift by whole days leaves the time of day as it is
            return Rule(action=Action.KEEP, source=source, otherwise=basic)
        return Rule(action=Action.CLEAN, source=source, otherwise=basic)
    return Rule(action=basic, source=row.source)


def dummy_action(value_type: str) -> Action:
    """Return what makes a value say nothing: references lead on, to instances under new UIDs."""
    if value_type in _REFERENCES:
        return Action.KEEP
    if value_type == "UIDREF":
        return Action.UID
    # no number is honest in place of another
    return Action.REMOVE if value_type == "NUM" else Action.DUMMY


def _unlisted(value_type: str, plan: Plan) -> Rule:
    if value_type == "TEXT":
        if Option.CLEAN_DESCRIPTORS in plan.options:
            source = f"{_UNLISTED} {Option.CLEAN_DESCRIPTORS.value}"
            return Rule(action=Action.CLEAN, source=source, otherwise=Action.DUMMY)
        return Rule(action=Action.DUMMY, source=_UNLISTED)
    if value_type == "PNAME":
        return Rule(action=Action.DUMMY, source=_UNLISTED)
    if value_type == "UIDREF":
        kept = Option.RETAIN_UIDS in plan.options
        return Rule(action=Action.KEEP if kept else Action.UID, source=_UNLISTED)
    if value_type in _DATES:
        return _listed(value_type, ("", ""), _UNLISTED_DATE, plan)
    return Rule(action=Action.KEEP, source=_UNLISTED)
