"""One process of a container as its shim sees it: a pid and its streams."""

import array
import os
import socket
from collections.abc import Callable

from seacan import errors
from seacan.records import record
from seacan.runtime.launch import Stdio as ChildStdio
from seacan.supervisor.logs.log import Log
from seacan.supervisor.loop import Loop
from seacan.supervisor.streams import STALL_LIMIT_S, Stdio


@record(frozen=False)
class Supervised:
    pid: int
    stdio: Stdio


@record
class ChildSide:
    """The ends that the process gets: 0, 1, 2, or a console over which to send its pty's master."""

    stdio: ChildStdio
    console: socket.socket | None

    def descriptors(self) -> list[int]:
        """Return them to be sent to the process that starts it."""
        return [*self.stdio, *([] if self.console is None else [self.console.fileno()])]

    @classmethod
    def of_descriptors(cls, descriptors: list[int]) -> "ChildSide":
        """Return what was sent."""
        stdin, stdout, stderr, *console = descriptors
        return cls((stdin, stdout, stderr), socket.socket(fileno=console[0]) if console else None)


class ProcessStreams:
    """Both ends of a process's stdio, from before it exists until its `Stdio` takes over.

    Without a terminal: three pipes, or /dev/null where nothing is wanted. With one: the runtime
    makes the pty inside the container and sends its master over `console`.
    """

    def __init__(self, *, terminal: bool, stdin: bool, output: bool = True) -> None:
        self._wants_stdin = stdin
        self._own: list[int] = []
        self._childs: list[int] = []
        self._console: socket.socket | None = None
        self._own_console: socket.socket | None = None
        if terminal:
            self._own_console, self._console = socket.socketpair()
            stdin = output = False
        self._stdin = self._pipe(to_child=True) if stdin else self._null(os.O_RDONLY)
        self._stdout = self._pipe(to_child=False) if output else self._null(os.O_WRONLY)
        self._stderr = self._pipe(to_child=False) if output else self._null(os.O_WRONLY)

    @property
    def child_side(self) -> ChildSide:
        stdin, stdout, stderr = self._childs
        return ChildSide((stdin, stdout, stderr), self._console)

    def _pipe(self, *, to_child: bool) -> int | None:
        read, write = os.pipe2(os.O_CLOEXEC)
        own, childs = (write, read) if to_child else (read, write)
        self._own.append(own)
        self._childs.append(childs)
        return own

    def _null(self, flags: int) -> int | None:
        self._childs.append(os.open("/dev/null", flags | os.O_CLOEXEC))
        return None

    def begin(
        self,
        loop: Loop,
        *,
        log: Log | None,
        close_stdin_with_client: bool,
        on_detach: Callable[[], None],
        stall_limit_s: float | None = STALL_LIMIT_S,
    ) -> Stdio:
        """Close the process's ends, now its own, and serve ours.

        `on_detach` is called when a client has typed its detach keys.
        """
        self._close_childs()
        master = None
        if self._own_console is not None:
            master = self._receive_master()
            self._stdin = os.dup(master) if self._wants_stdin else None
        return Stdio(
            loop,
            stdin=self._stdin,
            stdout=self._stdout,
            stderr=self._stderr,
            terminal=master,
            close_stdin_with_client=close_stdin_with_client,
            log=log,
            on_detach=on_detach,
            stall_limit_s=stall_limit_s,
        )

    def _receive_master(self) -> int:
        assert self._own_console is not None
        with self._own_console:
            _, ancillary, _, _ = self._own_console.recvmsg(
                4096, socket.CMSG_SPACE(array.array("i").itemsize), socket.MSG_CMSG_CLOEXEC
            )
        descriptors = array.array("i")
        for _, _, payload in ancillary:
            descriptors.frombytes(payload)
        if len(descriptors) != 1:
            raise errors.Internal("the runtime did not send the terminal's master")
        return descriptors[0]

    def _close_childs(self) -> None:
        for fd in self._childs:
            os.close(fd)
        self._childs.clear()
        if self._console is not None:
            self._console.close()

    def close(self) -> None:
        """Close both sides: the process did not come to be."""
        self._close_childs()
        for fd in self._own:
            os.close(fd)
        self._own.clear()
        if self._own_console is not None:
            self._own_console.close()
