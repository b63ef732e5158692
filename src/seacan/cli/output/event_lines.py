"""An event as a line."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def json_line(event: dict[str, Any]) -> str:
    import json

    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def event_line(event: dict[str, Any]) -> str:
    """Return an event of the API as `TIME KIND ACTION ID (name=value, …)`."""
    actor = event["Actor"]
    attributes = ", ".join(f"{k}={v}" for k, v in sorted((actor["Attributes"] or {}).items()))
    line = f"{_local(event['timeNano'])} {event['Type']} {event['Action']} {actor['ID']}"
    return f"{line} ({attributes})" if attributes else line


def _local(time_ns: int) -> str:
    """Return a time of RFC 3339 in the local zone, with nine decimals."""
    seconds, fraction = divmod(time_ns, 10**9)
    moment = time.localtime(seconds)
    offset = "Z"
    if moment.tm_gmtoff:
        minutes = abs(moment.tm_gmtoff) // 60
        sign = "-" if moment.tm_gmtoff < 0 else "+"
        offset = f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', moment)}.{fraction:09d}{offset}"
