"""The daemon's side: a worker for each request, told what to do, listened to, and ended.

Coroutines; a worker that is left is killed, and the kernel takes its mounts away with it.
"""

import fcntl
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self, cast

import anyio

from seacan import errors
from seacan.contents.words import PathStat, Work
from seacan.runtime import interpreter
from seacan.supervisor import protocol
from seacan.supervisor.protocol import Message

_PROGRAM: Final = str(Path(__file__).with_name("worker.py"))
_PIPE_BYTES: Final = 1 << 20
_ANSWER_DEADLINE_S: Final = 60.0
_END_DEADLINE_S: Final = 5.0


class Worker:
    """A worker process, from `start` to the end of the `async with`."""

    def __init__(self, work: Work, pidfd: int | None) -> None:
        """`pidfd` is the container's first process, if it runs; it stays the caller's."""
        self._work = work
        self._pidfd = pidfd
        self._channel: socket.socket
        self._reader = -1
        self._process: subprocess.Popen[bytes]

    async def __aenter__(self) -> Self:
        await anyio.to_thread.run_sync(self._start)
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
        self._process.kill()
        # One that is stuck in the kernel, in some network's file system, is not waited for: it is
        # reaped when another process is started.
        with anyio.move_on_after(_END_DEADLINE_S, shield=True):
            await anyio.to_thread.run_sync(self._process.wait, abandon_on_cancel=True)

    def _start(self) -> None:
        self._channel, workers = socket.socketpair(socket.AF_UNIX, protocol.SOCKET_TYPE)
        self._channel.setblocking(False)
        copy = interpreter.sealed_copy()
        try:
            with workers:
                # The name stays the interpreter's own, by which it finds its library.
                self._process = subprocess.Popen(
                    [sys.executable, "-IS", "-X", "utf8", _PROGRAM, str(workers.fileno())],
                    executable=f"/proc/self/fd/{copy}",
                    pass_fds=(workers.fileno(), copy),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                )
        except BaseException:
            self._channel.close()
            raise
        finally:
            os.close(copy)

    def tell(self, *descriptors: int) -> None:
        """Tell it what to do, and hand it its stream."""
        own = [] if self._pidfd is None else [self._pidfd]
        protocol.send(self._channel, cast(Message, self._work), [*own, *descriptors])

    async def stat(self) -> PathStat:
        """Return what the path is. Raises NotFound, Internal."""
        return cast(PathStat, (await self._receive_soon())["stat"])

    async def wait_done(self) -> None:
        """Wait until it has done all. No deadline: an archive is as long as it is."""
        await self._receive()

    async def _receive_soon(self) -> Message:
        with anyio.move_on_after(_ANSWER_DEADLINE_S):
            return await self._receive()
        raise errors.Unavailable(f"work on files: no answer in {_ANSWER_DEADLINE_S:.0f} s")

    async def _receive(self) -> Message:
        try:
            await anyio.wait_readable(self._channel)
            received: tuple[Message, Sequence[int]] | None = protocol.receive(self._channel)
        except OSError as err:
            raise errors.Internal(f"work on files: {err.strerror}") from err
        if received is None:
            raise errors.Internal("work on files: the process that did it was killed")
        protocol.raise_error(received[0])
        return received[0]

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
        self._process.kill()


async def _read(fd: int) -> bytes:
    while True:
        try:
            return os.read(fd, _PIPE_BYTES)
        except BlockingIOError:
            await anyio.wait_readable(fd)
