"""A message about a transfer, as it is sent: a line of JSON, its bytes also drawn as a bar.

Source: dockerd 28: `"progress": "[==>    ]  19.97kB/1.984MB"`, which older clients print as it is.
"""

from typing import Any, Final

import msgspec

_BAR_COLUMNS: Final = 50
_UNITS: Final = ("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")


def progress_line(message: dict[str, Any]) -> bytes:
    detail = message.get("progressDetail")
    if detail:
        message = {**message, "progress": _bar(detail["current"], detail.get("total", 0))}
    return msgspec.json.encode(message) + b"\r\n"


def _bar(current: int, total: int) -> str:
    done = _size(current)
    if total <= 0:
        return f"{done:>8}"
    columns = min(int(current / total * 100) // 2, _BAR_COLUMNS)
    of = f"/{_size(total)}" if current <= total else ""
    return f"[{'=' * columns}>{' ' * (_BAR_COLUMNS - columns)}] {done:>8}{of}"


def _size(count: float) -> str:
    """Return `1.984MB`: four digits, powers of 1000."""
    at = 0
    while count >= 1000 and at < len(_UNITS) - 1:
        count /= 1000
        at += 1
    return f"{count:.4g}{_UNITS[at]}"
