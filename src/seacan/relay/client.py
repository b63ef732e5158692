"""The daemon's side: a relay for each container with published ports, told which these are."""

import contextlib
import os
import socket
from collections.abc import Sequence
from typing import Final, cast

import anyio

from seacan import errors
from seacan.paths import BundleDirectory
from seacan.relay.words import Place
from seacan.supervisor import asking, protocol
from seacan.supervisor.launcher_client import Launcher
from seacan.supervisor.protocol import Message

_PROGRAM: Final = "seacan.relay.process"
_SOCKET: Final = "relay.sock"
_DEADLINE_S: Final = 30.0


class Relay:
    """One relay. It goes on when the daemon ends."""

    def __init__(self, bundle: BundleDirectory, channel: socket.socket) -> None:
        """`channel` is open as long as the relay lives, and nothing ever comes from it."""
        self._bundle = bundle
        self._channel = channel
        self._gone = anyio.Event()

    async def follow(self) -> None:
        """Wait for its end. No deadline: it lives as long as its container."""
        try:
            with self._channel:
                await anyio.wait_readable(self._channel)
        finally:
            self._gone.set()

    def close(self) -> None:
        """Let go of one that is not followed."""
        self._channel.close()

    async def wait_gone(self, timeout_s: float) -> bool:
        """Wait until it has let go of its ports, while it is followed; False if it is not in time.

        It does that by itself when its container has ended.
        """
        with anyio.move_on_after(timeout_s):
            await self._gone.wait()
            return True
        return False

    async def give(self, places: Sequence[Place], sockets: Sequence[socket.socket]) -> None:
        """Have the relay take places over. Raises Unavailable, Internal."""
        for start in range(0, len(places), protocol.DESCRIPTOR_LIMIT):
            part = slice(start, start + protocol.DESCRIPTOR_LIMIT)
            descriptors = [each.fileno() for each in sockets[part]]
            await self._ask({"request": "give", "places": places[part]}, descriptors)

    async def keep(self, places: Sequence[Place]) -> None:
        """Have it go on with `places`, as they are now, and no others. Raises Unavailable."""
        await self._ask({"request": "keep", "places": places})

    async def places(self) -> list[Place]:
        return cast(list[Place], (await self._ask({"request": "list"}))["places"])

    async def _ask(self, message: Message, descriptors: Sequence[int] = ()) -> Message:
        with await asking.connect(self._bundle.path, _SOCKET) as connection:
            return await asking.ask(connection, message, descriptors, _DEADLINE_S)


async def start(launcher: Launcher, bundle: BundleDirectory, shim: int) -> Relay:
    """Return a new relay, which ends with the shim whose pid is `shim`. Raises Unavailable."""
    channel = await launcher.fork(_PROGRAM)
    try:
        pidfd = os.pidfd_open(shim)
        try:
            message: Message = {"bundle": str(bundle.path)}
            await asking.ask(channel, message, [pidfd], _DEADLINE_S)
        finally:
            os.close(pidfd)
    except BaseException as err:
        channel.close()
        if isinstance(err, OSError):
            raise errors.Unavailable(f"start relay: {err.strerror}") from err
        raise
    return Relay(bundle, channel)


async def find(bundle: BundleDirectory) -> Relay | None:
    """Return the relay of a bundle, from before this daemon; None if there is none."""
    with contextlib.suppress(errors.Unavailable, FileNotFoundError):
        return Relay(bundle, await asking.connect(bundle.path, _SOCKET))
    return None
