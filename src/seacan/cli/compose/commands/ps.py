"""`seacan compose ps`: a line for each container of a project."""

from __future__ import annotations

from seacan.cli.compose.container_rows import CONTAINERS, listed_row, whole_row
from seacan.cli.flags import Flag
from seacan.cli.output.rows import chosen_format, print_rows
from seacan.cli.values import SWITCH, SWITCH_ON, TEXT, many
from seacan.compose.actual import require_services
from seacan.compose.containers import containers_of
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values
    from seacan.cli.output.rows import Row
    from seacan.compose.containers import Found

FLAGS = (
    Flag("all", "a", SWITCH, "Show stopped containers, too, and those of run"),
    Flag("filter", "", TEXT, "Show only what meets status=…"),
    Flag("format", "", TEXT, "table, json, or a Go template"),
    Flag("no-trunc", "", SWITCH, "Print whole commands"),
    Flag("orphans", "", SWITCH_ON, "Show services not in the compose file, too", shown="true"),
    Flag("quiet", "q", SWITCH, "Print ids alone"),
    Flag("services", "", SWITCH, "Print services alone"),
    Flag("status", "", many(str, "stringArray"), "Show only containers in this state"),
)


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
    if values.on("quiet"):
        print("".join(f"{container.id}\n" for container in containers), end="")
    elif values.on("services"):
        print("\n".join(dict.fromkeys(container.service for container in containers)))
    else:
        form = chosen_format(composition.session, values, "psFormat")
        rows = _rows(composition, containers, form, whole=values.on("no-trunc"))
        print_rows(CONTAINERS, rows, form, fits=False)


def _rows(
    composition: Composition, containers: list[Found], form: str, *, whole: bool
) -> Iterator[Row]:
    """Yield a row for each; what the daemon's list does not say, it is asked for if need be."""
    for container in containers:
        if form in ("", "table"):
            yield listed_row(container, whole=whole)
        else:
            state = composition.client.containers.inspect(container.id)["State"]
            yield whole_row(container, state, whole=whole)
