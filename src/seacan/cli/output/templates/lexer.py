"""A template's text as tokens. `{{-` and `-}}` take the space beside them away."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SPACES = " \t\r\n"
KEYWORDS = frozenset("block break continue define else end if nil range template with".split())
_NUMBER = re.compile(
    r"[+-]?(0[xX][0-9a-fA-F_]*|0[oO][0-7_]*|0[bB][01_]*|[0-9_]*(\.[0-9_]*)?([eE][+-]?[0-9_]*)?)"
)
_WORD = re.compile(r"\w+")
_QUOTED = {
    '"': (re.compile(r'"([^"\\\n]|\\[^\n])*"'), "unterminated quoted string"),
    "'": (re.compile(r"'([^'\\\n]|\\[^\n])*'"), "unterminated character constant"),
    "`": (re.compile(r"`[^`]*`"), "unterminated raw quoted string"),
}
_MARKS = {"(": "left paren", ")": "right paren", "|": "pipe", "=": "assign", ":=": "declare"}


class TemplateError(Exception):
    """A template that cannot be parsed or executed, in the words of Go's package."""


class Token:
    """A piece of a template: its kind, its text, where it begins (offset), and its line."""

    __slots__ = ("at", "kind", "line", "text")

    def __init__(self, kind: str, text: str, at: int, line: int) -> None:
        self.kind = kind
        self.text = text
        self.at = at
        self.line = line

    def __str__(self) -> str:
        from seacan.cli.values import go_quote

        if self.kind == "EOF":
            return "EOF"
        if self.kind == "error":
            return self.text
        if self.kind in ("keyword", "dot"):
            return f"<{self.text}>"
        if len(self.text) > 10:
            return f"{go_quote(self.text[:10])}..."
        return go_quote(self.text)


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of `text`; what is wrong comes as a token `error`, the end as `EOF`."""
    return _Lexer(text).tokens()


class _Lexer:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._depth = 0

    def tokens(self) -> Iterator[Token]:
        try:
            while True:
                yield from self._outside()
                if self._at == len(self._text):
                    break
                if self._skip_comment():
                    continue
                yield self._left_delimiter()
                yield from self._inside()
            yield Token("EOF", "", self._at, self._line)
        except TemplateError as err:
            yield Token("error", str(err), self._at, self._line)

    def _token(self, kind: str, length: int) -> Token:
        token = Token(kind, self._text[self._at : self._at + length], self._at, self._line)
        self._advance(length)
        return token

    def _advance(self, length: int) -> None:
        self._line += self._text.count("\n", self._at, self._at + length)
        self._at += length

    def _outside(self) -> Iterator[Token]:
        """Yield what stands before the next action, without what a `{{-` trims."""
        end = self._text.find("{{", self._at)
        end = len(self._text) if end < 0 else end
        whole = self._text[self._at : end]
        kept = whole
        if self._text.startswith("{{-", end) and self._text[end + 3 : end + 4] in tuple(SPACES):
            kept = whole.rstrip(SPACES)
        if kept:
            yield self._token("text", len(kept))
        self._advance(end - self._at)

    def _left_delimiter(self) -> Token:
        token = self._token("left delimiter", 2)
        if self._text.startswith("-", self._at) and self._text[self._at + 1 : self._at + 2] in (
            tuple(SPACES)
        ):
            self._advance(2)
        return token

    def _skip_comment(self) -> bool:
        start = self._at + 2
        if self._text.startswith("-", start) and self._text[start + 1 : start + 2] in (
            tuple(SPACES)
        ):
            start += 2
        if not self._text.startswith("/*", start):
            return False
        end = self._text.find("*/", start)
        if end < 0:
            raise TemplateError("unclosed comment")
        self._advance(end + 2 - self._at)
        if not self._skip_right_delimiter():
            raise TemplateError("comment ends before closing delimiter")
        return True

    def _right_delimiter_length(self) -> int:
        """Return how long the `}}` or ` -}}` at this place is, 0 if there is none."""
        if self._text.startswith("}}", self._at):
            return 2
        if self._text[self._at : self._at + 1] in tuple(SPACES) and self._text.startswith(
            "-}}", self._at + 1
        ):
            return 4
        return 0

    def _skip_right_delimiter(self) -> Token | None:
        length = self._right_delimiter_length()
        if not length:
            return None
        self._advance(length - 2)
        token = self._token("right delimiter", 2)
        if length == 4:
            rest = self._text[self._at :]
            self._advance(len(rest) - len(rest.lstrip(SPACES)))
        return token

    def _inside(self) -> Iterator[Token]:
        self._depth = 0
        while True:
            if self._right_delimiter_length() and self._depth:
                raise TemplateError("unclosed left paren")
            if end := self._skip_right_delimiter():
                yield end
                return
            yield self._next()

    def _next(self) -> Token:
        letter = self._text[self._at : self._at + 1]
        if not letter:
            raise TemplateError("unclosed action")
        if letter in SPACES:
            return self._token("space", self._space_length())
        if letter in _QUOTED:
            return self._quoted(letter)
        if letter in "+-" or letter.isdecimal() or self._is_fraction():
            return self._number()
        if letter in ".$":
            return self._field_or_variable(letter)
        if letter == "_" or letter.isalnum():
            return self._word()
        return self._mark(letter)

    def _space_length(self) -> int:
        at = self._at
        while self._text[at : at + 1] in tuple(SPACES):
            # The blank of ` -}}` belongs to the delimiter.
            if at > self._at and self._text.startswith("-}}", at + 1):
                break
            at += 1
        return at - self._at

    def _is_fraction(self) -> bool:
        return self._text[self._at] == "." and self._text[self._at + 1 : self._at + 2].isdecimal()

    def _quoted(self, quote: str) -> Token:
        pattern, complaint = _QUOTED[quote]
        found = pattern.match(self._text, self._at)
        if not found:
            raise TemplateError(complaint)
        return self._token("number" if quote == "'" else "string", len(found[0]))

    def _number(self) -> Token:
        found = _NUMBER.match(self._text, self._at)
        assert found is not None
        end = found.end()
        if self._text[end : end + 1].isalnum():
            from seacan.cli.values import go_quote

            raise TemplateError(f"bad number syntax: {go_quote(self._text[self._at : end + 1])}")
        return self._token("number", len(found[0]))

    def _field_or_variable(self, letter: str) -> Token:
        kind = "field" if letter == "." else "variable"
        found = _WORD.match(self._text, self._at + 1)
        length = 1 + (len(found[0]) if found else 0)
        self._require_terminator(self._at + length)
        return self._token("dot" if letter == "." and length == 1 else kind, length)

    def _word(self) -> Token:
        found = _WORD.match(self._text, self._at)
        assert found is not None
        self._require_terminator(found.end())
        kind = "identifier"
        if found[0] in ("true", "false"):
            kind = "bool"
        elif found[0] in KEYWORDS:
            kind = "keyword"
        return self._token(kind, len(found[0]))

    def _require_terminator(self, at: int) -> None:
        letter = self._text[at : at + 1]
        if letter and letter not in SPACES + ".,|:)(" and not self._text.startswith("}}", at):
            raise TemplateError(f"bad character {_code_point(letter)}")

    def _mark(self, letter: str) -> Token:
        if letter == ":":
            if not self._text.startswith(":=", self._at):
                raise TemplateError("expected :=")
            letter = ":="
        self._depth += (letter == "(") - (letter == ")")
        if self._depth < 0:
            raise TemplateError("unexpected right paren")
        if letter in _MARKS:
            return self._token(_MARKS[letter], len(letter))
        if " " < letter < "\x7f":
            return self._token("char", 1)
        raise TemplateError(f"unrecognized character in action: {_code_point(letter)}")


def _code_point(letter: str) -> str:
    shown = f" '{letter}'" if letter.isprintable() else ""
    return f"U+{ord(letter):04X}{shown}"
