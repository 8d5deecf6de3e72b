"""Findings on the Attributes, pixels and references of DICOM files."""

from __future__ import annotations

from typing import Final

from casepack.verify.findings.kind import ANNEX_E, E, Kind, N, W, describe

ATTRIBUTE_KINDS: Final[dict[str, Kind]] = {
    # attributes
    "attribute-not-removed": describe(
        E,
        "an Attribute stands that the claimed Profile and Options remove",
        "PS3.15 Table E.1-1",
        "Remove it, or claim the Option that keeps it.",
    ),
    "attribute-not-listed": describe(
        W,
        "an Attribute stands that may identify, although Table E.1-1 does not list it",
        ANNEX_E,
        "Remove it.",
    ),
    "name-not-dummy": describe(
        W, "a person's name does not look like a dummy value", "PS3.15 E.1.1", "Look at it."
    ),
    "birth-date-kept": describe(
        W, "a birth date stands; no Option retains it", "PS3.15 Table E.1-1", "Empty it."
    ),
    "date-without-option": describe(
        W,
        "a date stands, although no Option that retains dates is claimed",
        "PS3.15 E.3.6",
        "Empty it, or claim 113106 or 113107 if that is what was done.",
    ),
    "age-over-89": describe(
        W, "an age over 89 stands; few people are that old", "45 CFR 164.514(b)(2)", "Write 090Y."
    ),
    "private-element": describe(
        E,
        "private Data Elements stand, and Retain Safe Private is not claimed",
        "PS3.15 E.3.10",
        "Remove them.",
    ),
    "private-not-safe": describe(
        W,
        "a private Data Element stands that Table E.3.10-1 does not list as safe",
        "PS3.15 Table E.3.10-1",
        "Remove it, or justify it.",
    ),
    "private-unclaimed": describe(
        E,
        "a private Data Element has no Private Creator",
        "PS3.5 7.8",
        "Remove it: nobody can say what it holds.",
    ),
    "overlay-or-curve": describe(
        E,
        "an overlay or curve stands, and Clean Graphics is not claimed",
        "PS3.15 E.3.3",
        "Remove the whole group.",
    ),
    "group-length": describe(
        W, "a retired group length stands; it tells the original's size", "PS3.5 7.2", "Drop it."
    ),
    "group-0004": describe(
        E, "a directory element stands outside a DICOMDIR", ANNEX_E, "Remove group 0004."
    ),
    "command-group": describe(
        E, "a command element stands in a stored Data Set", "PS3.10 7.1", "Remove group 0000."
    ),
    "encrypted-attributes": describe(
        W,
        "encrypted original Attributes stand",
        "PS3.15 E.1.1",
        "Publish without them: keys leak with time.",
    ),
    "element-repeated": describe(
        E,
        "a Data Element occurs twice, so that readers see different values",
        "PS3.5 7.1",
        "Write the file again.",
    ),
    "preamble-not-zero": describe(
        E, "the 128-byte preamble is not zero", "PS3.10 7.1", "Write zero bytes."
    ),
    "trailing-bytes": describe(
        E, "bytes follow the last Data Element", "PS3.10 7.1", "Write the file again."
    ),
    "meta-element": describe(
        E,
        "File Meta Information holds an element that must be replaced whole",
        "PS3.15 E.1.1",
        "Rebuild the File Meta Information.",
    ),
    "meta-mismatch": describe(
        E,
        "File Meta Information and Data Set disagree on the SOP Class or Instance",
        "PS3.10 7.1",
        "Rebuild the File Meta Information.",
    ),
    "not-marked": describe(
        E,
        "Patient Identity Removed is not YES",
        "PS3.15 E.1.1",
        "Set (0012,0062) when the identity is removed.",
    ),
    "method-missing": describe(
        W,
        "the de-identification method is not given as codes of CID 7050",
        "PS3.15 E.1.1",
        "Fill (0012,0064); without it only the Basic Profile can be checked.",
    ),
    "method-unknown": describe(
        E, "a method code is not in CID 7050", "PS3.16 CID 7050", "Correct (0012,0064)."
    ),
    "method-contradiction": describe(
        E,
        "both Options for dates are claimed, which exclude each other",
        "PS3.15 E.3.6",
        "Claim one of 113106 and 113107.",
    ),
    "option-not-claimed": describe(
        N,
        "all that may not stand is what an Option would allow that is not claimed",
        "PS3.15 E.1.1",
        "Claim the Option in (0012,0064) if that is what was done; else remove what it allows.",
    ),
    "dates-not-declared": describe(
        E,
        "Longitudinal Temporal Information Modified is missing or unknown",
        "PS3.15 E.1.1",
        "Set (0028,0303) to REMOVED, UNMODIFIED or MODIFIED.",
    ),
    "dates-contradiction": describe(
        E,
        "(0028,0303) contradicts the claimed Option for dates",
        "PS3.15 E.3.6",
        "Make them agree with what was done.",
    ),
    "overlay-not-shown": describe(
        W,
        "an overlay or curve stands; that it was cleaned is claimed, and cannot be seen",
        "PS3.15 E.3.3",
        "Look at it in a viewer that draws overlays; remove it if it holds text.",
    ),
    "claim-not-met": describe(
        E,
        "an Option is claimed that retains what was changed",
        "PS3.15 E.3",
        "Claim only the Options that were used.",
    ),
    "meaning-changed": describe(
        E,
        "what says where, how large, which side or how bright the picture is differs from the "
        "original's",
        "PS3.15 E.1.1",
        "De-identify again; such Attributes keep their values.",
    ),
    # pixels
    "pixel-claim-not-met": describe(
        E,
        "Clean Pixel Data is claimed, but Burned In Annotation is not NO",
        "PS3.15 E.3.1",
        "Set (0028,0301) after the pixels were cleaned.",
    ),
    "visual-claim-not-met": describe(
        E,
        "Clean Recognizable Visual Features is claimed, but (0028,0302) is not NO",
        "PS3.15 E.3.2",
        "Set (0028,0302) after the features were removed.",
    ),
    "burned-in": describe(
        E, "Burned In Annotation is YES", "PS3.15 E.1.1", "Clean the pixels, or leave it out."
    ),
    "text-in-pixels": describe(
        W,
        "pictures seem to hold text that is drawn into the pixels",
        "PS3.15 E.3.1",
        "Look at them; if it tells of a person, clean the pixels or leave them out.",
    ),
    "pixels-not-examined": describe(
        N,
        "the Pixel Data cannot be decoded here, so that text was not looked for",
        "PS3.15 E.3.1",
        "Look at them. pip install 'casepack[codecs]' has more decoders.",
    ),
    "pixels-changed": describe(
        E,
        "the Pixel Data are in no original",
        "PS3.3 C.7.6.3",
        "De-identify again; pixels that need no cleaning keep their bytes.",
    ),
    "pixels-not-covered": describe(
        E,
        "the report says that boxes were covered, and the Pixel Data are not the original's with "
        "these boxes filled",
        "PS3.15 E.3.1",
        "De-identify again; what was burned in may still be there.",
    ),
    "pixels-repeated": describe(
        E,
        "the same Pixel Data occur more often than in the originals",
        "PS3.3 C.7.6.3",
        "De-identify again.",
    ),
    "bits-unused": describe(
        W,
        "bits beyond Bits Stored hold something: an overlay may be hidden there",
        "PS3.5 8.1.1",
        "Clear these bits; viewers may draw them.",
    ),
    # references
    "uid-missing": describe(
        E, "a SOP Class, Instance, Study or Series UID is missing", "PS3.3 C.12.1", "Mend it."
    ),
    "uid-duplicate": describe(
        E, "two files have the same SOP Instance UID", "PS3.5 9", "Keep one of them."
    ),
    "uid-not-one-to-one": describe(
        E,
        "the UIDs of the originals and the new ones do not correspond one to one",
        "PS3.15 E.1.1",
        "De-identify the whole set in one run.",
    ),
    "reference-dangling": describe(
        E,
        "a reference names an instance that is not here",
        "PS3.3 C.17.2",
        "Add the instance, or remove the reference.",
    ),
    "reference-broken": describe(
        E,
        "a reference that resolved in the originals no longer does",
        "PS3.15 E.1.1",
        "Map every UID with the same key.",
    ),
    "reference-external": describe(
        N, "a reference names an instance outside of this set", "PS3.3 10.3", ""
    ),
    "reference-class": describe(
        E, "a reference names another SOP Class than the instance has", "PS3.3 10.8", "Mend it."
    ),
    "reference-segment": describe(
        E, "a segment is referred to that is not there", "PS3.3 C.8.20.2", "Mend the reference."
    ),
    "reference-space": describe(
        E,
        "coordinates are in a Frame of Reference that no image here has",
        "PS3.3 C.7.4.1",
        "Give the images as well, or mend the UID.",
    ),
    "reference-frame": describe(
        E, "a reference names a frame that the instance does not have", "PS3.3 10.3", "Mend it."
    ),
    "reference-series": describe(
        E,
        "a reference places an instance in a Study or Series that it is not in",
        "PS3.3 C.17.2.1",
        "Mend it.",
    ),
    "patients-mixed": describe(
        E, "more than one Patient ID occurs", "PS3.3 C.7.1.1", "Check one patient at a time."
    ),
    "study-structure": describe(
        E,
        "studies or series were split or joined",
        "PS3.15 E.1.1",
        "De-identify the whole set in one run.",
    ),
    "interval-changed": describe(
        E,
        "the interval between two studies is not the original one",
        "PS3.15 E.3.6",
        "Shift all dates of a patient by the same time.",
    ),
    "instance-missing": describe(
        W, "instances of the originals are missing", "PS3.15 E.1.1", "See the list of held files."
    ),
    "instance-unlisted": describe(
        E, "a DICOM file is here that the run did not make", "", "Write into an empty folder."
    ),
    "instance-lost": describe(
        E, "an instance that the run made is not here", "", "De-identify again."
    ),
}
