"""Several streams on one connection: each piece has a header of eight bytes.

Source: Engine API, POST /containers/{id}/attach, "Stream format": type, three zeros, length.
"""

import struct
from typing import Final

STREAMS: Final = {"stdout": 1, "stderr": 2}

_HEADER: Final = struct.Struct(">BxxxL")


def frame(stream: str, data: bytes) -> bytes:
    """Return `data` of `stream`, one of STREAMS, with its header."""
    return _HEADER.pack(STREAMS[stream], len(data)) + data


def split_frames(received: bytearray) -> list[tuple[int, bytes]]:
    """Take the whole frames off the start of `received`; return their streams and content."""
    frames, offset = [], 0
    while offset + _HEADER.size <= len(received):
        stream, length = _HEADER.unpack_from(received, offset)
        end = offset + _HEADER.size + length
        if end > len(received):
            break
        frames.append((stream, bytes(received[offset + _HEADER.size : end])))
        offset = end
    del received[:offset]
    return frames


def take_frames(received: bytearray) -> bytes:
    """Take the whole frames off the start of `received`; return what they carry, of any stream."""
    return b"".join([content for _, content in split_frames(received)])
