"""The daemon's side of the launcher: keeps it running, and asks it for processes.

Every call here is a coroutine with a deadline; the channel's packets are the protocol's.
"""

import contextlib
import os
import resource
import socket
import subprocess
import sys
from typing import Final

import anyio

from seacan import errors, log
from seacan.runtime import interpreter
from seacan.spec.runtime import Config
from seacan.supervisor import protocol
from seacan.supervisor.protocol import IdMap, Message
from seacan.supervisor.shim_client import WaitingShim, listen

_QUIET_S: Final = 0.1
# What containers get: as the daemon was started with, before it took all that it may have.
_DESCRIPTORS: Final = resource.getrlimit(resource.RLIMIT_NOFILE)


class Launcher:
    """The launcher process; started when first needed, and again when it has died."""

    def __init__(self, sample: Config, id_map: IdMap | None = None) -> None:
        """`sample` is the config.json of a container that asks for nothing special.

        With `id_map` the networks that shims make belong to user namespaces.
        """
        self._sample = sample
        self._id_map = id_map
        self._channel: socket.socket | None = None
        self._standby: socket.socket | None = None  # it has not been listened to yet
        self._process: subprocess.Popen[bytes] | None = None
        self._taken = anyio.Event()
        self._lock = anyio.Lock()

    async def keep_one_ready(self) -> None:
        """Have the launcher run, and a shim wait for the next container, which starts the sooner.

        Another is made when no container was started for a moment: one that starts just now, or
        ends already, needs the processors more. Who comes before that gets one made on the spot.
        """
        while True:
            try:
                self._standby = await self._fork({"standby": True})
            except (errors.Unavailable, OSError) as err:
                # The next container will tell its user; nothing else needs the launcher.
                log.error("launcher does not start", error=err)
            await self._taken.wait()
            while self._taken.is_set():  # until nobody has come for a moment
                self._taken = anyio.Event()
                await anyio.sleep(_QUIET_S)

    async def _ensure(self) -> socket.socket:
        if self._process is not None and self._process.poll() is not None:
            log.warn("launcher ended", status=self._process.returncode)
            self.close()
        if self._channel is None:
            await anyio.to_thread.run_sync(self._spawn)
        assert self._channel is not None
        return self._channel

    def _spawn(self) -> None:
        own, launchers = socket.socketpair(socket.AF_UNIX, protocol.SOCKET_TYPE)
        copy = interpreter.sealed_copy()
        try:
            with launchers:
                # The name stays the interpreter's own, by which it finds its library.
                self._process = subprocess.Popen(
                    [
                        sys.executable,
                        "-P",
                        "-X",
                        "utf8",  # as paths are in requests, whatever the locale
                        "-m",
                        "seacan.supervisor.launcher",
                        str(launchers.fileno()),
                    ],
                    executable=f"/proc/self/fd/{copy}",
                    pass_fds=(launchers.fileno(), copy),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                )
        finally:
            os.close(copy)
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(self._process.pid, resource.RLIMIT_NOFILE, _DESCRIPTORS)
        protocol.send(own, {"sample": self._sample, "id_map": self._id_map})
        self._channel = own

    async def shim(self) -> WaitingShim:
        """Return a shim that waits to be told what to start. To be closed. Raises Internal."""
        standby, self._standby = self._standby, None
        self._taken.set()
        if standby is not None:
            with contextlib.suppress(errors.Unavailable):
                return await listen(standby)
        try:
            with contextlib.suppress(errors.Unavailable):
                return await listen(await self._fork({}))
            # The launcher may have died with what it was told: another one is told it.
            return await listen(await self._fork({}))
        except errors.Unavailable as err:  # neither the daemon nor the container is to blame
            raise errors.Internal(str(err)) from err

    async def fork(self, program: str) -> socket.socket:
        """Return a channel to a new process that runs `run` of the module `program`.

        Raises Unavailable.
        """
        return await self._fork({"program": program})

    async def _fork(self, message: Message) -> socket.socket:
        own, theirs = socket.socketpair(socket.AF_UNIX, protocol.SOCKET_TYPE)
        with theirs:
            try:
                async with self._lock:
                    for _ in range(2):
                        channel = await self._ensure()
                        try:
                            protocol.send(channel, message, [theirs.fileno()])
                        except OSError as err:
                            # It has died since it was last seen: another one takes its place.
                            log.warn("launcher does not listen", error=err)
                            self.close()
                        else:
                            own.setblocking(False)
                            return own
                raise errors.Unavailable("start process: the launcher does not stay up")
            except BaseException:
                own.close()
                raise

    def close(self) -> None:
        """Let the launcher end, and the shim that waits; those at work are not concerned."""
        if self._standby is not None:
            self._standby.close()
            self._standby = None
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._process is not None:
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
