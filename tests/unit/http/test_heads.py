import pytest

from seacan.http.heads import BadRequest, check_head, find_end

HEAD = b"GET / HTTP/1.1\r\nHost: d\r\n\r\n"


def test_the_end_is_found_wherever_the_pieces_are_cut() -> None:
    for cut in range(1, len(HEAD)):
        seen = bytearray(HEAD[:cut])
        assert find_end(seen, 0) == 0
        assert find_end(seen + HEAD[cut:] + b"body\n", cut) == len(HEAD)


def test_a_bare_line_feed_is_found_wherever_the_pieces_are_cut() -> None:
    bad = b"GET / HTTP/1.1\r\nHost: d\n\r\n\r\n"
    at = bad.index(b"d\n") + 1
    for cut in range(1, len(bad)):
        seen = bytearray(bad[:cut])
        if cut > at:
            with pytest.raises(BadRequest):
                find_end(seen, 0)
            continue
        assert find_end(seen, 0) == 0
        with pytest.raises(BadRequest):
            find_end(seen + bad[cut:], cut)


def test_a_plain_head_passes() -> None:
    check_head(b"POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 12 \r\n\r\n", 10)
    check_head(b"POST / HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n", 10)
    check_head(b"GET / HTTP/1.1\r\nX-Content-Length: a\r\nContent-Length2: b\r\n\r\n", 10)
