"""Attaching a client to a container: its own connection goes to the shim, past the daemon.

    history wanted ─▸ the shim holds the client back ─▸ the log up to then is sent from here ─▸ the
    shim is told to go on, from just behind that: nothing is missing, nothing comes twice

If this process ends in between, the shim sees it and lets the client go.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass

import anyio

from seacan import errors
from seacan.engine.log_files import stamp
from seacan.engine.logs import Log
from seacan.engine.running import Entry
from seacan.supervisor.client import Shim
from seacan.supervisor.protocol import AttachRequest
from seacan.supervisor.websocket import WebSocket

# Makes the log up to a time; None: all that there is.
History = Callable[[str | None], Log]


@dataclass(frozen=True, slots=True)
class Attachment:
    """An attach that was found right; `begin` carries it out when the client has its answer."""

    entry: Entry
    stdin: bool
    stdout: bool
    stderr: bool
    detach_keys: bytes
    stream: bool = True  # False: the history alone
    history: History | None = None
    websocket: str = ""  # text or binary: the client speaks WebSocket

    @property
    def tty(self) -> bool:
        return self.entry.record.tty

    async def begin(self, client: socket.socket, early: bytes) -> None:
        """Hand `client` over, with what it has sent already; before the start is early enough."""
        # At once: the client, which has its answer, may start the container now.
        self.entry.tell("attach")
        if self.history is None and self.stream:
            await self.entry.attach(client, self._request(early))
            return
        if self.history is not None and self.stream and self.entry.shim is not None:
            await self._begin_held(self.entry.shim, client, early, self.history)
            return
        try:
            if self.history is not None:
                await self._send_history(client, self.history(None))
        except BaseException:
            client.close()
            raise
        if self.stream:
            await self.entry.attach(client, self._request(early))
        else:
            await self._say_farewell(client)

    async def _begin_held(
        self, shim: Shim, client: socket.socket, early: bytes, history: History
    ) -> None:
        with client:
            try:
                async with shim.attached_held(client, self._request(early)) as since_ns:
                    await self._send_history(client, history(stamp(since_ns)))
            except errors.Conflict:
                # It has ended just now: its log is all there is.
                await self._send_history(client, history(None))
                await self._say_farewell(client)

    async def _send_history(self, client: socket.socket, log: Log) -> None:
        websocket = WebSocket(self.websocket) if self.websocket else None
        pieces = log.__aiter__()
        try:
            async for piece in pieces:
                await _send(client, websocket.wrap(piece) if websocket else piece)
        except OSError:
            return  # the client is gone, which whoever gets its connection will see
        finally:
            await pieces.aclose()

    async def _say_farewell(self, client: socket.socket) -> None:
        with client:
            if self.websocket:
                try:
                    await _send(client, WebSocket(self.websocket).farewell())
                except OSError:
                    return

    def _request(self, early: bytes) -> AttachRequest:
        request = attach_request(
            stdin=self.stdin,
            stdout=self.stdout,
            stderr=self.stderr,
            framed=not self.tty,
            detach_keys=self.detach_keys if self.tty else b"",
            early=early,
        )
        if self.websocket:
            request["websocket"] = self.websocket
        return request


def attach_request(
    *, stdin: bool, stdout: bool, stderr: bool, framed: bool, detach_keys: bytes, early: bytes
) -> AttachRequest:
    return AttachRequest(
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        framed=framed,
        detach_keys=detach_keys.decode("latin-1"),
        early=early.decode("latin-1"),
    )


async def _send(client: socket.socket, data: bytes) -> None:
    """Send all of `data`. No deadline: a reader of history takes its time, or is gone."""
    client.setblocking(False)
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[client.send(rest) :]
        except BlockingIOError:
            await anyio.wait_writable(client)
