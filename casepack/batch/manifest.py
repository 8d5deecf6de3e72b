"""The manifest: which cases a batch makes, from CSV, from YAML or from a folder of studies.

CSV has a header; columns are separated by commas, semicolons or tabs::

    name,study,case,recipe,approved,result,crosswalk,note
    iscm-0001,./a/study,./a/case.yaml,publication,./a/review.csv,package,no,

YAML holds the same, with a recipe for all rows that name none::

    casepack_batch: 1
    recipe: publication
    cases:
      - {name: iscm-0001, study: ./a/study, case: ./a/case.yaml}

Only ``study`` is needed. ``approved`` is a review sheet with decisions; ``result`` is package or
deidentified; with ``crosswalk`` what links old and new is kept in OUT's private folder. Places are
paths, relative to the manifest, or URLs; a study may be a query file for a PACS, as
`casepack.pacs.source` describes it. In a folder of studies each folder is a case; one that holds
``case.yaml`` has that as its case file, and as its study the folder ``study`` in it, if there is
one. Messages name file and line, never a value.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from casepack.batch.places import is_url, read_place
from casepack.batch.task import Form
from casepack.deidentify.pseudonyms import Pseudonyms
from casepack.errors import RecipeError, UsageError
from casepack.recipe import DEFAULT_RECIPE, list_recipes, read_recipe

COLUMNS: Final = ("name", "study", "case", "recipe", "approved", "result", "crosswalk", "note")
CASE_FILE: Final = "case.yaml"
STUDY: Final = "study"
VERSION_KEY: Final = "casepack_batch"

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_YES: Final = {"yes": True, "true": True, "no": False, "false": False, "": False}
_EXAMPLE: Final = "Draft one with: casepack batch --draft ROOT manifest.csv"


class ManifestError(UsageError):
    """A manifest cannot be used; `place` is the file, with the line where there is one."""

    def __init__(self, message: str, *, place: str, advice: str = _EXAMPLE) -> None:
        super().__init__(f"{place}: {message}", advice=advice)
        self.place = place


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One case of a manifest."""

    name: str
    study: str = field(repr=False)
    case_file: str | None = field(repr=False, default=None)
    recipe: str = field(repr=False, default=DEFAULT_RECIPE)
    approved: Path | None = field(repr=False, default=None)
    """Review sheet of an earlier run, with decisions."""
    form: Form = Form.PACKAGE
    keep_crosswalk: bool = False


def read_manifest(path: Path, pseudonyms: Pseudonyms) -> tuple[Entry, ...]:
    """Return the cases of a manifest or of a folder of studies, by name.

    Names that are not given are keyed codes of the study's place, since folders are often named for
    patients.

    Raises
    ------
    ManifestError
        It cannot be read, a row cannot be used, or two have the same name.
    """
    if path.is_dir():
        entries = list(_read_folder(path, pseudonyms))
        if not entries:
            raise ManifestError(
                "the folder holds no folders",
                place="MANIFEST",
                advice="Give a folder with a folder for each patient, or a manifest.",
            )
    else:
        rows, default = _read_rows(path)
        folder = path.absolute().parent
        entries = [_entry(row, place, folder, default, pseudonyms) for place, row in rows]
        if not entries:
            raise ManifestError("names no case", place=path.name)
        _refuse_doubles([(place, one.name) for (place, _), one in zip(rows, entries, strict=True)])
    return tuple(sorted(entries, key=lambda entry: entry.name))


def _read_folder(folder: Path, pseudonyms: Pseudonyms) -> Iterator[Entry]:
    for path in sorted(folder.absolute().iterdir()):
        if not path.is_dir() or path.name.startswith("."):
            continue
        case_file = path / CASE_FILE
        study = path / STUDY if case_file.is_file() and (path / STUDY).is_dir() else path
        yield Entry(
            name=_code(pseudonyms, path.name),
            study=str(study),
            case_file=str(case_file) if case_file.is_file() else None,
        )


def _code(pseudonyms: Pseudonyms, place: str) -> str:
    return f"case-{pseudonyms.code('case', place).lower()}"


Row = Mapping[str, str]


def _read_rows(path: Path) -> tuple[list[tuple[str, Row]], str]:
    """Return the rows, each with its place, and the recipe of those that name none."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ManifestError("there is no such file or folder", place="MANIFEST") from None
    except (OSError, UnicodeDecodeError):
        raise ManifestError(
            "cannot be read as UTF-8 text",
            place="MANIFEST",
            advice="Save it as UTF-8; in a spreadsheet, as CSV UTF-8.",
        ) from None
    if path.suffix.lower() in {".yaml", ".yml"}:
        return _read_yaml(text, path.name)
    return _read_csv(text, path.name), DEFAULT_RECIPE


def _read_csv(text: str, file: str) -> list[tuple[str, Row]]:
    header = text.partition("\n")[0]
    separators = Counter(one for one in header if one in ",;\t")
    separator = separators.most_common(1)[0][0] if separators else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[tuple[str, Row]] = []
    try:
        columns = [cell.strip().lower() for cell in next(reader, [])]
        _refuse_columns(columns, f"{file}:1")
        for cells in reader:
            place = f"{file}:{reader.line_num}"
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(columns):
                raise ManifestError(
                    "has more cells than the header has columns",
                    place=place,
                    advice="Put a path that holds the separator in quotes.",
                )
            rows.append((place, dict(zip(columns, (c.strip() for c in cells), strict=False))))
    except csv.Error:
        raise ManifestError("is not CSV", place=f"{file}:{reader.line_num}") from None
    return rows


def _refuse_columns(columns: Sequence[str], place: str) -> None:
    known = ", ".join(COLUMNS)
    if "study" not in columns:
        raise ManifestError(
            "has no column study", place=place, advice=f"The first line names columns of: {known}."
        )
    if set(columns) - set(COLUMNS) or len(set(columns)) < len(columns):
        raise ManifestError(
            "has a column that is not known, or one twice",
            place=place,
            advice=f"Columns are: {known}.",
        )


def _read_yaml(text: str, file: str) -> tuple[list[tuple[str, Row]], str]:
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        raise ManifestError("is not YAML", place=f"{file}{line}") from None
    if not isinstance(content, dict) or content.get(VERSION_KEY) != 1:
        raise ManifestError(f"does not begin with {VERSION_KEY}: 1", place=file)
    cases, recipe = content.get("cases"), content.get("recipe", DEFAULT_RECIPE)
    if set(content) - {VERSION_KEY, "recipe", "cases"} or not isinstance(recipe, str):
        raise ManifestError(
            "holds something else than cases and recipe, or a recipe that is no text", place=file
        )
    if not isinstance(cases, list):
        raise ManifestError("cases is not a list", place=file)
    return [(f"{file}: cases[{n}]", _yaml_row(c, file, n)) for n, c in enumerate(cases)], recipe


def _yaml_row(content: object, file: str, number: int) -> Row:
    place = f"{file}: cases[{number}]"
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ManifestError("is not a row of names and values", place=place)
    _refuse_columns(list(content), place)
    return {key: _yaml_text(value, place) for key, value in content.items()}


def _yaml_text(value: Any, place: str) -> str:  # noqa: ANN401  # whatever YAML holds
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ManifestError(
            "holds a value that is no text", place=place, advice="Put numbers and dates in quotes."
        )
    return value.strip()


def _entry(row: Row, place: str, folder: Path, default: str, pseudonyms: Pseudonyms) -> Entry:
    study, case_file = row.get("study", ""), row.get("case", "")
    if not study:
        raise ManifestError("names no study", place=place)
    name = row.get("name") or _code(pseudonyms, study)
    if not _NAME.fullmatch(name):
        raise ManifestError(
            "has a name that is none for a package",
            place=place,
            advice="Use lower-case letters, digits and hyphens, at most 64, and no patient's name.",
        )
    form, crosswalk = row.get("result") or Form.PACKAGE.value, row.get("crosswalk", "").lower()
    if form not in set(Form):
        raise ManifestError(
            "asks for a result that is not known", place=place, advice="package or deidentified"
        )
    if crosswalk not in _YES:
        raise ManifestError("crosswalk is neither yes nor no", place=place, advice="yes or no")
    if case_file and form == Form.DEIDENTIFIED:
        raise ManifestError(
            "names a case file, which a de-identified folder does not hold",
            place=place,
            advice="Leave the case file out, or ask for a package.",
        )
    return Entry(
        name=name,
        study=read_place(study, folder),
        case_file=read_place(case_file, folder) if case_file else None,
        recipe=_recipe(row.get("recipe") or default, folder, place),
        approved=_approved(row.get("approved", ""), folder, place),
        form=Form(form),
        keep_crosswalk=_YES[crosswalk],
    )


def _approved(text: str, folder: Path, place: str) -> Path | None:
    if is_url(text):
        raise ManifestError(
            "names a review sheet by URL", place=place, advice="Copy it beside the manifest."
        )
    return (folder / text).absolute() if text else None


def _recipe(text: str, folder: Path, place: str) -> str:
    """Return a shipped recipe's name or the path of a recipe file that can be used."""
    if is_url(text):
        raise ManifestError(
            "names a recipe by URL", place=place, advice="Copy the recipe file beside the manifest."
        )
    try:
        return _check_recipe(text, folder)
    except RecipeError as error:
        raise ManifestError(
            f"its recipe cannot be used ({error.message})", place=place, advice=error.advice
        ) from None


@lru_cache
def _check_recipe(text: str, folder: Path) -> str:
    name = text if text in list_recipes() else str((folder / text).absolute())
    read_recipe(name)
    return name


def _refuse_doubles(named: Sequence[tuple[str, str]]) -> None:
    first: dict[str, str] = {}
    for place, name in named:
        if name in first:
            raise ManifestError(
                f"has the same name as {first[name]}",
                place=place,
                advice="Each case needs a name of its own.",
            )
        first[name] = place
