"""Findings of outside programs, and on file-sets and packages."""

from __future__ import annotations

from typing import Final

from casepack.verify.findings.kind import E, Kind, W, describe

_WRITE: Final = "Write it into the case file, and pack the case again."

PACKAGE_KINDS: Final[dict[str, Kind]] = {
    # conformance
    "iod-error": describe(
        E,
        "dciodvfy reports an error that the original did not have",
        "PS3.3",
        "Report this: de-identification broke the IOD.",
    ),
    "entity-error": describe(
        E,
        "dcentvfy reports Attributes that disagree within a Patient, Study or Series",
        "PS3.3 A.1.2",
        "De-identify the whole set in one run.",
    ),
    "sr-tree": describe(
        E, "dsrdump cannot read the content tree", "PS3.3 C.17.3", "Write the document again."
    ),
    "tool-failed": describe(W, "an outside program did not finish", "", "Run it by hand."),
    # DICOMDIR
    "directory-broken": describe(
        E, "the DICOMDIR cannot be read", "PS3.3 F.3", "Write a new DICOMDIR."
    ),
    "directory-missing-file": describe(
        E, "the DICOMDIR lists a file that is not here", "PS3.10 8", "Write a new DICOMDIR."
    ),
    "directory-unlisted-file": describe(
        E, "a DICOM file is not listed in the DICOMDIR", "PS3.10 8", "Write a new DICOMDIR."
    ),
    "directory-mismatch": describe(
        E,
        "the DICOMDIR and a file disagree on its UIDs",
        "PS3.3 F.3.2.2",
        "Write a new DICOMDIR.",
    ),
    "directory-file-id": describe(
        E, "a File ID leads out of the file-set", "PS3.10 8.2", "Write a new DICOMDIR."
    ),
    # package
    "bag-invalid": describe(
        E, "the bag is not valid", "RFC 8493 3", "Pack the case again; do not edit a package."
    ),
    "bag-unlisted": describe(
        E,
        "a file at the top of the bag is in no manifest",
        "RFC 8493 2.2",
        "Delete it: nothing vouches for it.",
    ),
    "bag-tag-manifest": describe(
        E, "the tag manifest is missing or incomplete", "RFC 8493 2.2.1", "Pack the case again."
    ),
    "bag-empty-folder": describe(
        W, "an empty folder, which no manifest covers", "RFC 8493 2.1.2", "Delete it."
    ),
    "signature-invalid": describe(
        E,
        "the signature is not one of this manifest by the holder of the public key",
        "minisign",
        "Get the package again from where the author put it; if it is yours: casepack sign.",
    ),
    "signature-missing": describe(
        E,
        "a public key was given, and the package is not signed",
        "minisign",
        "Ask the author for the signature, or leave the key out.",
    ),
    "package-file-missing": describe(
        E, "a file of the package layout is missing", "casepack layout", "Pack the case again."
    ),
    "package-file-unknown": describe(
        W, "a file that the package layout does not know", "casepack layout", "Delete it?"
    ),
    "crate-invalid": describe(
        E, "the RO-Crate metadata are not valid", "RO-Crate 1.1", "Pack the case again."
    ),
    "crate-unlisted": describe(
        E, "the RO-Crate does not list a file", "RO-Crate 1.1", "Pack the case again."
    ),
    "crate-missing": describe(
        E, "the RO-Crate lists a file that is not here", "RO-Crate 1.1", "Pack the case again."
    ),
    "crate-profile": describe(
        E,
        "rocrate-validator finds that the RO-Crate breaks a required rule",
        "RO-Crate 1.3",
        "Pack the case again.",
    ),
    "datacite-invalid": describe(
        E, "the DataCite metadata are not well formed", "DataCite 4", "Pack the case again."
    ),
    "datacite-incomplete": describe(
        W,
        "a mandatory DataCite property is missing; a DOI needs it",
        "DataCite 4",
        "Fill in the case file.",
    ),
    "datacite-differs": describe(
        E, "the DataCite JSON and XML disagree", "DataCite 4", "Pack the case again."
    ),
    "datacite-schema": describe(
        E,
        "the DataCite metadata do not fit DataCite's JSON Schema",
        "DataCite 4.5",
        "Pack the case again.",
    ),
    "datacite-other-case": describe(
        E,
        "the DataCite metadata describe another case than the one in the package",
        "DataCite 4",
        "Pack the case again, or casepack doi set.",
    ),
    "link-broken": describe(
        E, "the page links to a file that is not here", "HTML", "Pack the case again."
    ),
    "link-external": describe(
        W,
        "the page loads something from the network",
        "HTML",
        "Pack the case again; a package opens from disk.",
    ),
    "json-invalid": describe(E, "not valid JSON", "RFC 8259", "Pack the case again."),
    "lesion-unresolved": describe(
        E,
        "a lesion names an instance that is not here",
        "casepack layout",
        "Pack the case again.",
    ),
    "lesion-differs": describe(
        E,
        "a lesion's numbers differ from those in the Structured Report",
        "PS3.16 TID 1500",
        "Pack the case again.",
    ),
    "segment-differs": describe(
        E,
        "a lesion's pixels, area or volume differ between its Segmentation, its report and the"
        " plain file",
        "PS3.3 A.51",
        "Pack the case again.",
    ),
    "citation-differs": describe(
        E,
        "a file about the case cannot be read, or does not name it as the DataCite metadata do",
        "casepack layout",
        "Write it again: casepack doi set, or pack the case again.",
    ),
    "figure-unresolved": describe(
        E,
        "a figure names an instance or picture that is not here",
        "casepack layout",
        "Pack the case again.",
    ),
    "case-invalid": describe(
        E, "the case is not what a case file can say", "casepack layout", "Pack the case again."
    ),
    "case-required": describe(
        W, "the case lacks what its publication profile requires", "publication profile", _WRITE
    ),
    "case-limit": describe(
        W,
        "a part of the case is longer or shorter than its publication profile asks for",
        "publication profile",
        _WRITE,
    ),
    "case-not-allowed": describe(
        W,
        "a part of the case is none of the values of its publication profile",
        "publication profile",
        _WRITE,
    ),
    "case-doubt": describe(
        W, "a reviewer would ask about a part of the case", "CARE 2013", "Read it; pack again."
    ),
    "case-unresolved": describe(
        E, "the case names a study that is not here", "casepack layout", "Pack the case again."
    ),
}
