"""Mutation test: every kind of finding is found where it is, and nothing else is."""

from __future__ import annotations

import os
import shutil

import pytest

from casepack.verify import Identifiers, verify_folder
from tests.verify.file_defects import DEFECTS, Defect
from tests.verify.studies import Written

_TOOLS = {"iod-error": "dciodvfy", "entity-error": "dcentvfy", "sr-tree": "dsrdump"}


@pytest.mark.parametrize("defect", DEFECTS, ids=str)
def test_a_defect_is_found_and_nothing_else(
    defect: Defect,
    written: Written,
    identifiers: Identifiers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tools = {tool: tool for code, tool in _TOOLS.items() if code in defect.codes}
    for tool in tools:
        if shutil.which(tool) is None and not os.environ.get("CI"):
            pytest.skip(f"{tool} is not installed")
    # most defects also disturb the outside validators, which have tests of their own
    monkeypatch.setattr("casepack.verify.verification.available_tools", lambda: tools)
    defect.spoil(written)
    report = verify_folder(written.root, originals=written.originals, identifiers=identifiers)
    assert {finding.code for finding in report.findings} == defect.codes
