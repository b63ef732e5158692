"""Points in time and durations, as numbers and in the words of `docker ps`."""

from datetime import datetime
from typing import Final

# Up to so many hours, the duration is counted in units of so many.
_UNITS: Final = (
    (48, 1, "hours"),
    (24 * 14, 24, "days"),
    (24 * 60, 24 * 7, "weeks"),
    (24 * 365 * 2, 24 * 30, "months"),
)


def seconds_since_epoch(rfc3339: str) -> float:
    """Return a time in RFC 3339 as seconds since 1970, 0 for the empty string."""
    return datetime.fromisoformat(rfc3339).timestamp() if rfc3339 else 0.0


def in_words(seconds: float) -> str:
    """Return a duration as Docker says it: `5 seconds`, `About a minute`, `3 weeks`."""
    if seconds < 1:
        return "Less than a second"
    if seconds < 2:
        return "1 second"
    if seconds < 60:
        return f"{int(seconds)} seconds"
    if seconds < 120:
        return "About a minute"
    if seconds < 3600:
        return f"{int(seconds / 60)} minutes"
    hours = int(seconds / 3600 + 0.5)
    if hours == 1:
        return "About an hour"
    for limit, size, unit in _UNITS:
        if hours < limit:
            return f"{hours // size} {unit}"
    return f"{hours // (24 * 365)} years"
