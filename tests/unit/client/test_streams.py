import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.client.scripted import frame

from seacan.client.streams import STDERR, STDOUT, demultiplex
from seacan.errors import Internal


def test_frames_are_taken_apart() -> None:
    wire = frame(1, b"out") + frame(2, b"err") + frame(1, b"") + frame(0, b"in")
    assert list(demultiplex([wire])) == [(STDOUT, b"out"), (STDERR, b"err"), (STDOUT, b"in")]


@given(
    frames=st.lists(st.tuples(st.sampled_from([STDOUT, STDERR]), st.binary(max_size=40))),
    cuts=st.lists(st.integers(0, 400)),
)
def test_pieces_may_be_cut_anywhere(frames: list[tuple[int, bytes]], cuts: list[int]) -> None:
    wire = b"".join(frame(stream, data) for stream, data in frames)
    edges = [0, *sorted(min(cut, len(wire)) for cut in cuts), len(wire)]
    pieces = [wire[a:b] for a, b in itertools.pairwise(edges)]
    got = {STDOUT: b"", STDERR: b""}
    for stream, data in demultiplex(pieces):
        got[stream] += data
    for stream in got:
        assert got[stream] == b"".join(data for s, data in frames if s == stream)


def test_long_frame_is_passed_on_before_it_is_complete() -> None:
    wire = frame(1, b"x" * 1000)
    assert list(demultiplex([wire[:100]])) == [(STDOUT, b"x" * 92)]


@pytest.mark.parametrize("wire", [b"/ # ls\r\n", b"\x09\0\0\0\0\0\0\1x", b"\x01\0\0\1\0\0\0\1x"])
def test_output_of_a_terminal_is_no_frames(wire: bytes) -> None:
    with pytest.raises(Internal, match="begins no frame"):
        list(demultiplex([wire]))


def test_error_of_the_daemon_in_the_stream() -> None:
    with pytest.raises(Internal, match="error from daemon in stream: log is gone"):
        list(demultiplex([frame(3, b"log is gone\n")]))
