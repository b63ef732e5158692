"""Points in time as people write them, for --since and --until."""

from __future__ import annotations

from seacan.cli.values import go_quote, read_duration
from seacan.errors import InvalidArgument


def timestamp(text: str, flag: str, *, now: float) -> str:
    """Return seconds since 1970 with nine decimals for `text`; "" stays "".

    `text`: a length of time before `now` (`1h30m`), seconds since 1970 (`1136073600.5`), or a date
    of RFC 3339, its end optional, in the local zone unless it names one. `flag`: whose value it is.
    Raises InvalidArgument.
    """
    if not text:
        return ""
    whole, _, fraction = text.partition(".")
    if whole.isdecimal() and (fraction.isdecimal() or "." not in text):
        return text
    try:
        ago_ns = read_duration(text)
    except ValueError:
        return _date(text, flag)
    return _decimal(int(now * 10**9) - ago_ns)


def _date(text: str, flag: str) -> str:
    from datetime import datetime

    # Python's fractions end at microseconds, those in a log have nine digits.
    head, point, tail = text.partition(".")
    digits = tail[: len(tail) - len(tail.lstrip("0123456789"))] if point else ""
    try:
        moment = datetime.fromisoformat(head + tail[len(digits) :])
    except ValueError:
        place = f'invalid value for "{flag}": ' if flag else ""
        raise InvalidArgument(
            f"{place}failed to parse value as time or duration: {go_quote(text)}"
        ) from None
    return f"{int(moment.timestamp())}.{digits[:9]:<09}"


def _decimal(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{seconds}.{rest:09d}"
