"""Where a log's receiver is: the addresses of the drivers, in dockerd's forms and words."""

import os
import socket
from typing import Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from seacan.errors import Internal, InvalidArgument

# What dockerd says when it is the start that fails.
FAILED: Final = "failed to create task for container: failed to initialize logging driver"

_SYSLOG_SOCKETS: Final = ("/dev/log", "/var/run/syslog", "/var/run/log")
_SYSLOG_PORT: Final = 514
_FLUENTD_HOST: Final = "127.0.0.1"
_FLUENTD_PORT: Final = 24224


class Address(msgspec.Struct, frozen=True):
    network: str  # udp, tcp, tls, unix, unixgram
    host: str  # a name, an address, or a path
    port: int = 0

    def resolve(self) -> list[str]:
        """Return numeric addresses, or the path. Blocks. Raises Internal in dockerd's words."""
        if self.network.startswith("unix"):
            return [self.host]
        try:
            found = socket.getaddrinfo(self.host or "localhost", self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as err:
            raise Internal(f"{FAILED}: lookup {self.host}: no such host") from err
        return list(dict.fromkeys(str(address[0]) for *_, address in found))


def syslog(text: str) -> Address | None:
    """Return the address; None for the machine's own syslog, whose socket is yet to be found."""
    if not text:
        return None
    url = _parse(text)
    if url.scheme in ("unix", "unixgram"):
        try:
            os.stat(url.path)
        except OSError as err:
            raise InvalidArgument(f"stat {url.path}: {(err.strerror or '').lower()}") from err
        return Address(url.scheme, url.path)
    if url.scheme not in ("udp", "tcp", "tcp+tls"):
        raise InvalidArgument(f"unsupported scheme: '{url.scheme}'")
    network = "tls" if url.scheme == "tcp+tls" else url.scheme
    return Address(network, url.hostname or "", _port(url, text) or _SYSLOG_PORT)


def own_syslog() -> Address:
    """Return the socket of the machine's syslog. Raises Internal if it has none."""
    for path in _SYSLOG_SOCKETS:
        for network, kind in (("unixgram", socket.SOCK_DGRAM), ("unix", socket.SOCK_STREAM)):
            with socket.socket(socket.AF_UNIX, kind) as probe:
                try:
                    probe.connect(path)
                except OSError:
                    continue
                return Address(network, path)
    raise Internal(f"{FAILED}: Unix syslog delivery error")


def gelf(text: str) -> Address:
    if not text:
        raise InvalidArgument("gelf-address is a required parameter")
    url = _parse(text)
    if url.scheme not in ("udp", "tcp"):
        raise InvalidArgument("gelf: endpoint needs to be TCP or UDP")
    port = _port(url, text)
    if port is None:
        raise InvalidArgument("gelf: please provide gelf-address as proto://host:port")
    return Address(url.scheme, url.hostname or "", port)


def fluentd(text: str) -> Address:
    try:
        return _fluentd(text)
    except InvalidArgument as err:
        raise InvalidArgument(f"invalid fluentd-address ({text}): {err}") from err


def _fluentd(text: str) -> Address:
    if not text:
        return Address("tcp", _FLUENTD_HOST, _FLUENTD_PORT)
    url = _parse(text if "://" in text else f"tcp://{text}")
    if url.scheme == "unix":
        if not url.path.strip("/"):
            raise InvalidArgument("path is empty")
        return Address("unix", url.path)
    if url.scheme not in ("tcp", "tls"):
        raise InvalidArgument(f"unsupported scheme: '{url.scheme}'")
    if url.path:
        raise InvalidArgument("should not contain a path element")
    return Address(url.scheme, url.hostname or _FLUENTD_HOST, _port(url, text) or _FLUENTD_PORT)


def _parse(text: str) -> SplitResult:
    if "://" not in text and ":" in text.partition("/")[0]:
        raise InvalidArgument(f'parse "{text}": first path segment in URL cannot contain colon')
    try:
        return urlsplit(text)
    except ValueError as err:
        raise InvalidArgument(f'parse "{text}": {err}') from err


def _port(url: SplitResult, text: str) -> int | None:
    try:
        return url.port
    except ValueError as err:
        port = url.netloc.rpartition(":")[2]
        raise InvalidArgument(f'parse "{text}": invalid port ":{port}" after host') from err
