"""Every kind of finding that a check can make: one table of codes, a closed list.

Codes are stable: programs may rely on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from casepack.model import Severity

_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE
_KEPT: Final = "De-identify this file again; the original value must not leave."
_LOOK: Final = "Read it with --reveal; remove it if it tells of a person, or check with --original."
_WRITE: Final = "Write it into the case file, and pack the case again."
_ANNEX_E: Final = "PS3.15 E.1.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A row of the table: what a code means, whatever the file."""

    severity: Severity
    message: str
    section: str
    advice: str


def _kind(severity: Severity, message: str, section: str, advice: str) -> Kind:
    return Kind(severity=severity, message=message, section=section, advice=advice)


KINDS: Final[dict[str, Kind]] = {
    # files
    "file-unreadable": _kind(
        _E, "the file cannot be opened", "PS3.10 7", "Check its permissions, or write it again."
    ),
    "file-empty": _kind(_E, "the file is empty", "PS3.10 7.1", "Delete it, or write it again."),
    "file-truncated": _kind(
        _E, "the file ends inside a Data Element", "PS3.10 7.1", "Write it again from its source."
    ),
    "file-malformed": _kind(
        _E, "the Data Set is not validly encoded", "PS3.5 7", "Write it again from its source."
    ),
    "file-claims-dicom": _kind(
        _E, "named like a DICOM file but is none", "PS3.10 7.1", "Write it again, or delete it."
    ),
    "file-symlink": _kind(
        _E,
        "a symbolic link, which leads out of what is checked",
        "PS3.10 8",
        "Replace it by the file that it names, or delete it.",
    ),
    "file-too-large": _kind(
        _W, "too large when unpacked; its content was not searched", "", "Unpack it and look."
    ),
    "archive-broken": _kind(
        _E,
        "an archive or compressed file cannot be unpacked whole",
        "APPNOTE.TXT 4.3",
        "Write it again from its source, or delete it.",
    ),
    "archive-encrypted": _kind(
        _E,
        "a member of an archive is encrypted, so that nobody can check it",
        "APPNOTE.TXT 4.4.4",
        "Archive it again without a password, or delete it.",
    ),
    "archive-escape": _kind(
        _E,
        "a member of an archive would be unpacked outside of the folder",
        "APPNOTE.TXT 4.4.17",
        "Do not unpack it. Archive the files again with relative names.",
    ),
    "archive-link": _kind(
        _E,
        "a member of an archive is a link or a device, not a file",
        "APPNOTE.TXT 4.4.15",
        "Do not unpack it. Archive the file that it names instead.",
    ),
    "archive-repeated": _kind(
        _E,
        "an archive holds two members of the same name, of which programs unpack one or the other",
        "APPNOTE.TXT 4.4.17",
        "Archive the files again.",
    ),
    "archive-bomb": _kind(
        _E,
        "an archive unpacks to more than any images do; it was not unpacked",
        "APPNOTE.TXT 4.4.9",
        "Delete it, unless you know what it holds.",
    ),
    "archive-differs": _kind(
        _E,
        "the zip file beside the package does not hold the same files",
        "casepack layout",
        "Write it again: delete it, then casepack archive PACKAGE.",
    ),
    "nothing-to-check": _kind(
        _E, "no DICOM file was found", "PS3.10 8", "Give the folder that holds the DICOM files."
    ),
    # identifiers
    "identifier-patient-name": _kind(_E, "holds a name of the patient", _ANNEX_E, _KEPT),
    "identifier-person-name": _kind(_E, "holds the name of another person", _ANNEX_E, _KEPT),
    "identifier-number": _kind(_E, "holds an original identifier or number", _ANNEX_E, _KEPT),
    "identifier-date": _kind(_E, "holds an original date", _ANNEX_E, _KEPT),
    "identifier-uid": _kind(_E, "holds an original UID", _ANNEX_E, _KEPT),
    "identifier-institution": _kind(
        _E, "holds an original institution, address or place", _ANNEX_E, _KEPT
    ),
    "identifier-device": _kind(
        _E, "holds an original station, device number or AE title", _ANNEX_E, _KEPT
    ),
    "identifier-text": _kind(_E, "holds an original text that had to be removed", _ANNEX_E, _KEPT),
    "date-unchanged": _kind(
        _E, "a date is the original's own, although dates are shifted", "PS3.15 E.3.6", _KEPT
    ),
    "name-in-text": _kind(
        _W,
        "a word of the text is also part of an original person's name",
        _ANNEX_E,
        "Read the place; change the text if it means that person.",
    ),
    "institution-in-text": _kind(
        _W,
        "the text names the original institution",
        _ANNEX_E,
        "Keep it only as an author's affiliation.",
    ),
    # what looks like an identifier, without the originals
    "date-in-text": _kind(_W, "a text holds what looks like a date", _ANNEX_E, _LOOK),
    "mail-in-text": _kind(_W, "a text holds a mail address", _ANNEX_E, _LOOK),
    "phone-in-text": _kind(_W, "a text holds what looks like a phone number", _ANNEX_E, _LOOK),
    "number-in-text": _kind(
        _W, "a text holds what looks like the number of a person or case", _ANNEX_E, _LOOK
    ),
    "person-in-text": _kind(_W, "a text seems to name a person", _ANNEX_E, _LOOK),
    "words-unknown": _kind(
        _W,
        "a text holds words that are no clinical or technical language: names, perhaps",
        "PS3.15 E.3.5",
        _LOOK,
    ),
    "value-not-dummy": _kind(
        _W,
        "a value stands where only none or a dummy may stand",
        "PS3.15 Table E.1-1",
        _LOOK,
    ),
    # attributes
    "attribute-not-removed": _kind(
        _E,
        "an Attribute stands that the claimed Profile and Options remove",
        "PS3.15 Table E.1-1",
        "Remove it, or claim the Option that keeps it.",
    ),
    "attribute-not-listed": _kind(
        _W,
        "an Attribute stands that may identify, although Table E.1-1 does not list it",
        _ANNEX_E,
        "Remove it.",
    ),
    "name-not-dummy": _kind(
        _W, "a person's name does not look like a dummy value", "PS3.15 E.1.1", "Look at it."
    ),
    "birth-date-kept": _kind(
        _W, "a birth date stands; no Option retains it", "PS3.15 Table E.1-1", "Empty it."
    ),
    "date-without-option": _kind(
        _W,
        "a date stands, although no Option that retains dates is claimed",
        "PS3.15 E.3.6",
        "Empty it, or claim 113106 or 113107 if that is what was done.",
    ),
    "age-over-89": _kind(
        _W, "an age over 89 stands; few people are that old", "45 CFR 164.514(b)(2)", "Write 090Y."
    ),
    "private-element": _kind(
        _E,
        "private Data Elements stand, and Retain Safe Private is not claimed",
        "PS3.15 E.3.10",
        "Remove them.",
    ),
    "private-not-safe": _kind(
        _W,
        "a private Data Element stands that Table E.3.10-1 does not list as safe",
        "PS3.15 Table E.3.10-1",
        "Remove it, or justify it.",
    ),
    "private-unclaimed": _kind(
        _E,
        "a private Data Element has no Private Creator",
        "PS3.5 7.8",
        "Remove it: nobody can say what it holds.",
    ),
    "overlay-or-curve": _kind(
        _E,
        "an overlay or curve stands, and Clean Graphics is not claimed",
        "PS3.15 E.3.3",
        "Remove the whole group.",
    ),
    "group-length": _kind(
        _W, "a retired group length stands; it tells the original's size", "PS3.5 7.2", "Drop it."
    ),
    "group-0004": _kind(
        _E, "a directory element stands outside a DICOMDIR", _ANNEX_E, "Remove group 0004."
    ),
    "command-group": _kind(
        _E, "a command element stands in a stored Data Set", "PS3.10 7.1", "Remove group 0000."
    ),
    "encrypted-attributes": _kind(
        _W,
        "encrypted original Attributes stand",
        "PS3.15 E.1.1",
        "Publish without them: keys leak with time.",
    ),
    "element-repeated": _kind(
        _E,
        "a Data Element occurs twice, so that readers see different values",
        "PS3.5 7.1",
        "Write the file again.",
    ),
    "preamble-not-zero": _kind(
        _E, "the 128-byte preamble is not zero", "PS3.10 7.1", "Write zero bytes."
    ),
    "trailing-bytes": _kind(
        _E, "bytes follow the last Data Element", "PS3.10 7.1", "Write the file again."
    ),
    "meta-element": _kind(
        _E,
        "File Meta Information holds an element that must be replaced whole",
        "PS3.15 E.1.1",
        "Rebuild the File Meta Information.",
    ),
    "meta-mismatch": _kind(
        _E,
        "File Meta Information and Data Set disagree on the SOP Class or Instance",
        "PS3.10 7.1",
        "Rebuild the File Meta Information.",
    ),
    "not-marked": _kind(
        _E,
        "Patient Identity Removed is not YES",
        "PS3.15 E.1.1",
        "Set (0012,0062) when the identity is removed.",
    ),
    "method-missing": _kind(
        _W,
        "the de-identification method is not given as codes of CID 7050",
        "PS3.15 E.1.1",
        "Fill (0012,0064); without it only the Basic Profile can be checked.",
    ),
    "method-unknown": _kind(
        _E, "a method code is not in CID 7050", "PS3.16 CID 7050", "Correct (0012,0064)."
    ),
    "method-contradiction": _kind(
        _E,
        "both Options for dates are claimed, which exclude each other",
        "PS3.15 E.3.6",
        "Claim one of 113106 and 113107.",
    ),
    "option-not-claimed": _kind(
        _N,
        "all that may not stand is what an Option would allow that is not claimed",
        "PS3.15 E.1.1",
        "Claim the Option in (0012,0064) if that is what was done; else remove what it allows.",
    ),
    "dates-not-declared": _kind(
        _E,
        "Longitudinal Temporal Information Modified is missing or unknown",
        "PS3.15 E.1.1",
        "Set (0028,0303) to REMOVED, UNMODIFIED or MODIFIED.",
    ),
    "dates-contradiction": _kind(
        _E,
        "(0028,0303) contradicts the claimed Option for dates",
        "PS3.15 E.3.6",
        "Make them agree with what was done.",
    ),
    # pixels
    "pixel-claim-not-met": _kind(
        _E,
        "Clean Pixel Data is claimed, but Burned In Annotation is not NO",
        "PS3.15 E.3.1",
        "Set (0028,0301) after the pixels were cleaned.",
    ),
    "visual-claim-not-met": _kind(
        _E,
        "Clean Recognizable Visual Features is claimed, but (0028,0302) is not NO",
        "PS3.15 E.3.2",
        "Set (0028,0302) after the features were removed.",
    ),
    "burned-in": _kind(
        _E, "Burned In Annotation is YES", "PS3.15 E.1.1", "Clean the pixels, or leave it out."
    ),
    "text-in-pixels": _kind(
        _W,
        "pictures seem to hold text that is drawn into the pixels",
        "PS3.15 E.3.1",
        "Look at them; if it tells of a person, clean the pixels or leave them out.",
    ),
    "pixels-not-examined": _kind(
        _N,
        "the Pixel Data cannot be decoded here, so that text was not looked for",
        "PS3.15 E.3.1",
        "Look at them. pip install 'casepack[codecs]' has more decoders.",
    ),
    "pixels-changed": _kind(
        _E,
        "the Pixel Data are in no original",
        "PS3.3 C.7.6.3",
        "De-identify again; pixels that need no cleaning keep their bytes.",
    ),
    "pixels-not-covered": _kind(
        _E,
        "the report says that boxes were covered, and the Pixel Data are not the original's with "
        "these boxes filled",
        "PS3.15 E.3.1",
        "De-identify again; what was burned in may still be there.",
    ),
    "pixels-repeated": _kind(
        _E,
        "the same Pixel Data occur more often than in the originals",
        "PS3.3 C.7.6.3",
        "De-identify again.",
    ),
    # references
    "uid-missing": _kind(
        _E, "a SOP Class, Instance, Study or Series UID is missing", "PS3.3 C.12.1", "Mend it."
    ),
    "uid-duplicate": _kind(
        _E, "two files have the same SOP Instance UID", "PS3.5 9", "Keep one of them."
    ),
    "uid-not-one-to-one": _kind(
        _E,
        "the UIDs of the originals and the new ones do not correspond one to one",
        "PS3.15 E.1.1",
        "De-identify the whole set in one run.",
    ),
    "reference-dangling": _kind(
        _E,
        "a reference names an instance that is not here",
        "PS3.3 C.17.2",
        "Add the instance, or remove the reference.",
    ),
    "reference-broken": _kind(
        _E,
        "a reference that resolved in the originals no longer does",
        "PS3.15 E.1.1",
        "Map every UID with the same key.",
    ),
    "reference-external": _kind(
        _N, "a reference names an instance outside of this set", "PS3.3 10.3", ""
    ),
    "reference-class": _kind(
        _E, "a reference names another SOP Class than the instance has", "PS3.3 10.8", "Mend it."
    ),
    "reference-frame": _kind(
        _E, "a reference names a frame that the instance does not have", "PS3.3 10.3", "Mend it."
    ),
    "reference-series": _kind(
        _E,
        "a reference places an instance in a Study or Series that it is not in",
        "PS3.3 C.17.2.1",
        "Mend it.",
    ),
    "patients-mixed": _kind(
        _E, "more than one Patient ID occurs", "PS3.3 C.7.1.1", "Check one patient at a time."
    ),
    "study-structure": _kind(
        _E,
        "studies or series were split or joined",
        "PS3.15 E.1.1",
        "De-identify the whole set in one run.",
    ),
    "interval-changed": _kind(
        _E,
        "the interval between two studies is not the original one",
        "PS3.15 E.3.6",
        "Shift all dates of a patient by the same time.",
    ),
    "instance-missing": _kind(
        _W, "instances of the originals are missing", "PS3.15 E.1.1", "See the list of held files."
    ),
    "instance-unlisted": _kind(
        _E, "a DICOM file is here that the run did not make", "", "Write into an empty folder."
    ),
    "instance-lost": _kind(
        _E, "an instance that the run made is not here", "", "De-identify again."
    ),
    # conformance
    "iod-error": _kind(
        _E,
        "dciodvfy reports an error that the original did not have",
        "PS3.3",
        "Report this: de-identification broke the IOD.",
    ),
    "entity-error": _kind(
        _E,
        "dcentvfy reports Attributes that disagree within a Patient, Study or Series",
        "PS3.3 A.1.2",
        "De-identify the whole set in one run.",
    ),
    "sr-tree": _kind(
        _E, "dsrdump cannot read the content tree", "PS3.3 C.17.3", "Write the document again."
    ),
    "tool-failed": _kind(_W, "an outside program did not finish", "", "Run it by hand."),
    # DICOMDIR
    "directory-broken": _kind(
        _E, "the DICOMDIR cannot be read", "PS3.3 F.3", "Write a new DICOMDIR."
    ),
    "directory-missing-file": _kind(
        _E, "the DICOMDIR lists a file that is not here", "PS3.10 8", "Write a new DICOMDIR."
    ),
    "directory-unlisted-file": _kind(
        _E, "a DICOM file is not listed in the DICOMDIR", "PS3.10 8", "Write a new DICOMDIR."
    ),
    "directory-mismatch": _kind(
        _E,
        "the DICOMDIR and a file disagree on its UIDs",
        "PS3.3 F.3.2.2",
        "Write a new DICOMDIR.",
    ),
    "directory-file-id": _kind(
        _E, "a File ID leads out of the file-set", "PS3.10 8.2", "Write a new DICOMDIR."
    ),
    # package
    "bag-invalid": _kind(
        _E, "the bag is not valid", "RFC 8493 3", "Pack the case again; do not edit a package."
    ),
    "bag-unlisted": _kind(
        _E,
        "a file at the top of the bag is in no manifest",
        "RFC 8493 2.2",
        "Delete it: nothing vouches for it.",
    ),
    "bag-tag-manifest": _kind(
        _E, "the tag manifest is missing or incomplete", "RFC 8493 2.2.1", "Pack the case again."
    ),
    "bag-empty-folder": _kind(
        _W, "an empty folder, which no manifest covers", "RFC 8493 2.1.2", "Delete it."
    ),
    "signature-invalid": _kind(
        _E,
        "the signature is not one of this manifest by the holder of the public key",
        "minisign",
        "Get the package again from where the author put it; if it is yours: casepack sign.",
    ),
    "signature-missing": _kind(
        _E,
        "a public key was given, and the package is not signed",
        "minisign",
        "Ask the author for the signature, or leave the key out.",
    ),
    "package-file-missing": _kind(
        _E, "a file of the package layout is missing", "casepack layout", "Pack the case again."
    ),
    "package-file-unknown": _kind(
        _W, "a file that the package layout does not know", "casepack layout", "Delete it?"
    ),
    "crate-invalid": _kind(
        _E, "the RO-Crate metadata are not valid", "RO-Crate 1.1", "Pack the case again."
    ),
    "crate-unlisted": _kind(
        _E, "the RO-Crate does not list a file", "RO-Crate 1.1", "Pack the case again."
    ),
    "crate-missing": _kind(
        _E, "the RO-Crate lists a file that is not here", "RO-Crate 1.1", "Pack the case again."
    ),
    "crate-profile": _kind(
        _E,
        "rocrate-validator finds that the RO-Crate breaks a required rule",
        "RO-Crate 1.3",
        "Pack the case again.",
    ),
    "datacite-invalid": _kind(
        _E, "the DataCite metadata are not well formed", "DataCite 4", "Pack the case again."
    ),
    "datacite-incomplete": _kind(
        _W,
        "a mandatory DataCite property is missing; a DOI needs it",
        "DataCite 4",
        "Fill in the case file.",
    ),
    "datacite-differs": _kind(
        _E, "the DataCite JSON and XML disagree", "DataCite 4", "Pack the case again."
    ),
    "datacite-schema": _kind(
        _E,
        "the DataCite metadata do not fit DataCite's JSON Schema",
        "DataCite 4.5",
        "Pack the case again.",
    ),
    "datacite-other-case": _kind(
        _E,
        "the DataCite metadata describe another case than the one in the package",
        "DataCite 4",
        "Pack the case again, or casepack doi set.",
    ),
    "link-broken": _kind(
        _E, "the page links to a file that is not here", "HTML", "Pack the case again."
    ),
    "link-external": _kind(
        _W,
        "the page loads something from the network",
        "HTML",
        "Pack the case again; a package opens from disk.",
    ),
    "json-invalid": _kind(_E, "not valid JSON", "RFC 8259", "Pack the case again."),
    "lesion-unresolved": _kind(
        _E,
        "a lesion names an instance that is not here",
        "casepack layout",
        "Pack the case again.",
    ),
    "lesion-differs": _kind(
        _E,
        "a lesion's numbers differ from those in the Structured Report",
        "PS3.16 TID 1500",
        "Pack the case again.",
    ),
    "segment-differs": _kind(
        _E,
        "a lesion's pixels, area or volume differ between its Segmentation, its report and the"
        " plain file",
        "PS3.3 A.51",
        "Pack the case again.",
    ),
    "figure-unresolved": _kind(
        _E,
        "a figure names an instance or picture that is not here",
        "casepack layout",
        "Pack the case again.",
    ),
    "case-invalid": _kind(
        _E, "the case is not what a case file can say", "casepack layout", "Pack the case again."
    ),
    "case-required": _kind(
        _W, "the case lacks what its publication profile requires", "publication profile", _WRITE
    ),
    "case-limit": _kind(
        _W,
        "a part of the case is longer or shorter than its publication profile asks for",
        "publication profile",
        _WRITE,
    ),
    "case-not-allowed": _kind(
        _W,
        "a part of the case is none of the values of its publication profile",
        "publication profile",
        _WRITE,
    ),
    "case-doubt": _kind(
        _W, "a reviewer would ask about a part of the case", "CARE 2013", "Read it; pack again."
    ),
    "case-unresolved": _kind(
        _E, "the case names a study that is not here", "casepack layout", "Pack the case again."
    ),
}
