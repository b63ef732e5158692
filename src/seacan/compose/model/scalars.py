"""Words of YAML, as compose files have them: YAML 1.2 with octal numbers of YAML 1.1 (`0644`).

Numbers are printed as Go does, since that is what containers find in their environment.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {word: word.lower() == "true" for word in "true True TRUE false False FALSE".split()}
_SPECIAL_FLOATS = {
    **{
        f"{sign}.{word}": float(f"{sign}inf")
        for sign in ("", "+", "-")
        for word in ("inf", "Inf", "INF")
    },
    **{f".{word}": float("nan") for word in ("nan", "NaN", "NAN")},
}
_INTEGER = r"[-+]?(0b[01]+|0o?[0-7]*|0x[0-9a-fA-F]+|[1-9][0-9]*)\Z"
_FLOAT = r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z"
_LARGEST = 2**64
# Words that YAML 1.1 reads otherwise: quoted when written, so that both read them alike.
_OLD_BOOLEANS = frozenset("y Y yes Yes YES on On ON n N no No NO off Off OFF".split())
_SEXAGESIMAL = r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z"
_TIMESTAMP = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?\Z"


def plain_value(text: str) -> Any:
    """Return what the unquoted `text` stands for: None, bool, int, float, or itself."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if text in _SPECIAL_FLOATS:
        return _SPECIAL_FLOATS[text]
    if text[0] not in "+-.0123456789":
        return text
    import re

    digits = text.replace("_", "")
    if re.match(_INTEGER, digits):
        number = _integer(digits)
        if -_LARGEST // 2 <= number < _LARGEST:
            return number
    return float(digits) if re.match(_FLOAT, digits) else text


def _integer(digits: str) -> int:
    sign = -1 if digits[0] == "-" else 1
    digits = digits.lstrip("+-")
    for prefix, base in (("0b", 2), ("0o", 8), ("0x", 16), ("0", 8)):
        if digits.startswith(prefix) and digits != "0":
            return sign * int(digits[len(prefix) :] or "0", base)
    return sign * int(digits)


def needs_quotes(text: str) -> bool:
    """Whether `text`, unquoted, could be read as something else than itself."""
    import re

    return (
        text == "<<"
        or not isinstance(plain_value(text), str)
        or text in _OLD_BOOLEANS
        or bool(re.match(_SEXAGESIMAL, text) or re.match(_TIMESTAMP, text))
    )


def go_text(value: object) -> str:
    """Return a value of YAML as Go's `%v` prints it."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    return go_float(value) if isinstance(value, float) else str(value)


def go_float(value: float) -> str:
    """Return the shortest text for `value`, with an exponent below 1e-4 and from 1e6 on."""
    from decimal import Decimal

    if value != value or value in (float("inf"), float("-inf")):
        return "NaN" if value != value else f"{value:+}"[0] + "Inf"
    if value == 0 or 1e-4 <= abs(value) < 1e6:
        return f"{Decimal(repr(value)):f}".removesuffix(".0")
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    power = int(exponent) + len(digits) - 1
    first, rest = str(digits[0]), "".join(map(str, digits[1:]))
    mantissa = f"{first}.{rest}" if rest else first
    return f"{'-' * sign}{mantissa}e{'-' if power < 0 else '+'}{abs(power):02}"


def float32(value: float) -> float:
    """Return the number with the fewest digits that is `value` in 32 bits, as Go prints those."""
    import struct

    try:
        single = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return value
    for precision in range(1, 10):
        shorter = float(f"{single:.{precision}g}")
        if struct.unpack("f", struct.pack("f", shorter))[0] == single:
            return shorter
    return value
