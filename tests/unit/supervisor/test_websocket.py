import pytest
from hypothesis import given
from hypothesis import strategies as st

from seacan.supervisor.websocket import BINARY, WebSocket, frame

MASK = b"\x01\x02\x03\x04"


def masked(first: int, payload: bytes) -> bytes:
    """Return a frame as a client sends it."""
    plain = frame(first & 0x0F, payload)
    head = plain[: len(plain) - len(payload)]
    body = bytes(byte ^ MASK[n % 4] for n, byte in enumerate(payload))
    return bytes([first, head[1] | 0x80]) + head[2:] + MASK + body


@given(st.lists(st.binary(max_size=70_000), max_size=3), st.integers(1, 5000))
def test_messages_arrive_however_they_are_cut(messages: list[bytes], step: int) -> None:
    socket, answers = WebSocket("binary"), list[bytes]()
    data = b"".join(masked(0x80 | BINARY, message) for message in messages)
    received = b"".join(
        socket.unwrap(data[n : n + step], answers.append) for n in range(0, len(data), step)
    )
    assert (received, answers, socket.is_closed) == (b"".join(messages), [], False)


@pytest.mark.parametrize(
    ("size", "head"),
    [(5, b"\x82\x05"), (200, b"\x82\x7e\x00\xc8"), (70_000, b"\x82\x7f\0\0\0\0\0\x01\x11\x70")],
)
def test_what_is_sent_is_one_unmasked_message(size: int, head: bytes) -> None:
    assert WebSocket("binary").wrap(b"x" * size) == head + b"x" * size
    assert WebSocket("text").wrap(b"x")[0] == 0x81


def test_fragments_and_a_ping_between_them() -> None:
    socket, answers = WebSocket("binary"), list[bytes]()
    data = masked(0x02, b"one ") + masked(0x89, b"?") + masked(0x80, b"message")
    assert socket.unwrap(data, answers.append) == b"one message"
    assert answers == [b"\x8a\x01?"]


def test_a_close_is_answered_and_nothing_behind_it_counts() -> None:
    socket, answers = WebSocket("binary"), list[bytes]()
    data = masked(0x82, b"last") + masked(0x88, b"\x03\xe9bye") + masked(0x82, b"more")
    assert socket.unwrap(data, answers.append) == b"last"
    assert (answers, socket.is_closed) == ([b"\x88\x02\x03\xe9"], True)


@pytest.mark.parametrize(
    "data",
    [
        b"\x82\x01x",  # not masked
        b"\xc2\x81\1\2\3\4x",  # a reserved bit
        b"\x83\x81\1\2\3\4x",  # an opcode that is none
        b"\x09\x80\1\2\3\4",  # a ping in fragments
        b"\x89\xfe\0\x80\1\2\3\4",  # a long ping
    ],
)
def test_what_breaks_the_protocol_ends_it(data: bytes) -> None:
    socket, answers = WebSocket("binary"), list[bytes]()
    assert socket.unwrap(data, answers.append) == b""
    assert (answers, socket.is_closed) == ([b"\x88\x02\x03\xea"], True)
