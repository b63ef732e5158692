"""What the caller names to get hold of a process: sockets for its terminal and pidfd, a pid file.

Also what the caller hands over itself: descriptors of systemd's socket activation.
"""

from __future__ import annotations

import os

from seacan.errors import InvalidArgument
from seacan.lean import contextmanager
from seacan.runtime.commandline import Options
from seacan.runtime.failures import cause

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from socket import socket
    from typing import Final

    from seacan.spec.runtime import Process

STDIO: Final = (0, 1, 2)


def check_console(terminal: bool, detach: bool, console_socket: str) -> None:
    """Raise InvalidArgument if a terminal has nobody to take it, or a socket nothing to carry."""
    if terminal and detach and not console_socket:
        raise InvalidArgument(
            "cannot allocate tty if the runtime will detach without setting console socket"
        )
    if console_socket and not (terminal and detach):
        raise InvalidArgument("--console-socket is only for a detached process with a terminal")


@contextmanager
def connection(path: str, flag: str) -> Iterator[socket | None]:
    """Connect to the unix socket that `flag` names, for the time of a `with`; None without one."""
    if not path:
        yield None
        return
    from socket import AF_UNIX, SOCK_STREAM, socket  # slow to import, and few callers want one

    with socket(AF_UNIX, SOCK_STREAM) as connected:
        try:
            connected.connect(path)
        except OSError as err:
            raise InvalidArgument(f"{flag} {path}: {cause(err)}") from err
        yield connected


def publish(options: Options, pid: int, pidfd_socket: socket | None) -> None:
    """Write --pid-file, and send a pidfd of `pid`, which is a child not yet reaped."""
    if options.pid_file:
        # Whoever watches for the file must not find half of it.
        directory, name = os.path.split(options.pid_file)
        temporary = os.path.join(directory, f".{name}.{os.getpid()}.tmp")
        with open(temporary, "w") as file:
            file.write(str(pid))
        os.rename(temporary, options.pid_file)
    if pidfd_socket is not None:
        from socket import send_fds

        pidfd = os.pidfd_open(pid)
        send_fds(pidfd_socket, [b"pidfd"], [pidfd])
        os.close(pidfd)


def check_preserved(options: Options, listen_fds: int = 0) -> None:
    """Raise InvalidArgument if the caller has not passed the descriptors that are to go on.

    Those of this process's own would else: they are told by close-on-exec, which no other that
    came through execve has.
    """
    for fd in range(3, 3 + listen_fds + options.preserve_fds):
        try:
            is_passed = os.get_inheritable(fd)
        except OSError:
            is_passed = False
        if not is_passed:
            raise InvalidArgument(f"--preserve-fds: descriptor {fd} is not open")


def activation_fds() -> int:
    """Return how many sockets systemd has passed to this process. Source: sd_listen_fds(3)."""
    count = os.environ.get("LISTEN_FDS", "")
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or not count.isdecimal():
        return 0
    return int(count)


def tell_of_sockets(process: Process, count: int) -> None:
    """Tell a container's process of the sockets that it gets. Source: sd_listen_fds(3)."""
    told = [f"LISTEN_FDS={count}", "LISTEN_PID=1"]
    process["env"] = [*process.get("env", []), *told]
