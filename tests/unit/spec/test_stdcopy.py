"""Frames: made, and taken apart however they come."""

import pytest

from seacan.spec.stdcopy import frame, take_frames

SENT = frame("stdout", b"one") + frame("stderr", b"") + frame("stderr", b"two" * 1000)


@pytest.mark.parametrize("size", [1, 7, 8, 9, 100, len(SENT)])
def test_frames_are_taken_when_they_are_whole(size: int) -> None:
    received, taken = bytearray(), b""
    for offset in range(0, len(SENT), size):
        received += SENT[offset : offset + size]
        taken += take_frames(received)
    assert taken == b"one" + b"two" * 1000
    assert not received


def test_a_part_is_left() -> None:
    received = bytearray(SENT[:-1])
    assert take_frames(received) == b"one"
    assert bytes(received) == frame("stderr", b"two" * 1000)[:-1]
