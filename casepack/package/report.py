"""The de-identification report of a package, as data: what was done and what was checked.

Counts and codes only: the record that it is made from holds no key, no original value and no
date shift.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydicom.uid import UID

from casepack.case import Case
from casepack.model import Action, Check, Finding, Option, PixelRecord, Verified
from casepack.package.wording import RISK
from casepack.standard.codes import BASIC_PROFILE_CODE, deidentification_methods

ACTIONS: Mapping[Action, str] = {
    Action.DUMMY: "replaced by a dummy value",
    Action.ZERO: "emptied",
    Action.REMOVE: "removed",
    Action.KEEP: "kept",
    Action.CLEAN: "cleaned: what identifies was taken out, the meaning kept",
    Action.UID: "replaced by a new UID, the same one wherever it occurs",
}
"""In our words; the definitions are in PS3.15 Table E.1-1a."""
OPTIONS: Mapping[Option, tuple[str, str]] = {
    Option.CLEAN_PIXEL_DATA: (
        "Pictures were searched for burned-in text, which was covered; some may have been missed.",
        "Pictures were not searched for burned-in text.",
    ),
    Option.CLEAN_RECOGNIZABLE_VISUAL_FEATURES: (
        "Faces and other recognisable features were removed from the pictures.",
        "Pictures were not all assessed for faces: a face stays where one of them shows it.",
    ),
    Option.CLEAN_GRAPHICS: (
        "Overlays and presentation states were cleaned or left out.",
        "Overlays were removed.",
    ),
    Option.CLEAN_STRUCTURED_CONTENT: (
        "The content of structured reports was cleaned, or the reports were left out.",
        "The content of structured reports was removed, or the reports were left out.",
    ),
    Option.CLEAN_DESCRIPTORS: (
        "Descriptions in free text were kept only as far as they do not identify.",
        "Descriptions in free text were removed or emptied.",
    ),
    Option.RETAIN_LONGITUDINAL_FULL_DATES: (
        "Dates and times are the original ones.",
        "No original date was kept.",
    ),
    Option.RETAIN_LONGITUDINAL_MODIFIED_DATES: (
        "Dates were moved; the intervals between them are true.",
        "No moved date was kept.",
    ),
    Option.RETAIN_PATIENT_CHARACTERISTICS: (
        "Age, sex and the like were kept.",
        "Age, sex and the like were removed or emptied.",
    ),
    Option.RETAIN_DEVICE_IDENTITY: (
        "Names and numbers of devices were kept.",
        "Names and numbers of devices were removed or replaced.",
    ),
    Option.RETAIN_UIDS: (
        "UIDs are the original ones.",
        "UIDs were replaced, the same one always by the same new one.",
    ),
    Option.RETAIN_SAFE_PRIVATE: (
        "Private Attributes that are known to be safe were kept, all others removed.",
        "All private Attributes were removed.",
    ),
    Option.RETAIN_INSTITUTION_IDENTITY: (
        "The name of the institution was kept.",
        "The name of the institution was removed or replaced.",
    ),
}
"""What it means for the reader that an Option was or was not carried out (PS3.15 E.3)."""
DATES_REMOVED = "Dates and times were removed or replaced by dummies."
SECRETS = (
    "Neither the key of the replacement, nor any value that was replaced, nor the shift of dates "
    "is in this package."
)


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
    profile = deidentification_methods()[BASIC_PROFILE_CODE]
    return {
        "format": "casepack-deidentification-report/1",
        "case": case.id,
        "title": case.title,
        "language": "en",
        "software": {"deidentified_by": record.software, "packaged_by": software},
        "standard": {"name": "DICOM PS3.15 Annex E", "edition": record.edition},
        "profile": {
            "scheme": profile.scheme,
            "code": profile.value,
            "meaning": profile.meaning,
        },
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
        "pixels": record.pixels.as_json() if record.pixels is not None else None,
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
    code = deidentification_methods()[option.value]
    return {
        "scheme": code.scheme,
        "code": code.value,
        "meaning": code.meaning,
        "carried_out": option in carried_out,
        "explanation": _explain(option, carried_out),
    }


def _explain(option: Option, carried_out: tuple[Option, ...]) -> str:
    done, not_done = OPTIONS[option]
    return done if option in carried_out else not_done


def _statements(verified: Verified) -> list[str]:
    options = verified.deidentified.record.options
    dates = (Option.RETAIN_LONGITUDINAL_FULL_DATES, Option.RETAIN_LONGITUDINAL_MODIFIED_DATES)
    kept = [_explain(option, options) for option in dates if option in options]
    uids = _explain(Option.RETAIN_UIDS, options)
    pixels = verified.deidentified.record.pixels
    covered = () if pixels is None else (_tell_pixels(pixels),)
    return [*(kept or [DATES_REMOVED]), uids, *covered, SECRETS, RISK]


def _tell_pixels(pixels: PixelRecord) -> str:
    covered = sum(change.text for _uid, change in pixels.changes)
    kept = f" It was kept in {pixels.kept}, as not identifying." if pixels.kept else ""
    return (
        f"{pixels.examined} images were searched for burned-in text by a program that misses some; "
        f"it was covered in {covered}.{kept}"
    )


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
