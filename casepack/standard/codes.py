"""Coded concepts: the de-identification methods of CID 7050, and meanings known to be no one's."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import Any, Final

from casepack.model import Code, Option

BASIC_PROFILE_CODE: Final = "113100"
_DIGEST_BYTES: Final = 8


@cache
def _tables() -> dict[str, Any]:
    tables: dict[str, Any] = json.loads(
        (files("casepack.standard") / "codes.json").read_text("utf-8")
    )
    return tables


@cache
def deidentification_methods() -> Mapping[str, Code]:
    """Return CID 7050, De-identification Method, by Code Value."""
    rows = _tables()["contextGroups"]["7050"]["rows"]
    return {
        row["code"]: Code(value=row["code"], scheme=row["scheme"], meaning=row["meaning"])
        for row in rows
    }


def method_codes(options: frozenset[Option]) -> tuple[Code, ...]:
    """Return the codes of the Basic Profile and of `options`, in the order of CID 7050."""
    methods = deidentification_methods()
    values = (BASIC_PROFILE_CODE, *sorted(option.value for option in options))
    return tuple(methods[value] for value in values)


def digest_meaning(meaning: str) -> bytes:
    """Return by what a Code Meaning is found, whatever its case."""
    return blake2b(meaning.casefold().encode(), digest_size=_DIGEST_BYTES).digest()


def is_known_meaning(meaning: str) -> bool:
    """Tell whether PS3.16 or the DICOM subset of SNOMED CT has a Code Meaning, in any case."""
    digest, known = digest_meaning(meaning), _known_meanings()
    places = range(len(known) // _DIGEST_BYTES)
    place = _DIGEST_BYTES * bisect_left(places, digest, key=lambda one: _digest_at(known, one))
    return known.startswith(digest, place)


@cache
def _known_meanings() -> bytes:
    """Return the digests in order: few are asked for, and a set of all takes longer to make."""
    return (files("casepack.standard") / "known_meanings.bin").read_bytes()


def _digest_at(digests: bytes, place: int) -> bytes:
    return digests[_DIGEST_BYTES * place : _DIGEST_BYTES * (place + 1)]


PUBLIC_SCHEMES: Final = frozenset(
    # those of pydicom's concepts (a test says so)
    {"BARI", "DCM", "FMA", "I10", "IBSI", "ITIS_TSN", "LN", "MDC", "MSH", "NCIt", "NDC", "NEU"}
    | {"PUBCHEM_CID", "RADLEX", "RXNORM", "SCT", "UCUM", "UMLS"}
    # others of PS3.16 Table 8-1 that images use
    | {"99SDM", "99_OFFIS_DCMTK", "BI", "C4", "C5", "I10C", "I10P", "I9", "I9C", "ICDO3", "SNM3"}
    # of programs that write reports and segmentations, and of IHE's teaching files
    | {"IHERADTF", "99CASEPACK", "99QIICR", "99dcmjs", "99PMP"}
    | {"ISO3166_1", "ISO639_2", "RADELEMENT", "RFC3066", "RFC5646", "SRT"}
)
"""Coding Scheme Designators that belong to no single institution."""
