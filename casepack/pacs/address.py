"""Where a PACS is and how it is spoken to, as one address.

::

    https://pacs.example.org/dicom-web      DICOMweb (PS3.18)
    dicom://ORTHANC@pacs.example.org:4242   DIMSE (PS3.7); before the @ the PACS's AE Title
    dicoms://ORTHANC@pacs.example.org:2762  DIMSE over TLS (PS3.15 Annex B)
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, cast
from urllib.parse import unquote, urlsplit

from casepack.errors import UsageError

Scheme = Literal["http", "https", "dicom", "dicoms"]
KEYRING: Final = "keyring"
_SCHEMES: Final = frozenset({"http", "https", "dicom", "dicoms"})
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_PORTS: Final = {"dicom": 104, "dicoms": 2762}
"""Well-known ports of DICOM (PS3.8 9.1.1, PS3.15 B.12)."""
_AE_TITLE: Final = re.compile(r"[!-\[\]-~](?:[ -\[\]-~]{0,14}[!-\[\]-~])?")
_ADVICE: Final = "Give https://HOST/PATH for DICOMweb, dicom://AE-TITLE@HOST:PORT for DIMSE."


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacs:
    """A PACS: where it is, how it is spoken to, as whom."""

    scheme: Scheme
    host: str
    port: int | None = None
    path: str = ""
    called_ae_title: str = ""
    """AE Title of the PACS, for DIMSE."""
    ae_title: str = "CASEPACK"
    """Our own, for DIMSE."""
    move_port: int | None = None
    """Port at which the PACS knows our AE Title: retrieve by C-MOVE. Without: by C-GET."""
    credentials: Path | Literal["keyring"] | None = None
    """For DICOMweb: ``USER:PASSWORD`` or a bearer token."""
    trust: Path | None = None
    """Certificates (PEM) that vouch for the PACS's; without: those of the system."""
    certificate: Path | None = None
    """Our own certificate and its key (PEM), where the PACS asks for one."""

    @property
    def is_web(self) -> bool:
        """DICOMweb, and not DIMSE."""
        return self.scheme in {"http", "https"}

    @property
    def is_private(self) -> bool:
        """Nobody else can read what is sent: it is encrypted, or stays on this machine."""
        return self.scheme in {"https", "dicoms"} or self.host in _LOCAL

    @property
    def url(self) -> str:
        """Address of the DICOMweb service."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{host}{port}{self.path}"


def parse_address(text: str) -> Pacs:
    """Return the PACS at an address.

    Raises
    ------
    UsageError
        It is no address of a PACS, or holds a password.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
        parts = urlsplit("")
    if parts.scheme not in _SCHEMES or not host or parts.query or parts.fragment:
        raise UsageError("this is not the address of a PACS", advice=_ADVICE)
    scheme = cast("Scheme", parts.scheme)
    found = Pacs(scheme=scheme, host=host, port=port, path=parts.path.rstrip("/"))
    if found.is_web:
        if parts.username is not None:
            raise UsageError(
                "an address is no place for credentials: it is kept in the shell's history",
                advice="Write a PACS file with 'credentials:'; casepack fetch --help shows one.",
            )
        return found
    title = unquote(parts.username or "")
    if parts.password is not None or found.path:
        raise UsageError("this is not the address of a PACS", advice=_ADVICE)
    return replace(found, called_ae_title=check_ae_title(title), port=port or _PORTS[scheme])


def check_ae_title(text: str) -> str:
    """Return an AE Title: 1 to 16 characters, none a backslash or a control (PS3.5 6.2 AE).

    Raises
    ------
    UsageError
        It is none.
    """
    if not _AE_TITLE.fullmatch(text):
        raise UsageError("an AE Title has 1 to 16 characters", advice=_ADVICE)
    return text
