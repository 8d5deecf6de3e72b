"""The de-identification report of a package, as data: what was done and what was checked.

Counts and codes only: the record that it is made from holds no key, no original value and no
date shift.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from pydicom.uid import UID

from casepack.case import Case
from casepack.model import Action, Check, Finding, Option, Verified
from casepack.package.wording import RISK

PROFILE = ("113100", "Basic Application Confidentiality Profile")
ACTIONS: Mapping[Action, str] = {
    Action.DUMMY: "replaced by a dummy value",
    Action.ZERO: "emptied",
    Action.REMOVE: "removed",
    Action.KEEP: "kept",
    Action.CLEAN: "cleaned: what identifies was taken out, the meaning kept",
    Action.UID: "replaced by a new UID, the same one wherever it occurs",
}
"""In our words; the definitions are in PS3.15 Table E.1-1a."""
OPTIONS: Mapping[Option, str] = {
    Option.CLEAN_PIXEL_DATA: "Images with text burned into the picture were cleaned or left out.",
    Option.CLEAN_RECOGNIZABLE_VISUAL_FEATURES: "Faces and other recognisable features were "
    "removed from the pictures.",
    Option.CLEAN_GRAPHICS: "Overlays and presentation states were cleaned or left out.",
    Option.CLEAN_STRUCTURED_CONTENT: "The content of structured reports was cleaned, or the "
    "reports were left out.",
    Option.CLEAN_DESCRIPTORS: "Descriptions in free text were kept only as far as they do not "
    "identify.",
    Option.RETAIN_LONGITUDINAL_FULL_DATES: "Dates and times are the original ones.",
    Option.RETAIN_LONGITUDINAL_MODIFIED_DATES: "Dates were moved; the days between them are true.",
    Option.RETAIN_PATIENT_CHARACTERISTICS: "Age, sex and the like were kept.",
    Option.RETAIN_DEVICE_IDENTITY: "The names and numbers of devices were kept.",
    Option.RETAIN_UIDS: "UIDs are the original ones.",
    Option.RETAIN_SAFE_PRIVATE: "Private Attributes that are known to be safe were kept; all "
    "others were removed.",
    Option.RETAIN_INSTITUTION_IDENTITY: "The name of the institution was kept.",
}
"""What each Option means for the reader, in our words (PS3.15 E.3)."""
DATES_REMOVED = "Dates and times were removed or replaced by dummies."
UIDS_REPLACED = "All UIDs that identify were replaced, the same one always by the same new one."
SECRETS = (
    "Neither the key of the replacement, nor any original value, nor the shift of the dates is in "
    "this package."
)


@cache
def option_meanings() -> Mapping[str, str]:
    """Return Code Value to Code Meaning of CID 7050 De-identification Method."""
    text = resources.files("casepack.standard").joinpath("codes.json").read_text("utf-8")
    rows = json.loads(text)["contextGroups"]["7050"]["rows"]
    return {row["code"]: row["meaning"] for row in rows}


def describe_report(
    verified: Verified, case: Case, paths: Mapping[str, str], software: str
) -> dict[str, Any]:
    """Return the content of ``deid/report.json``.

    Parameters
    ----------
    paths
        SOP Instance UID to path in the payload.
    """
    record = verified.deidentified.record
    places = _places(verified, paths)
    return {
        "format": "casepack-deidentification-report/1",
        "case": case.id,
        "title": case.title,
        "language": "en",
        "software": {"deidentified_by": record.software, "packaged_by": software},
        "standard": {"name": "DICOM PS3.15 Annex E", "edition": record.edition},
        "profile": {"scheme": "DCM", "code": PROFILE[0], "meaning": PROFILE[1]},
        "options": [_option(option, record.options) for option in Option],
        "recipe": {"name": record.recipe, "sha256": record.recipe_digest},
        "overrides": list(record.overrides),
        "statements": _statements(verified),
        "instances": len(verified.deidentified.instances),
        "studies": len(verified.deidentified.studies),
        "left_out": [
            {"reason": reason.value, "held": reason.held, "count": count, "advice": reason.advice}
            for reason, count in record.unused
        ],
        "checks": [_check(check) for check in verified.checks],
        "warnings": [_finding(finding, places) for finding in verified.warnings],
        "actions": [
            {"action": action.value, "meaning": meaning, "count": _count(verified, action)}
            for action, meaning in ACTIONS.items()
        ],
    }


def write_actions_csv(verified: Verified) -> str:
    """Return the text of ``deid/actions.csv``: one row a SOP Class, Attribute, Action, source."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("sop_class", "tag", "name", "action", "source", "count"))
    writer.writerows(action_rows(verified))
    return stream.getvalue()


def action_rows(verified: Verified) -> list[tuple[str, str, str, str, str, int]]:
    """Return SOP Class name, tag, Attribute name, Action, source and count, sorted by the tag."""
    counts: Counter[tuple[str, str, str, str, str]] = Counter()
    for one in verified.deidentified.record.actions:
        name = UID(one.sop_class_uid).name
        counts[(name, one.tag, one.name, one.action.value, one.source)] += one.count
    return [(*key, count) for key, count in sorted(counts.items())]


def _option(option: Option, carried_out: tuple[Option, ...]) -> dict[str, Any]:
    return {
        "scheme": "DCM",
        "code": option.value,
        "meaning": option_meanings()[option.value],
        "carried_out": option in carried_out,
        "explanation": OPTIONS[option],
    }


def _statements(verified: Verified) -> list[str]:
    options = verified.deidentified.record.options
    dates = (Option.RETAIN_LONGITUDINAL_FULL_DATES, Option.RETAIN_LONGITUDINAL_MODIFIED_DATES)
    kept = [OPTIONS[option] for option in dates if option in options]
    uids = OPTIONS[Option.RETAIN_UIDS] if Option.RETAIN_UIDS in options else UIDS_REPLACED
    return [*(kept or [DATES_REMOVED]), uids, SECRETS, RISK]


def _count(verified: Verified, action: Action) -> int:
    return sum(one.count for one in verified.deidentified.record.actions if one.action is action)


def _check(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "title": check.title,
        "examined": check.examined,
        "findings": check.findings,
        "skipped": check.skipped,
    }


def _places(verified: Verified, paths: Mapping[str, str]) -> dict[str, str]:
    """Return path below the de-identified root to path in the payload."""
    deidentified = verified.deidentified
    return {
        instance.path.relative_to(deidentified.root).as_posix(): paths[instance.sop_instance_uid]
        for instance in deidentified.instances
        if instance.path.is_relative_to(deidentified.root)
    }


def _finding(finding: Finding, places: Mapping[str, str]) -> dict[str, str]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "section": finding.section,
        "advice": finding.advice,
        "file": places.get(finding.file, finding.file),
        "place": finding.place,
    }
