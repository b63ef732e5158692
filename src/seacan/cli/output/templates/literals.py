"""Strings, characters and numbers, as Go writes them."""

from __future__ import annotations

import re

from seacan.cli.output.templates.nodes import Constant
from seacan.cli.values import go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.output.templates.lexer import Token

_ESCAPE = re.compile(r"\\(x..|u.{4}|U.{8}|[0-7]{3}|.)", re.DOTALL)
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def constant(token: Token) -> Constant:
    """Return the value of a token of kind bool, string or number. Raises ValueError."""
    text = token.text
    if token.kind == "bool":
        return Constant(token.at, "bool", text, text == "true")
    if token.kind == "string":
        return Constant(token.at, "string", text, _unquoted(text))
    if text.startswith("'"):
        letters = _unquoted(text)
        if len(letters) != 1:
            raise ValueError(f"malformed character constant: {text}")
        return Constant(token.at, "integer", text, ord(letters))
    value = _number(text)
    return Constant(token.at, "integer" if isinstance(value, int) else "float", text, value)


def _unquoted(text: str) -> str:
    if text.startswith("`"):
        return text[1:-1].replace("\r", "")

    def meant(found: re.Match[str]) -> str:
        code = found[1]
        if code[0] in "xuU":
            return chr(int(code[1:], 16))
        if code.isdecimal():
            return chr(int(code, 8))
        if code in _ESCAPED:
            return _ESCAPED[code]
        if code in ("\\", text[0]):
            return code
        raise ValueError("invalid syntax")

    try:
        return _ESCAPE.sub(meant, text[1:-1])
    except (ValueError, OverflowError):
        raise ValueError("invalid syntax") from None


def _number(text: str) -> int | float:
    digits = text.lstrip("+-")
    octal = len(digits) > 1 and digits[0] == "0" and digits.replace("_", "").isdecimal()
    try:
        return int(text, 8 if octal else 0)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"illegal number syntax: {go_quote(text)}") from None
