"""Values of D-Bus as people write them: GVariant's text format, without dictionaries.

    true  7  -1.5  'text'  "text"  [1, 2]  ('a', 2)  uint64 7  objectpath '/a'  @as []

Source: GLib, "GVariant Text Format".
"""

import errno
import re
from typing import Any, Final, NoReturn

from seacan.kernel.dbus.values import Variant, types

_KEYWORDS: Final = {
    **{"boolean": "b", "byte": "y", "int16": "n", "uint16": "q", "int32": "i", "uint32": "u"},
    **{"int64": "x", "uint64": "t", "double": "d"},
    **{"string": "s", "objectpath": "o", "signature": "g"},
}
_RANGES: Final = {
    **{"y": (0, 2**8), "n": (-(2**15), 2**15), "q": (0, 2**16), "i": (-(2**31), 2**31)},
    **{"u": (0, 2**32), "x": (-(2**63), 2**63), "t": (0, 2**64)},
}
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
    r"""|(?P<number>[-+]?[0-9][0-9a-zA-Z.+-]*)|(?P<word>[a-z][a-z0-9]*)|(?P<type>@[a-z()]+)"""
    r"""|(?P<sign>[\[\](),]))"""
)
_MAX_DEPTH: Final = 16
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}


def parse(text: str) -> Variant:
    """Return the value of `text`. Raises OSError (EINVAL) if it is none."""
    parser = _Parser(text)
    variant = parser.value("", 0)
    if parser.peek() is not None:
        parser.fail()
    return variant


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text.rstrip()
        self._position = 0

    def fail(self) -> NoReturn:
        raise OSError(errno.EINVAL, f"not a value in GVariant's text format: {self._text!r}")

    def peek(self) -> re.Match[str] | None:
        if self._position == len(self._text):
            return None
        return _TOKEN.match(self._text, self._position) or self.fail()

    def _next(self) -> tuple[str, str]:
        match = self.peek()
        if match is None:
            self.fail()
        self._position = match.end()
        kind = match.lastgroup or ""
        return kind, match[kind]

    def value(self, wanted: str, depth: int) -> Variant:
        """Return the next value, of the type `wanted` if there is one."""
        if depth > _MAX_DEPTH:
            self.fail()
        kind, text = self._next()
        if kind == "type":
            return self.value(text[1:], depth + 1)
        if text in _KEYWORDS:
            return self.value(_KEYWORDS[text], depth + 1)
        if text in ("true", "false"):
            return self._typed(wanted or "b", "b", text == "true")
        if kind == "string":
            return self._typed(wanted or "s", "sog", _unquoted(text))
        if kind == "number":
            return self._number(wanted, text)
        if text == "[":
            return self._list(wanted, depth)
        if text == "(":
            return self._tuple(wanted, depth)
        self.fail()

    def _typed(self, signature: str, allowed: str, value: Any) -> Variant:
        if signature not in tuple(allowed):
            self.fail()
        return Variant(signature, value)

    def _number(self, wanted: str, text: str) -> Variant:
        is_double = not text.lower().lstrip("+-").startswith("0x") and set(text) & set(".eE")
        wanted = wanted or ("d" if is_double else "i")
        try:
            if wanted == "d":
                return Variant("d", float(text))
            number = int(text, 0 if "x" in text.lower() else 10)
        except ValueError:
            self.fail()
        least, above = _RANGES.get(wanted, (0, 0))
        if not least <= number < above:
            self.fail()
        return Variant(wanted, number)

    def _list(self, wanted: str, depth: int) -> Variant:
        if wanted and wanted[0] != "a":
            self.fail()
        inner = wanted[1:]
        values: list[Any] = []
        while not self._ends("]", bool(values)):
            value = self.value(inner, depth + 1)
            inner = value.signature
            values.append(value.value)
        if not inner:
            self.fail()  # of what, that is not said
        return Variant(f"a{inner}", values)

    def _tuple(self, wanted: str, depth: int) -> Variant:
        inner = list(types(wanted[1:-1])) if wanted[:1] == "(" else []
        values: list[Variant] = []
        while not self._ends(")", bool(values)):
            following = inner[len(values)] if len(values) < len(inner) else ""
            values.append(self.value(following, depth + 1))
        signature = f"({''.join(value.signature for value in values)})"
        if not values or wanted not in ("", signature):
            self.fail()
        return Variant(signature, tuple(value.value for value in values))

    def _ends(self, sign: str, has_values: bool) -> bool:
        """Pass a comma, which is between two values; tell whether `sign` is there, passed too."""
        match = self.peek()
        found = match["sign"] if match else None
        if found == "," and has_values:
            self._next()
            match = self.peek()
            found = match["sign"] if match else None
        elif has_values and found != sign:
            self.fail()
        if found == sign:
            self._next()
            return True
        return False


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text[1:-1], flags=re.S)
