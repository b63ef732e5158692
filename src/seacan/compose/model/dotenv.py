r"""Files of variables: `.env`, `env_file`, `label_file`.

    NAME=value # comment      variables of the value are replaced
    NAME="a \n b"             so are escapes; may go over several lines
    NAME='as it is'
    export NAME=value         NAME: value
    NAME                      takes the value that it has outside, or is left out

Source: compose specification, env_file; compose-go's dotenv tests for the corners.
"""

from __future__ import annotations

import re

from seacan.compose.model.variables import substitute
from seacan.errors import InvalidArgument
from seacan.files import read_named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from seacan.compose.model.variables import Lookup

LIMIT_BYTES = 4 * 1024 * 1024

_BLANKS = "\t\v\f\r \x85\xa0"
_KEY = re.compile(r"(?:export[ \t]+)?(?P<key>[^=:\n]*)(?P<end>[=:\n]|\Z)")
_ESCAPE = re.compile(r"\\(?:[abcfnrtv$\"\\]|0\d{0,3})")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def read_file(
    name: str, known: dict[str, str], lookup: Lookup, unset: Callable[[str], None]
) -> None:
    """Add the variables of the file `name` to `known`; `lookup` knows those of outside.

    Raises InvalidArgument for a file that cannot be read or a line that is none.
    """
    try:
        data = read_named(name, LIMIT_BYTES)
    except OSError as err:
        raise InvalidArgument(f"couldn't read env file: {name}: {err.strerror}") from err
    text = data.decode(errors="surrogateescape").removeprefix("\ufeff")
    try:
        _Reader(text, known, lookup, unset).read()
    except InvalidArgument as err:
        raise InvalidArgument(f"failed to read {name}: {err}") from None


def read_raw_file(name: str, known: dict[str, str], lookup: Lookup) -> None:
    """Add the variables of a file of the format `raw`: nothing of a value is replaced."""
    try:
        data = read_named(name, LIMIT_BYTES)
    except OSError as err:
        raise InvalidArgument(f"failed to read env_file {name}: {err.strerror}") from err
    lines = data.decode("utf-8-sig", errors="surrogateescape").split("\n")
    for line in (line.removesuffix("\r").lstrip() for line in lines):
        if not line or line.startswith("#"):
            continue
        key, equals, value = line.partition("=")
        if not key or any(blank in (key if equals else key.rstrip()) for blank in " \t"):
            raise InvalidArgument(f"failed to parse env_file {name}: no variable name: {line!r}")
        outside = value if equals else lookup(key)
        if outside is not None:
            known[key] = outside


class _Reader:
    def __init__(
        self, text: str, known: dict[str, str], lookup: Lookup, unset: Callable[[str], None]
    ) -> None:
        self._text = text
        self._at = 0
        self._known = known
        self._lookup = lookup
        self._unset = unset

    def read(self) -> None:
        while self._skip_to_statement():
            key, end = self._key()
            if end in ("\n", ""):
                outside = self._lookup(key)
                if outside is not None:
                    self._known[key] = outside
            else:
                self._known[key] = self._value()

    def _skip_to_statement(self) -> bool:
        text = self._text
        while self._at < len(text):
            if text[self._at] == "#":
                self._at = self._end_of_line()
            elif not text[self._at].isspace():
                return True
            else:
                self._at += 1
        return False

    def _key(self) -> tuple[str, str]:
        found = _KEY.match(self._text, self._at)
        assert found is not None  # it matches anything
        key = found["key"]
        for letter in key:
            if letter not in _BLANKS and letter not in "_.-[]" and not letter.isalnum():
                line = self._text[self._at : self._end_of_line()]
                raise self._error(f'unexpected character "{letter}" in variable name "{line}"')
        key = key.rstrip()
        if " " in key:
            raise self._error("key cannot contain a space")
        if not key:
            raise self._error("zero length string")
        self._at = found.end()
        return key, found["end"]

    def _value(self) -> str:
        text = self._text
        while self._at < len(text) and text[self._at] in _BLANKS:
            self._at += 1
        quote = text[self._at : self._at + 1]
        if quote and quote in "'\"":
            return self._quoted(quote)
        end = self._end_of_line()
        value = text[self._at : end].partition(" #")[0].rstrip()
        self._at = end
        return self._substituted(value)

    def _quoted(self, quote: str) -> str:
        begin = self._at + 1
        found = re.compile(rf"(?:\\.|[^\\{quote}])*", re.DOTALL).match(self._text, begin)
        assert found is not None  # it matches nothing too
        end = found.end()
        if not self._text.startswith(quote, end):
            raise self._error(
                f"unterminated quoted value {self._text[self._at : self._end_of_line()]}"
            )
        self._at = end + 1
        value = found[0].replace(f"\\{quote}", quote)
        return value if quote == "'" else self._substituted(_ESCAPE.sub(_unescaped, value))

    def _substituted(self, value: str) -> str:
        def lookup(name: str) -> str | None:
            outside = self._lookup(name)
            return self._known.get(name) if outside is None else outside

        return substitute(value, lookup, self._unset)

    def _end_of_line(self) -> int:
        end = self._text.find("\n", self._at)
        return len(self._text) if end < 0 else end

    def _error(self, text: str) -> InvalidArgument:
        return InvalidArgument(f"line {self._text.count(chr(10), 0, self._at) + 1}: {text}")


def _unescaped(found: re.Match[str]) -> str:
    letters = found[0][1:]
    if letters == "$":
        return "$$"  # a dollar sign, when variables are replaced
    if letters[0] == "0":
        return chr(int(letters[1:4], 8)) if len(letters) == 4 else found[0]
    return _ESCAPES.get(letters, letters)
