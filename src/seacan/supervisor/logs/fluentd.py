"""Fluentd's forward protocol, message mode: [tag, time, record, option], in MessagePack.

Source: Fluentd Forward Protocol Specification v1; msgpack/spec.md; moby, daemon/logger/fluentd.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Final, TypedDict, cast

from seacan.supervisor.logs.lines import Entry
from seacan.supervisor.protocol import ReceiverRequest

_ARRAY_OF_4: Final = b"\x94"
_EMPTY_MAP: Final = b"\x80"
_EVENT_TIME: Final = b"\xd7\x00"  # fixext 8, type 0: seconds, nanoseconds
_INT32, _INT64 = b"\xd2", b"\xd3"


class Settings(TypedDict):
    tag: str
    fields: dict[str, str]  # of every record
    has_subseconds: bool


def encoder(request: ReceiverRequest) -> Callable[[Entry], list[bytes]]:
    settings = cast(Settings, request["settings"])
    head = _ARRAY_OF_4 + text(settings["tag"].encode())

    def encode(entry: Entry) -> list[bytes]:
        record = {
            "source": entry.stream.encode(),
            "log": entry.line,
            **{name: value.encode() for name, value in settings["fields"].items()},
            **_partial(entry),
        }
        time = _time(entry.time_ns, has_subseconds=settings["has_subseconds"])
        return [head + time + _map(record) + _EMPTY_MAP]

    return encode


def _partial(entry: Entry) -> dict[str, bytes]:
    if entry.partial is None:
        return {}
    return {
        "partial_message": b"true",
        "partial_id": entry.partial.id.encode(),
        "partial_ordinal": str(entry.partial.ordinal).encode(),
        "partial_last": str(entry.partial.last).lower().encode(),
    }


def _time(time_ns: int, *, has_subseconds: bool) -> bytes:
    seconds, fraction = divmod(time_ns, 1_000_000_000)
    if has_subseconds:
        return _EVENT_TIME + struct.pack(">II", seconds, fraction)
    if seconds < 1 << 31:
        return _INT32 + struct.pack(">i", seconds)
    return _INT64 + struct.pack(">q", seconds)


def _map(record: Mapping[str, bytes]) -> bytes:
    size = len(record)
    head = bytes([0x80 | size]) if size < 16 else b"\xde" + struct.pack(">H", size)
    return head + b"".join(text(name.encode()) + text(value) for name, value in record.items())


def text(value: bytes) -> bytes:
    """Return a str of MessagePack, whose bytes need not be UTF-8: a container may print any."""
    size = len(value)
    if size < 32:
        return bytes([0xA0 | size]) + value
    if size < 1 << 8:
        return b"\xd9" + bytes([size]) + value
    if size < 1 << 16:
        return b"\xda" + struct.pack(">H", size) + value
    return b"\xdb" + struct.pack(">I", size) + value
