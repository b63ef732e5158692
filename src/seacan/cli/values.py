"""What the text after a flag may be, and the value that it becomes.

Each Kind raises ValueError in Go's or Docker's words, which the parser puts behind the flag's name.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

INT64_MAX = 2**63 - 1


class Kind:
    """How the occurrences of a flag become its value.

    `word`: what the help calls the text ("" for a switch). `default`: makes the value when there is
    no occurrence. `take`: the value so far and a text → the new value. `implied`: the text when the
    flag stands alone, None if it needs one.
    """

    __slots__ = ("default", "implied", "take", "word")

    def __init__(
        self,
        word: str,
        default: Callable[[], Any],
        take: Callable[[Any, str], Any],
        *,
        implied: str | None = None,
    ) -> None:
        self.word = word
        self.default = default
        self.take = take
        self.implied = implied


def one(word: str, default: object, read: Callable[[str], object]) -> Kind:
    """Return the kind of a flag whose last occurrence counts."""
    return Kind(word, lambda: default, lambda _, text: read(text))


def many(read: Callable[[str], str], word: str = "list") -> Kind:
    """Return the kind of a flag whose occurrences gather in a list."""
    return Kind(word, list, lambda so_far, text: [*so_far, read(text)])


def switch(default: bool) -> Kind:
    return Kind("", lambda: default, lambda _, text: read_bool(text), implied="true")


def read_bool(text: str) -> bool:
    if text in ("1", "t", "T", "true", "TRUE", "True"):
        return True
    if text in ("0", "f", "F", "false", "FALSE", "False"):
        return False
    raise ValueError(f"strconv.ParseBool: parsing {go_quote(text)}: invalid syntax")


def read_int(text: str) -> int:
    """Return a number in Go's notation: decimal, or with 0x, 0o, 0b or 0 in front; 64 bits."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    octal = len(digits) > 1 and digits[0] == "0" and digits[1:].replace("_", "").isdecimal()
    try:
        if not (digits.isascii() and digits[:1].isdecimal() and digits.replace("_", "").isalnum()):
            raise ValueError
        number = int(digits, 8 if octal else 0)
    except ValueError:
        raise ValueError(f"strconv.ParseInt: parsing {go_quote(text)}: invalid syntax") from None
    number = -number if text[0] == "-" else number
    if not -INT64_MAX - 1 <= number <= INT64_MAX:
        raise ValueError(f"strconv.ParseInt: parsing {go_quote(text)}: value out of range")
    return number


def read_uint16(text: str) -> int:
    try:
        number = read_int(text)
    except ValueError as err:
        raise ValueError(str(err).replace("ParseInt", "ParseUint")) from None
    if number < 0:
        raise ValueError(f"strconv.ParseUint: parsing {go_quote(text)}: invalid syntax")
    if number > 0xFFFF:
        raise ValueError(f"strconv.ParseUint: parsing {go_quote(text)}: value out of range")
    return number


def read_bytes(text: str) -> int:
    """Return the bytes of `64m`, `1.5GiB`, `1024`: units are powers of 1024.

    Source: docker/go-units, RAMInBytes.
    """
    number, space, suffix = text.partition(" ")
    if not space:
        last = max((at for at, letter in enumerate(text) if letter in "0123456789."), default=-1)
        if last < 0:
            raise ValueError(f"invalid size: '{text}'")
        number, suffix = text[: last + 1], text[last + 1 :]
    suffix = suffix.lower()
    try:
        size = float(number)
    except ValueError:
        raise ValueError(
            f"strconv.ParseFloat: parsing {go_quote(number)}: invalid syntax"
        ) from None
    if not 0 <= size < float("inf"):
        raise ValueError(f"invalid size: '{text}'")
    power = "bkmgtp".find(suffix[0]) if suffix else 0
    endings = ("",) if suffix[:1] in ("b", "") else ("", "b", "ib")
    if power < 0 or suffix[1:] not in endings:
        raise ValueError(f"invalid suffix: '{suffix}'")
    return min(int(size * 1024.0**power), INT64_MAX)


def read_memory_swap(text: str) -> int:
    return -1 if text == "-1" else read_bytes(text)


def read_cpus(text: str) -> int:
    """Return billionths of a CPU for `1.5` or `3/2`."""
    number, slash, divisor = text.partition("/")
    whole, _, fraction = number.lstrip("+-").partition(".")
    parts = (whole + fraction, divisor) if slash else (whole + fraction,)
    if not all(part.isascii() and part.isdecimal() for part in parts):
        raise ValueError(f"failed to parse {text} as a rational number")
    below: int = 10 ** len(fraction) * (int(divisor) if slash else 1)
    if below == 0:
        raise ValueError(f"failed to parse {text} as a rational number")
    nano, rest = divmod(int(whole + fraction) * 10**9, below)
    if rest:
        raise ValueError("value is too precise")
    return -nano if number.startswith("-") else nano


_DURATIONS_NS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}


def read_duration(text: str) -> int:
    """Return nanoseconds for Go's `1h2m3.5s`, `0`, `-5ms`."""
    rest = text[1:] if text[:1] in ("+", "-") else text
    total = 0
    if rest == "0":
        return 0
    if not rest:
        raise ValueError(f"time: invalid duration {go_quote(text)}")
    while rest:
        digits = _leading(rest, "0123456789.")
        unit = _before_digits(rest[len(digits) :])
        rest = rest[len(digits) + len(unit) :]
        whole, _, fraction = digits.partition(".")
        if not whole + fraction or "." in fraction:
            raise ValueError(f"time: invalid duration {go_quote(text)}")
        if unit not in _DURATIONS_NS:
            problem = f"unknown unit {go_quote(unit)} in" if unit else "missing unit in"
            raise ValueError(f"time: {problem} duration {go_quote(text)}")
        total += int(whole + fraction) * _DURATIONS_NS[unit] // 10 ** len(fraction)
    return -total if text[0] == "-" else total


def _leading(text: str, letters: str) -> str:
    return text[: len(text) - len(text.lstrip(letters))]


def _before_digits(text: str) -> str:
    return text[: next((at for at, letter in enumerate(text) if letter in "0123456789."), None)]


def comma_list() -> Kind:
    """Return the kind of a flag whose occurrences gather, several in one if there are commas."""
    return Kind("strings", list, lambda so_far, text: [*so_far, *text.split(",")])


def take_filter(so_far: dict[str, list[str]], text: str) -> dict[str, list[str]]:
    """Add `name=value` to the filters of a list."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError("bad format of filter (expected name=value)")
    name = name.strip().lower()
    return {**so_far, name: [*so_far.get(name, []), value.strip()]}


def take_pair(so_far: dict[str, str], text: str) -> dict[str, str]:
    name, _, value = text.partition("=")
    return {**so_far, name: value}


def take_key_values(so_far: dict[str, str], text: str) -> dict[str, str]:
    """Add `a=1,b=2`; a value with a comma stands in quotes as in CSV, `a=1,"b=2,3"`."""
    pairs = [text.strip('"')]
    if text.count("=") > 1:
        import csv

        pairs = next(csv.reader([text], strict=True))
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"{pair} must be formatted as key=value")
        found[name] = value
    return {**so_far, **found}


def go_quote(text: str) -> str:
    """Return `text` as Go's %q writes it, for what people type."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return '"' + "".join(escapes.get(letter, letter) for letter in text) + '"'


SWITCH = switch(False)
SWITCH_ON = switch(True)
TEXT = one("string", "", str)
TEXTS = many(str)
INT = one("int", 0, read_int)
UINT16 = one("uint16", 0, read_uint16)
BYTES = one("bytes", 0, read_bytes)
MEMORY_SWAP = one("bytes", 0, read_memory_swap)
CPUS = one("decimal", 0, read_cpus)
DURATION = one("duration", 0, read_duration)
PAIRS = Kind("map", dict, take_pair)
KEY_VALUES = Kind("stringToString", dict, take_key_values)
OPTIONS = Kind("list", dict, take_pair)
FILTERS = Kind("filter", dict, take_filter)
