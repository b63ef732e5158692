import pytest

from seacan.compose.model.yaml_reader import read
from seacan.errors import InvalidArgument


def refused(text: str) -> str:
    with pytest.raises(InvalidArgument) as raised:
        list(read(text.encode(), "c.yaml"))
    return str(raised.value)


def test_lines_of_values() -> None:
    ((document, lines),) = read(b"a:\n  b: 1\n  c:\n    - x\n    - y\n", "c.yaml")
    assert document.value == {"a": {"b": 1, "c": ["x", "y"]}}
    assert lines["a", "b"] == 2
    assert lines["a", "c", "1"] == 5


def test_reset_and_override_are_remembered() -> None:
    ((document, _),) = read(b"a: !reset null\nb: {c: !override [1], d: !reset x}", "c.yaml")
    assert document.value == {"b": {"c": [1]}}
    assert sorted(document.reset) == [("a",), ("b", "c"), ("b", "d")]


def test_aliases_are_copies() -> None:
    ((document, _),) = read(b"a: &x {k: [1]}\nb: *x", "c.yaml")
    document.value["a"]["k"].append(2)
    assert document.value["b"] == {"k": [1]}


def test_an_alias_in_itself_is_refused() -> None:
    assert "cycle detected: a.b contains itself" in refused("a: &x {b: *x}")


def test_billion_laughs_are_refused() -> None:
    levels = "".join(f"l{at}: &l{at} [{', '.join([f'*l{at - 1}'] * 10)}]\n" for at in range(1, 9))
    text = "l0: &l0 [" + ", ".join(["lol"] * 10) + "]\n" + levels
    assert "excessive aliasing" in refused(text)


def test_deep_nesting_is_refused() -> None:
    assert "nested too deeply" in refused("a: " + "[" * 300 + "]" * 300)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a: 1\nb: 2\na: 3", 'c.yaml: line 3: mapping key "a" already defined at line 1'),
        ("a: {1: x}", "c.yaml: line 1: non-string key in a: 1"),
        ("a: [", "c.yaml: yaml: line 2: did not find expected node content"),
        ("a: &x 1\nb: {<<: *x}", "c.yaml: line 1: map merge requires map or sequence of maps"),
    ],
)
def test_errors_name_file_and_line(text: str, error: str) -> None:
    assert error in refused(text)
