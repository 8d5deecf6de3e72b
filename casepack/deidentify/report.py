"""``report.json`` of a de-identified folder: actions, counts and reason codes, never a value."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from casepack.model import Record
from casepack.standard.codes import method_codes


def write_report(path: Path, record: Record) -> None:
    """Write what was done, by SOP Class and Attribute, with the source of each Action."""
    report = {
        "format": "casepack-deidentification-record/1",
        "software": record.software,
        "edition": f"PS3.15 {record.edition}",
        "recipe": {"name": record.recipe, "sha256": record.recipe_digest},
        "methods": [
            {"code": code.value, "scheme": code.scheme, "meaning": code.meaning}
            for code in method_codes(frozenset(record.options))
        ],
        "overrides": list(record.overrides),
        "not_carried_out": list(record.not_carried_out),
        "pixels": record.pixels.as_json() if record.pixels is not None else None,
        "left_out": [
            {"reason": reason.value, "held": reason.held, "count": count}
            for reason, count in record.unused
        ],
        "texts": asdict(record.texts) if record.texts is not None else None,
        "actions": [
            {
                "sop_class_uid": row.sop_class_uid,
                "tag": row.tag,
                "name": row.name,
                "action": row.action.value,
                "source": row.source,
                "count": row.count,
            }
            for row in record.actions
        ],
    }
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
