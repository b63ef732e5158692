"""The frames of a WebSocket, at the server's end. Source: RFC 6455, section 5.

Text and binary messages from a client are the same here: bytes for the process, passed on as they
come, however long a frame is.
"""

import struct
from collections.abc import Callable
from typing import Final

TEXT, BINARY = 0x1, 0x2
_CONTINUATION, _CLOSE, _PING, _PONG = 0x0, 0x8, 0x9, 0xA

_FIN: Final = 0x80
_MASKED: Final = 0x80
_CONTROL_LIMIT: Final = 125
_NORMAL, _PROTOCOL_ERROR = 1000, 1002


class WebSocket:
    """One connection's state. `messages`: text or binary, what is sent to the client."""

    def __init__(self, messages: str) -> None:
        self._opcode = TEXT if messages == "text" else BINARY
        self._head = bytearray()  # of a frame that is not there yet, with a control frame's payload
        self._left = 0  # bytes of the data frame under way
        self._mask = b""
        self.is_closed = False  # by the client, or for what it sent

    def wrap(self, data: bytes) -> bytes:
        """Return `data` as a message to the client."""
        return frame(self._opcode, data)

    def farewell(self) -> bytes:
        return frame(_CLOSE, struct.pack(">H", _NORMAL))

    def unwrap(self, data: bytes, answer: Callable[[bytes], None]) -> bytes:
        """Return what of `data` is for the process; `answer` sends what the protocol asks for."""
        self._head += data
        payload = bytearray()
        while self._head and not self.is_closed:
            if self._left:
                payload += self._take_payload()
            elif not self._take_head(answer):
                break
        return bytes(payload)

    def _take_payload(self) -> bytes:
        piece = bytes(self._head[: self._left])
        del self._head[: len(piece)]
        self._left -= len(piece)
        plain = _unmask(piece, self._mask)
        turn = len(piece) % 4
        self._mask = self._mask[turn:] + self._mask[:turn]
        return plain

    def _take_head(self, answer: Callable[[bytes], None]) -> bool:
        """Go on to the next frame; False if there is not enough of it."""
        head = self._head
        if len(head) < 2:
            return False
        opcode, length = head[0] & 0x0F, head[1] & 0x7F
        if not self._is_right(head[0], head[1]):
            self._end(_PROTOCOL_ERROR, answer)
            return False
        size = 2 + {126: 2, 127: 8}.get(length, 0) + 4
        is_control = bool(opcode & 0x8)
        if len(head) < size + (length if is_control else 0):
            return False
        if length >= 126:
            length = int.from_bytes(head[2 : size - 4], "big")
        mask = bytes(head[size - 4 : size])
        del head[:size]
        if not is_control:
            self._left, self._mask = length, mask
            return True
        control = _unmask(bytes(head[:length]), mask)
        del head[:length]
        if opcode == _PING:
            answer(frame(_PONG, control))
        elif opcode == _CLOSE:
            self._end(int.from_bytes(control[:2], "big") or _NORMAL, answer)
        return True

    def _is_right(self, first: int, second: int) -> bool:
        opcode = first & 0x0F
        if first & 0x70 or not second & _MASKED:
            return False
        if opcode & 0x8:
            is_short = second & 0x7F <= _CONTROL_LIMIT
            return opcode in (_CLOSE, _PING, _PONG) and is_short and bool(first & _FIN)
        return opcode in (_CONTINUATION, TEXT, BINARY)

    def _end(self, code: int, answer: Callable[[bytes], None]) -> None:
        self.is_closed = True
        answer(frame(_CLOSE, struct.pack(">H", code)))


def frame(opcode: int, payload: bytes) -> bytes:
    """Return a whole, unmasked frame."""
    size = len(payload)
    if size < 126:
        head = bytes([_FIN | opcode, size])
    elif size < 1 << 16:
        head = struct.pack(">BBH", _FIN | opcode, 126, size)
    else:
        head = struct.pack(">BBQ", _FIN | opcode, 127, size)
    return head + payload


def _unmask(data: bytes, mask: bytes) -> bytes:
    size = len(data)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
