from typing import Any

import pytest

from seacan.cli.output.templates.values import Duration, Time, plain
from seacan.cli.output.templates.verbs import sprintf


# What Go 1.24 prints.
@pytest.mark.parametrize(
    ("form", "values", "text"),
    [
        ("%d|%5d|%-5d|%05d|%+d", [7, 7, 7, -7, 7], "7|    7|7    |-0007|+7"),
        (
            "%x|%X|%#x|%o|%b|%c|%q|%U",
            [255, 255, 255, 8, 5, 97, 97, 97],
            "ff|FF|0xff|10|101|a|'a'|U+0061",
        ),
        ("%s|%5s|%-5s|%.2s|%q|%x", ["abc"] * 6, 'abc|  abc|abc  |ab|"abc"|616263'),
        ("%f|%.2f|%8.3f|%e|%g", [1.5] * 5, "1.500000|1.50|   1.500|1.500000e+00|1.5"),
        ("%t %v %T", [True, False, True], "true false bool"),
        ("%v %s %q", [["a", "b"], ["a"], ["a"]], '[a b] [a] ["a"]'),
        ("%*d|%-*d|", [3, 1, 3, 1], "  1|1  |"),
        ("%d", ["x"], "%!d(string=x)"),
        ("%s", [3], "%!s(int=3)"),
        ("%s %s", ["a"], "a %!s(MISSING)"),
        ("%d", [1, "x"], "1%!(EXTRA string=x)"),
        ("%", [], "%!(NOVERB)"),
        ("100%%", [], "100%"),
    ],
)
def test_printf(form: str, values: list[Any], text: str) -> None:
    assert sprintf(form, values) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Duration(0), "0s"),
        (Duration(1_500_000_000), "1.5s"),
        (Duration(90 * 10**9), "1m30s"),
        (Duration(3600 * 10**9), "1h0m0s"),
        (Duration(20_000_000), "20ms"),
        (Time("2026-11-26T20:57:57.36051135Z"), "2026-11-26 20:57:57.36051135 +0000 UTC"),
        (Time("2026-11-26T20:57:57+02:00"), "2026-11-26 20:57:57 +0200 +0200"),
        (1e-5, "1e-05"),
        (123456789.5, "1.234567895e+08"),
        (None, "<nil>"),
    ],
)
def test_values(value: Any, text: str) -> None:
    assert plain(value) == text
