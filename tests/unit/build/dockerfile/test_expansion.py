import pytest
from hypothesis import given
from hypothesis import strategies as st

from seacan.build.dockerfile import expansion
from seacan.build.dockerfile.expansion import Lexer, Work
from seacan.build.words import go_string
from seacan.errors import InvalidArgument

VALUES = {"a": "1", "b": "x y", "e": "", "Ü_1": "u", "v": "v1.2.3", "q": "'\""}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$a", "1"),
        ("${a}$a", "11"),
        ("$none", ""),
        ("$", "$"),
        ("a$", "a$"),
        ("$/", "$/"),
        ("$$", ""),
        ("$1x", "x"),
        ("$a.b", "1.b"),
        ("$Ü_1", "u"),
        ("\\$a", "$a"),
        ("\\\\$a", "\\1"),
        ("'$a'", "$a"),
        ('"$a"', "1"),
        ('"\\$a \\x \\" \\\\"', '$a \\x " \\'),
        ("'\\'x", "\\x"),
        ("x\\", "x"),
        ("$q", "'\""),
        ("a'b'\"c\"d", "abcd"),
        ("${none:-$a}", "1"),
        ("${none:-'$a'}", "$a"),
        ("${none:-\\}}", "}"),
        ("${e:-d}${e-d}", "d"),
        ("${a:+y}${e:+y}${e+z}${none+n}", "yz"),
        ("${a:?oh}${e?oh}", "1"),
        ("${none:-${e:-${a}}}", "1"),
        ("${v#v}", "1.2.3"),
        ("${v##*.}", "3"),
        ("${v%.*}", "v1.2"),
        ("${v%%.*}", "v1"),
        ("${v/./-}", "v1-2.3"),
        ("${v//./-}", "v1-2-3"),
        ('${v//"1"/$a$a}', "v11.2.3"),
        ("${none#x}", ""),
        ("<<EOF < x", "<<EOF < x"),
    ],
)
def test_expand(text: str, expected: str) -> None:
    assert expansion.expand(Lexer(), text, VALUES).text == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("${a", "syntax error: missing '}'"),
        ("${", "syntax error: missing '}'"),
        ("${a:-b", "syntax error: missing '}'"),
        ("${a/b", "syntax error: missing '/' in ${}"),
        ("${a/b/c", "syntax error: missing '}'"),
        ("${}", "syntax error: bad substitution"),
        ("${:x}", "syntax error: bad substitution"),
        ("${a!b}", "unsupported modifier (!) in substitution"),
        ("${a:!b}", "unsupported modifier (:!) in substitution"),
        ("${a:#b}", "unsupported modifier (:#) in substitution"),
        ("'a", "unexpected end of statement while looking for matching single-quote"),
        ('"a', "unexpected end of statement while looking for matching double-quote"),
        ("${none?}", "none: is not allowed to be unset"),
        ("${none:?gone}", "none: gone"),
        ("${e:?}", "e: is not allowed to be empty"),
    ],
)
def test_errors(text: str, why: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        expansion.expand(Lexer(), text, VALUES)
    assert str(raised.value) == f"failed to process {go_string(text)}: {why}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("  a\tb ", ["a", "b"]),
        ("$b", ["x", "y"]),
        ('"$b"', ["x y"]),
        ("a$b", ["ax", "y"]),
        ("'a b'c d", ["a bc", "d"]),
        ("a\\ b", ["a b"]),
        ("pre${none:-y} z", ["prey", "z"]),
        ("<< EOF >x", ["<< EOF", ">x"]),
        ("'' a", ["a"]),
    ],
)
def test_split(text: str, words: list[str]) -> None:
    assert expansion.split(Lexer(), text, VALUES) == words


def test_what_was_used_and_unset_is_told() -> None:
    found = expansion.expand(Lexer(), "$a ${none:-$b} ${gone+x}", VALUES)
    assert found.used == {"a", "b"}
    assert found.unset == {"none", "gone"}


@pytest.mark.parametrize(
    ("lexer", "text", "expected"),
    [
        (Lexer(escape="`"), "C:\\$a `$a", "C:\\1 $a"),
        (Lexer(keeps_quotes=True), "'a' \"$a\"", "'a' \"1\""),
        (Lexer(keeps_escapes=True), '\\a "\\$"', "\\a \\$"),
        (Lexer(keeps_unset=True), "$none ${none} ${none:-x} $a", "$none ${none} ${none:-x} 1"),
        (Lexer(has_quotes=False), 'it\'s $a "x"', 'it\'s 1 "x"'),
    ],
)
def test_lexers(lexer: Lexer, text: str, expected: str) -> None:
    assert expansion.expand(lexer, text, VALUES).text == expected


@given(st.text("$a{}:-+?#%/'\"\\ <b\n", max_size=40))
def test_anything_ends(text: str) -> None:
    try:
        found = expansion.expand(Lexer(), text, VALUES)
        expansion.split(Lexer(), text, VALUES)
    except InvalidArgument:
        return
    assert isinstance(found.text, str)


@given(st.text(max_size=20))
def test_quotes_keep_a_text(text: str) -> None:
    quoted = '"' + "".join(f"\\{each}" if each in '$"\\' else each for each in text) + '"'
    assert expansion.expand(Lexer(), quoted, {}).text == text


def test_words_within_words_are_bounded() -> None:
    with pytest.raises(InvalidArgument, match="go too deep"):
        expansion.expand(Lexer(), "${a:-" * 10_000, {})


def test_lines_that_double_are_bounded() -> None:
    lexer = Lexer(work=Work(1 << 20))

    def doubled(value: str) -> str:
        return doubled(expansion.expand(lexer, "$v$v", {"v": value}).text)

    with pytest.raises(InvalidArgument, match="too much text"):
        doubled("x" * 1000)
