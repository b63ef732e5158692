"""Queries that another library writes, and answers that it reads."""

import ipaddress

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seacan.network.dns import messages
from seacan.network.dns.messages import BadQuery, Record

ADDRESS = ipaddress.ip_address("10.1.2.3").packed


def _query(name: str, kind: str = "A", **options: object) -> bytes:
    return dns.message.make_query(name, kind, **options).to_wire()  # type: ignore[arg-type]


def _answer(query: bytes, *records: Record, limit: int = 512) -> dns.message.Message:
    reply = messages.respond(query, messages.parse(query), records, limit=limit)
    return dns.message.from_wire(reply)


def test_a_question_is_read() -> None:
    question = messages.parse(_query("Web.Example.", "AAAA"))
    assert (question.name, question.type) == ("web.example", messages.AAAA)
    assert (question.has_edns, question.limit) == (False, 512)


def test_an_answer_is_understood() -> None:
    query = _query("Web.")
    answer = _answer(query, Record(messages.A, ADDRESS), Record(messages.A, ADDRESS[::-1]))
    assert answer.id == int.from_bytes(query[:2])
    assert answer.flags == dns.flags.QR | dns.flags.RD | dns.flags.RA
    (found,) = answer.answer
    assert (str(found.name), found.ttl) == ("Web.", 600)
    assert {str(item) for item in found} == {"10.1.2.3", "3.2.1.10"}


def test_a_name_is_an_answer() -> None:
    answer = _answer(_query("3.2.1.10.in-addr.arpa.", "PTR"), Record(12, messages.name_data("a.b")))
    assert [str(item) for item in answer.answer[0]] == ["a.b."]


def test_nothing_is_an_answer() -> None:
    answer = _answer(_query("web."))
    assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])


def test_who_speaks_edns_is_answered_so() -> None:
    query = _query("web.", use_edns=0, payload=4096)
    assert messages.parse(query).limit == 4096
    assert _answer(query).edns == 0
    assert _answer(_query("web.")).edns == -1


def test_what_is_too_long_is_cut() -> None:
    query = _query("web.")
    many = [Record(messages.A, bytes([10, 0, 0, n])) for n in range(40)]
    cut = _answer(query, *many)
    assert cut.flags & dns.flags.TC
    assert cut.answer == []
    assert len(_answer(query, *many, limit=65535).answer[0]) == 40


@pytest.mark.parametrize(
    ("query", "rcode"),
    [
        (dns.message.make_query("web.", "A").to_wire()[:-3], messages.FORMERR),
        (b"ab\1\0\0\0\0\0\0\0\0\0", messages.FORMERR),
        (b"ab\1\0\0\2\0\0\0\0\0\0\0\0\1\0\1\0\0\1\0\1", messages.FORMERR),
        (b"ab\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1", messages.FORMERR),
        (b"ab\x28\0\0\1\0\0\0\0\0\0\0\0\6\0\1", messages.NOTIMP),
    ],
    ids=["cut off", "no question", "two questions", "a pointer", "an update"],
)
def test_what_is_no_question_is_refused(query: bytes, rcode: int) -> None:
    with pytest.raises(BadQuery) as caught:
        messages.parse(query)
    assert caught.value.rcode == rcode
    assert dns.message.from_wire(messages.refuse(query, rcode)).rcode() == rcode


@pytest.mark.parametrize("message", [b"", b"short", b"ab\x81\0" + bytes(8)])
def test_what_is_no_query_wants_no_answer(message: bytes) -> None:
    assert not messages.is_query(message)


@given(st.binary(min_size=12, max_size=80))
def test_no_bytes_are_too_odd(data: bytes) -> None:
    try:
        question = messages.parse(data)
    except BadQuery:
        return
    reply = messages.respond(data, question, [], limit=512)
    assert messages.answers_to(data, reply)


def test_an_answer_to_something_else_is_none() -> None:
    query = _query("web.")
    reply = messages.respond(query, messages.parse(query), [], limit=512)
    assert messages.answers_to(query, reply)
    assert not messages.answers_to(messages.with_id(query, 7), messages.with_id(reply, 8))
    assert not messages.answers_to(
        query, messages.with_id(_query("web."), query[0] << 8 | query[1])
    )
    other = _query("other.")
    assert not messages.answers_to(messages.with_id(other, int.from_bytes(query[:2])), reply)
