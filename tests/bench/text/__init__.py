"""The text detector's material: frames with drawn text, training, and a held-out evaluation.

Run by hand, never by the tests: ``python -m tests.bench.text.train`` and
``python -m tests.bench.text.evaluate``. It is in the repository so that the shipped network can be
made again, and outside the package because nothing at run time needs it.
"""

from __future__ import annotations

import sys


def say(line: str) -> None:
    """Show a line at once, in a pipe too."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
