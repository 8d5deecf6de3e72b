"""Servers of outside programs, started by the tests on loopback: Orthanc, dcmtk's dcmqrscp."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

PLUGINS = Path("/usr/share/orthanc/plugins")
_ATTEMPTS = 3


def skip_without(program: str) -> None:
    if shutil.which(program) is None and not os.environ.get("CI"):
        pytest.skip(f"{program} is not installed")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _wait(process: subprocess.Popen[bytes], is_ready: Callable[[], bool]) -> bool:
    """Wait until a server is ready; it may have ended, as when another took its port."""
    for _ in range(300):
        if is_ready():
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.1)
    return False


class Orthanc:
    """An Orthanc with DICOMweb and, with AE Title ORTHANC, DIMSE; `settings` are its own."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        skip_without("Orthanc")
        folder.mkdir(parents=True, exist_ok=True)
        for _ in range(_ATTEMPTS):
            self._start(folder, settings)
            if _wait(self.process, self._answers):
                return
            self.stop()
        raise AssertionError((folder / "log").read_text(errors="replace")[-2000:])

    def _start(self, folder: Path, settings: dict[str, Any]) -> None:
        self.port, self.dicom_port, self.move_port = free_port(), free_port(), free_port()
        self.root = f"http://127.0.0.1:{self.port}"
        configuration = {
            "Name": "test",
            "StorageDirectory": str(folder / "db"),
            "IndexDirectory": str(folder / "db"),
            "HttpPort": self.port,
            "HttpServerEnabled": True,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomServerEnabled": True,
            "DicomAet": "ORTHANC",
            "DicomPort": self.dicom_port,
            "DicomCheckCalledAet": True,
            "DicomModalities": {
                "casepack": {
                    "AET": "CASEPACK",
                    "Host": "127.0.0.1",
                    "Port": self.move_port,
                    "AllowGet": True,
                    "UseDicomTls": "DicomTlsEnabled" in settings,
                }
            },
            "Plugins": [str(PLUGINS / "libOrthancDicomWeb.so")],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
            **settings,
        }
        (folder / "orthanc.json").write_text(json.dumps(configuration))
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(["Orthanc", str(folder / "orthanc.json")], stderr=log)

    def _answers(self) -> bool:
        return _listens(self.port)

    @property
    def web(self) -> str:
        return f"{self.root}/dicom-web"

    @property
    def dicom(self) -> str:
        return f"dicom://ORTHANC@127.0.0.1:{self.dicom_port}"

    def ask(self, path: str, data: bytes | None = None, **headers: str) -> bytes:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.root + path, data=data, headers=named)  # noqa: S310
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  # loopback
            content: bytes = answer.read()
            return content

    def upload(self, folder: Path) -> None:
        for path in sorted(folder.rglob("*.dcm")):
            self.ask("/instances", path.read_bytes())

    def instances(self) -> list[str]:
        found = []
        for name in json.loads(self.ask("/instances")):
            told = json.loads(self.ask(f"/instances/{name}"))
            found.append(told["MainDicomTags"]["SOPInstanceUID"])
        return sorted(found)

    def clear(self) -> None:
        for name in json.loads(self.ask("/patients")):
            request = urllib.request.Request(f"{self.root}/patients/{name}", method="DELETE")  # noqa: S310
            urllib.request.urlopen(request, timeout=60).close()  # noqa: S310  # loopback

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


class Dcmqrscp:
    """dcmtk's query and retrieve server, with AE Title QRSCP."""

    def __init__(self, folder: Path, *options: str) -> None:
        skip_without("dcmqrscp")
        (folder / "db").mkdir(parents=True)
        for _ in range(_ATTEMPTS):
            self._start(folder, options)
            if _wait(self.process, lambda: _listens(self.port)):
                return
            self.stop()
        raise AssertionError("dcmqrscp does not listen")

    def _start(self, folder: Path, options: tuple[str, ...]) -> None:
        self.port, self.move_port = free_port(), free_port()
        configuration = f"""
NetworkTCPPort = {self.port}
MaxPDUSize = 16384
MaxAssociations = 16
HostTable BEGIN
casepack = (CASEPACK, 127.0.0.1, {self.move_port})
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
QRSCP {folder / "db"} RW (200, 1024mb) ANY
AETable END
"""
        (folder / "dcmqrscp.cfg").write_text(configuration)
        self.process = subprocess.Popen(
            ["dcmqrscp", *options, "-c", str(folder / "dcmqrscp.cfg")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    @property
    def dicom(self) -> str:
        return f"dicom://QRSCP@127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


class TlsProxy:
    """Speaks TLS and passes on to a port: what stands before a server that speaks none.

    The Orthanc of Debian 12 crashes on the first request over HTTPS.
    """

    def __init__(self, port: int, certificate: Path) -> None:
        self._target = port
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with (
            client,
            suppress(OSError),
            self._context.wrap_socket(client, server_side=True) as secure,
            socket.create_connection(("127.0.0.1", self._target)) as plain,
        ):
            back = threading.Thread(target=_pump, args=(plain, secure), daemon=True)
            back.start()
            _pump(secure, plain)
            back.join()

    def stop(self) -> None:
        self._listener.close()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
