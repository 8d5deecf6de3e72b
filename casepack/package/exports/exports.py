"""The case of a package in the forms of journals, repositories and reference managers."""

from __future__ import annotations

from pathlib import Path

from casepack.package.doi.datacite import describe_for_datacite, write_datacite_xml
from casepack.package.exports.bibtex import write_bibtex
from casepack.package.exports.jats import write_jats
from casepack.package.exports.markdown import write_eurorad_markdown
from casepack.package.exports.mirc import write_mirc_document
from casepack.package.reading import read_package


def export_case(package: Path, form: str) -> str:
    """Return the case as ``eurorad``, ``mirc``, ``jats``, ``bibtex`` or ``datacite``.

    Raises
    ------
    KeyError
        There is no such form.
    UsageError
        The folder is no package that can be read.
    """
    packed = read_package(package)
    case, captions = packed.case, packed.captions
    writers = {
        "eurorad": lambda: write_eurorad_markdown(case),
        "mirc": lambda: write_mirc_document(case, captions),
        "jats": lambda: write_jats(case, captions),
        "bibtex": lambda: write_bibtex(case),
        "datacite": lambda: write_datacite_xml(describe_for_datacite(case)),
    }
    text = writers[form]()
    return text if text.endswith("\n") else f"{text}\n"
