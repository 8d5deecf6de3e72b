"""Reading a case file: YAML to a case, each error with its line.

Messages name file, line and place in the file, never a value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import yaml
from pydantic import ValidationError

from casepack.case.model import Case
from casepack.errors import CaseError

_MOST_SHOWN: Final = 20
_KEY: Final = re.compile(r"[A-Za-z_]{1,40}")
_DRAFT: Final = "Draft one with: casepack init STUDY case.yaml"

Step = int | str


def read_case(path: Path) -> Case:
    """Read and validate a case file.

    Raises
    ------
    CaseError
        The file cannot be read, is not YAML, or does not hold a case. Names the line of every
        error, up to twenty.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise CaseError("cannot be read as UTF-8 text", place=path.name, advice=_DRAFT) from None
    return parse_case(text, path.name)


def parse_case(text: str, name: str) -> Case:
    """Validate the text of a case file; `name` is what its messages call it."""
    root, content = load_yaml(text, name)
    try:
        return Case.model_validate(content)
    except ValidationError as error:
        raise describe_errors(error, root, name) from None


def load_yaml(text: str, name: str) -> tuple[yaml.Node | None, object]:
    """Return the content of a YAML text and its nodes, which know their lines.

    Raises
    ------
    CaseError
        It is not YAML, or a key is given twice, of which YAML would silently take the last.
    """
    loader = _Loader(text)
    content: object = None
    try:
        root = loader.get_single_node()
        if root is not None:
            content = loader.construct_document(root)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        raise CaseError(
            "is not YAML",
            place=f"{name}{line}",
            advice="Put text that holds a colon in quotes, or below a '|'.",
        ) from None
    except RecursionError:
        raise CaseError("is nested too deeply", place=name) from None
    if root is not None:
        _refuse_doubles(root, name)
    return root, content


class _Loader(yaml.SafeLoader):
    """Loads values; one that there is not, as the 31st of February, has its line in the error."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> object:
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
            # a value that its tag does not fit; the message would quote it
            raise yaml.MarkedYAMLError(problem_mark=node.start_mark) from None


def _refuse_tag(_loader: _Loader, node: yaml.Node) -> object:
    """Refuse what holds text where nobody reads it: in base64, or as the keys of a set."""
    raise yaml.MarkedYAMLError(problem_mark=node.start_mark)


for _tag in ("binary", "set", "omap", "pairs"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _refuse_tag)


def find_line(root: yaml.Node | None, location: Sequence[Step]) -> int:
    """Return the line, 1 for the first, of a place in a YAML document, or of what would hold it."""
    line = 1
    node = root
    for step in location:
        found = _step_into(node, step)
        if found is None:
            break
        line, node = found
    return line


def _step_into(node: yaml.Node | None, step: Step) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item.start_mark.line + 1, item
    return None


def _refuse_doubles(root: yaml.Node, name: str) -> None:
    waiting, seen = [root], {id(root)}
    while waiting:
        node = waiting.pop()
        children: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            keys = set()
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode):
                    if key.value in keys:
                        raise CaseError(
                            "a key is given twice",
                            place=f"{name}:{key.start_mark.line + 1}",
                            advice="Delete one, or put both contents under one key.",
                        )
                    keys.add(key.value)
                children.append(value)
        elif isinstance(node, yaml.SequenceNode):
            children = node.value
        # an alias leads to a node that was seen
        waiting += [child for child in children if id(child) not in seen]
        seen.update(map(id, children))


def describe_errors(error: ValidationError, root: yaml.Node | None, name: str) -> CaseError:
    """Return our own error for those of pydantic, in the order of their lines."""
    found = []
    for one in error.errors(include_input=False, include_url=False):
        message = one["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
        if one["type"] == "extra_forbidden":
            message = "there is no such key; casepack init --schema lists them"
        found.append((find_line(root, one["loc"]), _name_place(one["loc"]), message))
    found.sort(key=lambda one: one[0])
    lines = [f"{name}:{line}: {where}: {message}" for line, where, message in found[:_MOST_SHOWN]]
    if len(found) > _MOST_SHOWN:
        lines.append(f"... and {len(found) - _MOST_SHOWN} more")
    first = lines[0].removeprefix(f"{name}:{found[0][0]}: ")
    return CaseError(
        "\n".join([first, *lines[1:]]),
        place=f"{name}:{found[0][0]}",
        advice=f"{len(found)} place(s) to mend in this file.",
    )


def _name_place(location: Sequence[Step]) -> str:
    """Return ``authors.0.orcid``; a key that is no word of ours could hold anything."""
    steps = [
        str(step) if isinstance(step, int) or _KEY.fullmatch(step) else "(a key)"
        for step in location
    ]
    return ".".join(steps) or "top level"
