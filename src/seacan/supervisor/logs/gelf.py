"""GELF 1.1: a JSON object an entry; over UDP compressed and in chunks, over TCP ended by a zero.

Source: Graylog Extended Log Format, docs.graylog.org; moby, daemon/logger/gelf.
"""

import json
import os
import zlib
from collections.abc import Callable
from typing import Any, Final, TypedDict, cast

from seacan.supervisor.logs.lines import Entry
from seacan.supervisor.protocol import ReceiverRequest

_ERROR, _INFO = 3, 6  # levels
_CHUNK_BYTES: Final = (
    1420  # with its head: fits an Ethernet frame, as the reference writers have it
)
_CHUNK_MAGIC: Final = b"\x1e\x0f"
_CHUNK_LIMIT: Final = 128
_WINDOW_BITS: Final = {"gzip": 31, "zlib": 15}  # zlib's names for the two


class Settings(TypedDict):
    hostname: str
    extra: dict[str, str]  # names begin with an underscore
    compression: str  # gzip, zlib, none; of UDP alone
    level: int  # -1 to 9


def encoder(request: ReceiverRequest) -> Callable[[Entry], list[bytes]]:
    settings = cast(Settings, request["settings"])

    def encode(entry: Entry) -> list[bytes]:
        if not entry.line:
            return []
        message = _message(settings, entry)
        if request["network"] != "udp":
            return [message + b"\0"]
        return chunks(_compressed(message, settings["compression"], settings["level"]))

    return encode


def _message(settings: Settings, entry: Entry) -> bytes:
    message: dict[str, Any] = {
        "version": "1.1",
        "host": settings["hostname"],
        "short_message": entry.line.decode(errors="replace"),
        "timestamp": entry.time_ns // 1_000_000 / 1000,
        "level": _ERROR if entry.stream == "stderr" else _INFO,
    }
    return json.dumps(message | settings["extra"], separators=(",", ":")).encode()


def _compressed(message: bytes, compression: str, level: int) -> bytes:
    if compression == "none":
        return message
    compressor = zlib.compressobj(level, wbits=_WINDOW_BITS[compression])
    return compressor.compress(message) + compressor.flush()


def chunks(message: bytes) -> list[bytes]:
    """Return `message` as datagrams; none if it is too long for the protocol."""
    if len(message) <= _CHUNK_BYTES:
        return [message]
    room = _CHUNK_BYTES - 12
    pieces = [message[start : start + room] for start in range(0, len(message), room)]
    if len(pieces) > _CHUNK_LIMIT:
        return []
    head = _CHUNK_MAGIC + os.urandom(8)
    return [head + bytes([n, len(pieces)]) + piece for n, piece in enumerate(pieces)]
