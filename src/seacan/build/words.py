"""Go's words: how it writes strings and durations, as history has them."""

from collections.abc import Sequence
from typing import Final

_ESCAPES: Final = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
    '"': '\\"', "\\": "\\\\",
}  # fmt: skip


def go_strings(words: Sequence[str]) -> str:
    """Return `["sh" "-c"]`: %q of a list."""
    return f"[{' '.join(go_string(word) for word in words)}]"


def go_string(text: str) -> str:
    """Return `text` in double quotes: strconv.Quote."""
    return f'"{"".join(_character(each) for each in text)}"'


def go_duration(time_ns: int) -> str:
    """Return 1h0m0.5s, 250ms, 0s: time.Duration's text."""
    if not time_ns:
        return "0s"
    for unit, size_ns in (("ns", 1), ("µs", 10**3), ("ms", 10**6)):
        if time_ns < size_ns * 1000:
            return f"{_decimal(time_ns, size_ns)}{unit}"
    minutes, rest_ns = divmod(time_ns, 60 * 10**9)
    hours, minutes_left = divmod(minutes, 60)
    text = f"{_decimal(rest_ns, 10**9)}s"
    if minutes:
        text = f"{minutes_left}m{text}"
    return f"{hours}h{text}" if hours else text


def _decimal(value: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    if not rest:
        return str(whole)
    return f"{whole}.{rest * 10**9 // unit:09}".rstrip("0")


def _character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
