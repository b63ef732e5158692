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
