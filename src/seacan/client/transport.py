"""HTTP/1.1 on a connected socket: requests out, replies in, and the raw socket after an upgrade.

Two messages of a connection, in the words of RFC 9112:

    Connection.send(method, target, headers, body)    body: bytes, or pieces sent as chunks
    Connection.receive() → Response                   status, headers; read(), pieces(), take_over()
"""

from __future__ import annotations

import _socket

from seacan.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Protocol

    class ByteStream(Protocol):
        """What of a connected, blocking socket is used; see socket(2) in Python's words."""

        def fileno(self) -> int: ...
        def recv(self, most_bytes: int, /) -> bytes: ...
        def sendall(self, data: bytes, /) -> None: ...
        def send(self, data: bytes, flags: int = 0, /) -> int: ...
        def shutdown(self, how: int, /) -> None: ...
        def close(self) -> None: ...


HEAD_LIMIT_BYTES = 64 * 1024
PIECE_BYTES = 64 * 1024
_BODILESS = (204, 304)


class Connection:
    """One connection to the daemon, for one request at a time."""

    def __init__(self, connected: ByteStream, authority: str) -> None:
        self._socket = connected
        self._authority = authority
        self._received = bytearray()

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def has_received(self) -> bool:
        """Whether bytes are here that the socket does not show as readable any more."""
        return bool(self._received) or holds_bytes(self._socket)

    def close(self) -> None:
        self._socket.close()

    def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | Iterable[bytes] | None = None,
    ) -> None:
        """Send one request; pieces of a body go out as chunks.

        A daemon that has answered and closed before the end of the body is no error here: its
        reply, which says why, is there to be received.
        """
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self._authority}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if isinstance(body, bytes):
            lines.append(f"Content-Length: {len(body)}")
        elif body is not None:
            lines.append("Transfer-Encoding: chunked")
        elif method not in ("GET", "HEAD"):
            lines.append("Content-Length: 0")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        try:
            if body is None or isinstance(body, bytes):
                self._socket.sendall(head + (body or b""))
            else:
                self._socket.sendall(head)
                self._send_chunks(body)
        except (BrokenPipeError, ConnectionResetError):
            return

    def _send_chunks(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            if piece:
                self._socket.sendall(b"%x\r\n" % len(piece) + piece + b"\r\n")
        self._socket.sendall(b"0\r\n\r\n")

    def receive(self, *, has_body: bool = True) -> Response:
        """Return the head of the next reply; `has_body` is false for HEAD.

        Raises Unavailable if the connection ends or the reply is no HTTP.
        """
        status, headers = self._receive_head()
        while 100 <= status < 200 and status != 101:
            status, headers = self._receive_head()
        return Response(self, status, headers, has_body=has_body and status not in _BODILESS)

    def _receive_head(self) -> tuple[int, dict[str, str]]:
        start = self._receive_line().split(None, 2)
        if len(start) < 2 or not start[0].startswith("HTTP/1.") or not start[1].isdecimal():
            raise Unavailable("the daemon's reply is no HTTP")
        headers: dict[str, str] = {}
        size = 0
        while line := self._receive_line():
            size += len(line)
            if size > HEAD_LIMIT_BYTES:
                raise Unavailable("the head of the daemon's reply is too long")
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if start[0] == "HTTP/1.0":
            headers["connection"] = "close"
        return int(start[1]), headers

    def _receive_line(self) -> str:
        while (end := self._received.find(b"\n")) < 0:
            if len(self._received) > HEAD_LIMIT_BYTES:
                raise Unavailable("a line of the daemon's reply is too long")
            if not self._fill():
                raise Unavailable("the daemon closed the connection without a reply")
        line = self._received[:end].rstrip(b"\r").decode("latin-1")
        del self._received[: end + 1]
        return line

    def _fill(self) -> bool:
        try:
            piece = self._socket.recv(PIECE_BYTES)
        except ConnectionResetError:
            return False
        self._received += piece
        return bool(piece)

    def _receive_some(self, most_bytes: int) -> bytes:
        """Return at least one byte and at most `most_bytes`; nothing at the end."""
        if not self._received and not self._fill():
            return b""
        piece = bytes(self._received[:most_bytes])
        del self._received[:most_bytes]
        return piece


class Response:
    """A reply whose head is here and whose body may still be on its way."""

    def __init__(
        self, connection: Connection, status: int, headers: dict[str, str], *, has_body: bool
    ) -> None:
        self.status = status
        self.headers = headers
        self.connection = connection
        self.is_complete = not has_body

    def __enter__(self) -> Response:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    @property
    def may_continue(self) -> bool:
        """Whether another request may follow on the same connection."""
        return self.is_complete and self.headers.get("connection", "").lower() != "close"

    def read(self) -> bytes:
        """Return the rest of the body."""
        return b"".join(self.pieces())

    def pieces(self) -> Iterator[bytes]:
        """Yield the body as it arrives. Raises Unavailable if it ends too early."""
        if self.is_complete:
            return
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            yield from self._chunked()
        elif "content-length" in self.headers:
            yield from self._counted(_length(self.headers["content-length"], 10))
        else:
            while piece := self.connection._receive_some(PIECE_BYTES):
                yield piece
            self.headers["connection"] = "close"
        self.is_complete = True

    def _chunked(self) -> Iterator[bytes]:
        while size := _length(self.connection._receive_line().partition(";")[0], 16):
            yield from self._counted(size)
            self.connection._receive_line()
        while self.connection._receive_line():
            pass

    def _counted(self, size: int) -> Iterator[bytes]:
        while size:
            piece = self.connection._receive_some(min(size, PIECE_BYTES))
            if not piece:
                raise Unavailable("the daemon's reply ended too early")
            size -= len(piece)
            yield piece

    def take_over(self) -> Upgraded:
        """Return the connection as a raw stream in both directions, after `Upgrade: tcp`."""
        early = bytes(self.connection._received)
        self.connection._received.clear()
        self.is_complete = True
        self.headers["connection"] = "close"
        return Upgraded(self.connection._socket, early, self.headers.get("content-type", ""))


def holds_bytes(stream: ByteStream) -> bool:
    """Whether bytes are in it that its socket does not show: TLS takes whole records from there."""
    return bool(getattr(stream, "holds_bytes", False))


def _length(text: str, base: int) -> int:
    try:
        return int(text, base)
    except ValueError:
        raise Unavailable(f"the daemon's reply is no HTTP: {text[:20]!r} is no length") from None


class Upgraded:
    """A connection that has left HTTP: bytes both ways, either side may end first.

    `early` are bytes that came together with the head of the reply; `receive` yields them first.
    """

    def __init__(self, connected: ByteStream, early: bytes, media_type: str) -> None:
        self._socket = connected
        self._early = early
        self.media_type = media_type

    def __enter__(self) -> Upgraded:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def has_early(self) -> bool:
        """Whether `receive` has something although the socket may not be readable."""
        return bool(self._early) or holds_bytes(self._socket)

    def receive(self, most_bytes: int = PIECE_BYTES) -> bytes:
        """Return some bytes; nothing at the end."""
        if self._early:
            piece, self._early = self._early[:most_bytes], self._early[most_bytes:]
            return piece
        try:
            return self._socket.recv(most_bytes)
        except ConnectionResetError:
            return b""

    def send(self, data: bytes) -> None:
        """Send all of `data`. Raises OSError if the other side is gone."""
        self._socket.sendall(data)

    def send_some(self, data: bytes) -> int:
        """Send what fits without waiting and return its length. Raises OSError."""
        try:
            return self._socket.send(data, _socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0

    def end_sending(self) -> None:
        """Tell the other side that no more input comes; output still does."""
        try:
            self._socket.shutdown(_socket.SHUT_WR)
        except OSError:
            return  # It is gone already: nobody waits for the end.

    def close(self) -> None:
        self._socket.close()
