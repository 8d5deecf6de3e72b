"""``python -m tests.bench.words``: what Clean Descriptors adds to the processor time of `deid`.

The same corpus, the same recipe with and without the Option, in turn; medians of their times. The
target is a ratio of 1.15, whatever the number of instances.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.bench.corpora import write_mr_corpus

_SIZES: Final = (200, 1000)
_RUNS: Final = 7
_TARGET: Final = 1.15
_RECIPE: Final = """FORMAT dicom

%labels
ADD Profile BasicApplicationLevelConfidentialityProfile
ADD Option RetainLongitudinalModifiedDates
ADD Option RetainPatientCharacteristics
ADD Option RetainSafePrivate
"""


def main() -> int:
    """Print the ratio for each size; return 0, whatever it is."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        recipes = {"without": _RECIPE, "with": _RECIPE + "ADD Option CleanDescriptors\n"}
        for option, text in recipes.items():
            (work / f"{option}.dicom").write_text(text, encoding="utf-8")
        for size in _SIZES:
            source = work / f"corpus{size}"
            source.mkdir()
            write_mr_corpus(source, size)
            spent: dict[str, list[float]] = {option: [] for option in recipes}
            for recipe in recipes:
                _measure(source, work / f"{recipe}.dicom", work / "out")
            for _ in range(_RUNS):
                for option, times in spent.items():
                    times.append(_measure(source, work / f"{option}.dicom", work / "out"))
            middle = {option: statistics.median(times) for option, times in spent.items()}
            ratio = middle["with"] / middle["without"]
            met = "met" if ratio <= _TARGET else "NOT MET"
            sys.stdout.write(
                f"{size:5} instances: {middle['without']:.3f} s without, {middle['with']:.3f} s "
                f"with Clean Descriptors, x {ratio:.3f} (target {_TARGET}: {met})\n"
            )
    return 0


def _measure(source: Path, recipe: Path, target: Path) -> float:
    """Return the processor time of one run, of the process and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    arguments = ["deid", str(source), str(target), "--recipe", str(recipe), "--workers", "1"]
    subprocess.run(
        [sys.executable, "-m", "casepack", *arguments],
        check=True,
        # compiled modules are kept, as an installation keeps them
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    shutil.rmtree(target)
    return after.ru_utime - before.ru_utime


if __name__ == "__main__":
    sys.exit(main())
