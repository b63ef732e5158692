"""`seacan compose ls`: the projects that have containers."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.output.table import align
from seacan.cli.values import FILTERS, SWITCH, TEXT
from seacan.compose import names
from seacan.compose.containers import Found
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values

FLAGS = (
    Flag("all", "a", SWITCH, "Show projects none of whose containers runs, too"),
    Flag("filter", "", FILTERS, "Show only what meets name=…"),
    Flag("format", "", TEXT, "How to print it: table or json", shown='"table"'),
    Flag("quiet", "q", SWITCH, "Print names alone"),
)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    filters = values.mapping("filter")
    unknown = next((name for name in filters if name != "name"), None)
    if unknown:
        raise InvalidArgument(f"invalid filter '{unknown}'")
    listed = composition.client.containers.list(
        all_states=values.on("all"), filters={"label": [names.PROJECT, names.CONFIG_HASH]}
    )
    projects: dict[str, list[Found]] = {}
    for summary in listed:
        container = Found(summary)
        projects.setdefault(container.project, []).append(container)
    wanted = filters.get("name")
    rows = [
        [project, _states(containers), _files(containers)]
        for project, containers in sorted(projects.items())
        if not wanted or any(name in project for name in wanted)
    ]
    _print(values, rows)
    return 0


def _print(values: Values, rows: list[list[str]]) -> None:
    import json

    form = values.text("format").lower() or "table"
    if values.on("quiet"):
        print("".join(f"{row[0]}\n" for row in rows), end="")
    elif form == "json":
        keys = ("Name", "Status", "ConfigFiles")
        listed = [dict(zip(keys, row, strict=True)) for row in rows]
        print(json.dumps(listed, ensure_ascii=False, separators=(",", ":")))
    elif form == "table":
        print(align([("NAME", "STATUS", "CONFIG FILES"), *rows], least=20, gap=3), end="")
    else:
        raise InvalidArgument(
            f'format value "{values.text("format")}" could not be parsed: parsing failed'
        )


def _states(containers: list[Found]) -> str:
    states = [container.state for container in containers]
    return ", ".join(f"{state}({states.count(state)})" for state in sorted(set(states)))


def _files(containers: list[Found]) -> str:
    files = [container.labels.get(names.CONFIG_FILES, "N/A").split(",") for container in containers]
    return ",".join(dict.fromkeys(file for of_one in files for file in of_one))
