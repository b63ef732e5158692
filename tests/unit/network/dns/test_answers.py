import ipaddress

import pytest

from seacan.network.dns import answers, messages
from seacan.network.dns.answers import Asker
from seacan.network.dns.messages import AAAA, PTR, A, Question
from seacan.network.members import Member, Members

MX = 15
FRONT, BACK = ("1" * 64, "front"), ("2" * 64, "back.office")
ME = Asker("a" * 64, [FRONT, BACK])


def _member(
    letter: str,
    *names: str,
    ipv4: str = "",
    ipv6: str = "",
    links: tuple[tuple[str, str], ...] = (),
) -> Member:
    return Member(letter * 64, "e", [*names, letter * 12], ipv4, ipv6, links)


@pytest.fixture
def members() -> Members:
    found = Members()
    for network, member in (
        (FRONT, _member("a", "me", ipv4="10.1.0.2", links=(("Store", "db"), ("by-id", "d" * 64)))),
        (FRONT, _member("b", "Web-1", "web", ipv4="10.1.0.3", ipv6="fd00::3")),
        (FRONT, _member("c", "web-2", "web", ipv4="10.1.0.4")),
        (BACK, _member("d", "db", "web", ipv4="10.2.0.3")),
        (BACK, _member("a", "me", "inside", ipv4="10.2.0.2", links=(("by-id", "d" * 64),))),
        (("3" * 64, "elsewhere"), _member("f", "secret", ipv4="10.3.0.2")),
    ):
        found.join(network[0], member)
    return found


def _texts(members: Members, name: str, kind: int = A, asker: Asker = ME) -> list[str] | None:
    records = answers.answer(members, asker, Question(name, kind, b""))
    if records is None:
        return None
    assert all(record.type == kind for record in records)
    return sorted(str(ipaddress.ip_address(record.data)) for record in records)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("web-1", ["10.1.0.3"]),
        ("bbbbbbbbbbbb", ["10.1.0.3"]),
        ("web", ["10.1.0.3", "10.1.0.4"]),  # of the first network that has somebody
        ("web.front", ["10.1.0.3", "10.1.0.4"]),
        ("web.back.office", ["10.2.0.3"]),
        ("web-1.back.office", None),
        ("db", ["10.2.0.3"]),
        ("me", ["10.1.0.2"]),
        ("inside", ["10.2.0.2"]),
        ("secret", None),
        ("secret.elsewhere", None),
        ("example.com", None),
        ("", None),
        ("b", None),  # a start of an id is no name
    ],
)
def test_names(members: Members, name: str, expected: list[str] | None) -> None:
    assert _texts(members, name) == expected


def test_whom_only_the_asker_knows(members: Members) -> None:
    assert _texts(members, "store") is None  # there is no db in that network
    assert _texts(members, "by-id") == ["10.2.0.3"]
    assert _texts(members, "by-id", asker=Asker("d" * 64, [BACK])) is None


def test_a_known_name_is_looked_for_nowhere_else(members: Members) -> None:
    assert _texts(members, "web", AAAA) == ["fd00::3"]
    assert _texts(members, "db", AAAA) == []
    assert _texts(members, "db", MX) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("3.0.1.10.in-addr.arpa", "Web-1.front"),
        (f"3{'.0' * 27}.0.0.d.f.ip6.arpa", "Web-1.front"),
        ("3.0.2.10.in-addr.arpa", "db.back.office"),
        ("2.0.3.10.in-addr.arpa", None),
        ("0.1.10.in-addr.arpa", None),
        ("x.in-addr.arpa", None),
        ("ip6.arpa", None),
    ],
)
def test_addresses(members: Members, name: str, expected: str | None) -> None:
    found = answers.answer(members, ME, Question(name, PTR, b""))
    wanted = None if expected is None else [messages.Record(PTR, messages.name_data(expected))]
    assert found == wanted


def test_each_gets_its_share(members: Members) -> None:
    first = set()
    for _ in range(100):
        records = answers.answer(members, ME, Question("web", A, b""))
        assert records is not None
        first.add(records[0].data)
    assert len(first) == 2


def test_changes_are_seen_at_once(members: Members) -> None:
    assert _texts(members, "new") is None
    members.join(FRONT[0], _member("b", "new", ipv4="10.1.0.3"))
    assert _texts(members, "new") == ["10.1.0.3"]
    assert _texts(members, "web-1") is None
    members.leave(FRONT[0], "b" * 64)
    assert _texts(members, "new") is None


@pytest.mark.parametrize("name", ["x" * 64, "a..b", "abc." * 62 + "abc"])
def test_a_name_that_no_message_can_say_is_the_id(members: Members, name: str) -> None:
    members.join(FRONT[0], _member("b", name, ipv4="10.1.0.3"))
    found = answers.answer(members, ME, Question("3.0.1.10.in-addr.arpa", PTR, b""))
    assert found == [messages.Record(PTR, messages.name_data("b" * 12))]
