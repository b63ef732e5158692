"""Requests over a unix socket or TCP, answers as they came."""

import contextlib
import http.client
import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

_PATIENCE_S = 60


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes


class _Connection(http.client.HTTPConnection):
    def __init__(self, host: str) -> None:
        super().__init__("docker", timeout=_PATIENCE_S)
        self._address = urlsplit(host)

    def connect(self) -> None:
        if self._address.scheme == "unix":
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(self.timeout)
            self.sock.connect(self._address.path)
        else:
            address = (self._address.hostname or "localhost", self._address.port or 2375)
            self.sock = socket.create_connection(address, self.timeout)


def send(
    host: str,
    method: str,
    path: str,
    body: Any = None,
    *,
    upgrade: bool = False,
    endless: bool = False,
) -> Answer:
    """Send one request to unix://… or tcp://…; bytes go as a tar archive, all else as JSON.

    Of an `endless` answer that is no error, the body is left out.
    """
    headers: dict[str, str] = {}
    if upgrade:
        headers |= {"Connection": "Upgrade", "Upgrade": "tcp"}
    if body is not None:
        is_archive = isinstance(body, bytes)
        headers["Content-Type"] = f"application/{'x-tar' if is_archive else 'json'}"
        body = body if is_archive else json.dumps(body)
    with contextlib.closing(_Connection(host)) as connection:
        connection.request(method, quote(path, safe="/?&=%:+~"), body, headers)
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        is_left_out = endless and response.status < 300
        return Answer(response.status, found, b"" if is_left_out else response.read())
