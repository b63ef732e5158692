"""What two parsers could read in two ways is refused: request smuggling."""

import pytest
from tests.api.conftest import Api

CHUNKED = b"POST /containers/create HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n"

REFUSED: dict[str, tuple[bytes, int]] = {
    "length and coding": (
        b"POST /x HTTP/1.1\r\nHost: d\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
        400,
    ),
    "two lengths": (
        b"POST /x HTTP/1.1\r\nHost: d\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n",
        400,
    ),
    "the same length twice": (
        b"POST /x HTTP/1.1\r\nHost: d\r\nContent-Length: 4\r\ncontent-length: 4\r\n\r\n",
        400,
    ),
    "list of lengths": (b"POST /x HTTP/1.1\r\nHost: d\r\nContent-Length: 4, 4\r\n\r\n", 400),
    "signed length": (b"POST /x HTTP/1.1\r\nHost: d\r\nContent-Length: +4\r\n\r\n", 400),
    "underscored length": (b"POST /x HTTP/1.1\r\nHost: d\r\nContent-Length: 1_0\r\n\r\n", 400),
    "hexadecimal length": (b"POST /x HTTP/1.1\r\nHost: d\r\nContent-Length: 0x4\r\n\r\n", 400),
    "negative length": (b"POST /x HTTP/1.1\r\nHost: d\r\nContent-Length: -1\r\n\r\n", 400),
    "empty length": (b"POST /x HTTP/1.1\r\nHost: d\r\nContent-Length:\r\n\r\n", 400),
    "enormous length": (
        b"POST /x HTTP/1.1\r\nHost: d\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        400,
    ),
    "other coding": (b"POST /x HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    "chunked twice": (
        b"POST /x HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
        501,
    ),
    "two codings": (
        b"POST /x HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n",
        501,
    ),
    "coding in HTTP/1.0": (
        b"POST /x HTTP/1.0\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n",
        400,
    ),
    "bare line feeds": (b"GET /_ping HTTP/1.1\nHost: d\n\n", 400),
    "one bare line feed": (b"GET /_ping HTTP/1.1\r\nHost: d\nX: y\r\n\r\n", 400),
    "bare carriage return": (b"GET /_ping HTTP/1.1\r\nHost: d\rX: y\r\n\r\n", 400),
    "folded line": (b"GET /_ping HTTP/1.1\r\nHost: d\r\nX: y\r\n z\r\n\r\n", 400),
    "folded with a tab": (b"GET /_ping HTTP/1.1\r\nHost: d\r\nX: y\r\n\tz\r\n\r\n", 400),
    "blank before the colon": (b"GET /_ping HTTP/1.1\r\nHost : d\r\n\r\n", 400),
    "blank before the length's colon": (
        b"POST /_ping HTTP/1.1\r\nHost: d\r\nContent-Length : 4\r\n\r\n",
        400,
    ),
    "zero byte": (b"GET /_ping HTTP/1.1\r\nHost: d\0\r\n\r\n", 400),
    "no host": (b"GET /_ping HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET /_ping HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "no version": (b"GET /_ping\r\n\r\n", 400),
    "blank in the target": (b"GET /_ping x HTTP/1.1\r\nHost: d\r\n\r\n", 400),
    "not HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "too many lines": (b"GET /_ping HTTP/1.1\r\nHost: d\r\n" + b"A: b\r\n" * 300 + b"\r\n", 431),
    "too long": (
        b"GET /_ping HTTP/1.1\r\nHost: d\r\nA: " + b"b" * (1 << 20) + b"\r\n\r\n",
        431,
    ),
}


@pytest.mark.parametrize(("sent", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_an_ambiguous_head_is_refused_and_the_connection_closed(
    api: Api, sent: bytes, status: int
) -> None:
    # What follows must not be taken for a second request.
    answer = api.exchange(sent + b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n")

    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"Connection: close" in answer


MALFORMED_CHUNKS = [
    b"+5\r\nhello\r\n",
    b"0x5\r\nhello\r\n",
    b"1_0\r\nhello\r\n",
    b" 5\r\nhello\r\n",
    b"5\nhello\r\n",
    b"5\r\nhelloXX",
    b"-1\r\n",
    b"\r\n",
    b"f" * 30 + b"\r\n",
]


@pytest.mark.parametrize("chunk", MALFORMED_CHUNKS)
def test_a_malformed_chunk_is_refused(api: Api, chunk: bytes) -> None:
    head = CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Type: application/json\r\n\r\n")

    answer = api.exchange(head + chunk + b"0\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


ACCEPTED = {
    "capital names": b"GET /_ping HTTP/1.1\r\nHOST: d\r\n\r\n",
    "empty lines before": b"\r\n\r\nGET /_ping HTTP/1.1\r\nHost: d\r\n\r\n",
    "absolute form": b"GET http://docker/_ping HTTP/1.1\r\nHost: d\r\n\r\n",
    "HTTP/1.0": b"GET /_ping HTTP/1.0\r\n\r\n",
    "HTTP/1.0 with a length": b"GET /_ping HTTP/1.0\r\nContent-Length: 0\r\n\r\n",
    "bytes of latin-1": b"GET /_ping HTTP/1.1\r\nHost: d\r\nX: \xe9\r\n\r\n",
}


@pytest.mark.parametrize("sent", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_an_unusual_head_is_accepted(api: Api, sent: bytes) -> None:
    with api.connect() as client:
        client.sendall(sent)

        assert client.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_head_may_come_byte_by_byte(api: Api) -> None:
    sent = b"GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n"

    answer = api.exchange(*(bytes([byte]) for byte in sent))

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


def test_deep_and_long_targets_do_no_harm(api: Api) -> None:
    assert api.ask("GET", "/" + "a/" * 10000).status == 404
    assert api.ask("GET", "/containers/json?" + "a=b&" * 5000).status == 400
    assert api.ask("GET", "/v" + "9" * 5000 + "/_ping").status == 404
    assert api.ask("GET", "/%00%ff/_ping").status == 404
