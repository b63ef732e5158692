"""Calls of the Engine API over a unix socket, whoever serves it."""

import contextlib
import http.client
import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PATIENCE_S = 120


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        return str(self.json["message"])


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path | str, timeout_s: float = _PATIENCE_S) -> None:
        super().__init__("docker", timeout=timeout_s)
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(self._path)
        except OSError:
            self.sock.close()
            raise


def ask(
    socket_path: Path | str,
    method: str,
    path: str,
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """Return the answer to one call. A body that is not bytes goes as JSON."""
    sent = dict(headers or {})
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
        sent.setdefault("Content-Type", "application/json")
    with contextlib.closing(UnixConnection(socket_path)) as connection:
        connection.request(method, path, body, sent)
        reply = connection.getresponse()
        found = {name.lower(): value for name, value in reply.getheaders()}
        return Answer(reply.status, found, reply.read())


def frames(body: bytes) -> list[tuple[int, bytes]]:
    """Return stream and data of each frame: a byte of stream, three of zero, four of length."""
    found = []
    while body:
        end = 8 + int.from_bytes(body[4:8], "big")
        found.append((body[0], body[8:end]))
        body = body[end:]
    return found
