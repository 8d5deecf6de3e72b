from __future__ import annotations

import json

import jsonschema
import pytest
import yaml

from casepack.case.schema import make_schema, read_schema
from casepack.shipped import shipped_folder


def _validate(content: object) -> None:
    jsonschema.Draft202012Validator(json.loads(read_schema())).validate(content)


def _sample() -> dict[str, object]:
    text = (shipped_folder("samples") / "case.yaml").read_text("utf-8")
    content = yaml.safe_load(text)
    assert isinstance(content, dict)
    # JSON has no dates: editors pass the text
    return content | {"publication_date": str(content["publication_date"])}


def test_the_shipped_schema_is_that_of_the_model() -> None:
    assert json.loads(read_schema()) == json.loads(make_schema())
    jsonschema.Draft202012Validator.check_schema(json.loads(read_schema()))


def test_the_schema_explains_the_parts_to_editors() -> None:
    properties = json.loads(read_schema())["properties"]
    assert "SPDX" in properties["licence"]["description"]
    assert "earliest" not in properties["timeline"].get("description", "")


def test_the_sample_fits_the_schema() -> None:
    _validate(_sample())


@pytest.mark.parametrize(
    "wrong",
    [
        {"titel": "x"},
        {"id": "Not A Name"},
        {"doi": "https://doi.org/10.1/x"},
        {"patient": {"sex": "f"}},
        {"differential_diagnosis": [3]},
        {"issn": "15634086"},
    ],
)
def test_the_schema_refuses_what_the_model_refuses(wrong: dict[str, object]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        _validate(_sample() | wrong)
