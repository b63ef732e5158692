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


def go_duration(seconds: float) -> str:
    """Return a duration as Go writes it: 300ms, 1.5s, 1m30s, 1h0m0s."""
    if seconds < 1:
        return f"{seconds * 1000:.6f}".rstrip("0").rstrip(".") + "ms"
    whole, rest = divmod(round(seconds, 9), 60)
    text = f"{rest:.9f}".rstrip("0").rstrip(".") + "s"
    hours, minutes = divmod(int(whole), 60)
    if whole:
        text = f"{minutes}m{text}"
    return f"{hours}h{text}" if hours else text


def now() -> str:
    return rfc3339(time.time_ns())
