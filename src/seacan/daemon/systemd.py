"""What systemd and its service tell each other: sockets that it holds, and how the service does.

Source: sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3).
"""

import os
import socket
import time
from collections.abc import MutableMapping
from typing import Final

from seacan import log

_FIRST_FD: Final = 3  # SD_LISTEN_FDS_START
_LISTENING: Final = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")
_WATCHING: Final = ("WATCHDOG_PID", "WATCHDOG_USEC")


def take_sockets(environment: MutableMapping[str, str]) -> list[socket.socket]:
    """Return the sockets that were passed to this process, once: nobody below it is told of them.

    They are close-on-exec then, and do not block.
    """
    told = {name: environment.pop(name, "") for name in _LISTENING}
    if told["LISTEN_PID"] != str(os.getpid()) or not told["LISTEN_FDS"].isdecimal():
        return []
    sockets = []
    for fd in range(_FIRST_FD, _FIRST_FD + int(told["LISTEN_FDS"])):
        os.set_inheritable(fd, False)
        each = socket.socket(fileno=fd)
        each.setblocking(False)
        sockets.append(each)
    return sockets


class Notifier:
    """Tells the service manager how the daemon does; nothing where there is none that asks."""

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        """Take what concerns it out of `environment`: it is not for the processes below."""
        self._address = environment.pop("NOTIFY_SOCKET", "")
        pid, period_us = (environment.pop(name, "") for name in _WATCHING)
        is_watched = period_us.isdecimal() and pid in ("", str(os.getpid()))
        self.watchdog_s = int(period_us) / 1e6 if is_watched else None

    @property
    def is_asked(self) -> bool:
        return bool(self._address)

    def ready(self, status: str) -> None:
        self._send("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def alive(self, status: str) -> None:
        self._send("WATCHDOG=1", f"STATUS={status}")

    def stopping(self, *, containers_go_on: bool) -> None:
        follows = "containers go on" if containers_go_on else "containers are stopped"
        self._send("STOPPING=1", f"STATUS=Ends; {follows}")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        # An address that begins with @ is abstract.
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.sendto("\n".join(lines).encode(), address)
        except OSError as err:
            log.warn("the service manager cannot be told", error=err)
