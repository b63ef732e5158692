import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seacan.build.dockerfile import substitution
from seacan.errors import InvalidArgument

PATTERNS = st.text("ab*?\n", max_size=6)
VALUES = st.text("ab\n", max_size=8)


def expression(pattern: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern)


def matches(pattern: str, value: str) -> bool:
    return re.fullmatch(expression(pattern), value) is not None


@given(PATTERNS, VALUES, st.booleans())
def test_prefix(pattern: str, value: str, longest: bool) -> None:
    ends = [end for end in range(len(value) + 1) if matches(pattern, value[:end])]
    end = (max if longest else min)(ends, default=0)
    assert substitution.without_prefix(value, pattern, longest=longest) == value[end:]


@given(PATTERNS, VALUES, st.booleans())
def test_suffix(pattern: str, value: str, longest: bool) -> None:
    starts = [at for at in range(len(value) + 1) if matches(pattern, value[at:])]
    start = (min if longest else max)(starts, default=len(value))
    assert substitution.without_suffix(value, pattern, longest=longest) == value[:start]


@given(PATTERNS, VALUES, st.sampled_from(["", "x"]))
def test_first_match_is_replaced(pattern: str, value: str, text: str) -> None:
    expected = value
    for start, length in itertools.product(range(len(value) + 1), range(len(value), -1, -1)):
        end = start + length
        if end <= len(value) and matches(pattern, value[start:end]):
            expected = value[:start] + text + value[end:]
            break
    assert substitution.replaced(value, pattern, text, everywhere=False) == expected


@pytest.mark.parametrize(
    ("value", "pattern", "text", "expected"),
    [
        ("a.b.c", ".", "-", "a-b-c"),
        ("aaa", "aa", "b", "ba"),
        ("abab", "a*b", "x", "x"),
        ("abc", "?", "z", "zzz"),
        ("abc", "", "-", "-a-b-c-"),
        ("abc", "*", "-", "-"),
        ("a/b", "\\/", ":", "a:b"),
        ("a*b", "\\*", ":", "a:b"),
        ("a}b", "\\}", "$0", "a$0b"),
    ],
)
def test_all_matches_are_replaced(value: str, pattern: str, text: str, expected: str) -> None:
    assert substitution.replaced(value, pattern, text, everywhere=True) == expected


@pytest.mark.parametrize("pattern", ["\\a", "\\", "a\\"])
def test_no_pattern(pattern: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid escape"):
        substitution.without_prefix("a", pattern, longest=True)


def test_many_stars_take_no_time() -> None:
    value = "a" * 5000
    assert substitution.without_prefix(value, "*a" * 300 + "b", longest=True) == value
    assert substitution.replaced(value, "a*b", "", everywhere=True) == value
