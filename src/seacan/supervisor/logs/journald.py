r"""The journal's native protocol: a datagram of fields for each entry.

    NAME=value\n, or where the value has a newline: NAME\n, its length in 8 bytes, value\n

Source: systemd, JOURNAL_NATIVE_PROTOCOL; moby, daemon/logger/journald.
"""

import os
import struct
import time
from collections.abc import Callable
from typing import Final, TypedDict, cast

from seacan.supervisor.logs.lines import Entry
from seacan.supervisor.protocol import ReceiverRequest

_LENGTH: Final = struct.Struct("<Q")
_ERROR, _INFO = "3", "6"  # priorities


class Settings(TypedDict):
    fields: dict[str, str]  # of every entry


def encoder(request: ReceiverRequest) -> Callable[[Entry], list[bytes]]:
    epoch = {"CONTAINER_LOG_EPOCH": os.urandom(32).hex()}
    fields = cast(Settings, request["settings"])["fields"] | epoch
    constant = b"".join(_field(name, value.encode()) for name, value in fields.items())
    ordinal = 0

    def encode(entry: Entry) -> list[bytes]:
        nonlocal ordinal
        ordinal += 1
        own = {
            "PRIORITY": _ERROR if entry.stream == "stderr" else _INFO,
            "SYSLOG_TIMESTAMP": _rfc3339(entry.time_ns),
            "CONTAINER_LOG_ORDINAL": str(ordinal),
            **_partial(entry),
        }
        changing = b"".join(_field(name, value.encode()) for name, value in own.items())
        return [_field("MESSAGE", entry.line) + changing + constant]

    return encode


def _partial(entry: Entry) -> dict[str, str]:
    if entry.partial is None:
        return {}
    fields = {
        "CONTAINER_PARTIAL_ID": entry.partial.id,
        "CONTAINER_PARTIAL_ORDINAL": str(entry.partial.ordinal),
        "CONTAINER_PARTIAL_LAST": str(entry.partial.last).lower(),
    }
    return fields if entry.partial.last else fields | {"CONTAINER_PARTIAL_MESSAGE": "true"}


def _field(name: str, value: bytes) -> bytes:
    if b"\n" in value:
        return name.encode() + b"\n" + _LENGTH.pack(len(value)) + value + b"\n"
    return name.encode() + b"=" + value + b"\n"


def _rfc3339(time_ns: int) -> str:
    seconds, fraction = divmod(time_ns, 1_000_000_000)
    digits = f".{fraction:09}".rstrip("0").rstrip(".")
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + digits + "Z"
