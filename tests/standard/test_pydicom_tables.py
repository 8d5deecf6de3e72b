"""pydicom's tables as casepack reads them are those of pydicom's public look-ups."""

from __future__ import annotations

import subprocess
import sys

import pydicom.datadict
import pydicom.uid
from pydicom.sr.codedict import codes

from casepack.standard.codes import PUBLIC_SCHEMES
from casepack.standard.tables import read_table


def test_the_data_dictionary_is_pydicoms() -> None:
    table = read_table("DicomDictionary")
    assert len(table) > 5000
    for tag, (vr, vm, name, _retired, keyword) in list(table.items())[::37]:
        assert pydicom.datadict.dictionary_VR(tag) == vr
        assert pydicom.datadict.dictionary_VM(tag) == vm
        assert pydicom.datadict.dictionary_description(tag) == name
        assert pydicom.datadict.dictionary_keyword(tag) == keyword


def test_uids_private_attributes_and_concepts_are_pydicoms() -> None:
    assert read_table("UID_dictionary")["1.2.840.10008.5.1.4.1.1.4"][0] == "MR Image Storage"
    assert pydicom.uid.UID("1.2.840.10008.5.1.4.1.1.4").name == "MR Image Storage"
    entry = read_table("private_dictionaries")["SIEMENS MR HEADER"]["0019xx0C"]
    assert pydicom.datadict.private_dictionary_VR(0x0019100C, "SIEMENS MR HEADER") == entry[0]
    meaning = next(iter(read_table("concepts")["SCT"]["SpinalCord"].values()))[0]
    assert codes.SCT.SpinalCord.meaning == meaning


def test_de_identifying_imports_neither_pydicom_nor_numpy() -> None:
    code = (
        "import sys, casepack.pipeline, casepack.standard.codes as codes\n"
        "codes.is_known_meaning('x'), codes.PUBLIC_SCHEMES\n"
        "print(sorted({'pydicom', 'numpy', 'highdicom', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_scheme_of_pydicoms_concepts_is_public() -> None:
    assert set(read_table("concepts")) <= PUBLIC_SCHEMES
