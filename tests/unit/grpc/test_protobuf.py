"""Messages and their bytes: the examples are the format's own, or BuildKit's."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import field
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seacan.grpc import protobuf
from seacan.grpc.protobuf import Malformed, Message, message


@message
class Inner(Message):
    number: Annotated[int, 1] = 0


@message
class Outer(Message):
    number: Annotated[int, 1] = 0
    is_on: Annotated[bool, 2] = False
    text: Annotated[str, 3] = ""
    data: Annotated[bytes, 4] = b""
    inner: Annotated[Inner | None, 5] = None
    many: Annotated[tuple[Inner, ...], 6] = ()
    words: Annotated[tuple[str, ...], 7] = ()
    texts: Annotated[Mapping[str, str], 8] = field(default_factory=dict)
    inners: Annotated[Mapping[str, Inner], 9] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (Outer(), ""),
        (Outer(number=150), "08 96 01"),
        (Outer(number=-1), "08 ff ff ff ff ff ff ff ff ff 01"),
        (Outer(is_on=True), "10 01"),
        (Outer(text="testing"), "1a 07 74 65 73 74 69 6e 67"),
        (Outer(inner=Inner(150)), "2a 03 08 96 01"),
        (Outer(inner=Inner()), "2a 00"),
        (Outer(many=(Inner(1), Inner())), "32 02 08 01 32 00"),
        (Outer(words=("", "a")), "3a 00 3a 01 61"),
        (Outer(texts={"a": "b", "": "c"}), "42 06 0a 01 61 12 01 62 42 03 12 01 63"),
        (Outer(inners={"a": Inner(1)}), "4a 07 0a 01 61 12 02 08 01"),
    ],
)
def test_both_ways(value: Outer, data: str) -> None:
    assert value.encode() == bytes.fromhex(data)
    assert Outer.decode(bytes.fromhex(data)) == value


def test_fields_that_are_not_known_are_passed_over() -> None:
    data = bytes.fromhex("a0 06 01 08 07 a2 06 02 61 62 a5 06 00 00 00 00 a1 06" + "00" * 8)
    assert Outer.decode(data) == Outer(number=7)


def test_the_last_one_counts() -> None:
    assert Outer.decode(bytes.fromhex("08 01 08 02")).number == 2


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("08", "cut off"),
        ("08 ff ff ff ff ff ff ff ff ff ff 01", "cut off"),
        ("1a 05 61", "cut off"),
        ("1a ff ff ff ff 7f", "cut off"),
        ("1a 01 ff", "text: not UTF-8"),
        ("0a 01 61", "Outer.number: of another type"),
        ("18 01", "Outer.text: of another type"),
        ("00 01", "number 0"),
        ("0b 0c", "wire type 3"),
        ("2a 01 08", "cut off"),
    ],
)
def test_what_is_no_message(data: str, sentence: str) -> None:
    with pytest.raises(Malformed, match=sentence):
        Outer.decode(bytes.fromhex(data))


def test_many_small_fields_take_no_memory_beyond_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protobuf, "_MOST_FIELDS", 10)
    assert len(Outer.decode(b"\x32\x00" * 10).many) == 10
    with pytest.raises(Malformed, match="more than 10 fields"):
        Outer.decode(b"\x32\x00" * 11)
    with pytest.raises(Malformed, match="more than 10 fields"):
        Outer.decode(b"\x32\x04" + b"\x08\x01" * 2 + b"\x32\x12" + b"\x08\x01" * 9)


@given(st.integers(-(1 << 63), (1 << 63) - 1), st.text(), st.binary(), st.lists(st.text()))
def test_whatever_it_is_it_comes_back(
    number: int, text: str, data: bytes, words: list[str]
) -> None:
    value = Outer(number, number > 0, text, data, Inner(number), words=tuple(words))
    assert Outer.decode(value.encode()) == value


@given(st.binary())
def test_bytes_of_others_are_a_message_or_malformed(data: bytes) -> None:
    with suppress(Malformed):
        assert isinstance(Outer.decode(data), Outer)
