"""PS3.15 Table E.3.10-1: private Attributes known to be safe, by creator, group and element."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def safe_private_vrs() -> Mapping[tuple[str, int, int], frozenset[str]]:
    """Return the VRs that a safe Attribute may have, by (creator, group, low byte of the element).

    Rows without a VR are left out: what cannot be checked is not safe.
    """
    text = (files("casepack.standard") / "safe_private.json").read_text("utf-8")
    return {
        (row["privateCreator"], int(row["group"], 16), int(row["element"], 16)): frozenset(
            row["vr"].split("/")
        )
        for row in json.loads(text)
        if row["vr"]
    }
