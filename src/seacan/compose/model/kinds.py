"""The types of the specification's values: each function makes the canonical form of one.

They raise ValueError for what is no such value. Canonical is what `config --format json` shows:
sizes in bytes and durations are texts (`"52428800"`, `"1m30s"`).
"""

from __future__ import annotations

import math

from seacan.compose.model.scalars import float32, go_text
from seacan.compose.model.shell_words import shell_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_TRUE = frozenset(("true", "y", "yes", "on"))
_FALSE = frozenset(("false", "n", "no", "off"))
_POWERS = {
    f"{letter}{end}": power
    for power, letter in enumerate(("", *"kmgtp"))
    for end in ("", "b", "ib")
}
_IN_DECIMALS = "0123456789."
_IN_FLOATS = frozenset(_IN_DECIMALS + "_e+-")
_NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60 * 1_000_000_000,
    "h": 3600 * 1_000_000_000,
    "d": 24 * 3600 * 1_000_000_000,
    "w": 7 * 24 * 3600 * 1_000_000_000,
}


def text(value: Any) -> str:
    if isinstance(value, (dict, list)):
        raise ValueError(f"expected a text, got {value!r}")
    return go_text(value)


def anything(value: Any) -> Any:
    return value


def number(value: Any) -> int:
    if isinstance(value, str) and _is_integer(value):
        return int(value)
    if isinstance(value, float) and value == int(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f'"{value}": invalid syntax')


def _is_integer(text: str) -> bool:
    digits = text[1:] if text[:1] in ("+", "-") else text
    return digits.isascii() and digits.isdecimal()


def real(value: Any) -> float:
    """Return it as a number of 32 bits."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(f'"{value}": invalid syntax')
    try:
        return float32(float(value))
    except ValueError:
        raise ValueError(f'"{value}": invalid syntax') from None


def boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError(f"invalid boolean: {value}")


def size(value: Any) -> str:
    """Return bytes as decimal digits; units are powers of 1024.

    Source: docker/go-units, RAMInBytes, whose numbers are Go's: 1_000, 1e3.
    """
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if text == "-1":  # the canonical form of the number, which is to be read again
        return text
    end = max(text.rfind(sign) for sign in (*_IN_DECIMALS, " ")) + 1
    power = _POWERS.get(text[end:].lower())
    count = _go_float(text[:end].removesuffix(" "))
    if power is None or count is None or not 0 <= count < math.inf:
        raise ValueError(f"invalid size: '{value}'")
    return str(int(count * 1024**power))


def _go_float(text: str) -> float | None:
    """Return a decimal number as Go's strconv reads it; None of what is no such number."""
    if not _IN_FLOATS.issuperset(text.lower()):
        return None
    try:
        return float(text)
    except ValueError:
        return None


def duration_ns(value: str) -> int:
    """Return the nanoseconds of `1m30s`."""
    if value in ("0", "+0", "-0"):
        return 0
    parts = list(_parts(value[1:] if value[0:1] in ("+", "-") else value))
    if not parts or not all(_is_decimal(count) and unit in _NANOSECONDS for count, unit in parts):
        raise ValueError(f'invalid duration: "{value}"')
    total = sum(float(count) * _NANOSECONDS[unit] for count, unit in parts)
    return -round(total) if value[0] == "-" else round(total)


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """Yield each number of `text` and what stands between it and the next."""
    while text:
        after_count = text.lstrip(_IN_DECIMALS)
        at = next((at for at, sign in enumerate(after_count) if sign in _IN_DECIMALS), None)
        yield text[: len(text) - len(after_count)], after_count[:at]
        text = after_count[at:] if at is not None else ""


def _is_decimal(text: str) -> bool:
    return text.strip(".") != "" and text.count(".") < 2


def duration(value: Any) -> str:
    """Return a duration as Go prints it."""
    return go_duration(duration_ns(go_text(value)))


def go_duration(nanoseconds: int) -> str:
    sign, rest = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    if rest < 1_000_000_000:
        for unit, size_ns in (("ms", 1_000_000), ("µs", 1_000), ("ns", 1)):
            if rest >= size_ns:
                return f"{sign}{_decimal(rest, size_ns)}{unit}"
        return "0s"
    minutes, nanos = divmod(rest, 60 * 1_000_000_000)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{_decimal(nanos, 1_000_000_000)}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{seconds}"
    return f"{sign}{minutes}m{seconds}" if minutes else f"{sign}{seconds}"


def _decimal(value: int, one: int) -> str:
    whole, fraction = divmod(value, one)
    digits = str(fraction).rjust(len(str(one)) - 1, "0").rstrip("0")
    return f"{whole}.{digits}" if digits and fraction else str(whole)


def mode(value: Any) -> str:
    """Return permissions as octal digits after a zero."""
    if isinstance(value, str):
        return f"0{int(value, 8):o}"
    return f"0{number(value):o}"


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text(item) for item in value]
    raise ValueError(f"expected a text or a list, got {value!r}")


def command(value: Any) -> list[str]:
    """Return the words of a command; a text is taken apart as a shell would, without running it."""
    if isinstance(value, list):
        return [text(word) for word in value]
    return shell_words(text(value))


def health_test(value: Any) -> list[str]:
    return ["CMD-SHELL", value] if isinstance(value, str) else texts(value)


def mapping(value: Any) -> dict[str, str]:
    """Return names with texts; a name without a value has the empty one."""
    if isinstance(value, dict):
        return {key: "" if item is None else text(item) for key, item in value.items()}
    return {name: item for name, _, item in (go_text(line).partition("=") for line in value)}


def optional_mapping(value: Any) -> dict[str, str | None]:
    """Return names with texts; a name without a value has None."""
    if isinstance(value, dict):
        return {key: None if item is None else text(item) for key, item in value.items()}
    found: dict[str, str | None] = {}
    for line in value:
        name, equals, item = go_text(line).partition("=")
        if name[-1:].isspace():
            raise ValueError(f"environment variable {name} is declared with a trailing space")
        found[name] = item if equals else None
    return found


def multiple_options(value: Any) -> dict[str, list[str]]:
    return {
        key: [text(one) for one in item] if isinstance(item, list) else [text(item)]
        for key, item in value.items()
    }


def hosts(value: Any) -> list[str]:
    """Return `name=address` of each, in order; brackets around an IPv6 address are dropped."""
    found: dict[str, list[str]] = {}
    if isinstance(value, dict):
        for name, item in value.items():
            found[name] = [text(one) for one in item] if isinstance(item, list) else [item or ""]
    else:
        for line in map(go_text, value):
            name, separator, addresses = line.partition("=" if "=" in line else ":")
            if not separator:
                raise ValueError(f"invalid additional host, missing IP: {line}")
            found.setdefault(name, []).extend(addresses.split(","))
    for name in found:
        if not name or ":" in name or "=" in name:
            raise ValueError(f"bad host name '{name}'")
    return sorted(
        f"{name}={_without_brackets(address)}" for name in found for address in found[name]
    )


def _without_brackets(address: str) -> str:
    inside = len(address) > 2 and address[0] == "[" and address[-1] == "]"
    return address[1:-1] if inside else address


def device_count(value: Any) -> int:
    if isinstance(value, str) and value.lower() == "all":
        return -1
    try:
        return number(value)
    except ValueError:
        raise ValueError(
            f"invalid value {value!r}, the only value allowed is 'all' or a number"
        ) from None


def ulimit(value: Any) -> int | dict[str, int]:
    if isinstance(value, dict):
        return {key: number(value.get(key, 0)) for key in ("soft", "hard")}
    return number(value)


def ssh_keys(value: Any) -> list[str]:
    return [key if path is None else f"{key}: {path}" for key, path in value.items()]
