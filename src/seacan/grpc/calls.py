"""Calls as HTTP/2 carries them: messages with their length before them, and a status at the end.

Source: grpc, doc/PROTOCOL-HTTP2.md.
"""

import base64
import binascii
import struct
from contextlib import suppress
from typing import Final, TypeVar
from urllib.parse import quote, unquote

from seacan.grpc.http2 import Headers, Stream
from seacan.grpc.protobuf import Malformed, Message
from seacan.grpc.status import CallFailed, Code, Status, failed

CONTENT_TYPE: Final = "application/grpc"
MESSAGE_BYTES: Final = 16 << 20  # the largest one taken
_PREFIX: Final = struct.Struct(">BI")
_DETAILS: Final = "grpc-status-details-bin"
_UNQUOTED: Final = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")

M = TypeVar("M", bound=Message)


class Call:
    """Either side of a call."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._ahead = bytearray()

    @property
    def metadata(self) -> dict[str, str]:
        """What the peer said of the call; names are in lower case."""
        return self._stream.headers

    async def receive(self, kind: type[M]) -> M | None:
        """Return the next message, None at the end. Raises Malformed, CallFailed."""
        if not await self._fill(_PREFIX.size):
            return None
        is_compressed, size = _PREFIX.unpack_from(self._ahead)
        if is_compressed:
            raise failed(Code.UNIMPLEMENTED, "compressed messages are not supported")
        if size > MESSAGE_BYTES:
            raise failed(Code.RESOURCE_EXHAUSTED, f"message of more than {MESSAGE_BYTES} bytes")
        del self._ahead[: _PREFIX.size]
        if not await self._fill(size):
            raise Malformed("message that is cut off")
        data = bytes(self._ahead[:size])
        del self._ahead[:size]
        return kind.decode(data)

    async def send(self, message: Message) -> None:
        """Send a message. Raises ConnectionLost."""
        data = message.encode()
        await self._stream.send(_PREFIX.pack(0, len(data)) + data)

    async def end(self) -> None:
        """Tell the peer that no message follows."""
        await self._stream.end()

    async def _fill(self, size: int) -> bool:
        """Have so many bytes at hand; False at the end. Raises Malformed within a message."""
        while len(self._ahead) < size:
            data = await self._stream.receive()
            if not data:
                if self._ahead:
                    raise Malformed("message that is cut off")
                return False
            self._ahead += data
        return True


def status_headers(status: Status) -> Headers:
    """Return what a call ends with."""
    headers = [("grpc-status", str(int(status.code)))]
    if status.message:
        headers.append(("grpc-message", quote(status.message, safe=_UNQUOTED)))
    if status.details:
        data = base64.b64encode(status.encode()).decode().rstrip("=")
        headers.append((_DETAILS, data))
    return headers


def check_status(headers: dict[str, str]) -> None:
    """Raise CallFailed unless these, which a call ended with, say that it went well."""
    text = headers.get("grpc-status", "")
    if not text.isdecimal():
        raise failed(Code.UNKNOWN, "the call has ended without a status")
    if int(text) == Code.OK:
        return
    status = Status(int(text), unquote(headers.get("grpc-message", "")))
    if details := headers.get(_DETAILS, ""):
        with suppress(binascii.Error, Malformed):  # the sentence is there all the same
            status = Status.decode(base64.b64decode(details + "=" * (-len(details) % 4)))
    raise CallFailed(status)
