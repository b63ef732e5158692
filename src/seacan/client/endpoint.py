"""Where the daemon listens: from `-H`, DOCKER_HOST or the default, to a connected socket."""

from __future__ import annotations

import os
import socket

from seacan.errors import Forbidden, InvalidArgument, Unavailable, Unsupported

# The same as paths.DEFAULT_SOCKET, which is not imported here for what pathlib costs.
DEFAULT_SOCKET = "/run/seacan.sock"
DEFAULT_PORT = 2375
CONNECT_TIMEOUT_S = 30.0


class Endpoint:
    """The address of a daemon: `unix` with a path, or `tcp` with a host and a port."""

    __slots__ = ("host", "path", "port", "scheme")

    def __init__(self, scheme: str, *, path: str = "", host: str = "", port: int = 0) -> None:
        self.scheme = scheme
        self.path = path
        self.host = host
        self.port = port

    def __str__(self) -> str:
        return f"unix://{self.path}" if self.scheme == "unix" else f"tcp://{self.authority}"

    @property
    def authority(self) -> str:
        """What a request names in its Host header."""
        if self.scheme == "unix":
            return "localhost"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def connect(self) -> socket.socket:
        """Return a connected, blocking socket.

        Raises Forbidden if this user may not open the socket, Unavailable if nobody listens.
        """
        try:
            if self.scheme == "tcp":
                connection = socket.create_connection((self.host, self.port), CONNECT_TIMEOUT_S)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.settimeout(None)
                return connection
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.connect(self.path)
            except BaseException:
                connection.close()
                raise
            return connection
        except PermissionError:
            raise Forbidden(
                f"permission denied while trying to connect to the daemon socket at {self}: "
                "run this as root or as a member of the socket's group"
            ) from None
        except OSError as err:
            raise Unavailable(
                f"Cannot connect to the Docker daemon at {self}: "
                f"{(err.strerror or str(err)).lower()}. Is the daemon running?"
            ) from err


def parse_host(host: str) -> Endpoint:
    """Return the endpoint of a `-H` or DOCKER_HOST value.

    Raises InvalidArgument for a malformed one, Unsupported for schemes that seacan lacks.
    """
    scheme, separator, address = host.partition("://")
    if not separator:
        raise InvalidArgument(f"unable to parse docker host `{host}`")
    match scheme:
        case "unix":
            return Endpoint("unix", path=address or DEFAULT_SOCKET)
        case "tcp" | "http":
            return _parse_tcp(host, address)
        case "ssh" | "npipe" | "https" | "fd":
            raise Unsupported(f"{scheme}:// is not supported for the docker host `{host}`")
        case _:
            raise InvalidArgument(f"invalid bind address format: {host}")


def _parse_tcp(host: str, address: str) -> Endpoint:
    address = address.rstrip("/")
    if address.startswith("["):
        name, bracket, rest = address[1:].partition("]")
        if not bracket:
            raise InvalidArgument(f"invalid bind address format: {host}")
    else:
        name, colon, rest = address.partition(":")
        rest = colon + rest
    if not name or (rest and not (rest[0] == ":" and rest[1:].isdecimal())):
        raise InvalidArgument(f"invalid bind address format: {host}")
    return Endpoint("tcp", host=name, port=int(rest[1:]) if rest else DEFAULT_PORT)


def resolve(host: str | None = None) -> Endpoint:
    """Return the endpoint of `host`, else of DOCKER_HOST, else the default socket.

    Raises Unsupported when the environment asks for TLS on tcp.
    """
    chosen = host or os.environ.get("DOCKER_HOST")
    if not chosen:
        return Endpoint("unix", path=DEFAULT_SOCKET)
    endpoint = parse_host(chosen)
    if endpoint.scheme == "tcp" and os.environ.get("DOCKER_TLS_VERIFY"):
        raise Unsupported("TLS is not supported yet: unset DOCKER_TLS_VERIFY to connect without")
    return endpoint
