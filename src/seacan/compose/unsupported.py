"""Keys that one engine cannot honour: refused, or told of, by name."""

from __future__ import annotations

import os

from seacan.compose.mounts import references
from seacan.errors import Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from seacan.compose.model.notices import Notices
    from seacan.compose.model.project import Project

_REFUSED = (
    "provider",
    "models",
    "use_api_socket",
    "credential_spec",
    "net",
    "log_driver",
    "log_opt",
)
_OF_A_ROLLBACK = ("failure_action", "monitor", "max_failure_ratio")
_FOR_A_SWARM = ("endpoint_mode", "placement")


def check_supported(project: Project, notices: Notices) -> None:
    """Raise Unsupported for a key without which a service would be another; warn of the others."""
    for name, service in sorted(project.services.items()):
        for key in _REFUSED:
            if key in service:
                raise Unsupported(f"services.{name}.{key}: not supported")
        for key in _ignored(service):
            notices.warn(f"services.{name}.{key}: means nothing to a single engine, and is ignored")
        for key in _OF_A_ROLLBACK:
            if service.get("deploy", {}).get("rollback_config", {}).get(key):
                notices.warn(
                    f"services.{name}.deploy.rollback_config.{key}: ignored, since what is put "
                    "back is not looked at"
                )
        for text in _files(project, service):
            notices.warn(f"services.{name}.{text}")


def _ignored(service: Mapping[str, Any]) -> list[str]:
    deploy = service.get("deploy", {})
    found = [f"deploy.{key}" for key in _FOR_A_SWARM if deploy.get(key)]
    if deploy.get("mode", "replicated") != "replicated":
        found.append("deploy.mode")
    if deploy.get("labels"):
        found.append("deploy.labels")
    policy = deploy.get("restart_policy", {})
    found += [f"deploy.restart_policy.{key}" for key in ("delay", "window") if key in policy]
    reserved = deploy.get("resources", {}).get("reservations", {})
    found += [
        f"deploy.resources.reservations.{key}"
        for key in ("cpus", "pids", "generic_resources")
        if key in reserved
    ]
    return found


def _files(project: Project, service: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is to be said of secrets and configs that are files."""
    for kind, entry, defined in references(project, service):
        if "file" not in defined:
            continue
        if any(key in entry for key in ("uid", "gid", "mode")):
            yield f"{kind}s.{entry['source']}: uid, gid and mode of a file are its own"
        if not os.path.exists(defined["file"]):
            yield f"{kind}s.{entry['source']}: {defined['file']} does not exist"
