"""`deploy.update_config`: how the containers of a service are replaced that has changed.

And `rollback_config`: how they are put back, when one has failed that ought not to.

Source: the compose specification, deploy.md#update_config; what is not given is as it says there,
and one at a time.
"""

from __future__ import annotations

from seacan.compose.model.kinds import duration_ns
from seacan.errors import InvalidArgument
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from seacan.compose.model.project import Project

PAUSE, CONTINUE, ROLLBACK = "pause", "continue", "rollback"
STOP_FIRST, START_FIRST = "stop-first", "start-first"
_SHARING = ("network_mode", "ipc", "pid")


@record
class UpdateConfig:
    """`parallelism`: how many at a time, 0 for all. `monitor_s`: how long each has to stand.

    `max_failure_ratio`: of all that are to be replaced, how many may fail before
    `failure_action` is taken.
    """

    parallelism: int = 1
    delay_s: float = 0.0
    monitor_s: float = 0.0
    failure_action: str = PAUSE
    max_failure_ratio: float = 0.0
    order: str = STOP_FIRST


def update_config_of(
    name: str, service: Mapping[str, Any], key: str = "update_config"
) -> UpdateConfig | None:
    """Return what service `name` says, None if it is nothing. Raises InvalidArgument.

    `key`: rollback_config has the same form.
    """
    given = service.get("deploy", {}).get(key)
    if given is None:
        return None
    config = UpdateConfig(
        parallelism=int(given.get("parallelism", 1)),
        delay_s=_seconds(given.get("delay")),
        monitor_s=_seconds(given.get("monitor")),
        failure_action=given.get("failure_action") or PAUSE,
        max_failure_ratio=float(given.get("max_failure_ratio", 0)),
        order=given.get("order") or STOP_FIRST,
    )
    for field, allowed in (
        ("failure_action", (PAUSE, CONTINUE, ROLLBACK)),
        ("order", (STOP_FIRST, START_FIRST)),
    ):
        value = getattr(config, field)
        if value not in allowed:
            raise InvalidArgument(
                f'services.{name}.deploy.{key}.{field}: "{value}" is none of {", ".join(allowed)}'
            )
    return config


def _seconds(duration: str | None) -> float:
    return duration_ns(duration) / 1e9 if duration else 0.0


def why_all_at_once(project: Project, name: str) -> str:
    """Return why the containers of service `name` cannot be replaced by and by; "" if they can."""
    for other, service in sorted(project.services.items()):
        shared = [service.get(key, "") for key in _SHARING]
        sources = [text.partition(":")[0] for text in service.get("volumes_from", ())]
        if f"service:{name}" in shared or name in sources:
            return f"service {other} shares namespaces or volumes of its container"
    return ""


def why_stop_first(service: Mapping[str, Any]) -> str:
    """Return what keeps two containers of one number from running side by side; "" if nothing."""
    return next(_single(service), "")


def _single(service: Mapping[str, Any]) -> Iterator[str]:
    """Yield what one container alone can have at a time."""
    for port in service.get("ports", ()):
        published = port.get("published", "")
        if published not in ("", "0") and "-" not in published:
            yield f"port {published} of the host can lead to one container alone"
    if "mac_address" in service:
        yield f"{service['mac_address']} is the address of one container alone"
    for settings in (service.get("networks") or {}).values():
        for key in ("ipv4_address", "ipv6_address", "mac_address"):
            if key in (settings or {}):
                yield f"{settings[key]} is the address of one container alone"
