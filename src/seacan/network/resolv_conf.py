"""resolv.conf: the host's, read; that of a container, put together from it.

Source: resolv.conf(5), systemd-resolved(8).
"""

import ipaddress
import os
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import field

from seacan import files

_HOST_CONF: Final = "/etc/resolv.conf"
# Where systemd-resolved keeps the servers behind its own, which listens at one address only.
_BEHIND_STUB: Final = "/run/systemd/resolve/resolv.conf"
_STUB: Final = ["127.0.0.53"]
# Where no server is left: Google's, as with Docker.
DEFAULT_SERVERS: Final = ("8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844")
_FILE_LIMIT: Final = 1024 * 1024


class ResolvConf(msgspec.Struct):
    servers: list[str] = field(default_factory=list)
    search: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)  # whole lines

    def has_option(self, name: str) -> bool:
        return any(option.partition(":")[0] == name for option in self.options)

    def to_bytes(self) -> bytes:
        lines = [f"nameserver {server}" for server in self.servers]
        lines += [f"search {' '.join(self.search)}"] if self.search else []
        lines += [f"options {' '.join(self.options)}"] if self.options else []
        return "".join(f"{line}\n" for line in [*lines, *self.other]).encode(
            errors="surrogateescape"
        )


def parse(data: bytes) -> ResolvConf:
    conf = ResolvConf()
    for line in data.decode(errors="surrogateescape").splitlines():
        match line.split():
            case [] | ["nameserver" | "domain" | "search" | "options"]:
                pass
            case [word, *_] if word.startswith(("#", ";")):
                pass
            case ["nameserver", server, *_]:
                conf.servers += [server] if is_address(server) else []
            case ["domain" | "search", *domains]:  # the last one counts
                conf.search = [domain for domain in domains if domain != "."]
            case ["options", *options]:
                conf.options += options
            case _:
                conf.other.append(line)
    return conf


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def reachable(servers: Sequence[str]) -> list[str]:
    """Return those that are not on the loopback, where only the host's own processes reach them."""
    return [server for server in servers if not ipaddress.ip_address(server).is_loopback]


def of_host(*, behind_stub: bool = True) -> ResolvConf:
    """Return the host's; with `behind_stub` what systemd-resolved has instead of its own."""
    conf = parse(host_file(_HOST_CONF))
    if behind_stub and conf.servers == _STUB:
        conf = parse(host_file(_BEHIND_STUB))
    return conf


def host_file(path: str) -> bytes:
    """Return a file of the host, which may be missing. Raises Internal if it is no file."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return b""
    return files.read_bounded(fd, _FILE_LIMIT, path)


class HostServers:
    """The servers that the host asks; a change of its files is seen with the next look."""

    def __init__(self) -> None:
        self._seen: object = None
        self._servers: Sequence[str] = ()

    def now(self) -> Sequence[str]:
        """Return their addresses. Raises OSError."""
        state = [_state(path) for path in (_HOST_CONF, _BEHIND_STUB)]
        if state != self._seen:
            self._servers = of_host().servers or DEFAULT_SERVERS
            self._seen = state
        return self._servers


def _state(path: str) -> object:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
