"""Peak memory of the process itself."""

from __future__ import annotations

import re
from pathlib import Path


def peak_bytes() -> int:
    """Return the largest resident set of this process since it was started.

    ``ru_maxrss`` is that of whoever started the process, too, when that was larger.
    """
    (kilobytes,) = re.findall(
        r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE
    )
    return int(kilobytes) * 1024
