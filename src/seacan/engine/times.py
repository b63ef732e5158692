"""Points in time as the Engine API writes them."""

import datetime
import time


def rfc3339(time_ns: int) -> str:
    """Return nanoseconds since 1970 as RFC 3339 in UTC, all nine digits."""
    seconds, fraction = divmod(time_ns, 1_000_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{fraction:09d}Z"


def nanoseconds(text: str) -> int:
    """Return nanoseconds since 1970 of what `rfc3339` returned."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    seconds = datetime.datetime.fromisoformat(f"{whole}+00:00").timestamp()
    return int(seconds) * 1_000_000_000 + int(f"{fraction:0<9}")


def now() -> str:
    return rfc3339(time.time_ns())
