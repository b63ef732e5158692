"""What the text after a flag may be, and the value that it becomes.

Each Kind raises ValueError in Go's or Docker's words, which the parser puts behind the flag's name.
"""

from __future__ import annotations

import os

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


def take_mount(so_far: list[Any], text: str) -> list[Any]:
    from seacan.cli.mount_flag import read_mount  # few containers have one

    return [*so_far, read_mount(text)]


def take_gpus(so_far: list[Any], text: str) -> list[Any]:
    from seacan.cli.gpu_flag import read_gpus  # few containers have one

    return [*so_far, read_gpus(text)]


def _device_and_number(text: str, complaint: str) -> tuple[str, str]:
    path, colon, number = text.rpartition(":")
    if not colon:
        raise ValueError(f"bad format: {text}")
    if not path.startswith("/dev/"):
        raise ValueError(f"bad format for device path: {text}")
    if not number or number[0] in "+-":
        raise ValueError(complaint)
    return path, number


def take_rate(so_far: list[Any], text: str) -> list[Any]:
    complaint = (
        f"invalid rate for device: {text}. The correct format is <device-path>:<number>[<unit>]. "
        "Number must be a positive integer. Unit is optional and can be kb, mb, or gb"
    )
    path, number = _device_and_number(text, complaint)
    try:
        return [*so_far, {"Path": path, "Rate": read_bytes(number)}]
    except ValueError:
        raise ValueError(complaint) from None


def take_operations(so_far: list[Any], text: str) -> list[Any]:
    complaint = (
        f"invalid rate for device: {text}. The correct format is <device-path>:<number>. "
        "Number must be a positive integer"
    )
    path, number = _device_and_number(text, complaint)
    if not (number.isascii() and number.isdecimal()):
        raise ValueError(complaint)
    return [*so_far, {"Path": path, "Rate": int(number)}]


def take_weight(so_far: list[Any], text: str) -> list[Any]:
    complaint = f"invalid weight for device: {text}"
    path, number = _device_and_number(text, complaint)
    if not (number.isascii() and number.isdecimal()) or not 10 <= int(number) <= 1000:
        raise ValueError(complaint)
    return [*so_far, {"Path": path, "Weight": int(number)}]


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


_ULIMITS = (
    *("core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc"),
    *("rss", "rtprio", "rttime", "sigpending", "stack"),
)


def take_ulimit(so_far: dict[str, tuple[int, int]], text: str) -> dict[str, tuple[int, int]]:
    """Add `nofile=1024:2048`, soft and hard, or one number for both; -1 is no limit."""
    name, equals, limits = text.partition("=")
    if not equals:
        raise ValueError(f"invalid ulimit argument: {text}")
    if name not in _ULIMITS:
        raise ValueError(f"invalid ulimit type: {name}")
    numbers = [read_int(number) for number in limits.split(":")]
    if len(numbers) > 2:
        raise ValueError(
            f"too many limit value arguments - {limits}, can only have up to two, `soft[:hard]`"
        )
    soft, hard = numbers[0], numbers[-1]
    if hard != -1 and (soft > hard or soft == -1):
        raise ValueError(
            f"ulimit soft limit must be less than or equal to hard limit: {soft} > {hard}"
        )
    return {**so_far, name: (soft, hard)}


def read_env(text: str) -> str:
    """Return `NAME=value`; of a bare NAME the client's own value, or NAME alone: to be unset."""
    name, equals, _ = text.partition("=")
    if not name:
        raise ValueError(f"invalid environment variable: {text}")
    if not equals and name in os.environ:
        return f"{name}={os.environ[name]}"
    return text


def read_label(text: str) -> str:
    name, _, _ = text.partition("=")
    if not name.strip():
        raise ValueError(f"invalid label '{text}': empty name")
    return text


def read_attach(text: str) -> str:
    if text.lower() not in ("stdin", "stdout", "stderr"):
        raise ValueError("valid streams are STDIN, STDOUT and STDERR")
    return text.lower()


def read_extra_host(text: str) -> str:
    """Return `host:ip` for that or for `host=ip`."""
    name, separator, address = text.partition("=" if "=" in text else ":")
    if not separator or not name:
        raise ValueError(f"bad format for add-host: {go_quote(text)}")
    if address.startswith("[") and address.endswith("]"):
        address = address[1:-1]
    if address != "host-gateway" and not is_ip_address(address):
        raise ValueError(f"invalid IP address in add-host: {go_quote(address)}")
    return f"{name}:{address}"


def is_ip_address(text: str) -> bool:
    import socket

    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text)
        except (OSError, ValueError):
            continue
        return True
    return False


def read_dns(text: str) -> str:
    if not is_ip_address(text.strip()):
        raise ValueError(f"IP address is not correctly formatted: {text}")
    return text.strip()


def take_network(so_far: list[Any], text: str) -> list[Any]:
    from seacan.cli import network_flag  # most containers have none

    return network_flag.take_network(so_far, text)


def read_publish(text: str) -> str:
    from seacan.cli import port_flag

    return port_flag.read_publish(text)


def read_mac(text: str) -> str:
    parts = text.replace("-", ":").split(":")
    if len(parts) != 6 or not all(len(p) == 2 and set(p.lower()) <= _HEX for p in parts):
        raise ValueError(f"{text} is not a valid mac address")
    return text


_HEX = set("0123456789abcdef")


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
GPUS = Kind("gpu-request", list, take_gpus)
MOUNTS = Kind("mount", list, take_mount)
RATES = Kind("list", list, take_rate)
OPERATIONS = Kind("list", list, take_operations)
WEIGHTS = Kind("list", list, take_weight)
ULIMITS = Kind("ulimit", dict, take_ulimit)
PAIRS = Kind("map", dict, take_pair)
KEY_VALUES = Kind("stringToString", dict, take_key_values)
OPTIONS = Kind("list", dict, take_pair)
FILTERS = Kind("filter", dict, take_filter)
ENVIRONMENT = many(read_env)
LABELS = many(read_label)
STREAMS = many(read_attach)
EXTRA_HOSTS = many(read_extra_host)
DNS_SERVERS = many(read_dns)
NETWORKS = Kind("network", list, take_network)
PUBLISHED = many(read_publish)
MAC = one("string", "", read_mac)
