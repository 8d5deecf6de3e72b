"""DIMSE over TLS (PS3.15 Annex B): whom to trust, and who we are."""

from __future__ import annotations

import ssl

from casepack.errors import UsageError
from casepack.pacs.address import Pacs


class _Socket(ssl.SSLSocket):
    """Is closed even where it was never connected: pynetdicom would leave it open then."""

    def shutdown(self, how: int) -> None:
        try:
            super().shutdown(how)
        except OSError:
            self.close()
            raise


def client_tls(pacs: Pacs) -> tuple[ssl.SSLContext, str] | None:
    """Return how we speak to the PACS, and the name that its certificate must hold.

    Raises
    ------
    UsageError
        Certificates cannot be read.
    """
    if pacs.scheme != "dicoms":
        return None
    try:
        context = ssl.create_default_context(cafile=pacs.trust)
        context.sslsocket_class = _Socket
        if pacs.certificate is not None:
            context.load_cert_chain(pacs.certificate)
    except OSError:
        raise _bad_certificates() from None
    return context, pacs.host


def server_tls(pacs: Pacs) -> ssl.SSLContext | None:
    """Return how we let the PACS send to us: it must know us, and we it.

    Raises
    ------
    UsageError
        Certificates cannot be read, or there is none of our own.
    """
    if pacs.scheme != "dicoms":
        return None
    if pacs.certificate is None:
        raise UsageError(
            "C-MOVE over TLS needs a certificate of our own",
            advice="Name it in the PACS file: 'certificate: FILE.pem'; or leave out 'move_port:'.",
        )
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=pacs.trust)
        context.load_cert_chain(pacs.certificate)
    except OSError:
        raise _bad_certificates() from None
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _bad_certificates() -> UsageError:
    return UsageError(
        "certificates cannot be read",
        advice="Check 'trust:' and 'certificate:' in the PACS file: PEM, the key without password.",
    )
