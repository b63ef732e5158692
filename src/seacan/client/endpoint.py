"""Where a daemon listens: from the text of a host to a connected stream.

unix://PATH                        a socket of this host
tcp://HOST:PORT/BASE, HOST:PORT    within TLS if there are TlsFiles
ssh://USER@HOST:PORT/PATH          `system dial-stdio` there, on its default socket or PATH
"""

from __future__ import annotations

import _socket

from seacan.errors import Forbidden, InvalidArgument, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.client.transport import ByteStream

# The same as paths.DEFAULT_SOCKET, which is not imported here for what pathlib costs.
DEFAULT_SOCKET = "/run/seacan.sock"
DEFAULT_PORT = 2375
DEFAULT_TLS_HOST = "tcp://localhost:2376"
CONNECT_TIMEOUT_S = 30.0


class TlsFiles:
    """Paths of what a client shows and trusts, each "" for none; `verifies`: the daemon's name."""

    __slots__ = ("ca", "certificate", "key", "verifies")

    def __init__(self, ca: str, certificate: str, key: str, *, verifies: bool) -> None:
        self.ca = ca
        self.certificate = certificate
        self.key = key
        self.verifies = verifies


class Endpoint:
    """The address of a daemon. `path`: of the socket, here or there; `base`: before each target."""

    __slots__ = ("base", "host", "path", "port", "scheme", "tls", "user")

    def __init__(
        self,
        scheme: str,
        *,
        path: str = "",
        host: str = "",
        port: int = 0,
        base: str = "",
        user: str = "",
    ) -> None:
        self.scheme = scheme
        self.path = path
        self.host = host
        self.port = port
        self.base = base
        self.user = user
        self.tls: TlsFiles | None = None

    def __str__(self) -> str:
        if self.scheme == "unix":
            return f"unix://{self.path}"
        if self.scheme == "tcp":
            return f"tcp://{self.authority}{self.base}"
        user = f"{self.user}@" if self.user else ""
        return (
            f"ssh://{user}{_bracketed(self.host)}{f':{self.port}' if self.port else ''}{self.path}"
        )

    @property
    def authority(self) -> str:
        """What a request names in its Host header."""
        return f"{_bracketed(self.host)}:{self.port}" if self.scheme == "tcp" else "localhost"

    def connect(self) -> ByteStream:
        """Return a connected, blocking stream.

        Raises Forbidden if this user may not open the socket, Unavailable if nobody listens there
        or one of the two does not trust the other.
        """
        if self.scheme == "ssh":
            from seacan.client.ssh import SshStream

            return SshStream(self)
        connected = self._connect_socket()
        if not self.tls:
            return connected
        from seacan.client.tls import TlsStream

        return TlsStream(connected, self)

    def _connect_socket(self) -> _socket.socket:
        try:
            if self.scheme == "tcp":
                return self._connect_tcp()
            connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
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
        except _socket.gaierror as err:
            raise Unavailable(
                f"error during connect: lookup {self.host}: {(err.strerror or str(err)).lower()}"
            ) from err
        except OSError as err:
            # Docker's sentence, which programs look for.
            raise Unavailable(
                f"Cannot connect to the Docker daemon at {self}. Is the docker daemon running?"
            ) from err

    def _connect_tcp(self) -> _socket.socket:
        from seacan.client.proxy import open_tunnel, proxy_to

        proxy = proxy_to(self.host, self.port, is_tls=self.tls is not None)
        if proxy is None:
            return _connect_tcp(self.host, self.port)
        try:
            connection = _connect_tcp(proxy.host, proxy.port)
            open_tunnel(connection, proxy, self.authority, timeout_s=CONNECT_TIMEOUT_S)
            return connection
        except (OSError, Unavailable) as err:
            why = (getattr(err, "strerror", None) or str(err)).lower()
            raise Unavailable(
                f"Cannot connect to the Docker daemon at {self} through the proxy {proxy}: {why}"
            ) from err


def _connect_tcp(host: str, port: int) -> _socket.socket:
    import socket  # with its enumerations it costs a short command line a quarter of its time

    connection = socket.create_connection((host, port), CONNECT_TIMEOUT_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.settimeout(None)
    return connection


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def parse_host(text: str) -> Endpoint:
    """Return the endpoint of a `-H` or DOCKER_HOST value. Raises InvalidArgument.

    Source: docker/cli, opts/hosts.go.
    """
    scheme, separator, address = text.strip().partition("://")
    if not separator:
        scheme, address = "tcp", scheme
    if scheme == "tcp":
        return _parse_tcp(address)
    if scheme == "unix":
        if "://" in address:
            raise InvalidArgument(f"invalid proto, expected unix: {address}")
        return Endpoint("unix", path=address or DEFAULT_SOCKET)
    if scheme == "ssh":
        return _parse_ssh(text.strip())
    if scheme == "fd":
        raise InvalidArgument(f"unable to parse docker host `{text}`")
    if scheme == "npipe":
        raise InvalidArgument("protocol not available")
    raise InvalidArgument(f"invalid bind address format: {text}")


def _parse_tcp(address: str) -> Endpoint:
    if "://" in address:
        raise InvalidArgument(f"invalid proto, expected tcp: {address}")
    authority, slash, base = address.partition("/")
    host, port = _split_authority(authority, f"tcp://{address}")
    return Endpoint(
        "tcp", host=host or "localhost", port=port or DEFAULT_PORT, base=(slash + base).rstrip("/")
    )


def _split_authority(authority: str, url: str) -> tuple[str, int]:
    """Return host and port of HOST:PORT, [HOST]:PORT; "" and 0 for what is not there."""
    if authority.startswith("["):
        host, bracket, rest = authority[1:].partition("]")
        if not bracket:
            raise InvalidArgument(f"parse {_quoted(url)}: missing ']' in host")
    else:
        host, colon, rest = authority.partition(":")
        rest = colon + rest
    if rest not in ("", ":") and not (
        rest[0] == ":" and rest[1:].isascii() and rest[1:].isdecimal() and int(rest[1:]) < 65536
    ):
        raise InvalidArgument(f"parse {_quoted(url)}: invalid port {_quoted(rest)} after host")
    return host, int(rest[1:] or 0)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _parse_ssh(url: str) -> Endpoint:
    def refuse(reason: str) -> InvalidArgument:
        return InvalidArgument(f"ssh host connection is not valid: invalid SSH URL: {reason}")

    rest, hash_sign, fragment = url.removeprefix("ssh://").partition("#")
    rest, question, query = rest.partition("?")
    authority, slash, path = rest.partition("/")
    user, at, address = authority.rpartition("@")
    if at and ":" in user:
        raise refuse("plain-text password is not supported")
    host, port = _split_authority(address, url)
    if not host:
        raise refuse("hostname is empty")
    if question and query:
        raise refuse(f"query parameters are not allowed: {_quoted(query)}")
    if hash_sign and fragment:
        raise refuse(f"fragments are not allowed: {_quoted(fragment)}")
    return Endpoint("ssh", user=user, host=host, port=port, path=slash + path)
