"""A daemon that says what a test tells it to, on a Unix socket in a thread."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path


@dataclass
class Request:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    connection: socket.socket


@dataclass
class ScriptedDaemon:
    """Answers by `replies`: `"METHOD /path"` without version → bytes, or a function of the request.

    A reply that is a function may also use the connection itself, and return None.
    """

    path: Path
    replies: dict[str, bytes | Callable[[Request], bytes | None]]
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    @property
    def host(self) -> str:
        return f"unix://{self.path}"

    def asked(self) -> list[str]:
        return [f"{r.method} {r.path}" for r in self.requests]

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        # A client may leave at any time; what a test expects, it asserts.
        with suppress(OSError), connection, connection.makefile("rb") as reader:
            while line := reader.readline():
                request = self._read(line, reader, connection)
                self.requests.append(request)
                path = request.path
                if path.startswith("/v1."):
                    path = path[path.index("/", 1) :]
                reply = self.replies.get(f"{request.method} {path}", refusal(404, "no reply"))
                data = reply(request) if callable(reply) else reply
                if data is None:
                    return
                connection.sendall(data)

    def _read(self, line: bytes, reader: BufferedReader, connection: socket.socket) -> Request:
        method, target, _ = line.decode().split()
        headers = {}
        while header := reader.readline().strip():
            name, _, value = header.decode().partition(":")
            headers[name.lower()] = value.strip()
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(reader.readline(), 16):
                body += reader.read(size) or b""
                reader.readline()
            reader.readline()
        else:
            body = reader.read(int(headers.get("content-length", 0))) or b""
        path, _, query = target.partition("?")
        return Request(method, path, query, headers, body, connection)


PING = b"HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nOstype: linux\r\nContent-Length: 0\r\n\r\n"


def reply(body: bytes | str, status: int = 200, media_type: str = "application/json") -> bytes:
    data = body.encode() if isinstance(body, str) else body
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {media_type}\r\nContent-Length: {len(data)}"
    return head.encode() + b"\r\n\r\n" + data


def refusal(status: int, message: str) -> bytes:
    return reply(f'{{"message":"{message}"}}', status)


def upgraded(media_type: str = "application/vnd.docker.multiplexed-stream") -> bytes:
    head = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: "
    return f"{head}{media_type}\r\n\r\n".encode()


def frame(stream: int, data: bytes) -> bytes:
    return bytes((stream, 0, 0, 0)) + len(data).to_bytes(4, "big") + data


@contextmanager
def scripted_daemon(
    directory: Path, **replies: bytes | Callable[[Request], bytes | None]
) -> Iterator[ScriptedDaemon]:
    path = directory / "d.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    daemon = ScriptedDaemon(path, {"HEAD /_ping": PING, **replies})
    thread = threading.Thread(target=daemon.serve, args=(listener,), daemon=True)
    thread.start()
    try:
        yield daemon
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
