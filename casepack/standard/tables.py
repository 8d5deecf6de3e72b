"""pydicom's tables of the standard, without the rest of pydicom.

`import pydicom` takes longer than to de-identify a study, as it brings numpy and all decoders. Its
tables are modules that hold one dictionary and import nothing: they are loaded by themselves. The
names are pydicom's own and private; its version is pinned, and a test holds the tables against
pydicom's public look-ups.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final, Literal

Table = Literal[
    "DicomDictionary",
    "RepeatersDictionary",
    "UID_dictionary",
    "private_dictionaries",
    "concepts",
    "mapping",
]

_MODULES: Final[dict[Table, str]] = {
    "DicomDictionary": "_dicom_dict.py",
    "RepeatersDictionary": "_dicom_dict.py",
    "UID_dictionary": "_uid_dict.py",
    "private_dictionaries": "_private_dict.py",
    "concepts": "sr/_concepts_dict.py",
    "mapping": "sr/_snomed_dict.py",
}


@cache
def read_table(name: Table) -> Any:  # noqa: ANN401  # each table has a form of its own
    """Return one of pydicom's dictionaries of the standard.

    Raises
    ------
    ModuleNotFoundError
        pydicom is not installed, or not in a version that casepack knows.
    """
    return getattr(_load(_MODULES[name]), name)


@cache
def _load(file: str) -> Any:  # noqa: ANN401  # a module
    package = find_spec("pydicom")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("pydicom is not installed")
    path = Path(package.submodule_search_locations[0], file)
    spec = spec_from_file_location(f"casepack.standard.{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ModuleNotFoundError("this version of pydicom keeps its tables elsewhere")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
