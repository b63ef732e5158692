"""A network namespace for a container, made before there is one, and held by its shim.

Whoever has its path joins it; whoever has its descriptors works on it from outside. Nothing of it
is in a file system: it lasts as long as the shim or a process in it, and nobody has to remove it.
"""

import contextlib
import errno
import os
import signal
import socket
from collections.abc import Iterator, Mapping
from typing import Final

from seacan import errors
from seacan.kernel import idmaps, procfs, syscalls
from seacan.kernel.namespaces import CLONE_NEWNET, CLONE_NEWUSER, set_loopback_up
from seacan.supervisor.protocol import IdMap

_OWN: Final = "/proc/self/ns/net"
_NETLINK_ROUTE: Final = 0
_NETLINK_NETFILTER: Final = 12
_MADE: Final = b"made"


class NetworkNamespace:
    def __init__(self, id_map: IdMap | None = None) -> None:
        """Make it, with a loopback that is up. The caller must have one thread. Raises OSError.

        With `id_map` it belongs to a new user namespace, which is held with it.
        """
        self._user = idmaps.user_namespace(**id_map) if id_map else -1
        home = os.open(_OWN, os.O_RDONLY)
        try:
            if id_map:
                own = _make_in(self._user)
                syscalls.setns(own, CLONE_NEWNET)
                os.close(own)
            else:
                syscalls.unshare(CLONE_NEWNET)
            try:
                set_loopback_up()
                _ignore_routers()
                self.fd = os.open(_OWN, os.O_RDONLY)
                self.netlink = _netlink(_NETLINK_ROUTE)
                # The daemon binds these, where names are to be resolved, and says where they are.
                self._for_names = [
                    socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
                    socket.socket(socket.AF_INET, socket.SOCK_STREAM),
                ]
                with contextlib.suppress(OSError):  # a kernel without netfilter
                    self._for_names.append(_netlink(_NETLINK_NETFILTER))
            finally:
                syscalls.setns(home, CLONE_NEWNET)
        finally:
            os.close(home)

    def open_socket(self, family: int, kind: int) -> socket.socket:
        """Return a new socket in it. Raises OSError."""
        with self._entered():
            return socket.socket(family, kind)

    def set_sysctls(self, values: Mapping[str, str]) -> None:
        """Set parameters of it: path below /proc/sys → value. Raises InvalidArgument as dockerd."""
        if not values:
            return
        with self._entered():
            for path, value in values.items():
                try:
                    procfs.write(f"sys/{path}", value)
                except FileNotFoundError as err:
                    raise errors.InvalidArgument(f"/proc/sys/{path} is not a sysctl file") from err
                except OSError as err:
                    raise errors.InvalidArgument(
                        f"unable to write to '/proc/sys/{path}': {err.strerror}"
                    ) from err

    @contextlib.contextmanager
    def _entered(self) -> Iterator[None]:
        """Be in it for the block, with all of this process."""
        home = os.open(_OWN, os.O_RDONLY)
        try:
            syscalls.setns(self.fd, CLONE_NEWNET)
            try:
                yield
            finally:
                syscalls.setns(home, CLONE_NEWNET)
        finally:
            os.close(home)

    @property
    def path(self) -> str:
        """What others find it by, for as long as this process has it."""
        return f"/proc/{os.getpid()}/fd/{self.fd}"

    @property
    def user_path(self) -> str:
        """The same, of the user namespace that it belongs to; empty for the host's."""
        return f"/proc/{os.getpid()}/fd/{self._user}" if self._user >= 0 else ""

    @property
    def descriptors(self) -> list[int]:
        """The namespace, and sockets in it: netlink, UDP, TCP, and of netfilter if there is one."""
        return [self.fd, self.netlink.fileno(), *(each.fileno() for each in self._for_names)]

    def close(self) -> None:
        for each in (self.netlink, *self._for_names):
            each.close()
        os.close(self.fd)
        if self._user >= 0:
            os.close(self._user)


def _make_in(user: int) -> int:
    """Return a descriptor of a new network namespace that belongs to the user namespace `user`."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            syscalls.setns(user, CLONE_NEWUSER)
            syscalls.unshare(CLONE_NEWNET)
            os.write(writer, _MADE)
            os.close(writer)
            signal.pause()
        finally:
            os._exit(1)
    try:
        os.close(writer)
        if os.read(reader, len(_MADE)) != _MADE:
            raise OSError(errno.EPERM, "make a network namespace in a user namespace")
        return os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    finally:
        os.close(reader)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _netlink(family: int) -> socket.socket:
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, family)


def _ignore_routers() -> None:
    """Have interfaces that come take no routes from what neighbours say; a kernel may lack IPv6."""
    with contextlib.suppress(FileNotFoundError):
        procfs.write("sys/net/ipv6/conf/default/accept_ra", "0")
