import pytest

from seacan.kernel.dbus.text import parse
from seacan.kernel.dbus.values import Variant


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", Variant("b", True)),
        ("uint64 123456789", Variant("t", 123456789)),
        ("5", Variant("i", 5)),
        ("-0x10", Variant("i", -16)),
        ("1.5", Variant("d", 1.5)),
        ("double 2", Variant("d", 2.0)),
        ("'inactive-or-failed'", Variant("s", "inactive-or-failed")),
        (r'"it\"s\n"', Variant("s", 'it"s\n')),
        ("['a', 'b']", Variant("as", ["a", "b"])),
        ("[]@as"[2:] + " []", Variant("as", [])),
        ("[byte 1, 2]", Variant("ay", [1, 2])),
        ("@a(sb) [('x', true)]", Variant("a(sb)", [("x", True)])),
        ("('x', uint32 3)", Variant("(su)", ("x", 3))),
        (" objectpath '/a' ", Variant("o", "/a")),
    ],
)
def test_values(text: str, expected: Variant) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "inactive",
            "'open",
            "[1, 'a']",
            "[]",
            "()",
            "uint16 65536",
            "byte -1",
            "1 2",
            "[1 2]",
        ),
        *("[,1]", "uint64 'a'", "0x", "1.2.3", "@as 5", "{'a': 1}", "[" * 40, "@(s) ('a', 'b')"),
    ],
)
def test_what_is_no_value(text: str) -> None:
    with pytest.raises(OSError, match=r"GVariant's text format|not a signature"):
        parse(text)
