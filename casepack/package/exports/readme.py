"""README.txt: what a package is, for someone who finds it on a disk years later."""

from __future__ import annotations

from casepack.case import Case
from casepack.package.licences import find_licence
from casepack.package.text import one_line, wrap
from casepack.package.wording import RISK, cite

_CONTENTS = (
    ("index.html", "the case, with an image viewer; open it in a browser, no network needed"),
    ("dicom/", "the images and annotations: a DICOM file-set; DICOMDIR is its directory"),
    ("case.json", "the case as data: text, studies, series, instances and their files"),
    ("case.md", "the case as text"),
    ("annotations/", "the lesions as plain JSON: outlines in mm, measurements, codes"),
    ("figures/", "the figures with their captions"),
    ("preview/", "pictures of the images for index.html; not for diagnosis"),
    ("deid/", "the de-identification report: what was done and what was checked"),
    ("doi/", "metadata for registering a DOI"),
    ("export/", "the text in the order of submission forms"),
    ("CITATION.cff", "how to cite, for reference managers"),
    ("LICENSE", "the licence"),
    ("ro-crate-*", "the description of this folder as an RO-Crate"),
)


def write_readme(case: Case, software: str) -> str:
    """Return the text of ``README.txt``, lines of at most 78 characters."""
    licence = find_licence(case.licence)
    parts = [
        _heading(one_line(case.title), "="),
        _fill(
            "This is a radiology case for teaching and research: de-identified DICOM images, "
            "the lesions as annotations, and the text of the case."
        ),
        _heading("What is here"),
        "\n".join(map(_entry, _CONTENTS)),
        _heading("How to open it"),
        _fill("Open index.html in a browser to read the case and to page through the images."),
        _fill(
            "Open dicom/ in a DICOM viewer, or import its DICOMDIR, for measurements at full "
            "depth. The images are not meant for diagnosis or treatment."
        ),
        _fill(
            "The folder that holds this one (data/) is a bag after RFC 8493: the manifest beside "
            "data/ has the SHA-512 of every file, and any bag validator can tell whether one has "
            "changed."
        ),
        _heading("Privacy"),
        _fill(
            "The images were de-identified after DICOM PS3.15 Annex E, and the result was checked "
            "by separate code; deid/report.html says what was done. " + RISK
        ),
        _heading("How to cite"),
        _fill(cite(case)),
        _heading("Licence"),
        _fill(f"{licence.name}. {licence.url}".strip()),
        f"Made with {software}.",
    ]
    return "\n\n".join(parts)


def _fill(text: str) -> str:
    return "\n".join(wrap(text))


def _heading(text: str, line: str = "-") -> str:
    lines = wrap(text)
    return "\n".join([*lines, line * max(map(len, lines))])


def _entry(entry: tuple[str, str]) -> str:
    name, text = entry
    first, *rest = wrap(" " * 17 + text)
    return "\n".join([f"  {name:<15}{first.strip()}", *(" " * 17 + line for line in rest)])
