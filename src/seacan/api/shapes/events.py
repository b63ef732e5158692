"""GET /events."""

from typing import Any

from seacan.api.versions import Version
from seacan.engine.events.log import Event


def is_known(event: Event, version: Version) -> bool:
    """Tell whether a client of `version` knows of such events."""
    return version >= (1, 46) or (event.kind, event.action) != ("image", "create")


def shape_event(event: Event) -> dict[str, Any]:
    """Return an event as Docker tells it, in all versions spoken here.

    `status`, `id` and `from` are from before there were other kinds; clients still read them.
    """
    shape: dict[str, Any] = {}
    if event.kind in ("container", "image"):
        shape["status"] = event.action
        if event.actor_id:
            shape["id"] = event.actor_id
    if event.kind == "container" and (image := event.attributes.get("image")):
        shape["from"] = image
    return shape | {
        "Type": event.kind,
        "Action": event.action,
        "Actor": {"ID": event.actor_id, "Attributes": dict(sorted(event.attributes.items()))},
        "scope": "local",
        "time": event.time_ns // 1_000_000_000,
        "timeNano": event.time_ns,
    }
