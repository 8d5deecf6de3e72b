"""What the stages load at first use, loaded at once: the fork server does so before the first fork.

A worker that is forked from it begins with all of this, and pays for none.
"""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import Final

from PIL import Image

_STAGES: Final = (
    *("pipeline", "exchange", "case", "case.profiles", "batch.case"),
    *("deidentify.descriptors", "deidentify.case_text", "deidentify.cleaner"),
    *("annotate.annotation", "annotate.measure"),
    *("package.write", "package.doubts", "package.draft", "verify"),
)
_LIBRARIES: Final = (
    "datacite.schema45",
    "jsonschema",
    "numpy.ma",
    "onnxruntime",
    "xml.dom.minidom",
)
"""Some are extras. None starts threads, which a fork would leave behind."""

for _name in _STAGES:
    import_module(f"casepack.{_name}")
for _name in _LIBRARIES:
    with suppress(ImportError):
        import_module(_name)
Image.init()
