"""A package read back: its case, its studies and its figures, as `write_package` was given them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from casepack.case import Case
from casepack.errors import UsageError
from casepack.model import Deidentified, Instance, Series, Study, unknown_record
from casepack.package.archive import refuse_other_folders
from casepack.package.bag import PAYLOAD

_UNKNOWN = unknown_record()
"""What case.json says of the de-identification: nothing; deid/report.json does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What the text files of a package are made from."""

    payload: Path
    case: Case
    software: str
    deidentified: Deidentified
    paths: Mapping[str, str]
    """SOP Instance UID to path in the payload."""
    captions: Mapping[str, str]
    """Path in the payload to caption, for the figures."""


def read_package(package: Path) -> Packed:
    """Read a package that `write_package` wrote.

    Raises
    ------
    UsageError
        The folder is no package, or one of another version that cannot be read.
    """
    refuse_other_folders(package)
    payload = package / PAYLOAD
    try:
        content = json.loads((payload / "case.json").read_text("utf-8"))
        figures = _read_figures(payload)
        return Packed(
            payload=payload,
            case=Case.model_validate(content["case"]),
            software=str(content["software"]),
            deidentified=Deidentified(
                root=payload,
                studies=tuple(_study(one, payload) for one in content["studies"]),
                record=_UNKNOWN,
            ),
            paths={
                instance["sop_instance_uid"]: instance["path"]
                for study in content["studies"]
                for series in study["series"]
                for instance in series["instances"]
            },
            captions={
                f"figures/{one['file']}": str(one["caption"]) for one in figures if one["file"]
            },
        )
    except (OSError, ValueError, KeyError, TypeError, ValidationError):
        raise UsageError(
            "the package cannot be read",
            advice="Was it made by another version of casepack? Pack the case again.",
        ) from None


def _read_figures(payload: Path) -> list[dict[str, Any]]:
    path = payload / "figures" / "figures.json"
    if not path.is_file():
        return []
    figures: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return figures


def _study(study: Mapping[str, Any], payload: Path) -> Study:
    return Study(
        study_instance_uid=study["study_instance_uid"],
        date="",
        time="",
        series=tuple(_series(one, payload) for one in study["series"]),
    )


def _series(series: Mapping[str, Any], payload: Path) -> Series:
    return Series(
        series_instance_uid=series["series_instance_uid"],
        modality=series["modality"],
        number=series["series_number"],
        instances=tuple(
            Instance(
                path=payload / one["path"],
                sop_class_uid=one["sop_class_uid"],
                sop_instance_uid=one["sop_instance_uid"],
                transfer_syntax_uid=one["transfer_syntax_uid"],
                number=one["instance_number"],
                frames=one["frames"],
            )
            for one in series["instances"]
        ),
    )
