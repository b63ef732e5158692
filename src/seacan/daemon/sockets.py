"""The sockets that the daemon listens on."""

import grp
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from seacan import log
from seacan.api.access import ALL, parse_access
from seacan.api.listeners import Listener
from seacan.daemon.tls_flags import Tls
from seacan.errors import Conflict, Forbidden, InvalidArgument, Unsupported

_BACKLOG: Final = 4096  # as Go has it: a client that finds no place is refused at once
PASSED: Final = "fd://"
_DEFAULT_PORT: Final = 2375
_DEFAULT_GROUP: Final = "docker"


def adopt(passed: Sequence[socket.socket]) -> list[Listener]:
    """Return listeners of the sockets that a service manager holds: fd://.

    Raises InvalidArgument if there is none, or one that is no stream or not of this host: who
    reaches TCP from elsewhere is to show a certificate, which needs a tcp:// of our own.
    """
    if not passed:
        raise InvalidArgument(
            f"listen on {PASSED}: no socket was passed; it is for socket activation by systemd"
        )
    for each in passed:
        if each.family != socket.AF_UNIX or each.type != socket.SOCK_STREAM:
            raise InvalidArgument(f"listen on {PASSED}: only streams of unix sockets are taken")
    return [Listener(each) for each in passed]


def listen(host: str, tls: Tls, group: str = "") -> Listener:
    """Return what listens on `unix://PATH` or `tcp://ADDRESS:PORT`.

    A unix socket has mode 0660, and `group`, by default docker if there is one; behind its path may
    be what of the API it serves (api/access.py). TCP is within TLS, or without if that was said
    outright. Raises Conflict if another process listens there, Forbidden for TCP
    that is neither, InvalidArgument, Unsupported for another scheme.
    """
    scheme, separator, address = host.partition("://")
    if not separator:
        raise InvalidArgument(f"listen on {host!r}: not a URL such as unix:///run/seacan.sock")
    if scheme == "unix":
        path, question, query = address.partition("?")
        access = parse_access(query) if question else ALL
        return Listener(_listen_unix(Path(path), group), access=access)
    if scheme == "tcp":
        return _listen_tcp(host, address, tls)
    raise Unsupported(f"listen on {host}: only unix:// and tcp:// are supported")


def _listen_tcp(host: str, address: str, tls: Tls) -> Listener:
    if not tls.is_on and not tls.is_plain:
        raise Forbidden(
            f"listen on {host}: without TLS, whoever connects is root here. Make certificates with "
            "`seacan tls init` and add --tlsverify, or say --tls=false"
        )
    if not tls.verifies_clients:
        log.warn("whoever reaches this address is root here: there is no --tlsverify", host=host)
    name, port = _split(host, address)
    context = tls.context() if tls.is_on else None
    names = None if tls.is_on else frozenset({name.lower(), socket.gethostname().lower()})
    return Listener(_bind_tcp(host, name, port), context, names)


def listen_plainly(host: str, port: int) -> socket.socket:
    """Return what listens on TCP, without TLS: for what anybody may see. Raises as `listen`."""
    return _bind_tcp(f"tcp://{host}:{port}", host, port)


def parse_address(text: str) -> tuple[str, int]:
    """Return host and port of `HOST:PORT`, `:PORT` for all addresses. Raises InvalidArgument."""
    host, colon, port = text.rpartition(":")
    if not colon:
        raise InvalidArgument(f"address {text}: missing port in address")
    return _split(text, f"{host or '0.0.0.0'}:{port}")


def _split(host: str, address: str) -> tuple[str, int]:
    name, colon, port = address.removesuffix("/").rpartition(":")
    if not colon or address.endswith("]"):
        name, port = address.removesuffix("/"), str(_DEFAULT_PORT)
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1]
    if not (port.isascii() and port.isdecimal() and int(port) < 65536):
        raise InvalidArgument(f"listen on {host}: {port!r} is no port")
    return name or "localhost", int(port)


def _bind_tcp(host: str, name: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as err:
        raise InvalidArgument(f"listen on {host}: {err.strerror}") from err
    family, _, _, _, address = min(found, key=lambda each: each[0])  # IPv4 first
    try:
        listener = socket.create_server(address, family=family, backlog=_BACKLOG)
    except OSError as err:
        raise Conflict(f"listen on {host}: {err.strerror}") from err
    listener.setblocking(False)
    return listener


def url_of(listener: Listener) -> str:
    """Return where it listens, with the port that the kernel chose if it was 0."""
    name = listener.socket.getsockname()
    if listener.socket.family == socket.AF_UNIX:
        return f"unix://{name}"
    address = f"[{name[0]}]" if ":" in name[0] else name[0]
    return f"tcp://{address}:{name[1]}"


def _listen_unix(path: Path, group: str) -> socket.socket:
    owner = _group(group)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_stale(path)
        before = os.umask(0o117)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        if owner is not None:
            os.chown(path, 0, owner)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _group(name: str) -> int | None:
    """Return the id of the group that may connect; by default that of docker, if there is one."""
    if name.isascii() and name.isdecimal():
        return int(name)
    try:
        return grp.getgrnam(name or _DEFAULT_GROUP).gr_gid
    except KeyError:
        if name:
            raise InvalidArgument(f"group {name} is not known here") from None
        return None


def _remove_stale(path: Path) -> None:
    """Remove a socket that nobody listens on any more."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except FileNotFoundError:
            return
        except ConnectionRefusedError:
            path.unlink()
            return
    raise Conflict(f"listen on unix://{path}: another process does already")
