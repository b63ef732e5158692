import json
from typing import Any

import pytest

from seacan.json_text import dumps, laid_out, loads

VALUES = [
    None, True, 0, -7, 1.5, 1e300, "", "é\u2028\n\"\\\x00", [], [1, [2]], {},
    {"a": {"b": [None, {}, [], {"é": 1}]}, "c": [[1, 2], [3]]},
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
def test_as_the_standard_library_has_it(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert dumps(value) == text
    assert dumps(value, escaped=True) == json.dumps(value, separators=(",", ":"))
    assert laid_out(value, 2) == json.dumps(value, indent=2)
    assert loads(f" {text}\r\n") == value
    assert loads(json.dumps(value).encode()) == value


def test_letters_that_are_no_text() -> None:
    assert dumps("\udc80") == '"\udc80"'
    assert dumps("\udc80", escaped=True) == '"\\udc80"'
    assert loads(b'"\\ud800"') == "\ud800"


@pytest.mark.parametrize("text", ["", " ", "{", "[1,]", "nul", "1 2", '"\n"', b"\xff", '{"a" 1}'])
def test_what_is_no_json(text: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        loads(text)


def test_what_cannot_be_json() -> None:
    with pytest.raises(TypeError):
        dumps({"a": object()})
