"""The child of a shim that starts its container: forked ahead, it waits to be told which one.

What the runtime needs of memory goes with this process when it ends: a forked process shares its
parent's pages until one of them writes, and the runtime writes to a thousand. The shim, which stays
for as long as its container does, writes to a fraction of that.

The container's first process is forked as the shim's child, where it can be. One of the starter's
would come to the shim only when all of the starter's memory is given back: a millisecond or three,
that the end of a short container would not be heard of.
"""

import contextlib
import os
import socket
from typing import NoReturn, cast

from seacan import errors, log
from seacan.runtime.ahead import Ahead
from seacan.supervisor import protocol
from seacan.supervisor.container import open_container
from seacan.supervisor.process import ChildSide
from seacan.supervisor.protocol import Message, StartRequest
from seacan.supervisor.standby import Standby
from seacan.trace import NOT_TRACED, mark


class Starter:
    def __init__(self, standby: Standby | None) -> None:
        """Fork it. On standby there is time, and it prepares all that it can."""
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, protocol.SOCKET_TYPE)
        if os.fork() == 0:
            self._channel.close()
            _run(theirs, standby)
        theirs.close()

    def start(
        self, request: StartRequest, side: ChildSide, trace: int = NOT_TRACED
    ) -> tuple[int, int]:
        """Return the container's first process, a pid, and a descriptor of its mount namespace.

        The process is the caller's child, to be reaped as the starter itself. Raises what went
        wrong; nothing is left of the container then.
        """
        traced = [trace] if trace >= 0 else []
        message, descriptors = self._ask(request, [*side.descriptors(), *traced])
        protocol.raise_error(message)
        return int(message["pid"]), descriptors[0]

    def _ask(self, request: StartRequest, descriptors: list[int]) -> tuple[Message, list[int]]:
        with self._channel, contextlib.suppress(ConnectionError):  # it is gone, or goes meanwhile
            protocol.send(self._channel, cast(Message, request), descriptors)
            if (received := protocol.receive(self._channel)) is not None:
                return received
        raise errors.Internal("the process that starts containers was killed")


def _run(channel: socket.socket, standby: Standby | None) -> NoReturn:
    try:
        ahead = None if standby is None else _prepare(standby)
        if (received := protocol.receive(channel)) is not None:
            protocol.send(channel, *_reply(*received, ahead))
            if standby is not None:
                standby.starters.note(os.getpid())
    except BaseException as err:
        log.error("starter died", error=f"{type(err).__name__}: {err}")
    finally:
        os._exit(0)


def _prepare(standby: Standby) -> Ahead:
    ahead = Ahead(standby.inits, for_parent=True)
    standby.starters.copy()
    return ahead


def _reply(
    message: Message, descriptors: list[int], ahead: Ahead | None
) -> tuple[Message, list[int]]:
    request = cast(StartRequest, message)
    try:
        trace = descriptors.pop() if request.get("traced") else NOT_TRACED
        mark(trace, "starter", "asked")
        side = ChildSide.of_descriptors(descriptors)
        pid, mounts = open_container(request, ahead).start(request["rootfs"], side, trace)
    except Exception as err:
        return protocol.error_reply(err), []
    return {"pid": pid}, [mounts]
