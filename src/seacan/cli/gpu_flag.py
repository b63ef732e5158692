"""`--gpus`: all, a count, or `device=0,driver=nvidia,"capabilities=gpu,utility"`.

Source: docker/cli, opts/gpus.go.
"""

from __future__ import annotations

import csv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def read_gpus(text: str) -> dict[str, Any]:
    """Return a DeviceRequest. Raises ValueError."""
    request: dict[str, Any] = {"Driver": "", "Count": 0, "DeviceIDs": None, "Options": {}}
    capabilities = {"gpu"}
    seen: set[str] = set()
    for field in next(csv.reader([text]), []):
        key, equals, value = field.partition("=")
        if key in seen:
            raise ValueError(f"gpu request key '{key}' can be specified only once")
        seen.add(key)
        if not equals:
            key, value = "count", field
        if key == "driver":
            request["Driver"] = value
        elif key == "count":
            request["Count"] = _count(value)
        elif key == "device":
            request["DeviceIDs"] = value.split(",")
        elif key == "capabilities":
            capabilities |= set(value.split(","))
        elif key == "options":
            request["Options"] = dict(one.partition("=")[::2] for one in value.split(","))
        else:
            raise ValueError(f"unexpected key '{key}' in '{field}'")
    if not request["Count"] and request["DeviceIDs"] is None:
        request["Count"] = 1
    return {**request, "Capabilities": [sorted(capabilities)]}


def _count(text: str) -> int:
    if text == "all":
        return -1
    try:
        return int(text)
    except ValueError:
        raise ValueError(
            f'invalid count ({text}): value must be either "all" or an integer'
        ) from None
