"""The daemon's side of a shim: before it has a container, as it starts one, and from then on.

Every call here is a coroutine with a deadline; the sockets' packets are the protocol's.
"""

import contextlib
import os
import select
import socket
import struct
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from typing import Final, cast

import anyio

from seacan import errors
from seacan.paths import BundleDirectory
from seacan.supervisor import protocol
from seacan.supervisor.asking import ask, connect, exchange
from seacan.supervisor.protocol import (
    AttachRequest,
    ExecRequest,
    Message,
    StartRequest,
)
from seacan.trace import NOT_TRACED

_START_DEADLINE_S: Final = 120.0
_REQUEST_DEADLINE_S: Final = 30.0
_SOCKET: Final = "shim.sock"
_UCRED: Final = struct.Struct("=iII")


class Network:
    """The network namespace of a container: a descriptor of it, and sockets in it.

    `udp` and `tcp` are for its resolver; `netfilter` is None where the kernel has none.
    """

    def __init__(self, descriptors: Sequence[int], path: str = "") -> None:
        self.fd, *sockets = descriptors
        self.netlink, self.udp, self.tcp, *others = (socket.socket(fileno=fd) for fd in sockets)
        self.netfilter = others[0] if others else None
        self.path = path

    def __enter__(self) -> "Network":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)
        for each in (self.netlink, self.udp, self.tcp, self.netfilter):
            if each is not None:
                each.close()


class WaitingShim:
    """A shim without a container: what it tells before it is told anything."""

    def __init__(self, channel: socket.socket, told: Message, descriptors: Sequence[int]) -> None:
        self.channel = channel
        self._told = told
        self._network = Network(descriptors, told["network"]) if descriptors else None

    @property
    def network(self) -> Network:
        """The namespace that it has made. Raises what it could not make it for."""
        protocol.raise_error(self._told)
        assert self._network is not None
        return self._network

    @property
    def user_path(self) -> str:
        """The user namespace that it has made; empty if it has none."""
        return str(self._told["user"])

    @property
    def pid(self) -> int:
        return int(self._told["pid"])

    def __enter__(self) -> "WaitingShim":
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of what the shim has; let it end, unless it has a container by now."""
        if self._network is not None:
            with self._network:
                pass
        self.channel.close()

    def take_channel(self) -> socket.socket:
        """Return the channel, which is the caller's from now on."""
        return socket.socket(fileno=self.channel.detach())


class Shim:
    """A running shim. `events` is the channel on which it tells what happens."""

    def __init__(self, bundle: BundleDirectory, events: socket.socket, started: Message) -> None:
        self._bundle = bundle
        self._events = events
        self.init_pid = int(started["pid"])
        self.started_at_ns = int(started["started_at_ns"])

    async def events(self) -> AsyncGenerator[Message, None]:
        """Yield events until the shim ends. No deadline: a container runs as long as it likes."""
        with self._events:
            while True:
                await anyio.wait_readable(self._events)
                try:
                    received = protocol.receive(self._events)
                except ConnectionError:
                    return
                if received is None:
                    return
                yield received[0]

    async def signal(self, number: int, exec_id: str | None = None) -> None:
        await self._request({"request": "signal", "signal": number, "exec_id": exec_id})

    async def resize(self, rows: int, columns: int, exec_id: str | None = None) -> None:
        await self._request(
            {"request": "resize", "rows": rows, "columns": columns, "exec_id": exec_id}
        )

    async def attach(self, client: socket.socket, request: AttachRequest) -> None:
        """Hand a client's connection over; the shim has its own copy of it afterwards."""
        await self._request({"request": "attach", "attachment": request}, [client.fileno()])

    @contextlib.asynccontextmanager
    async def attached_held(
        self, client: socket.socket, request: AttachRequest
    ) -> AsyncIterator[int]:
        """Attach a client that the shim sends nothing to before the end of the block.

        Gives the time up to which the log has what it is not going to be sent, in ns since 1970.
        If the block raises, the client is dropped.
        """
        with await self._connect() as connection:
            message = {"request": "attach-held", "attachment": request}
            reply = await self._ask(connection, message, [client.fileno()])
            yield int(reply["position_ns"])
            with contextlib.suppress(OSError):  # the shim has dropped the client, or is gone
                protocol.send(connection, {"request": "release"})

    async def set_sysctls(self, values: Mapping[str, str]) -> None:
        """Set kernel parameters of the container's own network: path below /proc/sys → value.

        Raises InvalidArgument, in Docker's words, Conflict.
        """
        await self._request({"request": "sysctls", "values": {**values}})

    async def clear_log(self) -> None:
        """Have it forget what it logged so far. Raises Conflict if it logs no more; Internal."""
        await self._request({"request": "clear-log"})

    async def exec(self, request: ExecRequest, client: socket.socket | None) -> int:
        """Start a process beside the container's; return its pid."""
        reply = await self._request(
            {"request": "exec", **request}, [] if client is None else [client.fileno()]
        )
        return int(reply["pid"])

    async def pid(self) -> int:
        """Return its own pid. Raises Conflict if it is gone."""
        with await self._connect() as connection:
            credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        return int(_UCRED.unpack(credentials)[0])

    async def network(self) -> Network:
        """Return the container's own network namespace. Raises Conflict if it has none."""
        with await self._connect() as connection, self._conflict_if_gone():
            message = {"request": "network"}
            _, descriptors = await exchange(connection, message, [], _REQUEST_DEADLINE_S)
        return Network(descriptors)

    async def open_socket(self, family: int, kind: int) -> socket.socket:
        """Return a new socket in the container's own network, which does not block.

        Raises OSError, Conflict if it has none.
        """
        with await self._connect() as connection, self._conflict_if_gone():
            message = {"request": "socket", "family": family, "type": kind}
            _, descriptors = await exchange(connection, message, [], _REQUEST_DEADLINE_S)
        opened = socket.socket(fileno=descriptors[0])
        opened.setblocking(False)
        return opened

    async def _request(self, message: Message, descriptors: Sequence[int] = ()) -> Message:
        with await self._connect() as connection:
            return await self._ask(connection, message, descriptors)

    async def _connect(self) -> socket.socket:
        with self._conflict_if_gone():
            return await connect(self._bundle.path, _SOCKET)

    async def _ask(
        self, connection: socket.socket, message: Message, descriptors: Sequence[int]
    ) -> Message:
        with self._conflict_if_gone():
            return await ask(connection, message, descriptors, _REQUEST_DEADLINE_S)

    @contextlib.contextmanager
    def _conflict_if_gone(self) -> Iterator[None]:
        try:
            yield
        except (errors.Unavailable, FileNotFoundError) as err:
            # The container has ended, and its shim with it; the daemon is about to learn it.
            container_id = self._bundle.path.name
            raise errors.Conflict(f"container {container_id} is not running") from err


async def start(
    waiting: WaitingShim,
    bundle: BundleDirectory,
    request: StartRequest,
    clients: Sequence[socket.socket],
    trace: int = NOT_TRACED,
) -> Shim:
    """Start the container in `bundle`. Raises what the shim reports; nothing is left of it then."""
    message = cast(Message, request)
    fds = [client.fileno() for client in clients]
    if trace >= 0:
        message["traced"] = True
        fds.append(trace)
    try:
        reply = await ask(waiting.channel, message, fds, _START_DEADLINE_S)
    except errors.Unavailable as err:
        raise errors.Internal(f"start container: its shim does not answer: {err}") from err
    return Shim(bundle, waiting.take_channel(), reply)


async def listen(channel: socket.socket) -> WaitingShim:
    """Return the shim at the other end once it is ready. Raises Unavailable if it has ended."""
    try:
        with anyio.fail_after(_REQUEST_DEADLINE_S):
            await anyio.wait_readable(channel)
        received = protocol.receive(channel)
    except BaseException as err:
        channel.close()
        if isinstance(err, OSError):  # a time-out, too
            raise errors.Unavailable(f"start shim: {err}") from err
        raise
    if received is None:
        channel.close()
        raise errors.Unavailable("start shim: it ended")
    waiting = WaitingShim(channel, *received)
    if _has_ended(channel):
        with waiting:
            raise errors.Unavailable("start shim: it ended")
    return waiting


async def find(bundle: BundleDirectory) -> Shim | None:
    """Return the shim that runs in `bundle`, from before this daemon; None if there is none."""
    try:
        connection = await connect(bundle.path, _SOCKET)
    except (errors.Unavailable, FileNotFoundError):
        return None
    try:
        reply = await ask(connection, {"request": "watch"}, [], _REQUEST_DEADLINE_S)
    except BaseException as err:
        connection.close()
        if isinstance(err, errors.Unavailable):
            return None
        raise
    return Shim(bundle, connection, reply)


def _has_ended(channel: socket.socket) -> bool:
    """Tell whether the peer, which has nothing to say yet, is gone."""
    poll = select.poll()  # select(2) knows no descriptor above 1023
    poll.register(channel, select.POLLIN)
    return bool(poll.poll(0))
