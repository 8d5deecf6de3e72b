"""The JSON Schema of the case file, for completion and checking in editors."""

from __future__ import annotations

import json
from importlib import resources

from casepack.case.model import Case

SCHEMA = "case.schema.json"


def make_schema() -> str:
    """Return the JSON Schema made from the model; what is shipped is this text."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Case.model_json_schema(),
        "title": "Case file of casepack",
    }
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def read_schema() -> str:
    """Return the JSON Schema as shipped."""
    return resources.files(__package__).joinpath(SCHEMA).read_text("utf-8")
