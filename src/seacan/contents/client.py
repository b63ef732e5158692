"""The daemon's side: a worker for each request, told what to do, listened to, and ended.

Coroutines; the launcher forks it, and a worker that is left is killed, whose mounts the kernel then
takes away.
"""

import contextlib
import fcntl
import os
import signal
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import BinaryIO, Final, Self, cast

import anyio

from seacan import errors
from seacan.contents.words import PathStat
from seacan.supervisor import protocol
from seacan.supervisor.launcher_client import Launcher
from seacan.supervisor.protocol import Message

_PROGRAM: Final = "seacan.contents.worker"
_PIPE_BYTES: Final = 1 << 20
_ANSWER_DEADLINE_S: Final = 60.0
_END_DEADLINE_S: Final = 5.0


class Worker:
    """A worker process, from `start` to the end of the `async with`."""

    def __init__(
        self,
        launcher: Launcher,
        work: Mapping[str, object],
        namespaces: Sequence[int] = (),
        *,
        program: str = _PROGRAM,
    ) -> None:
        """`namespaces` are the container's, as words.py has them; they stay the caller's.

        `program` is the module that understands `work`.
        """
        self._launcher = launcher
        self._program = program
        self._work = work
        self._namespaces = namespaces
        self._channel: socket.socket
        self._reader = -1
        self._process = -1  # a pidfd

    async def __aenter__(self) -> Self:
        self._channel = await self._launcher.fork(self._program)
        try:
            _, descriptors = await self._receive_soon()
        except BaseException:
            self._channel.close()  # which it sees, and ends
            raise
        (self._process,) = descriptors
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._channel.close()
        if self._reader >= 0:
            os.close(self._reader)
        self.kill()
        # One that is stuck in the kernel, in some network's file system, is not waited for.
        with anyio.move_on_after(_END_DEADLINE_S, shield=True):
            await anyio.wait_readable(self._process)
        os.close(self._process)

    def tell(self, *descriptors: int) -> None:
        """Tell it what to do, and hand it its stream."""
        protocol.send(self._channel, cast(Message, self._work), [*self._namespaces, *descriptors])

    async def stat(self) -> PathStat:
        """Return what the path is. Raises NotFound, Internal."""
        message, _ = await self._receive_soon()
        return cast(PathStat, message["stat"])

    async def wait_done(self) -> Message:
        """Return what it says when it has done all. No deadline: an archive is as long as it is."""
        message, _ = await self._receive()
        return message

    async def _receive_soon(self) -> tuple[Message, Sequence[int]]:
        with anyio.move_on_after(_ANSWER_DEADLINE_S):
            return await self._receive()
        raise errors.Unavailable(f"work on files: no answer in {_ANSWER_DEADLINE_S:.0f} s")

    async def _receive(self) -> tuple[Message, Sequence[int]]:
        try:
            await anyio.wait_readable(self._channel)
            received = protocol.receive(self._channel)
        except OSError as err:
            raise errors.Internal(f"work on files: {err.strerror}") from err
        if received is None:
            raise errors.Internal("work on files: the process that did it was killed")
        protocol.raise_error(received[0])
        return received

    def tell_output(self) -> None:
        """Tell it what to do, and take what it writes: `output`, or `output_file`."""
        self._reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
            # The worker waits when the pipe is full; the daemon never does.
            os.set_blocking(writer, True)
            self.tell(writer)
        finally:
            os.close(writer)

    async def output(self) -> AsyncIterator[bytes]:
        """Yield what it writes, as fast as that is taken; raise what it failed of, at the end."""
        while data := await _read(self._reader):
            yield data
        await self.wait_done()

    def output_file(self) -> BinaryIO:
        """Return what it writes as a file for a thread. Its end is one of success or failure."""
        os.set_blocking(self._reader, True)
        return open(self._reader, "rb", buffering=0, closefd=False)

    async def tell_input(self) -> int:
        """Tell it what to do; return the pipe to write its input to, once it is ready for it.

        Raises what stands against it from the start.
        """
        reader, writer = os.pipe2(os.O_CLOEXEC)
        try:
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
            try:
                self.tell(reader)
            finally:
                os.close(reader)
            await self._receive_soon()
        except BaseException:
            os.close(writer)
            raise
        return writer

    def kill(self) -> None:
        """End it before it sees the end of its input."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process, signal.SIGKILL)


async def _read(fd: int) -> bytes:
    while True:
        try:
            return os.read(fd, _PIPE_BYTES)
        except BlockingIOError:
            await anyio.wait_readable(fd)
