"""Sizes and ages for people, as Docker words them.

Source: docker/go-units, HumanSizeWithPrecision, BytesSize, HumanDuration.
"""

from __future__ import annotations

import time

_DECIMAL = ("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB")


def decimal_size(size_bytes: float) -> str:
    """Return `1.98MB`: three digits, powers of 1000."""
    return _size(size_bytes, 1000, _DECIMAL, 3)


def precise_size(size_bytes: float) -> str:
    """Return `1.984MB`: four digits, powers of 1000."""
    return _size(size_bytes, 1000, _DECIMAL, 4)


def binary_size(size_bytes: float) -> str:
    """Return `23.54GiB`: four digits, powers of 1024."""
    return _size(size_bytes, 1024, _BINARY, 4)


def _size(size: float, base: int, units: tuple[str, ...], digits: int) -> str:
    at = 0
    while size >= base and at < len(units) - 1:
        size /= base
        at += 1
    return f"{size:.{digits}g}{units[at]}"


def age(seconds: float) -> str:
    """Return `2 minutes`, `About an hour`, `3 weeks`: a length of time, roughly."""
    whole = int(seconds)
    minutes = whole // 60
    hours = int(seconds / 3600 + 0.5)
    if whole < 1:
        return "Less than a second"
    if whole == 1:
        return "1 second"
    if whole < 60:
        return f"{whole} seconds"
    if minutes == 1:
        return "About a minute"
    if minutes < 60:
        return f"{minutes} minutes"
    if hours == 1:
        return "About an hour"
    for limit, length, word in (
        (48, 1, "hours"),
        (24 * 7 * 2, 24, "days"),
        (24 * 30 * 2, 24 * 7, "weeks"),
        (24 * 365 * 2, 24 * 30, "months"),
    ):
        if hours < limit:
            return f"{hours // length} {word}"
    return f"{int(seconds / 3600) // 24 // 365} years"


def go_time(text: str) -> str:
    """Return `2026-11-26 20:57:57.36051135 +0000 UTC` for RFC 3339's text, as Go's Time.String."""
    day, _, clock = text.partition("T")
    if clock.endswith("Z"):
        clock, offset, zone = clock[:-1], "+0000", "UTC"
    else:
        offset = zone = clock[-6:].replace(":", "")
        clock = clock[:-6]
    seconds, _, fraction = clock.partition(".")
    fraction = fraction.rstrip("0")
    return f"{day} {seconds}{'.' if fraction else ''}{fraction} {offset} {zone}"


def utc_time(seconds: float) -> str:
    """Return `2026-11-24T00:48:37Z` for seconds since 1970."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def local_time(seconds: float) -> str:
    """Return `2026-11-24 00:48:37 +0000 UTC` for seconds since 1970, in the local zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S %z %Z", time.localtime(seconds))
