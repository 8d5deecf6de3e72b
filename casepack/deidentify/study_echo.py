"""The study's own identifiers as texts repeat them, collected from all of its headers."""

from __future__ import annotations

import re
from typing import Final

from casepack.deidentify.actions import PATIENT_ID
from casepack.deidentify.descriptors import Echo, collect_echo
from casepack.deidentify.text import decode_text
from casepack.encoding import unpad
from casepack.model import FileSet

_PARTS: Final = re.compile(r"[\W_]+")
_DIGIT: Final = re.compile(r"\d")


def collect_study_echo(file_set: FileSet) -> Echo:
    """Return the identifiers of a file-set, in the forms in which texts repeat them."""
    texts = [
        (value.tag, value.vr, text)
        for value in file_set.identity
        if (text := decode_text(unpad(value.value), value.character_set)) is not None
    ]
    # a code written as a name, such as SUBJ_0042B, is echoed part by part as an ID is
    coded = [
        (PATIENT_ID, "LO", part)
        for _tag, vr, text in texts
        if vr == "PN"
        for part in _PARTS.split(text)
        if _DIGIT.search(part)
    ]
    return collect_echo([*texts, *coded])
