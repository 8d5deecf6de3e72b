"""Files that name a PACS, and what is asked of it.

A PACS file::

    address: https://pacs.example.org/dicom-web
    credentials: keyring          # or a file, mode 0600: USER:PASSWORD, or a bearer token
    trust: hospital-ca.pem        # certificates that vouch for the PACS's
    certificate: casepack.pem     # our own with its key, if the PACS asks for one
    ae_title: CASEPACK            # our own, for dicom:// and dicoms://
    move_port: 11113              # C-MOVE to this port of ours, in place of C-GET

A query file stands for a study folder wherever one is taken::

    pacs: pacs.yaml               # or an address
    accession_number: "A1234567"  # or study_instance_uid, or patient_id with study_date
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal, NoReturn

from casepack.case.reading import find_line, load_yaml
from casepack.errors import UsageError
from casepack.pacs.address import KEYRING, Pacs, check_ae_title, parse_address
from casepack.pacs.query import Query, parse_dates

_OF_PACS: Final = ("address", "ae_title", "move_port", "credentials", "trust", "certificate")
_OF_QUERY: Final = ("study_instance_uid", "accession_number", "patient_id", "study_date")
_LAST_PORT: Final = 65535
_ADVICE: Final = "casepack fetch --help shows both kinds of files."


def read_pacs(source: str) -> Pacs:
    """Return the PACS at an address, in a PACS file, or in a query file.

    Raises
    ------
    UsageError
        There is no such file, or it is none of these.
    """
    return read_source(source)[0]


def read_source(source: str) -> tuple[Pacs, Query | None]:
    """Return the PACS that an address, a PACS file or a query file names; and its query, if any.

    Raises
    ------
    UsageError
        There is no such file, or it is none of these. Never quotes a value.
    """
    if "://" in source:
        return parse_address(source), None
    path = Path(source)
    content = _File(path.name, _read(path))
    content.refuse_others("pacs", *_OF_PACS, *_OF_QUERY)
    if "pacs" in content:
        content.refuse_others("pacs", *_OF_QUERY)
        named = content.text("pacs")
        pacs = read_pacs(named if "://" in named else str(path.parent / named))
    else:
        pacs = _pacs(content, path.parent)
    return pacs, _query(content) if any(key in content for key in _OF_QUERY) else None


def parse_query(text: str, name: str) -> Query:
    """Return the query that a YAML text holds; `name` is what messages call it.

    Raises
    ------
    UsageError
        It holds none. Never quotes a value.
    """
    content = _File(name, text)
    content.refuse_others(*_OF_QUERY)
    return _query(content)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise UsageError(
            "the PACS file or query file cannot be read as UTF-8 text", advice=_ADVICE
        ) from None


class _File:
    """The keys of a YAML file, each error with its line."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._root, content = load_yaml(text, name)
        if not isinstance(content, dict):
            raise UsageError(f"{name}: holds no keys", advice=_ADVICE)
        self._content: Mapping[Any, Any] = content

    def __contains__(self, key: str) -> bool:
        return key in self._content

    def refuse_others(self, *known: str) -> None:
        """Refuse keys that are not known here."""
        for key in self._content:
            if key not in known:
                # a key that is no word of ours could hold anything
                own = key if key in (*_OF_PACS, *_OF_QUERY) else "a key"
                self.refuse(key, f"{own} that does not belong here; known are {', '.join(known)}")

    def refuse(self, key: object, message: str) -> NoReturn:
        """Raise an error with the line of a key."""
        line = find_line(self._root, [str(key)])
        raise UsageError(f"{self._name}:{line}: {message}", advice=_ADVICE) from None

    def text(self, key: str) -> str:
        """Return a text; empty if the key is not there."""
        return next(iter(self.texts(key)), "")

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a text or a list of them. A number is refused: YAML drops the zeros in front."""
        value = self._content.get(key, ())
        values = value if isinstance(value, list | tuple) else [value]
        if not all(isinstance(one, str) and one.strip() for one in values):
            self.refuse(key, f"{key}: write the value in quotes")
        return tuple(str(one).strip() for one in values)

    def value(self, key: str) -> object:
        """Return what stands at a key; None if it is not there."""
        return self._content.get(key)


def _pacs(content: _File, folder: Path) -> Pacs:
    if "address" not in content:
        content.refuse("", "names neither an address nor a PACS file")
    try:
        found = parse_address(content.text("address"))
        title = check_ae_title(content.text("ae_title") or found.ae_title)
    except UsageError as error:
        content.refuse("address", error.message)
    port = content.value("move_port")
    if port is not None and not (isinstance(port, int) and 0 < port <= _LAST_PORT):
        content.refuse("move_port", "move_port: is no number of a port")
    found = replace(
        found,
        ae_title=title,
        move_port=port if isinstance(port, int) else None,
        credentials=_credentials(content, folder),
        trust=_beside(content, "trust", folder),
        certificate=_beside(content, "certificate", folder),
    )
    if found.credentials and not found.is_web:
        content.refuse("credentials", "credentials: DIMSE knows none; use dicoms:// and TLS")
    if found.credentials and not found.is_private:
        content.refuse("credentials", "credentials: are sent to https:// addresses only")
    return found


def _credentials(content: _File, folder: Path) -> Path | Literal["keyring"] | None:
    if content.text("credentials") == KEYRING:
        return KEYRING
    return _beside(content, "credentials", folder)


def _beside(content: _File, key: str, folder: Path) -> Path | None:
    name = content.text(key)
    return folder / Path(name).expanduser() if name else None


def _query(content: _File) -> Query:
    date = content.value("study_date")
    text = date.isoformat() if isinstance(date, dt.date) else content.text("study_date")
    try:
        return Query(
            study_instance_uids=content.texts("study_instance_uid"),
            accession_numbers=content.texts("accession_number"),
            patient_id=content.text("patient_id"),
            study_date=parse_dates(text) if text else "",
        )
    except UsageError as error:
        content.refuse(error.message.partition(":")[0], error.message)
