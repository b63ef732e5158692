"""syslog: one message an entry, in one of four formats.

    (none)        <30>Jan  2 03:04:05 TAG[PID]: line
    rfc3164       <30>Jan  2 03:04:05 HOST TAG[PID]: line
    rfc5424       <30>1 2026-01-02T03:04:05Z HOST TAG PID TAG - line
    rfc5424micro  <30>1 2026-01-02T03:04:05.000001Z HOST TAG PID TAG - line

Over TLS, those of RFC 5424 are preceded by their length (RFC 5425); elsewhere a newline is the
end. Source: RFC 3164, 5424, 5425; moby, daemon/logger/syslog.
"""

import os
import time
from collections.abc import Callable
from typing import Final, TypedDict, cast

from seacan.supervisor.logs.lines import Entry
from seacan.supervisor.protocol import ReceiverRequest

_ERROR, _INFO = 3, 6  # severities
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


class Settings(TypedDict):
    tag: str
    hostname: str
    facility: int  # 0 to 23
    format: str  # empty, rfc3164, rfc5424, rfc5424micro


def encoder(request: ReceiverRequest) -> Callable[[Entry], list[bytes]]:
    settings = cast(Settings, request["settings"])
    head = _HEADS[settings["format"]]
    is_counted = request["network"] == "tls" and settings["format"].startswith("rfc5424")

    def encode(entry: Entry) -> list[bytes]:
        if not entry.line:
            return []
        severity = _ERROR if entry.stream == "stderr" else _INFO
        priority = f"<{settings['facility'] << 3 | severity}>"
        message = (priority + head(settings, entry.time_ns)).encode() + entry.line + b"\n"
        return [f"{len(message)} ".encode() + message if is_counted else message]

    return encode


def _short(settings: Settings, time_ns: int) -> str:
    return f"{_stamp(time_ns)} {settings['tag']}[{os.getpid()}]: "


def _rfc3164(settings: Settings, time_ns: int) -> str:
    return f"{_stamp(time_ns)} {settings['hostname']} {settings['tag']}[{os.getpid()}]: "


def _rfc5424(settings: Settings, time_ns: int) -> str:
    return _rfc5424_at(settings, _rfc3339(time_ns, ""))


def _rfc5424micro(settings: Settings, time_ns: int) -> str:
    return _rfc5424_at(settings, _rfc3339(time_ns, f".{time_ns // 1000 % 1_000_000:06}"))


def _rfc5424_at(settings: Settings, stamp: str) -> str:
    tag = settings["tag"]
    return f"1 {stamp} {settings['hostname']} {tag} {os.getpid()} {tag} - "


_HEADS: Final = {
    "": _short,
    "rfc3164": _rfc3164,
    "rfc5424": _rfc5424,
    "rfc5424micro": _rfc5424micro,
}


def _stamp(time_ns: int) -> str:
    # Local time, and names that no locale changes.
    at = time.localtime(time_ns // 1_000_000_000)
    clock = f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}"
    return f"{_MONTHS[at.tm_mon - 1]} {at.tm_mday:2} {clock}"


def _rfc3339(time_ns: int, fraction: str) -> str:
    at = time.localtime(time_ns // 1_000_000_000)
    minutes = at.tm_gmtoff // 60
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    zone = f"{sign}{minutes // 60:02}:{minutes % 60:02}" if minutes else "Z"
    return time.strftime("%Y-%m-%dT%H:%M:%S", at) + fraction + zone
