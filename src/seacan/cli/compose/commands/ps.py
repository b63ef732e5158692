"""`seacan compose ps`: a line for each container of a project."""

from __future__ import annotations

import time

from seacan.cli.flags import Flag
from seacan.cli.output.container_fields import container_fields
from seacan.cli.values import SWITCH, SWITCH_ON, TEXT, many
from seacan.compose.actual import require_services
from seacan.compose.containers import containers_of
from seacan.errors import InvalidArgument, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values
    from seacan.compose.containers import Found

FLAGS = (
    Flag("all", "a", SWITCH, "Show stopped containers, too, and those of run"),
    Flag("filter", "", TEXT, "Show only what meets status=…"),
    Flag("format", "", TEXT, "How to print it: table or json", shown='"table"'),
    Flag("no-trunc", "", SWITCH, "Print whole commands"),
    Flag("orphans", "", SWITCH_ON, "Show services not in the compose file, too", shown="true"),
    Flag("quiet", "q", SWITCH, "Print ids alone"),
    Flag("services", "", SWITCH, "Print services alone"),
    Flag("status", "", many(str, "stringArray"), "Show only containers in this state"),
)
_HEADERS = {
    "Names": "NAME",
    "Image": "IMAGE",
    "Command": "COMMAND",
    "Service": "SERVICE",
    "RunningFor": "CREATED",
    "Status": "STATUS",
    "Ports": "PORTS",
}


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    states = set(values.texts("status")) | _filtered_states(values.text("filter"))
    all_states = values.on("all") or bool(states)
    project, name = composition.project_or_name(arguments)
    services = arguments
    if project is not None:
        require_services(project, arguments)
        if not arguments and not values.on("orphans"):
            services = sorted(project.services)
    containers = [
        container
        for container in containers_of(
            composition.client,
            name,
            services=services,
            all_states=all_states,
            one_off=None if values.on("all") else False,
        )
        if not states or container.state in states
    ]
    _print(composition, values, sorted(containers, key=lambda one: one.name))
    return 0


def _filtered_states(text: str) -> set[str]:
    name, equals, value = text.partition("=")
    if not text:
        return set()
    if not equals:
        raise InvalidArgument("arguments to --filter should be in form KEY=VAL")
    if name != "status":
        raise InvalidArgument(f"unknown filter {name}")
    return {value}


def _print(composition: Composition, values: Values, containers: list[Found]) -> None:
    from seacan.cli.output.table import table

    if values.on("quiet"):
        print("".join(f"{container.id}\n" for container in containers), end="")
    elif values.on("services"):
        print("\n".join(dict.fromkeys(container.service for container in containers)))
    elif values.text("format") == "json":
        _print_json(composition, containers, whole=values.on("no-trunc"))
    elif values.text("format") in ("", "table"):
        rows = [_row(container, whole=values.on("no-trunc")) for container in containers]
        cells = [[row[field] or "" for field in _HEADERS] for row in rows]
        print(table(list(_HEADERS.values()), cells), end="")
    else:
        raise Unsupported(f"--format {values.text('format')}: not supported yet")


def _row(container: Found, *, whole: bool) -> dict[str, str | None]:
    fields = container_fields(dict(container.summary), now=time.time(), whole=whole)
    return {**fields, "Names": container.name, "Service": container.service}


def _print_json(composition: Composition, containers: list[Found], *, whole: bool) -> None:
    import json

    for container in containers:
        state = composition.client.containers.inspect(container.id)["State"]
        row: dict[str, Any] = _row(container, whole=whole)
        row.pop("Platform", None)
        row |= {
            "Name": container.name,
            "Names": container.name,
            "Project": container.project,
            "ExitCode": state["ExitCode"] if container.state in ("exited", "dead") else 0,
            "Health": (state.get("Health") or {}).get("Status", "") if state["Running"] else "",
            "Publishers": [
                {
                    "URL": port.get("IP", ""),
                    "TargetPort": port["PrivatePort"],
                    "PublishedPort": port.get("PublicPort", 0),
                    "Protocol": port["Type"],
                }
                for port in sorted(
                    container.summary.get("Ports") or (), key=lambda port: port["PrivatePort"]
                )
            ],
        }
        print(json.dumps(dict(sorted(row.items())), ensure_ascii=False, separators=(",", ":")))
