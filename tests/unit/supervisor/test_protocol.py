import os
import socket
from collections.abc import Iterator

import pytest
from tests import descriptors

from seacan import errors
from seacan.runtime.failures import CommandNotFound
from seacan.supervisor import protocol

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    one, other = socket.socketpair(socket.AF_UNIX, protocol.SOCKET_TYPE)
    with one, other:
        yield one, other


def test_a_message_and_its_descriptors_arrive_together(pair: Pair) -> None:
    reader, writer = os.pipe()
    protocol.send(pair[0], {"request": "x", "n": 1}, [writer])
    os.close(writer)
    received = protocol.receive(pair[1])
    assert received is not None
    message, [fd] = received
    assert message == {"request": "x", "n": 1}
    assert not os.get_inheritable(fd)
    os.write(fd, b"through")
    os.close(fd)
    assert os.read(reader, 10) == b"through"
    os.close(reader)


def test_a_message_too_long_for_a_packet_arrives_whole(pair: Pair) -> None:
    reader, writer = os.pipe()
    long = {"text": "x" * (2 * protocol.PACKET_LIMIT)}
    protocol.send(pair[0], long, [reader])
    received = protocol.receive(pair[1])
    assert received is not None
    assert received[0] == long
    assert len(received[1]) == 1
    for fd in (reader, writer, *received[1]):
        os.close(fd)


def test_the_end_of_the_peer_is_none(pair: Pair) -> None:
    pair[0].close()
    assert protocol.receive(pair[1]) is None


def test_what_is_no_message_is_an_error_and_leaks_nothing(pair: Pair) -> None:
    socket.send_fds(pair[0], [b"{nonsense"], [0])
    with descriptors.none_kept(), pytest.raises(errors.Internal):
        protocol.receive(pair[1])


@pytest.mark.parametrize(
    ("err", "seen"),
    [
        (errors.NotFound("gone"), errors.NotFound),
        (CommandNotFound("no such file or directory"), errors.InvalidArgument),
        (OSError(5, "broken"), errors.Internal),
    ],
)
def test_errors_are_raised_again_at_the_other_end(
    err: Exception, seen: type[errors.SeacanError]
) -> None:
    with pytest.raises(seen, match=str(err).replace("[", r"\[")):
        protocol.raise_error(protocol.error_reply(err))
    protocol.raise_error({"pid": 1})
