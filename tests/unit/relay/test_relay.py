"""What a relay does with its ports. All of it on the loopback, its loop run by the test."""

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from seacan.relay.ports import Ports
from seacan.relay.words import Place
from seacan.supervisor.loop import Loop

MIB = 1 << 20
ADDRESSES = pytest.mark.parametrize("address", ["127.0.0.1", "::1"])


@pytest.fixture
def loop() -> Loop:
    return Loop()


@pytest.fixture
def ports(loop: Loop) -> Iterator[Ports]:
    ports = Ports(loop)
    yield ports
    ports.keep([])
    for _ in range(20):  # both ends are closed: the connections are, too
        loop.call_in(0, lambda: None)
        loop.run_once()


def _socket(address: str, kind: int = socket.SOCK_STREAM) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind == socket.SOCK_STREAM)
    bound.bind((address, 0))
    bound.settimeout(60)
    return bound


def _place(bound: socket.socket, target: socket.socket | None = None) -> Place:
    address, port = bound.getsockname()[:2]
    return Place(
        protocol="tcp" if bound.type == socket.SOCK_STREAM else "udp",
        address=address,
        port=port,
        target=target.getsockname()[0] if target else "",
        target_port=target.getsockname()[1] if target else 0,
    )


def _give(ports: Ports, bound: socket.socket, target: socket.socket | None) -> Place:
    place = _place(bound, target)
    ports.give([place], [bound.fileno()])
    bound.close()
    return place


def _run(loop: Loop, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    loop.call_in(10, lambda: None)  # a wait that has nothing to wait for ends, too
    while not condition():
        assert time.monotonic() < deadline
        loop.run_once()


def _connect(place: Place) -> socket.socket:
    return socket.create_connection((place["address"], place["port"]), timeout=60)


def _is_free(place: Place) -> bool:
    family = socket.AF_INET6 if ":" in place["address"] else socket.AF_INET
    with socket.socket(family) as other, contextlib.suppress(OSError):
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((place["address"], place["port"]))
        return True
    return False


def _accept(loop: Loop, server: socket.socket) -> socket.socket:
    accepted: list[socket.socket] = []
    server.setblocking(False)

    def is_there() -> bool:
        with contextlib.suppress(BlockingIOError):
            accepted.append(server.accept()[0])
        return bool(accepted)

    _run(loop, is_there)
    return accepted[0]


class _Peer:
    """One end of a connection, which sends and receives while the loop runs."""

    def __init__(self, connection: socket.socket, data: bytes = b"") -> None:
        self._connection = connection
        connection.setblocking(False)
        self._left = memoryview(data)
        self.received = bytearray()
        self.has_ended = False

    def has_all(self, data: bytes) -> bool:
        self.work()
        return bytes(self.received) == data

    def is_at_end(self) -> bool:
        self.work()
        return self.has_ended

    def work(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._left:
                self._left = self._left[self._connection.send(self._left) :]
                if not self._left:
                    self._connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(BlockingIOError):
            while not self.has_ended:
                data = self._connection.recv(1 << 18)
                self.received += data
                self.has_ended = not data


@ADDRESSES
def test_a_connection_is_carried_both_ways(loop: Loop, ports: Ports, address: str) -> None:
    sent, answer = os.urandom(3 * MIB), os.urandom(2 * MIB)
    with _socket("127.0.0.1") as server:
        server.listen()
        place = _give(ports, _socket(address), server)
        with _connect(place) as client, _accept(loop, server) as accepted:
            one, other = _Peer(client, sent), _Peer(accepted, answer)

            _run(loop, lambda: all([one.is_at_end(), other.is_at_end()]))
    assert (bytes(other.received), bytes(one.received)) == (sent, answer)


def test_an_end_in_one_direction_leaves_the_other(loop: Loop, ports: Ports) -> None:
    with _socket("127.0.0.1") as server:
        server.listen()
        place = _give(ports, _socket("127.0.0.1"), server)
        with _connect(place) as client, _accept(loop, server) as accepted:
            client.shutdown(socket.SHUT_WR)
            there, here = _Peer(accepted), _Peer(client)
            _run(loop, there.is_at_end)
            accepted.send(b"late")
            _run(loop, lambda: here.has_all(b"late"))
            assert not here.has_ended


def test_nobody_at_the_target_breaks_the_connection(loop: Loop, ports: Ports) -> None:
    with _socket("127.0.0.1") as nobody:
        place = _give(ports, _socket("127.0.0.1"), nobody)
        with _connect(place) as client:
            client.setblocking(False)

            def is_broken() -> bool:
                try:
                    return client.recv(1) == b""
                except BlockingIOError:
                    return False
                except ConnectionResetError:
                    return True

            _run(loop, is_broken)


def test_a_port_that_leads_nowhere_is_held(ports: Ports) -> None:
    bound = _socket("127.0.0.1")
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    place = _give(ports, bound, None)
    assert not _is_free(place)
    with pytest.raises(ConnectionRefusedError):
        _connect(place)
    ports.keep([])
    assert _is_free(place)


def test_a_port_is_led_elsewhere_and_let_go(loop: Loop, ports: Ports) -> None:
    with _socket("127.0.0.1") as first, _socket("127.0.0.1") as second:
        first.listen()
        second.listen()
        place = _give(ports, _socket("127.0.0.1"), first)
        with _connect(place) as client, _accept(loop, first) as accepted:
            moved = place.copy()
            moved["target_port"] = second.getsockname()[1]
            ports.keep([moved])
            assert ports.places() == [moved]
            with _connect(place), _accept(loop, second):
                pass
            ports.keep([])
            assert _is_free(place)
            # The connection that was there is.
            client.send(b"still")
            there = _Peer(accepted)
            _run(loop, lambda: there.has_all(b"still"))


@ADDRESSES
def test_datagrams_of_several_clients(loop: Loop, ports: Ports, address: str) -> None:
    with _socket("127.0.0.1", socket.SOCK_DGRAM) as server:
        server.setblocking(False)
        place = _give(ports, _socket(address, socket.SOCK_DGRAM), server)
        clients = [_socket(address, socket.SOCK_DGRAM) for _ in range(3)]
        with contextlib.ExitStack() as stack:
            for number, client in enumerate(clients):
                stack.enter_context(client)
                client.connect((address, place["port"]))
                client.setblocking(False)
                client.send(b"question %d" % number)
            answered: list[bytes] = []

            def is_done() -> bool:
                with contextlib.suppress(BlockingIOError):
                    data, asker = server.recvfrom(100)
                    server.sendto(b"answer to " + data, asker)
                for client in clients:
                    with contextlib.suppress(BlockingIOError):
                        answered.append(client.recv(100))
                return len(answered) == 3

            _run(loop, is_done)
    assert sorted(answered) == [b"answer to question %d" % number for number in range(3)]


def test_an_answer_comes_from_the_address_that_was_asked(loop: Loop, ports: Ports) -> None:
    with _socket("127.0.0.1", socket.SOCK_DGRAM) as server:
        server.setblocking(False)
        place = _give(ports, _socket("0.0.0.0", socket.SOCK_DGRAM), server)
        with _socket("127.0.0.1", socket.SOCK_DGRAM) as client:
            client.connect(("127.0.0.7", place["port"]))  # takes answers from there alone
            client.setblocking(False)
            client.send(b"question")
            answers: list[bytes] = []

            def is_done() -> bool:
                with contextlib.suppress(BlockingIOError):
                    _, asker = server.recvfrom(100)
                    server.sendto(b"answer", asker)
                with contextlib.suppress(BlockingIOError):
                    answers.append(client.recv(100))
                return bool(answers)

            _run(loop, is_done)
    assert answers == [b"answer"]
