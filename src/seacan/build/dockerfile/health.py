"""HEALTHCHECK: the command, and when it is run."""

import re
from collections.abc import Sequence
from typing import Final

from seacan.build.dockerfile import words
from seacan.build.dockerfile.errors import Misplaced
from seacan.build.dockerfile.instructions import Healthcheck, Source
from seacan.build.dockerfile.options import Options
from seacan.errors import InvalidArgument

_LEAST_NS: Final = 10**6
_MOST: Final = (1 << 63) - 1
_UNITS_NS: Final = {
    "ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip
_DURATION: Final = re.compile(r"(\d{1,18})(?:\.(\d{0,18}))?(ns|us|µs|ms|s|m|h)", re.ASCII)
_ANY_UNIT: Final = re.compile(r"(?<=[\d.])[^\d.]+")
_UNITLESS: Final = re.compile(r"\d+(?:\.\d*)?", re.ASCII)
_TIMES: Final = ("interval", "timeout", "start-period", "start-interval")


def read(source: Source, options: Sequence[str], text: str) -> Healthcheck:
    """Return the instruction. Raises InvalidArgument."""
    kind, rest = words.split_keyword(text)
    match kind.upper():
        case "NONE":
            if rest or options:
                raise InvalidArgument("HEALTHCHECK NONE takes no arguments")
            return Healthcheck(source, ("NONE",))
        case "CMD":
            return _command(source, Options(options, texts=[*_TIMES, "retries"]), rest)
        case "":
            raise InvalidArgument("HEALTHCHECK requires at least one argument")
        case other:
            raise Misplaced(f'Unknown type "{other}" in HEALTHCHECK (try CMD)', kind)


def duration_ns(name: str, text: str) -> int:
    """Return nanoseconds of a duration as Go writes it: 1m30s, 500ms, 1.5h; 0 if it is empty.

    Raises InvalidArgument, also for times that no check can have.
    """
    if text in ("", "0"):
        return 0
    if _UNITLESS.fullmatch(text):
        raise InvalidArgument(f'time: missing unit in duration "{text}"')
    parts = list(_DURATION.finditer(text))
    if not parts or "".join(part[0] for part in parts) != text:
        unknown = [unit for unit in _ANY_UNIT.findall(text) if unit not in _UNITS_NS]
        why = f'unknown unit "{unknown[0]}" in' if unknown else "invalid"
        raise InvalidArgument(f'time: {why} duration "{text}"')
    total = 0
    for whole, fraction, unit in (part.groups("") for part in parts):
        total += int(whole + fraction) * _UNITS_NS[unit] // 10 ** len(fraction)
    if total > _MOST:
        raise InvalidArgument(f'time: invalid duration "{text}"')
    if 0 < total < _LEAST_NS:
        raise InvalidArgument(f'Interval "{name}" cannot be less than 1ms')
    return total


def _command(source: Source, options: Options, text: str) -> Healthcheck:
    listed = words.json_list(text)
    test = [text] if listed is None and text else listed
    if not test:
        raise InvalidArgument("Missing command after HEALTHCHECK CMD")
    interval, timeout, start_period, start_interval = (
        duration_ns(name, options.text(name)) for name in _TIMES
    )
    return Healthcheck(
        source,
        ("CMD-SHELL" if listed is None else "CMD", *test),
        interval,
        timeout,
        start_period,
        start_interval,
        _retries(options.text("retries")),
    )


def _retries(text: str) -> int:
    if not text:
        return 0
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 11 and int(digits) < 1 << 31):
        raise InvalidArgument(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    if text.startswith("-"):
        raise InvalidArgument(f"--retries cannot be negative ({text})")
    return int(digits)
