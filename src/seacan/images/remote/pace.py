"""Connections of urllib3 to peers that have to keep up: with heads, bodies and what they take.

urllib3's own time limits are about a single read, and begin anew with each byte.
"""

import http.client
import io
import socket
import time
from typing import Any, Final

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from seacan.pace import Pace

LOWEST_BYTES: Final = 60 << 10
TURN_S: Final = 60.0
# For a piece of a body: what is sent at a time, over TLS a record of that.
_SEND_S: Final = 120.0


class TooSlow(OSError):
    """The peer is there, but what it sends or takes is too little to wait for."""


class PacedReader(io.RawIOBase):
    """What a peer sends. The first byte is waited for as the connection's own limit has it."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._pace = Pace(LOWEST_BYTES, TURN_S)
        self._has_begun = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        began = time.monotonic()
        size: int | None = self._source.readinto(buffer)
        waited_s = time.monotonic() - began if self._has_begun else 0.0
        self._has_begun = True
        if size and not self._pace.keeps_up(size, waited_s):
            raise TooSlow(f"the other side sends less than {LOWEST_BYTES} bytes in {TURN_S:.0f} s")
        return size

    def close(self) -> None:
        self._source.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(PacedReader(self.fp.detach()))


def _send(connection: http.client.HTTPConnection, data: Any) -> None:
    if connection.sock is not None:
        connection.sock.settimeout(_SEND_S)
    try:
        http.client.HTTPConnection.send(connection, data)
    except TimeoutError as err:
        raise TooSlow(f"the other side takes nothing for {_SEND_S:.0f} s") from err


class _Connection(HTTPConnection):
    response_class = _Response

    def send(self, data: Any) -> None:
        _send(self, data)


class _TlsConnection(HTTPSConnection):
    response_class = _Response

    def send(self, data: Any) -> None:
        _send(self, data)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def set_pace(manager: PoolManager) -> PoolManager:
    """Have the connections of `manager` end with TooSlow where the peer does not keep up."""
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
    return manager
