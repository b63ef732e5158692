"""Calls of a legacy plugin (v1): JSON over HTTP, on a unix socket, TCP or TLS. They block.

Source: docs.docker.com, Docker Plugin API; the media type is the protocol's version.
"""

import functools
import http.client
import io
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import field

from seacan.certificate_chains import check_as_go
from seacan.errors import Internal, InvalidArgument, Unavailable

_MEDIA_TYPE: Final = "application/vnd.docker.plugins.v1.2+json"
_ANSWER_LIMIT: Final = 16 << 20


class Address(msgspec.Struct, frozen=True):
    """Where a plugin listens: unix://PATH, tcp://HOST:PORT, http(s)://HOST:PORT.

    `tls` are the names of Go's: CAFile, CertFile, KeyFile, InsecureSkipVerify.
    """

    url: str
    tls: Mapping[str, Any] = field(default_factory=dict)


def call(
    address: Address, method: str, body: Mapping[str, Any], *, timeout_s: float
) -> dict[str, Any]:
    """Return the answer of a plugin, all of which has to be there in time.

    Raises Unavailable without one, Internal for its own error.
    """
    try:
        connection = _connection(address, timeout_s)
        connection.response_class = functools.partial(  # type: ignore[assignment]
            _Response, deadline=time.monotonic() + timeout_s
        )
        try:
            headers = {"Accept": _MEDIA_TYPE, "Content-Type": _MEDIA_TYPE}
            connection.request("POST", f"/{method}", msgspec.json.encode(body), headers)
            response = connection.getresponse()
            data = response.read(_ANSWER_LIMIT + 1)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as err:
        raise Unavailable(f"{method}: {address.url}: {str(err) or type(err).__name__}") from err
    if len(data) > _ANSWER_LIMIT:
        raise Internal(f"{method}: the answer is longer than {_ANSWER_LIMIT} bytes")
    answer = _decoded(data)
    error = answer.get("Err") if answer is not None else data.decode(errors="replace").strip()
    if response.status != 200:
        raise Internal(f"{method}: {error or response.reason}")
    if answer is None:
        raise Internal(f"{method}: the answer is no JSON object")
    if error:
        raise Internal(f"{method}: {error}")
    return answer


def _decoded(data: bytes) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(data or b"{}", type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None


def _connection(address: Address, timeout_s: float) -> http.client.HTTPConnection:
    parts = urlsplit(address.url)
    if parts.scheme == "unix":
        return _UnixConnection(parts.path, timeout_s)
    if parts.scheme not in ("tcp", "http", "https") or not parts.hostname:
        raise InvalidArgument(f"address of a plugin: {address.url}: unix:// or tcp:// is wanted")
    if address.tls or parts.scheme == "https":
        context = _tls_context(address.tls)
        return http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=timeout_s, context=context
        )
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout_s)


def _tls_context(tls: Mapping[str, Any]) -> ssl.SSLContext:
    context = check_as_go(ssl.create_default_context(cafile=tls.get("CAFile") or None))
    if tls.get("InsecureSkipVerify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.get("CertFile"):
        context.load_cert_chain(tls["CertFile"], tls.get("KeyFile") or None)
    return context


class _Response(http.client.HTTPResponse):
    """One that has come whole until the `deadline`: a socket's own time begins anew with a byte."""

    def __init__(self, sock: socket.socket, *args: Any, deadline: float, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_TimelyReader(self.fp.detach(), sock, deadline))


class _TimelyReader(io.RawIOBase):
    def __init__(self, source: Any, sock: socket.socket, deadline: float) -> None:
        self._source = source
        self._socket = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if (left_s := self._deadline - time.monotonic()) <= 0:
            raise TimeoutError("timed out")
        self._socket.settimeout(left_s)
        size: int | None = self._source.readinto(buffer)
        return size

    def close(self) -> None:
        self._source.close()
        super().close()


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("plugin", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        try:
            self.sock.settimeout(self.timeout)
            self.sock.connect(self._path)
        except OSError:
            self.sock.close()
            raise
