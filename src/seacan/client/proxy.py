"""The way to a daemon on TCP through a proxy: HTTPS_PROXY within TLS, else HTTP_PROXY; NO_PROXY.

    client ── CONNECT host:port ──▶ proxy ──▶ daemon

Every connection is a tunnel, so that attached streams go the way that requests go. Docker's client
asks a proxy request by request when there is no TLS, and goes past it with streams.

Imported only for TCP. Source of what the variables mean: golang.org/x/net/http/httpproxy.
"""

from __future__ import annotations

import os

from seacan.errors import InvalidArgument, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from ipaddress import IPv4Address, IPv6Address

DEFAULT_PORT = 80
_HEAD_LIMIT_BYTES = 16 * 1024


class Proxy:
    """`authorization`: what it is shown of the user, "" for nothing."""

    __slots__ = ("authorization", "host", "port")

    def __init__(self, host: str, port: int, authorization: str) -> None:
        self.host = host
        self.port = port
        self.authorization = authorization

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def proxy_to(host: str, port: int, *, is_tls: bool) -> Proxy | None:
    """Return the proxy before a daemon; None if it is asked without one, as on this host always.

    Raises InvalidArgument if the variable names none.
    """
    name = "HTTPS_PROXY" if is_tls else "HTTP_PROXY"
    text = _variable(name)
    if not text or _is_loopback(host) or _is_excepted(host, port, _variable("NO_PROXY")):
        return None
    return _parsed(name, text)


def _variable(name: str) -> str:
    return os.environ.get(name) or os.environ.get(name.lower(), "")


def _parsed(name: str, text: str) -> Proxy:
    from urllib.parse import unquote, urlsplit

    try:
        url = urlsplit(text if "://" in text else f"http://{text}")
        host, port = url.hostname, url.port
    except ValueError as err:
        raise InvalidArgument(f"{name}: {err}") from None
    if url.scheme != "http":
        raise InvalidArgument(f"{name}: a proxy of {url.scheme}:// is not supported, only http://")
    if not host:
        raise InvalidArgument(f"{name}: it names no host")
    authorization = ""
    if url.username is not None:
        from base64 import b64encode

        pair = f"{unquote(url.username)}:{unquote(url.password or '')}"
        authorization = f"Basic {b64encode(pair.encode()).decode()}"
    return Proxy(host, port or DEFAULT_PORT, authorization)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    from ipaddress import ip_address

    try:
        return ip_address(text)
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _is_excepted(host: str, port: int, exceptions: str) -> bool:
    """Whether a list such as `.example.org,box:2376,10.0.0.0/8,*` has the daemon."""
    return any(
        _matches(host.lower(), port, entry.strip().lower())
        for entry in exceptions.split(",")
        if entry.strip()
    )


def _matches(host: str, port: int, entry: str) -> bool:
    if entry == "*":
        return True
    address = _address(host)
    if "/" in entry:
        return address is not None and _is_in(address, entry)
    name, number = _split_port(entry)
    if number and number != str(port):
        return False
    if (excepted := _address(name)) is not None:
        return address == excepted
    name = name.removeprefix("*")
    # A name stands for itself and all below it; with a dot in front for these alone.
    return host.endswith(name if name.startswith(".") else f".{name}") or host == name


def _is_in(address: IPv4Address | IPv6Address, network: str) -> bool:
    from ipaddress import ip_network

    try:
        return address in ip_network(network, strict=False)
    except ValueError:
        return False


def _split_port(entry: str) -> tuple[str, str]:
    """Return name and port of `name:port`, `[::1]:port`; "" for no port."""
    if entry.startswith("["):
        name, _, rest = entry[1:].partition("]")
        return name, rest.removeprefix(":")
    if entry.count(":") == 1:
        name, _, port = entry.partition(":")
        return name, port
    return entry, ""


def open_tunnel(
    connection: _socket.socket, proxy: Proxy, authority: str, *, timeout_s: float
) -> None:
    """Have `proxy`, at the other end of `connection`, pass all bytes on to `authority`.

    If it does not, the connection is closed. Raises Unavailable, OSError.
    """
    connection.settimeout(timeout_s)
    try:
        _ask(connection, proxy, authority)
    except BaseException:
        connection.close()
        raise
    connection.settimeout(None)


def _ask(connection: _socket.socket, proxy: Proxy, authority: str) -> None:
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
    version, status, reason = _answer(connection)
    if not version.startswith("HTTP/1.") or status != "200":
        raise Unavailable(f"it answers {' '.join((status, reason)).strip() or 'nothing'}")


def _answer(connection: _socket.socket) -> tuple[str, str, str]:
    """Return version, status and reason; the daemon says nothing before it is asked."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(4096)
        if not piece or len(head) > _HEAD_LIMIT_BYTES:
            break
        head += piece
    words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
    version, status, reason = (*words, "", "", "")[:3]
    return version, status, reason
