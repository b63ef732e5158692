"""A connection to a peer or a bus: calls, each with its answer, and the signals that come between.

Source: D-Bus Specification 0.43, "Message Protocol" and "Authentication Protocol".
"""

import errno
import itertools
import socket
import struct
from collections.abc import Callable
from typing import Any, Final, NamedTuple, Self

from seacan.kernel.dbus.values import Variant, pack, unpack

_TIMEOUT_S: Final = 30.0  # as runc waits for a job of systemd
_MAX_MESSAGE: Final = 1 << 24
_MAX_LINE: Final = 1024

_CALL: Final = 1
_RETURN: Final = 2
_ERROR: Final = 3
_SIGNAL: Final = 4
# Fields of the header.
_PATH: Final = 1
_INTERFACE: Final = 2
_MEMBER: Final = 3
_ERROR_NAME: Final = 4
_REPLY_SERIAL: Final = 5
_DESTINATION: Final = 6
_SIGNATURE: Final = 8
_FIELD_TYPES: Final = {
    _PATH: "o",
    _INTERFACE: "s",
    _MEMBER: "s",
    _DESTINATION: "s",
    _SIGNATURE: "g",
}
# endian type flags version, length of the body, serial, length of the fields
_HEADER: Final = struct.Struct("<cBBBIII")


class CallError(OSError):
    """What a call was answered with; `name` is the error's own."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(errno.EREMOTEIO, text or name)
        self.name = name


class _Message(NamedTuple):
    kind: int
    fields: dict[int, Any]
    body: bytes

    def values(self) -> list[Any]:
        # Not before they are wanted: signals of others may have types that are not known here.
        return unpack(self.fields.get(_SIGNATURE, ""), self.body)


class Connection:
    """Ends with a `with`. Whoever waits for longer than half a minute gets ETIMEDOUT."""

    def __init__(self, path: str) -> None:
        """Connect to the socket at `path`; NUL in front is for an abstract one. Raises OSError."""
        self._serials = itertools.count(1)
        self._signals: list[_Message] = []
        self._buffer = b""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(_TIMEOUT_S)
        try:
            self._socket.connect(path)
            self._authenticate()
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _authenticate(self) -> None:
        # Without a name: it is the peer of the socket, whatever it is called in a user namespace.
        self._socket.sendall(b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n")
        while not (line := self._line()).startswith(b"OK "):
            if not line.startswith(b"DATA"):
                raise OSError(errno.EACCES, f"d-bus: not let in: {line.decode(errors='replace')}")

    def _line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            if len(self._buffer) > _MAX_LINE:
                raise OSError(errno.EPROTO, "d-bus: a line without an end")
            self._read_more()
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    def _read_more(self) -> None:
        try:
            data = self._socket.recv(1 << 16)
        except TimeoutError as err:
            raise OSError(errno.ETIMEDOUT, "d-bus: no answer") from err
        if not data:
            raise OSError(errno.ECONNRESET, "d-bus: the connection was closed")
        self._buffer += data

    def call(
        self, target: tuple[str, str, str], member: str, signature: str = "", *values: Any
    ) -> list[Any]:
        """Call a method of `target` (bus name, object, interface); return what it returns.

        Raises CallError.
        """
        serial = next(self._serials)
        destination, path, interface = target
        fields = {_PATH: path, _INTERFACE: interface, _MEMBER: member, _DESTINATION: destination}
        if signature:
            fields[_SIGNATURE] = signature
        self._send(serial, fields, pack(signature, values))
        while True:
            message = self._receive()
            if message.fields.get(_REPLY_SERIAL) == serial:
                break
            if message.kind == _SIGNAL:
                self._signals.append(message)
        if message.kind == _ERROR:
            texts = [value for value in message.values() if isinstance(value, str)]
            raise CallError(message.fields.get(_ERROR_NAME, ""), " ".join(texts))
        return message.values()

    def _send(self, serial: int, fields: dict[int, str], body: bytes) -> None:
        items = [(number, Variant(_FIELD_TYPES[number], fields[number])) for number in fields]
        head = pack("yyyyuua(yv)", (ord("l"), _CALL, 0, 1, len(body), serial, items))
        self._socket.sendall(head + bytes(-len(head) % 8) + body)

    def wait_signal(self, member: str, is_meant: Callable[[list[Any]], bool]) -> list[Any]:
        """Return the values of a signal, come since the connection was made or still to come."""
        while True:
            message = self._signals.pop(0) if self._signals else self._receive()
            if message.kind == _SIGNAL and message.fields.get(_MEMBER) == member:
                values = message.values()
                if is_meant(values):
                    return values

    def _receive(self) -> _Message:
        endian, kind, _, _, body, _, fields = _HEADER.unpack(self._peek(_HEADER.size))
        if endian != b"l" or fields + body > _MAX_MESSAGE:
            raise OSError(errno.EPROTO, "d-bus: a message of another byte order, or too long")
        start = _HEADER.size + fields
        start += -start % 8
        data = self._peek(start + body)
        self._buffer = self._buffer[start + body :]
        _, _, _, _, _, _, items = unpack("yyyyuua(yv)", data[: _HEADER.size + fields])
        named = {number: variant.value for number, variant in items}
        return _Message(kind, named, data[start:])

    def _peek(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._read_more()
        return self._buffer[:size]
