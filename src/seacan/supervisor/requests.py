"""What a shim is asked, one packet a connection to BUNDLE/shim.sock, and how it answers."""

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from seacan import errors, log
from seacan.records import record
from seacan.supervisor import protocol
from seacan.supervisor.loop import READABLE, Loop
from seacan.supervisor.protocol import Message

_BACKLOG: Final = 4096  # one that finds no place in it would hold the container for ended
_DEADLINE_S: Final = 10.0  # for the asker to send its request, and to take the answer


@record
class Answer:
    """`descriptors` go beside the reply; those `lent` for that are closed then.

    `keep` takes the connection over, which is closed otherwise, and answers if there is no reply
    yet; `undo` is called in its place if the asker has not taken the reply.
    """

    reply: Message | None
    descriptors: Sequence[int] = ()
    lent: Sequence[socket.socket] = ()
    keep: Callable[[socket.socket], None] | None = None
    undo: Callable[[], None] | None = None


# Gets the request and the descriptors beside it, and removes from these what it takes.
Call = Callable[[Message, list[int]], Answer]


class RequestSocket:
    def __init__(self, loop: Loop, bundle: Path, calls: Mapping[str, Call]) -> None:
        """Listen; `calls` answer requests by name, from the loop."""
        self._loop = loop
        self._calls = calls
        self._listener = _listen(bundle)
        loop.watch(self._listener.fileno(), READABLE, self._accept)

    def close(self) -> None:
        self._loop.ignore(self._listener.fileno(), READABLE)
        self._listener.close()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        connection.settimeout(_DEADLINE_S)
        keep = None
        try:
            received = protocol.receive(connection)
            if received is not None:
                answer = self._answer(*received)
                if answer.reply is not None:
                    _send(connection, answer.reply, answer)
                keep = answer.keep
        except (errors.SeacanError, OSError) as err:
            log.warn("request broke off", error=err)
        if keep is None:
            connection.close()
        else:
            connection.setblocking(False)
            keep(connection)

    def _answer(self, message: Message, descriptors: list[int]) -> Answer:
        taken = list(descriptors)
        try:
            call = self._calls.get(message.get("request", ""))
            if call is None:
                raise errors.InvalidArgument(f"request {message.get('request')!r}: unknown")
            answer = call(message, taken)
        except Exception as err:  # whatever it is: the container is not to end with its shim
            answer = Answer(protocol.error_reply(err))
        for fd in taken:
            os.close(fd)
        return answer


def _send(connection: socket.socket, reply: Message, answer: Answer) -> None:
    """Send the reply of `answer`. Raises OSError, and undoes what was done, if it is not taken."""
    descriptors = [*answer.descriptors, *(each.fileno() for each in answer.lent)]
    try:
        protocol.send(connection, reply, descriptors)
    except OSError:
        if answer.undo is not None:
            answer.undo()
        raise
    finally:
        for each in answer.lent:
            each.close()


def _listen(bundle: Path) -> socket.socket:
    # The socket is named below a descriptor: an address has room for 107 bytes only.
    directory = os.open(bundle, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    listener = socket.socket(socket.AF_UNIX, protocol.SOCKET_TYPE)
    before = os.umask(0o177)
    try:
        listener.bind(f"/proc/self/fd/{directory}/shim.sock")
    finally:
        os.umask(before)
        os.close(directory)
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    return listener
