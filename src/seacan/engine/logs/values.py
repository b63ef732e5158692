"""Values of log options as dockerd reads them; what is none of them is refused in its words."""

import re
from typing import Final

from seacan.errors import InvalidArgument

_TRUE: Final = ("1", "t", "T", "TRUE", "true", "True")
_FALSE: Final = ("0", "f", "F", "FALSE", "false", "False")

_DURATION: Final = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")
_LONGEST_DURATION: Final = 100  # the time to look for one grows with the cube of its length
_SECONDS: Final = {
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0,
}  # fmt: skip


def boolean(text: str) -> bool:
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise InvalidArgument(f'strconv.ParseBool: parsing "{text}": invalid syntax')


def integer(text: str) -> int:
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdecimal()):
        raise InvalidArgument(f'strconv.Atoi: parsing "{text}": invalid syntax')
    if len(digits) > 18:
        raise InvalidArgument(f'strconv.Atoi: parsing "{text}": value out of range')
    return -int(digits) if text[0] == "-" else int(digits)


def unsigned(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise InvalidArgument(f'strconv.ParseUint: parsing "{text}": invalid syntax')
    if len(text) > 10 or int(text) >= 1 << 32:
        raise InvalidArgument(f'strconv.ParseUint: parsing "{text}": value out of range')
    return int(text)


def duration_s(text: str) -> float:
    """Return the seconds of a duration such as 1.5s, 100ms, 1m30s."""
    sign, body = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if body == "0":
        return 0.0
    parts = _DURATION.findall(body[:_LONGEST_DURATION])
    if not parts or "".join(number + unit for number, unit in parts) != body:
        raise InvalidArgument(f'time: invalid duration "{text}"')
    return sign * sum(float(number) * _SECONDS[unit] for number, unit in parts)
