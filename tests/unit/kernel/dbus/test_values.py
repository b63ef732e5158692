from typing import Any

import pytest

from seacan.kernel.dbus.values import Variant, pack, types, unpack


@pytest.mark.parametrize(
    ("signature", "expected"),
    [("", []), ("s", ["s"]), ("ssa(sv)a(sa(sv))", ["s", "s", "a(sv)", "a(sa(sv))"])],
)
def test_types(signature: str, expected: list[str]) -> None:
    assert list(types(signature)) == expected


@pytest.mark.parametrize("signature", ["a", "(s", "s)", "z", "a{sv}"])
def test_what_is_no_signature(signature: str) -> None:
    with pytest.raises(OSError, match="not a signature"):
        list(types(signature))


# Checked against `busctl`'s and godbus's bytes: padding before what is aligned, none after.
@pytest.mark.parametrize(
    ("signature", "values", "expected"),
    [
        ("yu", [1, 2], "01000000 02000000"),
        ("s", ["ab"], "02000000 6162 00"),
        ("at", [[]], "00000000 00000000"),
        ("at", [[5]], "08000000 00000000 0500000000000000"),
        ("b", [True], "01000000"),
        ("v", [Variant("t", 7)], "01 74 00 0000000000 0700000000000000"),
        ("a(sv)", [[("a", Variant("y", 9))]], "0a000000 00000000 01000000 6100 017900 09"),
    ],
)
def test_bytes(signature: str, values: list[Any], expected: str) -> None:
    data = pack(signature, values)
    assert data.hex() == expected.replace(" ", "")
    assert unpack(signature, data) == values


def test_there_and_back() -> None:
    signature = "ynqiuxtdsogbas(sv)a(ss)ay"
    values = [
        *(1, -2, 3, -4, 5, -6, 2**64 - 1, 0.5, "é", "/o", "a(sv)", False),
        *(["a", ""], ("x", Variant("a(st)", [("p", 1)])), [("a", "b"), ("c", "d")], [1, 2, 3]),
    ]
    assert unpack(signature, pack(signature, values)) == values


@pytest.mark.parametrize(
    ("signature", "data"),
    [("u", b"\1"), ("s", b""), ("ay", b"\xff\0\0\0"), ("v", b"\2ss\0"), ("s", b"\1\0\0\0\xff\0")],
)
def test_what_cannot_be_read(signature: str, data: bytes) -> None:
    with pytest.raises(OSError, match="d-bus: "):
        unpack(signature, data)
