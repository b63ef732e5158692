"""Words of a Dockerfile's line: quotes, escapes, variables.

Source: Dockerfile reference, "Environment replacement"; the shell's quoting, as far as it goes.
"""

from collections.abc import Mapping
from typing import Final

from seacan.errors import InvalidArgument

_BLANKS: Final = " \t"


def split(text: str, variables: Mapping[str, str]) -> list[str]:
    """Return the words of `text`, unquoted, their variables replaced. Raises InvalidArgument."""
    return _Words(text, variables).all()


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Return `text` as one word, blanks and all."""
    return _Words(text, variables).word(until="")


class _Words:
    def __init__(self, text: str, variables: Mapping[str, str]) -> None:
        self._text = text
        self._variables = variables
        self._at = 0

    def all(self) -> list[str]:
        words = []
        while self._skip_blanks():
            words.append(self.word(until=_BLANKS))
        return words

    def word(self, *, until: str) -> str:
        """Return the text up to one of the characters `until`, which is not read."""
        parts = []
        while (character := self._peek()) and character not in until:
            match character:
                case "'":
                    parts.append(self._single_quoted())
                case '"':
                    parts.append(self._double_quoted())
                case "\\":
                    self._at += 1
                    parts.append(self._next())
                case "$":
                    parts.append(self._variable())
                case _:
                    parts.append(self._next())
        return "".join(parts)

    def _skip_blanks(self) -> bool:
        while self._peek() and self._peek() in _BLANKS:
            self._at += 1
        return bool(self._peek())

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        self._at += 1
        return self._text[self._at - 1 : self._at]

    def _single_quoted(self) -> str:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            raise InvalidArgument("unexpected end of statement while looking for matching '")
        text = self._text[self._at + 1 : end]
        self._at = end + 1
        return text

    def _double_quoted(self) -> str:
        self._at += 1
        parts = []
        while (character := self._peek()) != '"':
            if not character:
                raise InvalidArgument(
                    "unexpected end of statement while looking for matching double-quote"
                )
            if character == "$":
                parts.append(self._variable())
            elif character == "\\" and self._text[self._at + 1 : self._at + 2] in ('"', "$", "\\"):
                self._at += 1
                parts.append(self._next())
            else:
                parts.append(self._next())
        self._at += 1
        return "".join(parts)

    def _variable(self) -> str:
        """Return the value of $NAME, ${NAME}, ${NAME:-default} or ${NAME:+alternative}."""
        self._at += 1
        if self._peek() != "{":
            name = self._name()
            return self._variables.get(name, "") if name else "$"
        self._at += 1
        name = self._name()
        value = self._variables.get(name, "")
        operator = self._text[self._at : self._at + 2]
        if operator in (":-", ":+"):
            self._at += 2
            word = self.word(until="}")
            value = (value or word) if operator == ":-" else (word if value else "")
        if not name or self._next() != "}":
            raise InvalidArgument(f"bad substitution in {self._text!r}")
        return value

    def _name(self) -> str:
        start = self._at
        while (character := self._peek()) and (character == "_" or character.isalnum()):
            self._at += 1
        return self._text[start : self._at]
