"""No leak is missed, whatever leaks, wherever it stands, however it is written."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from casepack.model import FileSet
from casepack.verify import Identifiers, verify_folder
from tests.verify.file_defects import DEFECTS
from tests.verify.mutations import PLACES, Place, Value, mutations
from tests.verify.package_defects import PACKAGE_DEFECTS

Mutation = tuple[Place, Value, str]


@pytest.fixture(autouse=True)
def _no_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casepack.verify.verification.available_tools", dict)


@pytest.fixture
def study(originals: FileSet, identifiers: Identifiers, clean_results: Path) -> Study:
    return Study(originals, identifiers, clean_results)


class Study:
    """Clean results, copied for each leak."""

    def __init__(self, originals: FileSet, identifiers: Identifiers, clean: Path) -> None:
        self._originals, self._identifiers, self._clean = originals, identifiers, clean

    def find(self, mutation: Mutation, root: Path) -> set[str]:
        """Return the codes that are found after one leak."""
        place, value, encoding = mutation
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(self._clean, root)
        place.leak(root, value.text, encoding)
        report = verify_folder(root, originals=self._originals, identifiers=self._identifiers)
        return {finding.code for finding in report.findings}


def missed(study: Study, chosen: Iterable[Mutation], root: Path) -> list[str]:
    """Return the leaks that are not found by the right code, or with another beside it."""
    wrong = []
    for mutation in chosen:
        place, value, encoding = mutation
        found = study.find(mutation, root)
        expected = (place.written and value.in_text) or value.code
        if expected not in found or found - {expected} - place.besides:
            wrong.append(f"{place.name}, {value.text!r}, {encoding}: {sorted(found)}")
    return wrong


def test_each_place_and_each_value_is_found(study: Study, tmp_path: Path) -> None:
    every = list(mutations())
    by_place = {place.name: (place, value, code) for place, value, code in reversed(every)}
    by_value = {value.text: (place, value, code) for place, value, code in reversed(every)}
    assert missed(study, [*by_place.values(), *by_value.values()], tmp_path / "r") == []


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_every_value_is_found_in_every_place_and_encoding(
    study: Study, tmp_path: Path, place: Place
) -> None:
    chosen = [mutation for mutation in mutations() if mutation[0] is place]
    assert missed(study, chosen, tmp_path / "r") == []


@pytest.mark.slow
def test_there_are_more_than_a_thousand_distinct_defects(
    capsys: pytest.CaptureFixture[str],
) -> None:
    counts = Counter(f"leak: {place.name}" for place, _, _ in mutations())
    codes = [one.codes for one in DEFECTS] + [one.codes for one in PACKAGE_DEFECTS]
    counts += Counter("+".join(sorted(one)) for one in codes)
    table = "".join(f"{count:5} {kind}\n" for kind, count in sorted(counts.items()))
    with capsys.disabled():
        sys.stdout.write(f"\n{table}{counts.total():5} in all\n")
    assert counts.total() > 1000
