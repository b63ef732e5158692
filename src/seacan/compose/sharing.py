"""What services share with one another: names of services become ids of their containers."""

from __future__ import annotations

from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def resolved(service: dict[str, Any], ids: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return `service` with ids of containers for the services that it shares something with.

    Raises InvalidArgument if one has no container.
    """
    found = dict(service)
    for key, what in (
        ("network_mode", "network namespace"),
        ("ipc", "IPC namespace"),
        ("pid", "PID namespace"),
    ):
        value = service.get(key, "")
        if value.startswith("service:"):
            found[key] = f"container:{_first(ids, value.removeprefix('service:'), what)}"
    if "volumes_from" in service:
        found["volumes_from"] = [_volume_source(ids, text) for text in service["volumes_from"]]
    return found


def _volume_source(ids: Mapping[str, list[str]], text: str) -> str:
    kind, _, rest = text.partition(":")
    if kind == "container":
        return rest
    mode = f":{rest}" if rest else ""
    return _first(ids, kind, "volume") + mode


def _first(ids: Mapping[str, list[str]], name: str, what: str) -> str:
    if not ids.get(name):
        raise InvalidArgument(f"cannot share {what} with service {name}: container missing")
    return ids[name][0]
