from __future__ import annotations

import sys

import pytest

from casepack.errors import ToolMissingError
from casepack.pacs import connect, parse_address


@pytest.mark.parametrize(
    ("address", "library", "module"),
    [
        ("https://pacs.example.org/dicom-web", "dicomweb_client", "casepack.pacs.web"),
        ("dicom://PACS@pacs.example.org", "pynetdicom", "casepack.pacs.dimse"),
    ],
)
def test_without_the_extra_its_name_is_said(
    monkeypatch: pytest.MonkeyPatch, address: str, library: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, module, raising=False)
    with (
        pytest.raises(ToolMissingError, match="needs an extra") as caught,
        connect(parse_address(address)),
    ):
        pass
    assert "casepack[pacs]" in caught.value.advice
