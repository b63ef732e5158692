"""The containers of a project as rows, with the fields that docker compose's formats have."""

from __future__ import annotations

import time

from seacan.cli.output import container_fields
from seacan.cli.output.rows import Listing, Row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from seacan.cli.output.templates.values import Record
    from seacan.compose.containers import Found

# Fields without a header are not among them.
CONTAINERS = Listing(
    "*formatter.ContainerContext",
    {
        "ID": "CONTAINER ID",
        "Name": "NAME",
        "Project": "PROJECT",
        "Service": "SERVICE",
        "Image": "IMAGE",
        "Command": "COMMAND",
        "CreatedAt": "CREATED AT",
        "RunningFor": "CREATED",
        "Ports": "PORTS",
        "State": "STATE",
        "Status": "STATUS",
        "Size": "SIZE",
        "Labels": "LABELS",
    },
    ("Name", "Image", "Command", "Service", "RunningFor", "Status", "Ports"),
    raw=container_fields.CONTAINERS.raw,
    has_labels=True,
)


def listed_row(container: Found, *, whole: bool) -> Row:
    """Return what the daemon's list says of a container; `whole`: nothing is cut to fit."""
    row = container_fields.container_fields(dict(container.summary), now=time.time(), whole=whole)
    row.pop("Platform")
    row.update(Name=container.name, Service=container.service, Project=container.project)
    return row


def whole_row(container: Found, state: Mapping[str, Any], *, whole: bool) -> Row:
    """Return all fields of a container, which is in `state` as it is inspected."""
    row = listed_row(container, whole=whole)
    row.update(
        ExitCode=state["ExitCode"] if container.state in ("exited", "dead") else 0,
        Health=(state.get("Health") or {}).get("Status", "") if state["Running"] else "",
        Publishers=[_publisher(port) for port in _ports(container)],
    )
    return row


def _ports(container: Found) -> list[dict[str, Any]]:
    return sorted(container.summary.get("Ports") or (), key=lambda port: port["PrivatePort"])


def _publisher(port: Mapping[str, Any]) -> Record:
    from seacan.cli.output.templates.values import Record

    fields = {
        "URL": port.get("IP", ""),
        "TargetPort": port["PrivatePort"],
        "PublishedPort": port.get("PublicPort", 0),
        "Protocol": port["Type"],
    }
    return Record("api.PortPublisher", fields, wire=fields)
