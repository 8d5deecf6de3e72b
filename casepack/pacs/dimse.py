"""DIMSE (PS3.7): C-FIND, C-GET or C-MOVE, C-STORE, over TLS where the address says so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final, TypeVar

from pydicom.dataset import Dataset
from pynetdicom import AE, AllStoragePresentationContexts, _config, build_context, build_role, evt
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation
from pynetdicom.presentation import PresentationContext, StoragePresentationContexts

from casepack.errors import PacsError, UsageError
from casepack.pacs.address import Pacs
from casepack.pacs.peer import Outgoing, Receive, Stored, UnansweredError, Wanted
from casepack.pacs.query import Answer
from casepack.pacs.tls import client_tls, server_tls

Result = TypeVar("Result")

_FIND: Final = "1.2.840.10008.5.1.4.1.2.2.1"
_MOVE: Final = "1.2.840.10008.5.1.4.1.2.2.2"
_GET: Final = "1.2.840.10008.5.1.4.1.2.2.3"
"""Study Root Query/Retrieve Information Model (PS3.4 C.6.2)."""
_CONNECT: Final = 20.0
_ANSWER: Final = 600.0
"""Seconds: a PACS may have to fetch from an archive before it says a word."""
_MOST_CONTEXTS: Final = 128
"""Presentation contexts of an association: the odd numbers of a byte (PS3.8 9.3.2.2)."""
_MOST_UIDS: Final = 50
_UNCOMPRESSED: Final = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
_COMPRESSED: Final = (
    *("1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.5"),
    *(f"1.2.840.10008.1.2.4.{number}" for number in (70, 90, 80, 50, 51, 57, 81, 91)),
    *(f"1.2.840.10008.1.2.4.{number}" for number in (100, 101, 102, 103, 107, 201, 202, 203)),
)
_PENDING: Final = frozenset({0xFF00, 0xFF01})
_STUDY: Final = ("StudyInstanceUID", "StudyDate", "StudyTime", "AccessionNumber", "PatientID")
_ANSWERED: Final = {
    "STUDY": (*_STUDY, "IssuerOfPatientID", "NumberOfStudyRelatedInstances"),
    "SERIES": ("SeriesInstanceUID", "SeriesNumber", "Modality", "NumberOfSeriesRelatedInstances"),
    "IMAGE": ("SOPInstanceUID", "SOPClassUID", "InstanceNumber"),
}
_REFUSED: Final = "Check that the PACS knows our AE Title, and we its own."

# what is read and written is Part 10 files, not Data Sets; and what is logged would quote them
_config.STORE_SEND_CHUNKED_DATASET = True
_config.LOG_HANDLER_LEVEL = "none"
_config.LOG_REQUEST_IDENTIFIERS = _config.LOG_RESPONSE_IDENTIFIERS = False


class DimsePeer:
    """A DICOM Application Entity that is spoken to by the Study Root model (PS3.4 C.6.2)."""

    def __init__(self, pacs: Pacs) -> None:
        self._pacs = pacs
        self._ae = AE(ae_title=pacs.ae_title)
        self._ae.acse_timeout = self._ae.connection_timeout = _CONNECT
        self._ae.dimse_timeout = self._ae.network_timeout = _ANSWER
        self._tls = client_tls(pacs)
        self._reception = _Reception()
        self._open = ExitStack()
        self._finder: Association | None = None
        self._server: Any = None

    def find_studies(self, keys: Mapping[str, str]) -> list[Answer]:
        """Return the studies that match."""
        return self._find("STUDY", keys)

    def find_series(self, study: str) -> list[Answer]:
        """Return the series of a study."""
        return self._find("SERIES", {"StudyInstanceUID": study})

    def find_instances(self, study: str, series: str) -> list[Answer]:
        """Return the instances of a series."""
        return self._find("IMAGE", {"StudyInstanceUID": study, "SeriesInstanceUID": series})

    def retrieve(
        self, study: str, series: str, wanted: Sequence[Wanted], receive: Receive, *, whole: bool
    ) -> None:
        """Retrieve by C-GET, or by C-MOVE to ourselves."""
        self._open.close()
        self._reception.start(receive)
        keys = {"StudyInstanceUID": study, "SeriesInstanceUID": series}
        if self._pacs.move_port:
            for identifier in _identifiers(keys, wanted, whole=whole):
                self._move(identifier)
            return
        refusal = None
        for offer in _offers(wanted):
            left = [one for one in wanted if one.sop_instance_uid not in self._reception.taken]
            for identifier in _identifiers(keys, left, whole=whole and left == list(wanted)):
                try:
                    self._get(identifier, offer)
                except UnansweredError:
                    raise
                except PacsError as error:
                    # as some answer when an offer fits nothing that they have
                    refusal = error
        if refusal is not None and not self._reception.taken:
            raise refusal from None

    def store(self, files: Sequence[Outgoing]) -> Iterator[Stored]:
        """Send files by C-STORE, each in its own Transfer Syntax."""
        kinds: dict[tuple[str, str], list[Outgoing]] = {}
        for file in files:
            kinds.setdefault((file.sop_class_uid, file.transfer_syntax_uid), []).append(file)
        pairs = sorted(kinds)
        for start in range(0, len(pairs), _MOST_CONTEXTS):
            some = pairs[start : start + _MOST_CONTEXTS]
            with self._associate([build_context(*pair) for pair in some]) as association:
                accepted = {
                    (str(one.abstract_syntax), str(one.transfer_syntax[0]))
                    for one in association.accepted_contexts
                }
                for pair in some:
                    for file in kinds[pair]:
                        yield self._store(association, file, known=pair in accepted)

    def close(self) -> None:
        """Release what is open, and stop listening."""
        self._open.close()
        if self._server is not None:
            self._server.shutdown()

    def _find(self, level: str, keys: Mapping[str, str]) -> list[Answer]:
        identifier = _identifier(level, dict.fromkeys(_ANSWERED[level], "") | dict(keys))
        found: list[Answer] = []
        finder = self._open_finder()
        try:
            for status, answer in _answers(lambda: finder.send_c_find(identifier, _FIND)):
                if _is_pending(status, "the query") and answer is not None:
                    names = (*_ANSWERED[level], *keys)
                    found.append({name: _text(answer, name) for name in names})
        except BaseException:
            # interrupted; or over, which is noticed late: the next question would wait in vain
            finder.abort()
            raise
        return found

    def _open_finder(self) -> Association:
        """Return an association to ask in: a listing asks for each series."""
        if self._finder is None or not self._finder.is_established:
            self._open.close()
            self._finder = self._open.enter_context(self._associate([build_context(_FIND)]))
        return self._finder

    def _get(self, identifier: Dataset, offer: list[PresentationContext]) -> None:
        classes = sorted({str(one.abstract_syntax) for one in offer})
        roles = [build_role(uid, scp_role=True) for uid in classes]
        with self._associate([build_context(_GET), *offer], roles=roles) as association:
            for status, _ in _answers(lambda: association.send_c_get(identifier, _GET)):
                self._reception.check()
                _is_pending(status, "the retrieval by C-GET")

    def _move(self, identifier: Dataset) -> None:
        self._listen()
        with self._associate([build_context(_MOVE)]) as association:
            title = self._ae.ae_title
            for status, _ in _answers(lambda: association.send_c_move(identifier, title, _MOVE)):
                self._reception.check()
                _is_pending(status, "the retrieval by C-MOVE")

    def _listen(self) -> None:
        """Start to take what the PACS sends to our AE Title, once."""
        if self._server is not None:
            return
        syntaxes = [*_UNCOMPRESSED, *_COMPRESSED]
        contexts = [
            build_context(str(one.abstract_syntax), syntaxes)
            for one in AllStoragePresentationContexts
        ]
        self._ae.require_called_aet = True
        try:
            self._server = self._ae.start_server(
                ("", self._pacs.move_port or 0),
                block=False,
                contexts=contexts,
                evt_handlers=[(evt.EVT_C_STORE, self._reception.take)],
                ssl_context=server_tls(self._pacs),
            )
        except OSError:
            raise UsageError(
                "the port at which the PACS is to send to us cannot be opened",
                advice="Choose another 'move_port:', and tell the PACS; is one in use?",
            ) from None

    def _store(self, association: Association, file: Outgoing, *, known: bool) -> Stored:
        if not known:
            return Stored(file=file, status=_UNSUPPORTED)
        file.read()
        status = _ask(lambda: association.send_c_store(file.path))
        if "Status" not in status:
            raise _stopped()
        return Stored(file=file, status=int(status.Status))

    @contextmanager
    def _associate(
        self,
        contexts: list[PresentationContext],
        *,
        roles: Sequence[SCP_SCU_RoleSelectionNegotiation] = (),
    ) -> Iterator[Association]:
        try:
            association = self._ae.associate(
                self._pacs.host,
                self._pacs.port or 0,
                contexts=contexts,
                ae_title=self._pacs.called_ae_title,
                ext_neg=list(roles),
                tls_args=self._tls,
                evt_handlers=[(evt.EVT_C_STORE, self._reception.take)],
            )
        except (OSError, RuntimeError, ValueError):
            # a name that no address belongs to, for one
            raise _unreachable() from None
        if association.is_rejected:
            raise PacsError("the PACS refused to speak with us", advice=_REFUSED)
        if not association.is_established:
            raise _unreachable()
        try:
            yield association
        except BaseException:
            # also when interrupted: what is still on its way is not waited for
            association.abort()
            raise
        if association.is_established:
            association.release()


_UNSUPPORTED: Final = 0x0122
"""SOP Class not supported (PS3.7 C.5.6); here also: not in this Transfer Syntax."""


class _Reception:
    """Takes what is sent to us, from whatever thread, one after another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._receive: Receive | None = None
        self.taken: set[str] = set()
        self._failure: OSError | None = None

    def start(self, receive: Receive) -> None:
        """Hand everything to `receive` from now on."""
        self._receive, self._failure, self.taken = receive, None, set()

    def take(self, event: evt.Event) -> int:
        """Answer a C-STORE request with its status (PS3.4 B.2.3)."""
        with self._lock:
            if self._receive is None or self._failure is not None:
                return _OUT_OF_RESOURCES
            try:
                if not self._receive(event.encoded_dataset()):
                    return _NOT_ASKED_FOR
            except OSError as error:
                self._failure = error
                return _OUT_OF_RESOURCES
            self.taken.add(str(getattr(event.request, "AffectedSOPInstanceUID", "")))
            return 0

    def check(self) -> None:
        """Raise what kept us from taking something, such as a full disk."""
        if self._failure is not None:
            raise self._failure


_OUT_OF_RESOURCES, _NOT_ASKED_FOR = 0xA700, 0xC000


def _identifier(level: str, keys: Mapping[str, str]) -> Dataset:
    identifier = Dataset()
    if not all(value.isascii() for value in keys.values()):
        identifier.SpecificCharacterSet = "ISO_IR 192"
    identifier.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    return identifier


def _identifiers(
    keys: Mapping[str, str], wanted: Sequence[Wanted], *, whole: bool
) -> Iterator[Dataset]:
    """Yield what to ask for: the whole series, or what is wanted of it, some at a time."""
    if whole:
        yield _identifier("SERIES", keys)
        return
    uids = [one.sop_instance_uid for one in wanted]
    for start in range(0, len(uids), _MOST_UIDS):
        some = "\\".join(uids[start : start + _MOST_UIDS])
        yield _identifier("IMAGE", {**keys, "SOPInstanceUID": some})


def _offers(wanted: Sequence[Wanted]) -> Iterator[list[PresentationContext]]:
    """Yield what to offer for C-GET, association by association, so that nothing is converted.

    Of several Transfer Syntaxes in a context a PACS takes one, so each is offered by itself. It
    need not tell SOP Classes; then all of common use are offered, in one Transfer Syntax after
    another, as long as something is missing.
    """
    syntaxes = [list(_UNCOMPRESSED), *([one] for one in _COMPRESSED)]
    classes = sorted({one.sop_class_uid for one in wanted} - {""})
    fitting = (_MOST_CONTEXTS - 1) // len(syntaxes)
    for start in range(0, len(classes), fitting):
        some = classes[start : start + fitting]
        yield [build_context(uid, syntax) for uid in some for syntax in syntaxes]
    if all(one.sop_class_uid for one in wanted):
        return
    for syntax in syntaxes:
        contexts = StoragePresentationContexts[: _MOST_CONTEXTS - 1]
        yield [build_context(str(one.abstract_syntax), syntax) for one in contexts]


def _is_pending(status: Dataset, asked: str) -> bool:
    """Tell whether there is more to come (PS3.4 C.4.1.1.4, C.4.2.1.5, C.4.3.1.4).

    What failed within a retrieval (Bxxx, A702) is found by what is missing.
    """
    if "Status" not in status:
        raise _stopped()
    code = int(status.Status)
    if code in _PENDING:
        return True
    if code == 0 or code >> 12 == 0xB or code == _PARTLY_FAILED:  # noqa: PLR2004  # Bxxx are warnings
        return False
    if code >> 8 == 0xA7:  # noqa: PLR2004  # A7xx: out of resources
        raise UnansweredError(f"the PACS is busy: status {code:04X}")
    if code == _MOVE_DESTINATION:
        raise PacsError(
            "the PACS does not know where to send to",
            advice="Have it add our AE Title with this machine and 'move_port:'.",
        )
    raise PacsError(f"the PACS refused {asked}: status {code:04X}")


_PARTLY_FAILED, _MOVE_DESTINATION = 0xA702, 0xA801


def _text(answer: Dataset, keyword: str) -> str:
    try:
        value = answer.get(keyword)
    except Exception:  # noqa: BLE001  # pydicom's decoding fails in many ways, and quotes the value
        return ""
    if value is None:
        return ""
    return "\\".join(
        str(one) for one in ([value] if isinstance(value, str | int) else value)
    ).strip()


def _ask(ask: Callable[[], Result]) -> Result:
    """Call the library; its errors quote values."""
    try:
        return ask()
    except (RuntimeError, OSError):
        raise _stopped() from None
    except (ValueError, AttributeError, TypeError):
        raise PacsError("the PACS does not do what was asked", advice=_REFUSED) from None


def _answers(
    ask: Callable[[], Iterator[tuple[Dataset, Dataset | None]]],
) -> Iterator[tuple[Dataset, Dataset | None]]:
    """Yield the answers to a request, as they come."""
    answers = _ask(ask)
    while (one := _ask(lambda: next(answers, None))) is not None:
        yield one


def _unreachable() -> UnansweredError:
    return UnansweredError(
        "the PACS does not answer", advice=f"Check host and port. {_REFUSED} Is TLS meant?"
    )


def _stopped() -> UnansweredError:
    return UnansweredError("the PACS stopped answering", advice=_REFUSED)
