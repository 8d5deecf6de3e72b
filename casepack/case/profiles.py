"""Publication profiles: data files that say which parts a case needs for which place.

A profile names parts of the case file by paths: ``discussion.outcome``, ``authors[].orcid`` (of
every item of the list), ``treatment | outcome`` (either of them).
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from types import UnionType
from typing import Annotated, Final, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, Field, ValidationError

from casepack.case.model import Case
from casepack.case.parts import Part, Text
from casepack.case.reading import describe_errors, find_line, load_yaml
from casepack.errors import CaseError

_SUFFIX: Final = ".yaml"
PUBLICATION_PROFILES: Final = ("generic", "eurorad", "radiopaedia", "tcia", "zenodo")

Range = tuple[Annotated[int, Field(ge=0)] | None, Annotated[int, Field(ge=0)] | None]


class Limit(Part):
    """How long a part may be: fewest and most, null for no limit."""

    items: Range | None = None
    words: Range | None = None
    characters: Range | None = None
    sentences: Range | None = None


class PublicationProfile(Part):
    """What a place of publication asks of a case."""

    profile: Literal[1]
    title: Text
    source: str = ""
    required: tuple[Text, ...] = ()
    recommended: tuple[Text, ...] = ()
    limits: Annotated[dict[str, Limit], Field(default_factory=dict)]
    allowed: Annotated[dict[str, tuple[Text, ...]], Field(default_factory=dict)]


def read_profile(name: str, folder: Path | None = None) -> PublicationProfile:
    """Read a publication profile.

    Parameters
    ----------
    name
        A shipped one (`PUBLICATION_PROFILES`), or the path of a file.
    folder
        What a relative path starts from: the folder of the case file.

    Raises
    ------
    CaseError
        There is none of that name, or it names parts that a case file does not have.
    """
    text = read_profile_text(name, folder)
    file = f"{name}{_SUFFIX}" if name in PUBLICATION_PROFILES else Path(name).name
    root, content = load_yaml(text, file)
    try:
        profile = PublicationProfile.model_validate(content)
    except ValidationError as error:
        raise describe_errors(error, root, file) from None
    for place, path in _paths(profile):
        if not all(is_part(one) for one in split_path(path)):
            raise CaseError(
                "names a part that a case file does not have",
                place=f"{file}:{_line_of(root, place, path)}",
                advice="casepack init --schema lists the parts.",
            )
    return profile


def read_profile_text(name: str, folder: Path | None = None) -> str:
    """Return the text of a publication profile, to start one of your own from."""
    if name in PUBLICATION_PROFILES:
        file = resources.files(__package__).joinpath("profiles", f"{name}{_SUFFIX}")
        return file.read_text("utf-8")
    try:
        return ((folder or Path()) / name).read_text("utf-8")
    except (OSError, ValueError):
        raise CaseError(
            "there is no such publication profile, and no such file",
            place="profile",
            advice=f"Shipped ones are {', '.join(PUBLICATION_PROFILES)}; or give a path.",
        ) from None


def split_path(path: str) -> tuple[str, ...]:
    """Return the alternatives of a path."""
    return tuple(one.strip() for one in path.split("|"))


def is_part(path: str) -> bool:
    """Return whether a case file has such a part."""
    kind: object = Case
    for step in path.split("."):
        name, many = step.removesuffix("[]"), step.endswith("[]")
        models = [
            one for one in _kinds(kind) if isinstance(one, type) and issubclass(one, BaseModel)
        ]
        found = [one.model_fields[name].annotation for one in models if name in one.model_fields]
        if not found:
            return False
        kind = found[0]
        if many:
            items = [get_args(one)[0] for one in _kinds(kind) if get_origin(one) is tuple]
            if not items:
                return False
            kind = items[0]
    return True


def _kinds(kind: object) -> list[object]:
    """Return the alternatives of a type: of ``Diagnosis | None`` both."""
    return list(get_args(kind)) if get_origin(kind) in {UnionType, Union} else [kind]


def _paths(profile: PublicationProfile) -> list[tuple[str, str]]:
    return [
        *(("required", path) for path in profile.required),
        *(("recommended", path) for path in profile.recommended),
        *(("limits", path) for path in profile.limits),
        *(("allowed", path) for path in profile.allowed),
    ]


def _line_of(root: yaml.Node | None, place: str, path: str) -> int:
    if isinstance(root, yaml.MappingNode):
        for key, value in root.value:
            if key.value == place and isinstance(value, yaml.SequenceNode):
                lines = [one.start_mark.line + 1 for one in value.value if one.value == path]
                return int(lines[0]) if lines else 1
    return find_line(root, (place, path))
