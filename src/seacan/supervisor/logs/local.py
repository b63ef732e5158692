"""Docker's `local` format: protobuf messages, the length before and behind each, big-endian.

    LogEntry  source = 1, time_nano = 2, line = 3, partial = 4, partial_log_metadata = 5
    metadata  last = 1, id = 2, ordinal = 3

Source: moby, api/types/plugins/logdriver/entry.proto and daemon/logger/local. A field that is zero
is not written, as proto3 has it.
"""

import struct
from typing import Final

from seacan.supervisor.logs.lines import Entry, Partial

_LENGTH: Final = struct.Struct(">I")
_VARINT, _BYTES = 0, 2


class LocalFormat:
    def encode_lines(self, data: bytes, stream: str, time_ns: int) -> bytes:
        """Return the entries of `data`, which is whole lines none of which is long."""
        head = _bytes(1, stream.encode()) + _number(2, time_ns)
        return b"".join(_framed(head + _bytes(3, line)) for line in data[:-1].split(b"\n"))

    def encode_entry(self, entry: Entry) -> bytes:
        message = _bytes(1, entry.stream.encode()) + _number(2, entry.time_ns)
        message += _bytes(3, entry.line)
        if entry.partial is not None:
            message += _number(4, 1) + _bytes(5, _metadata(entry.partial), is_optional=False)
        return _framed(message)


def _metadata(partial: Partial) -> bytes:
    return (
        _number(1, int(partial.last)) + _bytes(2, partial.id.encode()) + _number(3, partial.ordinal)
    )


def _framed(message: bytes) -> bytes:
    length = _LENGTH.pack(len(message))
    return length + message + length


def _number(field: int, value: int) -> bytes:
    return bytes([field << 3 | _VARINT]) + _varint(value) if value else b""


def _bytes(field: int, value: bytes, *, is_optional: bool = True) -> bytes:
    if not value and is_optional:
        return b""
    return bytes([field << 3 | _BYTES]) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
