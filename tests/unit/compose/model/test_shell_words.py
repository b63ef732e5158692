import pytest

from seacan.compose.model.shell_words import shell_words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        (" a\tb\r\nc ", ["a", "b", "c"]),
        ("a 'b  c' \"d e\"", ["a", "b  c", "d e"]),
        ("a'b'\"c\"", ["abc"]),
        ("'' a \"\"", ["", "a", ""]),
        ('a\\ b \\\'c "d\\"e"', ["a b", "'c", 'd"e']),
        ("'a\\n' b\\n", ["a\\n", "bn"]),
        ("a # b", ["a", "#", "b"]),
        ("`a 'b` c'`", ["`a b` c`"]),
        ('`"a b"` c', ["`a b`", "c"]),
        ("a`b c`d", ["a`b c`d"]),
        ("$(a 'b) c", ["$(a 'b)", "c"]),
        ("'(' \")\" $A", ["(", ")", "$A"]),
        ("a) b) c", ["a) b)", "c"]),
        ("\u00a0a b", ["\u00a0a", "b"]),
    ],
)
def test_words(line: str, words: list[str]) -> None:
    assert shell_words(line) == words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("echo a; echo b", ["echo", "a"]),
        ("a&&b", ["a"]),
        ("a|b", ["a"]),
        ("a < b", ["a"]),
        ("a 2>b", ["a"]),
        ("a2>b", ["a2"]),
        ("sh -c 'a; b > c'", ["sh", "-c", "a; b > c"]),
        ("a \\; b", ["a", ";", "b"]),
    ],
)
def test_a_command_ends_where_a_shell_would_begin_another(line: str, words: list[str]) -> None:
    assert shell_words(line) == words


@pytest.mark.parametrize(
    "line", ["'a", '"a', "`a", "$(a", "a)", "(a)", "a(b", "$($(", "a\\", "a ';"]
)
def test_what_has_no_end(line: str) -> None:
    with pytest.raises(ValueError, match="invalid command line string"):
        shell_words(line)
