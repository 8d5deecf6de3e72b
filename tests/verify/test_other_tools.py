"""What other programs leave of the sample's planted values is named, and nothing else is.

The truth is read with pydicom from what they wrote: every planted value that still stands in the
text of a Data Element. None of `casepack.verify` has a part in it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from casepack.sample import write_sample
from casepack.study import read_file_set
from casepack.verify import Revealed, verify_folder
from tests.bench.programs import Skipped, gdcmanon
from tests.foreign import quiet

pytestmark = pytest.mark.slow
PEERS = Path(__file__).parents[2] / "bench-out" / "peers" / "bin"
Place = tuple[str, str]
"""File, tag path."""


@dataclass(frozen=True)
class Sample:
    """The synthetic study, and what was planted in it."""

    study: Path
    values: tuple[str, ...]
    """Never to occur in a result."""
    originals: frozenset[str]
    """Every text of the originals, folded."""


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    root = tmp_path_factory.mktemp("sample")
    write_sample(root, seed=1, slices=2, size=32)
    planted = json.loads((root / "planted.json").read_text("utf-8"))
    texts = {
        text.casefold()
        for path in (root / "study").rglob("*")
        if path.is_file()
        for _, text in texts_of(path)
    }
    # some of the programs read one flat folder of files that end in .dcm, and no DICOMDIR
    flat = root / "flat"
    flat.mkdir()
    for number, path in enumerate(sorted((root / "study").rglob("IM*")), 1):
        shutil.copy(path, flat / f"{number:04}.dcm")
    return Sample(study=flat, values=tuple(planted["values"]), originals=frozenset(texts))


def texts_of(path: Path) -> Iterator[Place]:
    """Yield tag path and text of each Data Element, as pydicom reads them."""
    with quiet():
        try:
            ds = dcmread(path)
        except Exception:  # noqa: BLE001  # not a DICOM file
            return
        yield from _texts(ds.file_meta, "")
        yield from _texts(ds, "")


def _texts(ds: Dataset, outer: str) -> Iterator[Place]:
    for element in ds:
        place = f"{outer}({element.tag.group:04X},{element.tag.element:04X})"
        if element.VR == "SQ":
            for number, item in enumerate(element.value):
                yield from _texts(item, f"{place}[{number}].")
        elif isinstance(element.value, bytes):
            if len(element.value) < 1024:
                yield place, element.value.decode("latin-1")
                yield place, element.value.decode("utf-8", "ignore")
        else:
            values = element.value if element.VM > 1 else [element.value]
            yield from ((place, str(value)) for value in values)


def run(*arguments: object) -> None:
    subprocess.run([str(one) for one in arguments], capture_output=True, check=False, timeout=300)


def run_gdcmanon(source: Path, target: Path) -> None:
    command = gdcmanon(target.parent)
    if isinstance(command, Skipped):
        pytest.skip(command.reason)
    arguments = command.arguments(str(source), str(target))
    subprocess.run(arguments, cwd=target.parent, capture_output=True, check=False, timeout=300)


def run_peer(program: str, *arguments: str) -> Callable[[Path, Path], None]:
    def start(source: Path, target: Path) -> None:
        if not (PEERS / program).exists():
            pytest.skip("`make bench` has not installed the peers")
        words = {"SOURCE": str(source), "TARGET": str(target)}
        target.mkdir()
        run(PEERS / program, *(words.get(word, word) for word in arguments))

    return start


def copy_study(source: Path, target: Path) -> None:
    shutil.copytree(source, target)


TOOLS: dict[str, Callable[[Path, Path], None]] = {
    "none, a copy": copy_study,
    "gdcmanon": run_gdcmanon,
    "dicognito": run_peer("python", "-m", "dicognito", "SOURCE", "-o", "TARGET"),
    "dicom-anonymizer": run_peer("dicom-anonymizer", "SOURCE", "TARGET"),
    "deid": run_peer("deid", "-o", "TARGET", "identifiers", "--input", "SOURCE", "--action", "all"),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_every_planted_leak_of_another_tool_is_named(
    sample: Sample, tmp_path: Path, tool: str, capsys: pytest.CaptureFixture[str]
) -> None:
    result = tmp_path / "result"
    TOOLS[tool](sample.study, result)
    texts: dict[Place, str] = {}
    for path in sorted(result.rglob("*")):
        for place, text in texts_of(path) if path.is_file() else ():
            name = path.relative_to(result).as_posix()
            texts[name, place] = f"{texts.get((name, place), '')}\n{text}"
    assert len({name for name, _ in texts}) > 10, "the tool wrote nothing"
    leaks = {
        place
        for place, text in texts.items()
        if any(value.casefold() in text.casefold() for value in sample.values)
    }
    told: list[Revealed] = []
    with quiet():
        verify_folder(result, originals=read_file_set(sample.study), reveal=told.append)
    found = {(one.file, one.place) for one in told if one.code.startswith("identifier-")}
    elements = {place for place in found if place in texts}
    right = {
        place
        for place in elements
        if place in leaks
        or any(line.casefold() in sample.originals for line in texts[place].split("\n") if line)
    }
    precision = len(right) / max(len(elements), 1)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{tool}: {len(leaks)} planted leaks, recall "
            f"{len(leaks & found) / max(len(leaks), 1):.1%}; {len(elements)} places named, "
            f"precision {precision:.1%}\n"
        )
    missed = sorted({place for _, place in leaks - found})
    assert missed == []
    assert precision > 0.95
