"""One container's resolver, on sockets of the loopback."""

import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence

import anyio
import dns.message
import dns.query
import dns.rcode
import pytest
from anyio.abc import TaskStatus
from tests.ports import free_port

from seacan.network.dns import resolver as resolvers
from seacan.network.dns.messages import Question, Record, refuse
from seacan.network.dns.resolver import Resolver

pytestmark = pytest.mark.root

MANY = 100


def _answer(question: Question) -> Sequence[Record] | None:
    """Web has one address, many has a hundred, of others nothing is known."""
    count = {"web": 1, "many": MANY}.get(question.name)
    if count is None:
        return None
    return [Record(question.type, bytes([10, 0, 0, n])) for n in range(count)]


async def _refuse(query: bytes, over_tcp: bool) -> bytes:
    return refuse(query, dns.rcode.YXDOMAIN if over_tcp else dns.rcode.YXRRSET)


async def _say_nothing(query: bytes, over_tcp: bool) -> bytes:
    return b""


@contextlib.contextmanager
def _serving(forward: Callable[[bytes, bool], Awaitable[bytes]] = _refuse) -> Iterator[int]:
    """Give the port, over UDP and TCP, that a resolver serves in a thread of its own."""
    udp, tcp = socket.socket(type=socket.SOCK_DGRAM), socket.socket()
    port = free_port()
    for each in (udp, tcp):
        each.bind(("127.0.0.1", port))
    tcp.listen()
    resolver = Resolver(udp, tcp, _answer, forward)

    async def serve(*, task_status: TaskStatus[anyio.CancelScope]) -> None:
        with anyio.CancelScope() as scope:
            task_status.started(scope)
            await resolver.serve()

    with anyio.from_thread.start_blocking_portal() as portal:
        _, scope = portal.start_task(serve)
        try:
            yield port
        finally:
            portal.call(scope.cancel)
    resolver.close()


def _ask(
    port: int, name: str, *, edns: bool = False, over_tcp: bool = False
) -> dns.message.Message:
    query = dns.message.make_query(name, "A")
    if edns:
        query.use_edns(payload=4096)
    ask = dns.query.tcp if over_tcp else dns.query.udp
    return ask(query, "127.0.0.1", timeout=60, port=port)


def _count(reply: dns.message.Message) -> int:
    return sum(len(found) for found in reply.answer)


def test_what_is_known_is_answered_over_both() -> None:
    with _serving() as port:
        for over_tcp in (False, True):
            assert _count(_ask(port, "Web", over_tcp=over_tcp)) == 1


def test_what_is_long_is_cut_over_udp_only() -> None:
    with _serving() as port:
        assert _ask(port, "many").flags & dns.flags.TC
        assert _count(_ask(port, "many", edns=True)) == MANY
        assert _count(_ask(port, "many", over_tcp=True)) == MANY


def test_what_is_not_known_is_forwarded_over_what_it_came() -> None:
    with _serving() as port:
        assert _ask(port, "x").rcode() == dns.rcode.YXRRSET
        assert _ask(port, "x", over_tcp=True).rcode() == dns.rcode.YXDOMAIN


def test_what_nobody_answers_fails() -> None:
    with _serving(_say_nothing) as port:
        for over_tcp in (False, True):
            assert _ask(port, "x", over_tcp=over_tcp).rcode() == dns.rcode.SERVFAIL


def test_nonsense_hurts_nobody() -> None:
    with _serving() as port, socket.socket(type=socket.SOCK_DGRAM) as client:
        for data in (b"", b"x", bytes(12), bytes(100), b"\xff" * 500):
            client.sendto(data, ("127.0.0.1", port))
        for data in (b"\0", b"\0\5abc", b"\0\0", b"\xff\xff" + bytes(70000)):
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(data)
        assert _count(_ask(port, "web")) == 1
        assert _count(_ask(port, "web", over_tcp=True)) == 1


def test_connections_serve_many_queries_in_turn() -> None:
    with _serving() as port, socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(60)
        for name in ("web", "x", "many"):
            query = dns.message.make_query(name, "A")
            reply = dns.query.tcp(query, "127.0.0.1", timeout=60, sock=connection)
            assert reply.id == query.id


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolvers, "_FORWARDED_LIMIT", 2)

    async def wait_for_ever(query: bytes, over_tcp: bool) -> bytes:
        await anyio.sleep_forever()
        return b""

    with _serving(wait_for_ever) as port, socket.socket(type=socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", port))
        client.settimeout(60)
        for _ in range(2):
            client.send(dns.message.make_query("x", "A").to_wire())
        assert _ask(port, "x").rcode() == dns.rcode.REFUSED
        assert _count(_ask(port, "web")) == 1
