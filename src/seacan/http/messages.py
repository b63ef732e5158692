"""What an Application is given, and the three answers that it may give."""

import socket
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeAlias

import msgspec

HeaderLine: TypeAlias = tuple[str, str]
Send: TypeAlias = Callable[[bytes], Coroutine[Any, Any, None]]


class Certificate(msgspec.Struct, frozen=True):
    """What a client has shown of itself, and was verified."""

    common_name: str
    pem: str


class Request(msgspec.Struct):
    method: str
    target: str  # path and query, still percent-encoded
    headers: dict[str, str]  # names in lower case; of a repeated one, the last
    has_body: bool
    receive: Callable[[], Coroutine[Any, Any, bytes]]  # the body's next piece, b"" at its end
    certificate: Certificate | None = None


class Reply(msgspec.Struct, frozen=True):
    """An answer that is all there."""

    status: int
    body: bytes = b""
    content_type: str = ""
    headers: Sequence[HeaderLine] = ()


class Stream(msgspec.Struct, frozen=True):
    """An answer that `produce` sends piece by piece, while the client listens.

    It is chunked, unless `headers` have a Content-Length. HEAD gets the head alone, without
    `produce`. The head leaves with the first piece, at once if that is empty. If `produce` raises
    before, its error is the answer; later the connection is closed, so that the client sees a cut.
    When the client goes away, `produce` is cancelled. `headers` are read when the head leaves: a
    list may be filled by `produce`. If it `is_by_line`, each line of a piece is a chunk, though
    they leave together: docker-py hands chunks on, which its callers take for a message each.
    """

    content_type: str
    produce: Callable[[Send], Awaitable[None]]
    headers: Sequence[HeaderLine] = ()
    status: int = 200
    is_by_line: bool = False


class Hijack(msgspec.Struct, frozen=True):
    """The connection itself, after a head, is given to `begin` for good.

    `begin` gets the client's socket, non-blocking, now its own to close, and the bytes that the
    client sent after its request and that were read already. A body of a length told of belongs
    to the request; in chunks it does not, for a client that speaks of chunks sends none. It is
    called even if the client is gone: it will find that out by reading.
    """

    head: bytes
    begin: Callable[[socket.socket, bytes], Awaitable[None]]
    has_headers: bool = False  # the headers of every answer are put at the end of `head`


Answer: TypeAlias = Reply | Stream | Hijack
Application: TypeAlias = Callable[[Request], Awaitable[Answer]]
