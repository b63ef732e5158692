import pytest

from seacan.cli.detach_keys import KeyScanner, parse_keys
from seacan.errors import InvalidArgument


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("ctrl-p,ctrl-q", b"\x10\x11"),
        ("a", b"a"),
        ("ctrl-A,x,ctrl-@", b"\x01x\x00"),
        ("ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_", b"\x1b\x1c\x1d\x1e\x1f"),
    ],
)
def test_names_of_keys(text: str, keys: bytes) -> None:
    assert parse_keys(text) == keys


@pytest.mark.parametrize("text", ["", "ab", "ctrl-", "ctrl-1", "ctrl-pq", "a,,b", "ä"])
def test_names_that_are_none(text: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid detach keys"):
        parse_keys(text)


@pytest.mark.parametrize(
    ("keys", "typed", "passed", "is_complete"),
    [
        (b"\x10\x11", [b"ls\r"], b"ls\r", False),
        (b"\x10\x11", [b"a\x10\x11b"], b"a", True),
        (b"\x10\x11", [b"a\x10", b"\x11"], b"a", True),
        (b"\x10\x11", [b"\x10", b"x"], b"\x10x", False),
        (b"\x10\x11", [b"\x10\x10\x11"], b"\x10", True),
        (b"aab", [b"aaab"], b"a", True),
        (b"aab", [b"aacaab"], b"aac", True),
        (b"a", [b"xa"], b"x", True),
    ],
)
def test_scanner(keys: bytes, typed: list[bytes], passed: bytes, is_complete: bool) -> None:
    scanner = KeyScanner(keys)
    results = [scanner.feed(piece) for piece in typed]
    assert b"".join(piece for piece, _ in results) == passed
    assert results[-1][1] is is_complete


def test_beginning_of_the_keys_is_held_back() -> None:
    scanner = KeyScanner(b"\x10\x11")
    assert scanner.feed(b"\x10") == (b"", False)
    assert scanner.feed(b"\x10") == (b"\x10", False)
