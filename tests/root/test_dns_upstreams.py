"""Queries that go on to others' servers: what is wrong with these, and what is made of it."""

import contextlib
import socket
from collections.abc import Callable, Iterator

import anyio
import dns.message
import dns.rcode
import pytest
from tests.fakes.name_server import NameServer, serving_names

from seacan.network.dns import upstreams
from seacan.network.dns.upstreams import Server, open_here

pytestmark = pytest.mark.root

NAME = "www.example"
Serve = Callable[..., NameServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that say of themselves who they are: the address of NAME is theirs."""
    with contextlib.ExitStack() as servers:

        def one(who: str = "10.0.0.1", address: str = "127.0.0.1") -> NameServer:
            return servers.enter_context(serving_names(address, www_example=who))

        yield one


def _query(name: str = NAME) -> bytes:
    return dns.message.make_query(name, "A", use_edns=0, payload=1400).to_wire()


def _ask(
    *servers: NameServer | Server,
    query: bytes = b"",
    over_tcp: bool = False,
    patience_s: float = 0.05,
    deadline_s: float = 5,
) -> bytes:
    places = [Server(s.address, s.port) for s in servers]

    async def ask() -> bytes:
        return await upstreams.ask(
            query or _query(),
            places,
            open_here,
            over_tcp=over_tcp,
            patience_s=patience_s,
            deadline_s=deadline_s,
        )

    return anyio.run(ask)


def _address(reply: bytes) -> str:
    return str(dns.message.from_wire(reply).answer[0][0])


@pytest.mark.parametrize("over_tcp", [False, True])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_an_answer_comes_back_as_it_was(serve: Serve, address: str, *, over_tcp: bool) -> None:
    server, query = serve(address=address), _query()
    reply = _ask(server, query=query, over_tcp=over_tcp, patience_s=5)
    assert reply[:2] == query[:2]
    assert _address(reply) == "10.0.0.1"
    assert dns.message.from_wire(reply).edns == 0
    assert server.queries == [("tcp" if over_tcp else "udp", NAME)]


def test_what_is_cut_is_asked_for_again_by_the_asker(serve: Serve) -> None:
    server = serve()
    server.truncates = True
    cut = dns.message.from_wire(_ask(server, patience_s=5))
    assert cut.flags & dns.flags.TC
    assert _address(_ask(server, over_tcp=True, patience_s=5)) == "10.0.0.1"


def test_one_that_says_nothing_is_passed_over(serve: Serve) -> None:
    dead, alive = serve(), serve("10.0.0.2")
    dead.is_dead = True
    assert _address(_ask(dead, alive)) == "10.0.0.2"
    assert dead.queries == alive.queries


def test_one_that_is_not_there_is_passed_over_at_once(serve: Serve) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = Server("127.0.0.1", taken.getsockname()[1])
    for over_tcp in (False, True):
        reply = _ask(nobody, serve("10.0.0.2"), over_tcp=over_tcp, patience_s=1000)
        assert _address(reply) == "10.0.0.2"


def test_one_that_is_slow_is_still_heard(serve: Serve) -> None:
    slow, dead = serve(), serve()
    slow.delay_s, dead.is_dead = 0.3, True
    assert _address(_ask(slow, dead)) == "10.0.0.1"
    assert dead.queries  # it was asked meanwhile


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED, dns.rcode.NOTIMP])
def test_one_that_fails_is_passed_over(serve: Serve, rcode: dns.rcode.Rcode) -> None:
    failing = serve()
    failing.rcode = rcode
    assert _address(_ask(failing, serve("10.0.0.2"), patience_s=1000)) == "10.0.0.2"
    assert dns.message.from_wire(_ask(failing, patience_s=5)).rcode() == rcode


def test_there_is_no_such_name_is_an_answer(serve: Serve) -> None:
    other = serve()
    reply = _ask(serve(), other, query=_query("no.example"), patience_s=5)
    assert dns.message.from_wire(reply).rcode() == dns.rcode.NXDOMAIN
    assert other.queries == []


def test_who_guesses_is_not_believed(serve: Serve) -> None:
    server = serve()
    server.is_forged = True
    assert _address(_ask(server, patience_s=5)) == "10.0.0.1"


def test_nobody_answers(serve: Serve) -> None:
    dead = serve()
    dead.is_dead = True
    assert _ask(dead, deadline_s=0.2) == b""
    assert _ask() == b""


def test_no_more_than_three_are_asked(serve: Serve) -> None:
    servers = [serve() for _ in range(4)]
    for server in servers:
        server.rcode = dns.rcode.SERVFAIL
    _ask(*servers, patience_s=5)
    assert [len(server.queries) for server in servers] == [1, 1, 1, 0]
