"""Literal values of ADD and REPLACE: what each Value Representation takes (PS3.5 6.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from casepack.standard.dictionary import dictionary_vr, value_multiplicity

_PRINTABLE: Final = r"[ -\[\]-~]"
_FORMS: Final[Mapping[str, re.Pattern[str]]] = {
    vr: re.compile(form)
    for vr, form in {
        "AE": _PRINTABLE + "{1,16}",
        "AS": "[0-9]{3}[DWMY]",
        "CS": "[A-Z0-9_ ]{1,16}",
        "DA": "[0-9]{8}",
        "DS": r"(?=.{1,16}$)[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?",
        "DT": r"[0-9]{4}(?:[0-9]{2}){0,5}(?:\.[0-9]{1,6})?(?:[-+][0-9]{4})?",
        "IS": "[-+]?[0-9]{1,11}",
        "LO": _PRINTABLE + "{1,64}",
        "LT": "[ -~]{1,10240}",
        "PN": _PRINTABLE + "{1,64}",
        "SH": _PRINTABLE + "{1,16}",
        "ST": "[ -~]{1,1024}",
        "TM": r"(?:[01][0-9]|2[0-3])(?:[0-5][0-9](?:[0-5][0-9](?:\.[0-9]{1,6})?)?)?",
        "UC": _PRINTABLE + "+",
        "UR": "[!-~]+",
        "UT": "[ -~]+",
    }.items()
}
_ONE_VALUE: Final = frozenset({"LT", "ST", "UR", "UT"})
"""A backslash in these separates no values (PS3.5 6.4)."""


def fault_of_literal(tag: int, value: str) -> str:
    """Return why `value` cannot be written to an Attribute, or an empty string.

    Texts, dates and numbers written as text can be; UIDs, binary numbers and Sequences cannot.
    """
    vr = dictionary_vr(tag) or "UN"
    form = _FORMS.get(vr)
    if form is None:
        return f"a literal value cannot be written to an Attribute of VR {vr}"
    values = [value] if vr in _ONE_VALUE else value.split("\\")
    if not all(form.fullmatch(one) and (vr != "DA" or _is_date(one)) for one in values):
        return f"not a value of VR {vr} in plain ASCII"
    fewest, most = value_multiplicity(tag)
    if len(values) < fewest or (most is not None and len(values) > most):
        return "not as many values as the Attribute has"
    return ""


def _is_date(text: str) -> bool:
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True
