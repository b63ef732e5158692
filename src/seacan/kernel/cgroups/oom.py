"""Watches over a cgroup that runs out of memory: a descriptor to poll, then a question to ask."""

import os
import select
from contextlib import suppress
from typing import Final, Protocol

from seacan.kernel.cgroups import files


class OomWatch(Protocol):
    """Poll fileno() for `events`, then ask; close it at the end."""

    @property
    def events(self) -> int:
        """Return what to poll for: select.POLL*."""

    def fileno(self) -> int:
        """Return the descriptor."""

    def has_run_out(self) -> bool:
        """Tell whether memory ran out since the last call.

        The first one: since it is watched; with version 2, since there is the cgroup.
        """

    def close(self) -> None:
        """Watch no longer."""


class OomWatchV1:
    """An eventfd that the kernel counts up. Source: cgroup-v1/memory.rst, OOM Control."""

    events: Final = select.POLLIN

    def __init__(self, directory: str) -> None:
        self._control = f"{directory}/memory.oom_control"
        self._fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        try:
            control = os.open(self._control, os.O_RDONLY | os.O_CLOEXEC)
            try:
                files.write(f"{directory}/cgroup.event_control", f"{self._fd} {control}")
            finally:
                os.close(control)
        except OSError:
            self.close()
            raise

    def fileno(self) -> int:
        return self._fd

    def has_run_out(self) -> bool:
        with suppress(BlockingIOError):
            os.eventfd_read(self._fd)
            # It is counted up also when the cgroup is removed.
            return os.path.exists(self._control)
        return False

    def close(self) -> None:
        os.close(self._fd)


class OomWatchV2:
    """memory.events, which polls as urgent after each change since it was read."""

    events: Final = select.POLLPRI

    def __init__(self, directory: str) -> None:
        self._fd = os.open(f"{directory}/memory.events", os.O_RDONLY | os.O_CLOEXEC)
        self._kills = 0

    def _count(self) -> int:
        for line in os.pread(self._fd, 4096, 0).decode().splitlines():
            name, _, number = line.partition(" ")
            if name == "oom_kill":
                return int(number)
        return 0

    def fileno(self) -> int:
        return self._fd

    def has_run_out(self) -> bool:
        before = self._kills
        with suppress(OSError):  # ENODEV, once the cgroup is removed
            self._kills = self._count()
        return self._kills > before

    def close(self) -> None:
        os.close(self._fd)
