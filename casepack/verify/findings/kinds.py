"""Every kind of finding that a check can make: one table of codes, a closed list.

Codes are stable: programs may rely on them.
"""

from __future__ import annotations

from typing import Final

from casepack.verify.findings.kind import Kind
from casepack.verify.findings.kinds_of_attributes import ATTRIBUTE_KINDS
from casepack.verify.findings.kinds_of_files import FILE_KINDS
from casepack.verify.findings.kinds_of_packages import PACKAGE_KINDS

KINDS: Final[dict[str, Kind]] = FILE_KINDS | ATTRIBUTE_KINDS | PACKAGE_KINDS
