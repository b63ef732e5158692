"""What goes to and fro between a client and a container: attach, logs, the size of a terminal."""

from collections.abc import AsyncGenerator
from typing import Final

from seacan.api import engine
from seacan.api.door import Call, Route
from seacan.errors import InvalidArgument
from seacan.http.messages import Hijack, Reply, Send, Stream

RAW: Final = "application/vnd.docker.raw-stream"
_MULTIPLEXED: Final = "application/vnd.docker.multiplexed-stream"


class StreamRoutes:
    """To be asked before the routes of containers, to which a slash is part of a name."""

    def __init__(self, streams: engine.Streams) -> None:
        self._streams = streams

    def routes(self) -> list[Route]:
        return [
            Route("POST", "/containers/{name}/attach", self.attach),
            Route("GET", "/containers/{name}/logs", self.logs),
            Route("DELETE", "/containers/{name}/logs", self.clear_logs),  # beyond Docker
            Route("POST", "/containers/{name}/resize", self.resize),
        ]

    async def attach(self, call: Call) -> Hijack:
        query = call.query
        attachment = await self._streams.prepare_attach(
            call.name,
            stdin=query.flag("stdin"),
            stdout=query.flag("stdout"),
            stderr=query.flag("stderr"),
            stream=query.flag("stream"),
            logs=query.flag("logs"),
            detach_keys=query.optional("detachKeys"),
        )
        return hijack(call, attachment)

    async def logs(self, call: Call) -> Stream:
        query = call.query
        stdout, stderr = query.flag("stdout"), query.flag("stderr")
        if not stdout and not stderr:
            raise InvalidArgument("Bad parameters: you must choose at least one stream")
        log = await self._streams.logs(
            call.name,
            stdout=stdout,
            stderr=stderr,
            follow=query.flag("follow"),
            since=query.optional("since"),
            until=query.optional("until"),
            timestamps=query.flag("timestamps"),
            details=query.flag("details"),
            tail=_tail(query.text("tail")),
        )

        async def produce(send: Send) -> None:
            await send(b"")
            pieces = log.__aiter__()
            try:
                async for piece in pieces:
                    await send(piece)
            finally:
                # A log that is followed has things open; they are not left to the collector.
                if isinstance(pieces, AsyncGenerator):
                    await pieces.aclose()

        return Stream(_stream_type(call, tty=log.tty), produce)

    async def clear_logs(self, call: Call) -> Reply:
        await self._streams.clear_logs(call.name)
        return Reply(204)

    async def resize(self, call: Call) -> Reply:
        rows, columns = terminal_size(call)
        await self._streams.resize(call.name, rows=rows, columns=columns)
        return Reply(200)


def hijack(call: Call, attachment: engine.Attachment, *, has_headers: bool = False) -> Hijack:
    """Return the answer that gives the client's connection to `attachment`.

    Of an attach it has never had the headers of other answers, of an exec it has.
    """
    is_upgrade = call.request.headers.get("upgrade", "").lower() == "tcp"
    # Without an upgrade the type has always been raw, though frames follow.
    content_type = _stream_type(call, tty=attachment.tty) if is_upgrade else RAW
    head = hijack_head(content_type, is_upgrade=is_upgrade)
    return Hijack(head, attachment.begin, has_headers)


def hijack_head(content_type: str, *, is_upgrade: bool) -> bytes:
    """Return the head of the answer that a hijacked connection begins with."""
    # A client that did not ask for an upgrade gets a reply without an end, as from dockerd.
    if not is_upgrade:
        return f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n\r\n".encode()
    return (
        f"HTTP/1.1 101 UPGRADED\r\nContent-Type: {content_type}\r\n"
        "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
    ).encode()


def terminal_size(call: Call) -> tuple[int, int]:
    """Return rows and columns. Raises InvalidArgument."""
    return call.query.uint16("h", "resize height"), call.query.uint16("w", "resize width")


def _tail(text: str) -> int | None:
    """Return how many entries from the end are wanted; whatever is no number means all."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _stream_type(call: Call, *, tty: bool) -> str:
    return RAW if tty or call.version < (1, 42) else _MULTIPLEXED
