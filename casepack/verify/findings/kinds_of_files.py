"""Findings on files, and on what in them identifies somebody."""

from __future__ import annotations

from typing import Final

from casepack.verify.findings.kind import ANNEX_E, E, Kind, W, describe

_KEPT: Final = "De-identify this file again; the original value must not leave."
_LOOK: Final = "Read it with --reveal; remove it if it tells of a person, or check with --original."

FILE_KINDS: Final[dict[str, Kind]] = {
    # files
    "file-unreadable": describe(
        E, "the file cannot be opened", "PS3.10 7", "Check its permissions, or write it again."
    ),
    "file-empty": describe(E, "the file is empty", "PS3.10 7.1", "Delete it, or write it again."),
    "file-truncated": describe(
        E, "the file ends inside a Data Element", "PS3.10 7.1", "Write it again from its source."
    ),
    "file-malformed": describe(
        E, "the Data Set is not validly encoded", "PS3.5 7", "Write it again from its source."
    ),
    "file-claims-dicom": describe(
        E, "named like a DICOM file but is none", "PS3.10 7.1", "Write it again, or delete it."
    ),
    "file-symlink": describe(
        E,
        "a symbolic link, which leads out of what is checked",
        "PS3.10 8",
        "Replace it by the file that it names, or delete it.",
    ),
    "file-too-large": describe(
        E, "too large when unpacked; its content was not searched", "", "Unpack it and look."
    ),
    "archive-broken": describe(
        E,
        "an archive or compressed file cannot be unpacked whole",
        "APPNOTE.TXT 4.3",
        "Write it again from its source, or delete it.",
    ),
    "archive-encrypted": describe(
        E,
        "a member of an archive is encrypted, so that nobody can check it",
        "APPNOTE.TXT 4.4.4",
        "Archive it again without a password, or delete it.",
    ),
    "archive-escape": describe(
        E,
        "a member of an archive would be unpacked outside of the folder",
        "APPNOTE.TXT 4.4.17",
        "Do not unpack it. Archive the files again with relative names.",
    ),
    "archive-link": describe(
        E,
        "a member of an archive is a link or a device, not a file",
        "APPNOTE.TXT 4.4.15",
        "Do not unpack it. Archive the file that it names instead.",
    ),
    "archive-repeated": describe(
        E,
        "an archive holds two members of the same name, of which programs unpack one or the other",
        "APPNOTE.TXT 4.4.17",
        "Archive the files again.",
    ),
    "archive-bomb": describe(
        E,
        "an archive unpacks to more than any images do; it was not unpacked",
        "APPNOTE.TXT 4.4.9",
        "Delete it, unless you know what it holds.",
    ),
    "archive-differs": describe(
        E,
        "the zip file beside the package does not hold the same files",
        "casepack layout",
        "Write it again: delete it, then casepack archive PACKAGE.",
    ),
    "nothing-to-check": describe(
        E, "no DICOM file was found", "PS3.10 8", "Give the folder that holds the DICOM files."
    ),
    "archive-unknown": describe(
        E,
        "a kind of archive that is not unpacked here, so that nobody has searched it",
        "",
        "Unpack it and check again, or delete it.",
    ),
    "document-encrypted": describe(
        E,
        "a PDF document is encrypted, so that nobody can check it",
        "ISO 32000-1 7.6",
        "Write it again without a password, or delete it.",
    ),
    "file-no-prefix": describe(
        E,
        "a Data Set without preamble and prefix: programs read it, but it was not checked as one",
        "PS3.10 7.1",
        "Write it again as a DICOM file, or delete it.",
    ),
    "elements-too-many": describe(
        E,
        "more Data Elements than any object has; those beyond were not checked",
        "PS3.5 7",
        "Delete it, unless you know what it holds.",
    ),
    # identifiers
    "identifier-patient-name": describe(E, "holds a name of the patient", ANNEX_E, _KEPT),
    "identifier-person-name": describe(E, "holds the name of another person", ANNEX_E, _KEPT),
    "identifier-number": describe(E, "holds an original identifier or number", ANNEX_E, _KEPT),
    "identifier-date": describe(E, "holds an original date", ANNEX_E, _KEPT),
    "identifier-uid": describe(E, "holds an original UID", ANNEX_E, _KEPT),
    "identifier-institution": describe(
        E, "holds an original institution, address or place", ANNEX_E, _KEPT
    ),
    "identifier-device": describe(
        E, "holds an original station, device number or AE title", ANNEX_E, _KEPT
    ),
    "identifier-text": describe(E, "holds an original text that had to be removed", ANNEX_E, _KEPT),
    "date-unchanged": describe(
        E, "a date is the original's own, although dates are shifted", "PS3.15 E.3.6", _KEPT
    ),
    "name-in-text": describe(
        W,
        "a word of the text is also part of an original person's name",
        ANNEX_E,
        "Read the place; change the text if it means that person.",
    ),
    "institution-in-text": describe(
        W,
        "the text names the original institution",
        ANNEX_E,
        "Keep it only as an author's affiliation.",
    ),
    # what looks like an identifier, without the originals
    "date-in-text": describe(W, "a text holds what looks like a date", ANNEX_E, _LOOK),
    "mail-in-text": describe(W, "a text holds a mail address", ANNEX_E, _LOOK),
    "phone-in-text": describe(W, "a text holds what looks like a phone number", ANNEX_E, _LOOK),
    "number-in-text": describe(
        W, "a text holds what looks like the number of a person or case", ANNEX_E, _LOOK
    ),
    "person-in-text": describe(W, "a text seems to name a person", ANNEX_E, _LOOK),
    "words-unknown": describe(
        W,
        "a text holds words that are no clinical or technical language: names, perhaps",
        "PS3.15 E.3.5",
        _LOOK,
    ),
    "value-not-dummy": describe(
        W,
        "a value stands where only none or a dummy may stand",
        "PS3.15 Table E.1-1",
        _LOOK,
    ),
}
