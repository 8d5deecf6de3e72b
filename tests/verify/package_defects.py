"""Defects of a package, one at a time, each with the one code that names it.

Where a defect lies inside of the payload, the bag is made again, so that its checksums are right:
the check that the code belongs to has to find it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pydicom

from casepack.package.archive import write_archive
from tests.verify.packages import edit_json, rebag
from tests.verify.studies import FAMILY, GIVEN


@dataclass(frozen=True)
class PackageDefect:
    """What is done to a clean package, and what must be found."""

    codes: frozenset[str]
    what: str
    spoil: Callable[[Path], object]

    def __str__(self) -> str:
        return f"{'+'.join(sorted(self.codes))}: {self.what}"


PACKAGE_DEFECTS: list[PackageDefect] = []


def outside(codes: str, what: str) -> Callable[[Callable[[Path], object]], None]:
    """The bag itself is changed."""

    def add(spoil: Callable[[Path], object]) -> None:
        PACKAGE_DEFECTS.append(
            PackageDefect(codes=frozenset(codes.split()), what=what, spoil=spoil)
        )

    return add


def inside(codes: str, what: str) -> Callable[[Callable[[Path], object]], None]:
    """The payload is changed, and the bag made again."""

    def add(spoil: Callable[[Path], object]) -> None:
        def spoil_and_rebag(root: Path) -> None:
            spoil(root / "data")
            rebag(root)

        outside(codes, what)(spoil_and_rebag)

    return add


def on_json(codes: str, what: str, name: str, edit: Callable[[Any], object]) -> None:
    inside(codes, what)(lambda data: edit_json(data / name, edit))


def _update(entry: dict[str, Any], content: Any) -> None:
    content.update(entry)


def images(data: Path) -> list[Path]:
    return sorted((data / "dicom").rglob("IM*"))


# -------------------------------------------------------------------------------- bag
outside("bag-invalid", "a changed byte")(
    lambda r: (r / "data/README.txt").write_text("something else", "utf-8")
)
outside("bag-invalid", "a missing checksum line")(
    lambda r: _drop_line(r / "manifest-sha512.txt", "README.txt")
)


@outside("bag-invalid bag-tag-manifest", "no bagit.txt, no manifests")
def _no_manifests(root: Path) -> None:
    for path in root.glob("*.txt"):
        if path.name != "bag-info.txt":
            path.unlink()


outside("bag-unlisted", "a file at the top")(lambda r: (r / "secret.txt").write_text("nothing"))


@outside("bag-unlisted", "a file in a folder at the top")
def _folder_at_top(root: Path) -> None:
    (root / "more").mkdir()
    (root / "more/notes.txt").write_text("nothing")


outside("bag-tag-manifest", "no tag manifest")(lambda r: (r / "tagmanifest-sha512.txt").unlink())
outside("bag-tag-manifest", "a tag file that is not listed")(
    lambda r: _drop_line(r / "tagmanifest-sha512.txt", "bag-info.txt")
)
outside("bag-empty-folder", "an empty folder")(lambda r: (r / "data/figures/raw").mkdir())


@outside("archive-differs", "a zip file beside it that holds another file")
def _other_copy(root: Path) -> None:
    with zipfile.ZipFile(write_archive(root), "a") as archive:
        archive.writestr(f"{root.name}/data/more.txt", "nothing")


def _drop_line(path: Path, end: str) -> None:
    lines = path.read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.rstrip().endswith(end)]
    assert len(kept) == len(lines) - 1
    path.write_text("".join(kept), "utf-8")
    tag_manifest = path.with_name("tagmanifest-sha512.txt")
    if path.name.startswith("manifest"):
        _refresh(tag_manifest, path)


def _refresh(tag_manifest: Path, path: Path) -> None:
    digest = hashlib.sha512(path.read_bytes()).hexdigest()
    lines = tag_manifest.read_text("utf-8").splitlines()
    changed = [
        f"{digest}  {path.name}" if line.endswith(f" {path.name}") else line for line in lines
    ]
    tag_manifest.write_text("\n".join(changed) + "\n", "utf-8")


# ----------------------------------------------------------------------------- layout
inside("package-file-missing crate-missing link-broken", "no LICENSE")(
    lambda d: (d / "LICENSE").unlink()
)
inside("package-file-unknown crate-unlisted", "a file of nobody's")(
    lambda d: (d / "notes.txt").write_text("nothing")
)

# ------------------------------------------------------------------------------ crate
inside("crate-invalid", "not JSON")(lambda d: (d / "ro-crate-metadata.json").write_text("{"))
on_json("crate-invalid", "no graph", "ro-crate-metadata.json", lambda crate: crate.clear())
on_json(
    "crate-invalid",
    "no root data set",
    "ro-crate-metadata.json",
    lambda crate: _without(crate["@graph"], "@id", "./"),
)
on_json(
    "crate-unlisted",
    "a file without its entity",
    "ro-crate-metadata.json",
    lambda crate: _without(crate["@graph"], "@id", "case.md"),
)
on_json(
    "crate-missing",
    "an entity without its file",
    "ro-crate-metadata.json",
    lambda crate: crate["@graph"].append({"@id": "case.pdf", "@type": "File"}),
)


def _without(entries: list[dict[str, Any]], key: str, value: str) -> None:
    entries[:] = [entry for entry in entries if entry.get(key) != value]


# --------------------------------------------------------------------------- DataCite
inside("datacite-invalid", "JSON that is none")(lambda d: (d / "doi/datacite.json").write_text("["))
inside("datacite-invalid", "XML that is none")(lambda d: (d / "doi/datacite.xml").write_text("<a>"))
inside("datacite-invalid", "XML of something else")(
    lambda d: (d / "doi/datacite.xml").write_text("<resource/>")
)
inside("datacite-invalid", "an entity bomb")(
    lambda d: (d / "doi/datacite.xml").write_text(
        '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;">]><a>&c;&c;</a>'
    )
)
on_json(
    "datacite-invalid",
    "a type that there is not",
    "doi/datacite.json",
    lambda record: record["types"].update(resourceTypeGeneral="CaseReport"),
)
on_json(
    "datacite-incomplete datacite-differs datacite-other-case",
    "no creators",
    "doi/datacite.json",
    lambda record: record.pop("creators"),
)
on_json(
    "datacite-incomplete",
    "an unknown publisher",
    "doi/datacite.json",
    lambda record: record.update(publisher={"name": ":unav"}),
)
for _what, _entry in (
    ("a date that there is not", {"dates": [{"date": "2026-02-30", "dateType": "Issued"}]}),
    ("an issue in another year", {"dates": [{"date": "2025-01-02", "dateType": "Issued"}]}),
    ("no language", {"language": "english, of course"}),
    (
        "an identifier that is none",
        {"relatedIdentifiers": [{"relatedIdentifierType": "DOI", "relatedIdentifier": "x"}]},
    ),
    (
        "a licence that there is not",
        {"rightsList": [{"rightsIdentifier": "CC-9", "rightsIdentifierScheme": "SPDX"}]},
    ),
):
    on_json("datacite-invalid", _what, "doi/datacite.json", partial(_update, _entry))
on_json(
    "datacite-invalid",
    "an ORCID iD with a wrong checksum",
    "doi/datacite.json",
    lambda record: record["creators"][0].update(
        nameIdentifiers=[
            {
                "nameIdentifierScheme": "ORCID",
                "nameIdentifier": "https://orcid.org/0000-0002-1825-0098",
            }
        ]
    ),
)
on_json(
    "datacite-schema",
    "a kind of title that there is not",
    "doi/datacite.json",
    lambda record: record["titles"][0].update(titleType="Nickname"),
)
on_json(
    "datacite-other-case",
    "the case has another title",
    "case.json",
    lambda content: content["case"].update(title="Another case"),
)
on_json(
    "datacite-other-case",
    "the case has a DOI",
    "case.json",
    lambda content: content["case"].update(doi="10.1594/EURORAD/CASE.12973"),
)
on_json(
    "citation-differs datacite-differs datacite-other-case",
    "another title",
    "doi/datacite.json",
    lambda record: record["titles"][0].update(title="Another"),
)

# ------------------------------------------------------------------------------ pages
inside("link-broken", "a picture that is not there")(
    lambda d: _append(d / "index.html", '<img src="figures/fig99.png">')
)
inside("link-broken", "a link out of the package")(
    lambda d: _append(d / "index.html", '<a href="../bag-info.txt">bag</a>')
)
inside("link-broken", "a place that is not there")(
    lambda d: _append(d / "index.html", '<a href="#nowhere">nowhere</a>')
)
inside("link-broken", "a stack of the viewer that is not there")(
    lambda d: _append(d / "index.html", '<script>["preview/x/000.webp"]</script>')
)
inside("link-external", "a script from the network")(
    lambda d: _append(d / "index.html", '<script src="https://cdn.example/a.js"></script>')
)
for _what, _text in (
    ("a style", '<div style="background:url(https://cdn.example/a.png)"></div>'),
    ("an imported style", '<style>@import "https://cdn.example/a.css";</style>'),
    ("one of several pictures", '<img srcset="https://cdn.example/a.png 2x" alt="">'),
    ("the base of all links", '<base href="https://cdn.example/">'),
    ("the next page", '<meta http-equiv="refresh" content="0;url=https://cdn.example/">'),
    ("a form", '<form action="https://cdn.example/"></form>'),
    ("a request", '<script>\nfetch("https://cdn.example/a")</script>'),
    ("a socket", "<script>new WebSocket('wss://cdn.example')</script>"),
    ("an older request", '<script>x.open("GET", "//cdn.example/a")</script>'),
    ("a module", '<script type="module">import a from "https://cdn.example/a.js"</script>'),
    ("who follows a link", '<a href="#" ping="https://cdn.example/">x</a>'),
):
    inside("link-external", f"{_what} of the network")(
        partial(lambda text, d: _append(d / "deid/report.html", text), _text)
    )
inside("link-broken", "a picture of a style")(
    lambda d: _append(d / "index.html", "<style>a{background:url(nothing.png)}</style>")
)
inside("link-broken", "a picture in the text of the case")(
    lambda d: _append(d / "case.md", "![Figure 9](figures/fig9.png)")
)
for _name in ("CITATION.cff", "doi/zenodo.json", "export/mirc.xml"):
    inside("citation-differs", f"{_name} of another case")(
        partial(lambda name, d: _replace(d / name, "A case", "Another"), _name)
    )
    inside("citation-differs", f"{_name} that is none")(
        partial(lambda name, d: (d / name).write_text("<{[", "utf-8"), _name)
    )
inside("json-invalid", "a report that is not JSON")(
    lambda d: (d / "deid" / "report.json").write_text("{", "utf-8")
)
inside("link-external", "a picture from the network")(
    lambda d: _append(d / "deid/report.html", '<img src="//cdn.example/a.png">')
)


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def _append(path: Path, text: str) -> None:
    path.write_text(path.read_text("utf-8") + text + "\n", "utf-8")


# ------------------------------------------------------------------------ annotations
LESIONS, FIGURES, CASE = "annotations/lesions.json", "figures/figures.json", "case.json"
inside("json-invalid", "lesions that are not JSON")(lambda d: (d / LESIONS).write_text("{"))
inside("json-invalid", "figures that are not JSON")(lambda d: (d / FIGURES).write_text("{"))
inside(
    # the authors and references, who may be named, are not known then
    "json-invalid identifier-person-name name-in-text institution-in-text",
    "a case that is not JSON",
)(lambda d: (d / CASE).write_text("{"))


def _measurement(content: Any) -> dict[str, Any]:
    found: dict[str, Any] = content["lesions"][0]["measurements"][0]
    return found


on_json(
    "lesion-unresolved",
    "an instance that is not there",
    LESIONS,
    lambda content: _measurement(content).update(sop_instance_uid="2.25.1"),
)
on_json(
    "lesion-unresolved",
    "a frame that is not there",
    LESIONS,
    lambda content: _measurement(content).update(frame=2),
)
on_json(
    "lesion-unresolved",
    "a path to another image",
    LESIONS,
    lambda content: _measurement(content).update(path="dicom/DICOMDIR"),
)


def _add(key: str, content: Any) -> None:
    for measurement in content["lesions"][0]["measurements"]:
        measurement[key] += 0.02


for _key in ("long_axis_mm", "short_axis_mm", "area_mm2", "craniocaudal_mm"):
    on_json(
        "lesion-differs",
        f"{_key} by 0.02",
        LESIONS,
        partial(_add, _key),
    )
on_json(
    "lesion-differs segment-differs",
    "no lesions",
    LESIONS,
    lambda content: content["lesions"].clear(),
)


def _segment(content: Any) -> dict[str, Any]:
    """Return the segment that has a volume."""
    found: dict[str, Any] = next(
        one for one in content["lesions"][0]["segments"] if one["volume_ml"]
    )
    return found


on_json(
    "segment-differs",
    "a volume by 0.02",
    LESIONS,
    lambda content: _segment(content).update(volume_ml=_segment(content)["volume_ml"] + 0.02),
)
on_json(
    "segment-differs",
    "a segment of other images",
    LESIONS,
    lambda content: _segment(content)["frames"].pop(),
)
on_json(
    "segment-differs",
    "a segment that no file lists",
    LESIONS,
    lambda content: content["lesions"][0]["segments"].pop(),
)


@inside("segment-differs", "pixels of a segment that are gone")
def _fewer_pixels(data: Path) -> None:
    path = next(path for path in images(data) if pydicom.dcmread(path).Modality == "SEG")
    ds = pydicom.dcmread(path)
    ds.PixelData = bytes(len(ds.PixelData))
    ds.save_as(path, enforce_file_format=True)


on_json(
    "figure-unresolved",
    "an instance that is not there",
    FIGURES,
    lambda figures: figures[0].update(sop_instance_uid="2.25.1"),
)
on_json(
    "figure-unresolved",
    "a picture that is not there",
    FIGURES,
    lambda figures: figures[0].update(file="fig77.png"),
)
on_json(
    "figure-unresolved",
    "a picture outside",
    FIGURES,
    lambda figures: figures[0].update(file="../README.txt/../../bagit.txt"),
)
on_json(
    "case-unresolved",
    "a study that is not there",
    CASE,
    lambda case: case["studies"][0].update(study_instance_uid="2.25.1"),
)
on_json(
    "case-unresolved",
    "an instance that is not listed",
    CASE,
    lambda case: case["studies"][0]["series"][0]["instances"].pop(),
)


def _of_case(**changes: object) -> Callable[[Any], object]:
    return lambda content: content["case"].update(changes)


on_json("case-required", "no history", CASE, _of_case(clinical_history=""))
on_json("case-required", "no consent", CASE, _of_case(consent="", consent_from=None))
on_json("case-limit", "one keyword", CASE, _of_case(keywords=["spine"]))
on_json("case-doubt", "a placeholder", CASE, _of_case(outcome="TODO"))
on_json(
    "case-doubt",
    "an age that identifies",
    CASE,
    _of_case(clinical_history="A man of 94 years of age."),
)
on_json("case-invalid", "a part that there is not", CASE, _of_case(mother="unknown"))
on_json("case-invalid", "an id that is no name", CASE, _of_case(id="../x"))
on_json(
    "case-required case-not-allowed",
    "no section of Eurorad",
    CASE,
    _of_case(profile="eurorad", section="Somewhere"),
)

# --------------------------------------------------------------------------- DICOMDIR


@inside(
    "directory-missing-file crate-missing case-unresolved instance-missing lesion-differs"
    " segment-differs directory-mismatch figure-unresolved reference-dangling",
    "a report and a series of images are gone",
)
def _series_gone(data: Path) -> None:
    shutil.rmtree(images(data)[0].parent)
    (data / LESIONS).write_text(json.dumps({"lesions": []}), "utf-8")


@inside("directory-unlisted-file case-unresolved", "a file more")
def _file_more(data: Path) -> None:
    ds = pydicom.dcmread(images(data)[0])
    del ds.PixelData, ds.ReferencedImageSequence
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.UID("2.25.99")
    ds.save_as(images(data)[0].with_name("IM000099"), enforce_file_format=True)


@inside("directory-mismatch", "a record with another UID")
def _other_record(data: Path) -> None:
    path = data / "dicom/DICOMDIR"
    ds = pydicom.dcmread(path)
    record = next(one for one in ds.DirectoryRecordSequence if "ReferencedFileID" in one)
    # of the same length, so that the offsets of the records stay right
    record.ReferencedSOPInstanceUIDInFile = record.ReferencedSOPInstanceUIDInFile[:-1] + "8"
    ds.save_as(path, enforce_file_format=True)


@inside("directory-mismatch", "another patient")
def _other_patient(data: Path) -> None:
    path = data / "dicom/DICOMDIR"
    content = path.read_bytes()
    assert content.count(b"CASE0001") == 1
    path.write_bytes(content.replace(b"CASE0001", b"CASE0002"))


@inside("directory-file-id directory-unlisted-file", "a File ID that leads out")
def _file_id(data: Path) -> None:
    path = data / "dicom/DICOMDIR"
    content = path.read_bytes()
    first = rb"PT000000\ST000000\SE000000\IM000000"
    assert content.count(first) == 1
    path.write_bytes(content.replace(first, rb"..\..\..\..\..\..\..\..\..\..\..\a1"[:35].ljust(35)))


@inside("directory-broken", "no records")
def _no_records(data: Path) -> None:
    path = data / "dicom/DICOMDIR"
    ds = pydicom.dcmread(path)
    ds.DirectoryRecordSequence = []
    ds.save_as(path, enforce_file_format=True)


# ------------------------------------------------------------------------ identifiers
inside("identifier-patient-name", "the whole name in the text of the case")(
    lambda d: _append(d / "case.md", f"{GIVEN} {FAMILY} came back.")
)
inside("identifier-patient-name", "part of the name in a page")(
    lambda d: _append(d / "index.html", f"<p>Frau {FAMILY}</p>")
)
