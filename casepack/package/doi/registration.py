"""Reserving a DOI: a draft at DataCite, or a draft record of InvenioRDM (Zenodo).

Request forms after the services' documentation: https://support.datacite.org/docs/api-create-dois
(a POST to /dois without ``event`` makes a draft) and
https://inveniordm.docs.cern.ch/reference/rest_api_drafts_records/ (a POST to /api/records makes a
draft, one to /api/records/{id}/draft/pids/doi reserves its DOI). Nothing is ever published here.
"""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from casepack.case.forms import check_doi
from casepack.credentials import read_credentials
from casepack.errors import RegistrationError, UsageError
from casepack.package.doi.datacite import describe_for_datacite
from casepack.package.doi.zenodo import describe_for_zenodo
from casepack.package.reading import read_package

SERVICES: Final[Mapping[str, tuple[str, str]]] = {
    "datacite": ("datacite", "https://api.datacite.org"),
    "datacite-test": ("datacite", "https://api.test.datacite.org"),
    "zenodo": ("invenio", "https://zenodo.org"),
    "zenodo-sandbox": ("invenio", "https://sandbox.zenodo.org"),
}
"""Name to form of the requests and address; others are given as ``invenio=https://...``."""
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_TIMEOUT: Final = 30.0
_LARGEST: Final = 4 << 20
_CREDENTIALS: Final = "REPOSITORY:PASSWORD for DataCite, an access token for InvenioRDM."
_CREATED: Final = 201


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request to a service, without credentials."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """A DOI that a service has reserved, and where its draft is."""

    doi: str
    draft: str
    """Address of the draft, or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Service:
    form: str
    address: str
    credentials: str = field(repr=False, default="")


def describe_requests(package: Path, service: str, prefix: str = "") -> tuple[Request, ...]:
    """Return the requests that would be sent, in their order; ``{id}`` is known after the first.

    Parameters
    ----------
    service
        One of `SERVICES`, or ``datacite=ADDRESS`` or ``invenio=ADDRESS``.
    prefix
        Of the DOI, for DataCite: ``10.5072``.

    Raises
    ------
    UsageError
        The service is not known, or its address is not one of https, or there is no prefix.
    """
    found = _find_service(service)
    case = read_package(package).case
    if found.form == "datacite":
        return (_draft_doi(found, describe_for_datacite(case), prefix),)
    metadata = describe_for_zenodo(case)
    # a DOI that is to be reserved is not brought along
    metadata.pop("pids", None)
    create = Request(
        method="POST",
        url=f"{found.address}/api/records",
        headers={"Content-Type": "application/json", "Accept": "application/json"},
        body=metadata,
    )
    return create, _reserve(found, "{id}")


def reserve_doi(
    package: Path, service: str, *, prefix: str = "", credentials: Path | None = None
) -> Reserved:
    """Reserve a DOI; the draft that is made can be deleted at the service, and is not published.

    Parameters
    ----------
    credentials
        File that only its owner may read, of one line: ``REPOSITORY:PASSWORD`` for DataCite, an
        access token for InvenioRDM. Without: the keyring, service ``casepack``, user the host.

    Raises
    ------
    RegistrationError
        The service refused, did not answer, or answered something else than documented.
    KeyFileError
        The credentials cannot be read, or others can read them.
    """
    requests = describe_requests(package, service, prefix)
    found = _find_service(service)
    host = str(urlsplit(found.address).hostname)
    secret = read_credentials(credentials, host, form=_CREDENTIALS)
    found = _Service(form=found.form, address=found.address, credentials=secret)
    answer = _send(requests[0], found)
    if found.form == "datacite":
        return _reserved(answer, ("data", "id"), f"{found.address}/dois/")
    identifier = quote(_value(answer, ("id",)), safe="")
    draft = f"{found.address}/uploads/{identifier}"
    try:
        answer = _send(_reserve(found, identifier), found)
        reserved = _reserved(answer, ("pids", "doi", "identifier"), "")
    except RegistrationError as error:
        raise RegistrationError(
            error.message, advice=f"A draft was made, without a DOI: {draft}"
        ) from None
    return Reserved(doi=reserved.doi, draft=draft)


def _find_service(name: str) -> _Service:
    form, _, given = name.partition("=")
    known = SERVICES.get(name)
    form, address = known or (form, given.rstrip("/"))
    parts = urlsplit(address)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)
    if form not in {"datacite", "invenio"} or not secure or not parts.hostname:
        raise UsageError(
            "there is no such service",
            advice=f"Known are {', '.join(SERVICES)}; or give invenio=https://ADDRESS.",
        )
    return _Service(form=form, address=address)


def _draft_doi(service: _Service, record: Mapping[str, Any], prefix: str) -> Request:
    """Return the request for a draft; without a prefix the package must have its DOI already."""
    attributes = dict(record)
    if "doi" not in attributes:
        if not prefix:
            raise UsageError(
                "DataCite needs the prefix of the DOI", advice="Give it with --prefix 10.NNNN."
            )
        attributes["prefix"] = prefix
    return Request(
        method="POST",
        url=f"{service.address}/dois",
        headers={
            "Content-Type": "application/vnd.api+json",
            "Accept": "application/vnd.api+json",
        },
        body={"data": {"type": "dois", "attributes": attributes}},
    )


def _reserve(service: _Service, identifier: str) -> Request:
    return Request(
        method="POST",
        url=f"{service.address}/api/records/{identifier}/draft/pids/doi",
        headers={"Accept": "application/json"},
    )


def _send(request: Request, service: _Service) -> Any:  # noqa: ANN401  # any JSON
    """Send a request; redirects are not followed, as they would carry the credentials away."""
    parts = urlsplit(request.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT)
    body = None if request.body is None else json.dumps(request.body).encode()
    headers = {**request.headers, "Authorization": _authorize(service)}
    try:
        connection.request(request.method, parts.path, body, headers)
        with connection.getresponse() as response:
            status, content = response.status, response.read(_LARGEST)
    except (OSError, http.client.HTTPException, ValueError):
        raise RegistrationError(
            "the service does not answer", advice="Check the network, and try again later."
        ) from None
    finally:
        connection.close()
    if status != _CREATED:
        raise RegistrationError(
            f"the service refused: HTTP {status} {http.client.responses.get(status, '')}".rstrip(),
            advice=_ADVICE.get(status, "casepack doi check names what keeps it from being minted."),
        )
    try:
        return json.loads(content)
    except ValueError:
        raise _strange() from None


_ADVICE: Final = {
    401: "The credentials are not those of this service.",
    403: "The account may not do this: for DataCite, is the prefix one of the repository's?",
    404: "The address or the account is not known to the service.",
    422: "The metadata were refused: casepack doi check PACKAGE names what is wrong.",
    429: "Too many requests: try again later.",
}


def _authorize(service: _Service) -> str:
    if service.form == "datacite":
        return "Basic " + base64.b64encode(service.credentials.encode()).decode()
    return f"Bearer {service.credentials}"


def _reserved(answer: object, path: tuple[str, ...], draft: str) -> Reserved:
    doi = _value(answer, path)
    try:
        check_doi(doi)
    except ValueError:
        raise _strange() from None
    return Reserved(doi=doi, draft=draft + quote(doi) if draft else "")


def _value(answer: object, path: tuple[str, ...]) -> str:
    for key in path:
        answer = answer.get(key) if isinstance(answer, dict) else None
    if not isinstance(answer, str) or not answer:
        raise _strange()
    return answer


def _strange() -> RegistrationError:
    return RegistrationError(
        "the service answered something else than it documents",
        advice="Look at the drafts in its web interface; report this.",
    )
