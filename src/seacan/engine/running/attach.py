"""Attaching a client to a container: its own connection goes to the shim, past the daemon.

    history wanted ─▸ the shim holds the client back ─▸ the log up to then is sent from here ─▸ the
    shim is told to go on, from just behind that: nothing is missing, nothing comes twice

If this process ends in between, the shim sees it and lets the client go. Before the start there is
no shim to hold the client: if it comes while the log is being sent, the rest is sent as above.
"""

import socket
import time
from collections.abc import Callable

import anyio
import msgspec

from seacan import errors
from seacan.engine.logs.files import stamp
from seacan.engine.logs.reading import ALWAYS, Log
from seacan.engine.running.running import Entry
from seacan.supervisor.protocol import AttachRequest
from seacan.supervisor.shim_client import Shim
from seacan.supervisor.websocket import WebSocket

# Makes the log from a time up to a time, as entries have them; see logs/reading.py.
History = Callable[[str, str], Log]


class Attachment(msgspec.Struct, frozen=True):
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
        try:
            if not self.stream:
                await self._send_all(client, since="")
            elif (shim := self.entry.shim) is not None:
                await self._begin_held(shim, client, early, since="")
            else:
                await self._begin_before_start(client, early)
        except BaseException:
            client.close()
            raise

    async def _begin_before_start(self, client: socket.socket, early: bytes) -> None:
        starts, now = self.entry.starts, stamp(time.time_ns())
        await self._send_history(client, since="", until=now)
        if self.entry.starts == starts:
            await self.entry.attach(client, self._request(early))
            return
        async with self.entry.lock:  # it may be being started
            shim = self.entry.shim
        if shim is None:
            await self._send_all(client, since=now)
        else:
            await self._begin_held(shim, client, early, since=now)

    async def _begin_held(
        self, shim: Shim, client: socket.socket, early: bytes, *, since: str
    ) -> None:
        with client:
            try:
                async with shim.attached_held(client, self._request(early)) as until_ns:
                    await self._send_history(client, since=since, until=stamp(until_ns))
            except errors.Conflict:  # it has ended just now
                await self._send_all(client, since=since)

    async def _send_all(self, client: socket.socket, *, since: str) -> None:
        """Send the log and let the client go: nothing follows."""
        await self._send_history(client, since=since, until=ALWAYS)
        await self._say_farewell(client)

    async def _send_history(self, client: socket.socket, *, since: str, until: str) -> None:
        if self.history is None:
            return
        log = self.history(since, until)
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
