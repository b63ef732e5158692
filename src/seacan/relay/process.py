"""The relay: forked by the launcher, it needs neither that nor the daemon, and ends with the shim.

It is in the network of the host, joins nothing, and knows nothing but sockets and addresses.
"""

import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from seacan import errors, log
from seacan.kernel import this_process
from seacan.relay.ports import Ports
from seacan.supervisor import protocol
from seacan.supervisor.loop import READABLE, Loop
from seacan.supervisor.protocol import Message

_BACKLOG: Final = 16


def run(channel: socket.socket) -> None:
    """Serve until the shim ends that comes with the first message."""
    os.setsid()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    this_process.set_name("seacan-relay")
    this_process.take_all_descriptors()
    received = protocol.receive(channel)
    if received is None:
        return
    message, (shim,) = received
    relay = _Relay(Path(message["bundle"]), shim)
    protocol.send(channel, {})
    relay.listen_to(channel)
    relay.serve()


class _Relay:
    def __init__(self, bundle: Path, shim: int) -> None:
        self._loop = Loop()
        self._ports = Ports(self._loop)
        self._goes_on = True
        self._loop.watch(shim, READABLE, self._end)
        self._listener = _listen(bundle)
        self._loop.watch(self._listener.fileno(), READABLE, self._accept)

    def serve(self) -> None:
        while self._goes_on:
            self._loop.run_once()
        # Before the channel is closed, which says that the ports are free.
        self._ports.keep([])

    def _end(self) -> None:
        self._goes_on = False

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError as err:
            log.warn("daemon is not listened to", error=err)
            return
        self.listen_to(connection)

    def listen_to(self, connection: socket.socket) -> None:
        """Answer what comes over `connection`, until its other end is closed."""

        def answer() -> None:
            try:
                received = protocol.receive(connection)
                if received is not None:
                    protocol.send(connection, self._answer(*received))
                    return
            except OSError as err:
                log.warn("request broke off", error=err)
            self._loop.ignore(connection.fileno(), READABLE)
            connection.close()

        self._loop.watch(connection.fileno(), READABLE, answer)

    def _answer(self, message: Message, descriptors: list[int]) -> Message:
        requests: dict[str, Callable[[], Any]] = {
            "give": lambda: self._ports.give(message["places"], descriptors),
            "keep": lambda: self._ports.keep(message["places"]),
            "list": self._ports.places,
        }
        try:
            call = requests.get(message.get("request", ""))
            if call is None:
                raise errors.InvalidArgument(f"request {message.get('request')!r}: unknown")
            return {"places": call()}
        except (errors.SeacanError, OSError, KeyError, ValueError) as err:
            return protocol.error_reply(err)
        finally:
            for fd in descriptors:
                os.close(fd)


def _listen(bundle: Path) -> socket.socket:
    # The socket is named below a descriptor: an address has room for 107 bytes only.
    directory = os.open(bundle, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    listener = socket.socket(socket.AF_UNIX, protocol.SOCKET_TYPE)
    before = os.umask(0o177)
    try:
        name = "relay.sock"
        # One that was killed has left its own.
        Path(f"/proc/self/fd/{directory}/{name}").unlink(missing_ok=True)
        listener.bind(f"/proc/self/fd/{directory}/{name}")
    finally:
        os.umask(before)
        os.close(directory)
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    return listener
