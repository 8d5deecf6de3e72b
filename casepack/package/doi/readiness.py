"""What keeps a package from getting a DOI, and what a reader would miss in it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from casepack.case.completeness import find_doubts, find_gaps
from casepack.case.profiles import PUBLICATION_PROFILES, read_profile
from casepack.model import Finding
from casepack.package.doi.minting import find_minting_faults
from casepack.package.reading import read_package


def check_readiness(package: Path) -> tuple[Finding, ...]:
    """Return errors of the DOI metadata, then gaps and doubts of the case.

    The case's own publication profile is used where it is a shipped one; a file of the author's
    is not in the package, and the generic one stands in.

    Raises
    ------
    UsageError
        The folder is no package that can be read.
    """
    packed = read_package(package)
    record = json.loads((packed.payload / "doi" / "datacite.json").read_text("utf-8"))
    named = packed.case.profile
    profile = read_profile(named if named in PUBLICATION_PROFILES else "generic")
    of_case = (*find_gaps(packed.case, profile), *find_doubts(packed.case))
    return (
        *find_minting_faults(record),
        *(replace(one, file="case.json") for one in of_case),
    )
