"""DICOMweb (PS3.18): QIDO-RS, WADO-RS and STOW-RS, with files as they are sent.

dicomweb-client decodes what it receives and encodes what it sends; here its requests are used
below that, so that the bytes stay those of the PACS, or those that were checked.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, NoReturn, TypeVar
from xml.etree import ElementTree as ET

import requests
from dicomweb_client import DICOMwebClient

from casepack.errors import PacsError, UsageError
from casepack.pacs.address import Pacs
from casepack.pacs.peer import Outgoing, Receive, Stored, UnansweredError, Wanted
from casepack.pacs.query import Answer

Result = TypeVar("Result")

_TIMEOUTS: Final = (20.0, 300.0)
"""Seconds to connect, and between two parts of an answer."""
_ACCEPT: Final = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_BOUNDARY: Final = "casepack-6b1f0c52d7b94d13"
_SENT: Final = f'multipart/related; type="application/dicom"; boundary={_BOUNDARY}'
_MOST_TOGETHER: Final = 64
_LARGEST_TOGETHER: Final = 32 << 20
_TAGS: Final = {
    "SOPClassUID": "00080016",
    "SOPInstanceUID": "00080018",
    "StudyDate": "00080020",
    "StudyTime": "00080030",
    "AccessionNumber": "00080050",
    "Modality": "00080060",
    "PatientID": "00100020",
    "IssuerOfPatientID": "00100021",
    "StudyInstanceUID": "0020000D",
    "SeriesInstanceUID": "0020000E",
    "SeriesNumber": "00200011",
    "InstanceNumber": "00200013",
    "NumberOfStudyRelatedInstances": "00201208",
    "NumberOfSeriesRelatedInstances": "00201209",
}
_WARNING_REASON, _FAILURE_REASON = "00081196", "00081197"
_FAILED, _STORED, _REFERENCED = "00081198", "00081199", "00081155"
_UNSAID: Final = 0x0110
"""Processing failure (PS3.7 C.5.14): where a PACS says that it failed, but not why."""
_BUSY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_ADVICE: Final = {
    401: "The PACS asks for credentials, or for others: see 'credentials:' in the PACS file.",
    403: "The account may not do this.",
    404: "Check the address: it ends where /studies would follow.",
}


class WebPeer:
    """A connection to a DICOMweb service."""

    def __init__(self, pacs: Pacs, secret: str) -> None:
        session = requests.Session()
        # neither another account's .netrc nor a proxy that nobody named
        session.trust_env = False
        # a redirect would carry the query, which identifies, to wherever it points
        session.max_redirects = 0
        if pacs.trust is not None:
            session.verify = str(_existing(pacs.trust))
        if pacs.certificate is not None:
            session.cert = str(_existing(pacs.certificate))
        _authorize(session, secret)
        self._session = session
        # UIDs are checked here; its own check quotes them, and refuses some that PACSs hold
        self._client = DICOMwebClient(
            pacs.url, session=session, permissive_uid=True, timeout=_TIMEOUTS
        )
        self._client.set_http_retry_params(retry=False)

    def find_studies(self, keys: Mapping[str, str]) -> list[Answer]:
        """Search for studies (PS3.18 10.6)."""
        return self._search("StudyInstanceUID", "", keys, "IssuerOfPatientID")

    def find_series(self, study: str) -> list[Answer]:
        """Search for the series of a study."""
        return self._search("SeriesInstanceUID", f"/{study}/series", {}, "")

    def find_instances(self, study: str, series: str) -> list[Answer]:
        """Search for the instances of a series."""
        return self._search("SOPInstanceUID", f"/{study}/series/{series}/instances", {}, "")

    def retrieve(
        self, study: str, series: str, wanted: Sequence[Wanted], receive: Receive, *, whole: bool
    ) -> None:
        """Retrieve a series, or instances one by one (PS3.18 10.4), as they are stored."""
        where = f"/{study}/series/{series}"
        if whole:
            self._retrieve(where, receive)
            return
        for one in wanted:
            self._retrieve(f"{where}/instances/{one.sop_instance_uid}", receive)

    def store(self, files: Sequence[Outgoing]) -> Iterator[Stored]:
        """Store instances (PS3.18 10.5)."""
        group: list[tuple[Outgoing, bytes]] = []
        for file in files:
            content = file.read()
            size = sum(len(other) for _, other in group)
            if group and (len(group) == _MOST_TOGETHER or size + len(content) > _LARGEST_TOGETHER):
                yield from self._store(group)
                group = []
            group.append((file, content))
        if group:
            yield from self._store(group)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _search(
        self, unique: str, where: str, keys: Mapping[str, str], include: str
    ) -> list[Answer]:
        """Return all results, page by page: a service may answer with a part only."""
        found: dict[str, Answer] = {}
        while True:
            parameters: dict[str, Any] = {**keys, "fuzzymatching": "false"} if keys else {}
            if include:
                parameters["includefield"] = include
            if found:
                parameters["offset"] = len(found)
            page = self._ask(lambda: self._get_page(where, parameters))  # noqa: B023  # called at once
            new = {one[unique]: one for one in page if one[unique] not in found}
            if not new:
                return list(found.values())
            found |= new

    def _get_page(self, where: str, parameters: dict[str, Any]) -> list[Answer]:
        response = self._client._http_get(  # noqa: SLF001  # see the top
            f"{self._client.base_url}/studies{where}",
            params=parameters,
            headers={"Accept": "application/dicom+json"},
        )
        if response.status_code == HTTPStatus.NO_CONTENT or not response.content:
            return []
        content = json.loads(response.content)
        # some services answer with a single result as it is
        return [_answer(item) for item in ([content] if isinstance(content, dict) else content)]

    def _retrieve(self, where: str, receive: Receive) -> None:
        parts = self._ask(lambda: self._get_parts(where))
        # what `receive` raises is ours; what the next part raises is the network's
        while (part := self._ask(lambda: next(parts, None))) is not None:
            receive(bytes(part))

    def _get_parts(self, where: str) -> Iterator[bytes]:
        try:
            response = self._client._http_get(  # noqa: SLF001  # see the top
                f"{self._client.base_url}/studies{where}",
                headers={"Accept": _ACCEPT},
                stream=True,
            )
        except requests.HTTPError as error:
            if _status(error) in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
                # listed and not there: it is counted as missing
                return iter(())
            raise
        # some services send a single instance as it is
        if response.headers.get("Content-Type", "").startswith("application/dicom"):
            return iter([response.content])
        return self._client._decode_multipart_message(response, stream=True)  # noqa: SLF001  # see the top

    def _store(self, group: Sequence[tuple[Outgoing, bytes]]) -> Iterator[Stored]:
        response = self._ask(lambda: self._post([content for _, content in group]))
        told, said = _told(response)
        for file, _ in group:
            # without a word on an instance, 200 says that all are stored, another that it is not
            unsaid = 0 if response.status_code == HTTPStatus.OK and not said else _UNSAID
            yield Stored(file=file, status=told.get(file.sop_instance_uid, unsaid))

    def _post(self, contents: Sequence[bytes]) -> requests.Response:
        body = b"".join(
            f"--{_BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode() + one + b"\r\n"
            for one in contents
        )
        try:
            return self._client._http_post(  # noqa: SLF001  # see the top
                f"{self._client.base_url}/studies",
                body + f"--{_BOUNDARY}--\r\n".encode(),
                {"Content-Type": _SENT, "Accept": "application/dicom+json"},
            )
        except requests.HTTPError as error:
            if error.response is not None and _status(error) == HTTPStatus.CONFLICT:
                return error.response
            raise

    def _ask(self, ask: Callable[[], Result]) -> Result:
        """Call the library; its errors quote addresses, which hold the query."""
        try:
            return ask()
        except requests.HTTPError as error:
            _refuse(error)
        except requests.TooManyRedirects:
            raise PacsError(
                "the PACS points to another address", advice="Give that address instead."
            ) from None
        except requests.exceptions.SSLError:
            raise PacsError(
                "the PACS's certificate is not trusted, or it does not trust ours",
                advice="Name who vouches for it in the PACS file: 'trust: FILE.pem'.",
            ) from None
        except (
            requests.ConnectionError,
            requests.Timeout,
            requests.exceptions.ChunkedEncodingError,
        ):
            raise UnansweredError("the PACS does not answer") from None
        except (requests.RequestException, ValueError, LookupError, TypeError, AttributeError):
            raise _strange() from None


def _existing(path: Any) -> Any:  # noqa: ANN401  # a path
    if not path.is_file():
        raise UsageError(
            "a file of certificates is not there",
            advice="Check 'trust:' and 'certificate:' in the PACS file.",
        )
    return path


def _authorize(session: requests.Session, secret: str) -> None:
    """Send credentials: Basic for ``USER:PASSWORD``, as no token holds a colon (RFC 6750 2.1)."""
    if ":" in secret:
        encoded = base64.b64encode(secret.encode()).decode()
        session.headers["Authorization"] = f"Basic {encoded}"
    elif secret:
        session.headers["Authorization"] = f"Bearer {secret}"


def _answer(item: Mapping[str, Any]) -> Answer:
    """Return the Attributes that are used, from the DICOM JSON Model (PS3.18 F.2)."""
    found = {}
    for keyword, tag in _TAGS.items():
        values = item.get(tag, {}).get("Value") or []
        found[keyword] = "\\".join(str(value) for value in values if value is not None).strip()
    return found


def _status(error: requests.HTTPError) -> int:
    return 0 if error.response is None else error.response.status_code


def _refuse(error: requests.HTTPError) -> NoReturn:
    status = _status(error)
    if status in _BUSY:
        after = "" if error.response is None else error.response.headers.get("Retry-After", "")
        raise UnansweredError(
            f"the PACS is busy or failed: HTTP {status}",
            after=float(after) if after.isdigit() else 0.0,
        ) from None
    raise PacsError(f"the PACS refused: HTTP {status}", advice=_ADVICE.get(status, "")) from None


def _strange() -> PacsError:
    return PacsError(
        "the PACS answered something else than DICOMweb defines",
        advice="Check the address: it ends where /studies would follow.",
    )


def _told(response: requests.Response) -> tuple[dict[str, int], bool]:
    """Return the status of each instance (PS3.18 10.5.3), and whether there was a word on any."""
    try:
        if "xml" in response.headers.get("Content-Type", ""):
            told = _read_xml(response.content)
        else:
            told = _read_json(json.loads(response.content or b"{}"))
    except (ValueError, LookupError, TypeError, AttributeError, ET.ParseError):
        raise _strange() from None
    return told, bool(told)


def _read_json(content: Mapping[str, Any]) -> dict[str, int]:
    told = {}
    for sequence, reason, unsaid in (
        (_STORED, _WARNING_REASON, 0),
        (_FAILED, _FAILURE_REASON, _UNSAID),
    ):
        for item in content.get(sequence, {}).get("Value") or []:
            given = item.get(reason, {}).get("Value") or [unsaid]
            told[str(item[_REFERENCED]["Value"][0])] = int(given[0])
    return told


def _read_xml(content: bytes) -> dict[str, int]:
    """Read the Native DICOM Model (PS3.19 A.1)."""
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise _strange()
    told = {}
    root = ET.fromstring(content)  # noqa: S314  # no entities: see above
    for sequence, reason, unsaid in (
        (_STORED, _WARNING_REASON, 0),
        (_FAILED, _FAILURE_REASON, _UNSAID),
    ):
        for item in root.findall(f"./{{*}}DicomAttribute[@tag='{sequence}']/{{*}}Item"):
            uid = item.findtext(f"./{{*}}DicomAttribute[@tag='{_REFERENCED}']/{{*}}Value")
            given = item.findtext(f"./{{*}}DicomAttribute[@tag='{reason}']/{{*}}Value")
            told[str(uid)] = int(given) if given else unsaid
    return told
