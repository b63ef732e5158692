"""`seacan compose volumes`: the volumes of a project, or those that some services mount."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.output.table import table
from seacan.cli.values import SWITCH, TEXT
from seacan.compose import names
from seacan.compose.actual import require_services
from seacan.compose.containers import containers_of
from seacan.errors import Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values

FLAGS = (
    Flag("format", "", TEXT, "How to print it: table or json", shown='"table"'),
    Flag("quiet", "q", SWITCH, "Print names alone"),
)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    composition.refuse_dry_run()
    project, name = composition.project_or_name(arguments)
    if project is not None:
        require_services(project, arguments)
    volumes = composition.client.volumes.list({"label": [f"{names.PROJECT}={name}"]})
    if arguments:
        mounted = {
            mount.get("Name")
            for container in containers_of(composition.client, name, services=arguments)
            for mount in container.summary.get("Mounts") or ()
        }
        volumes = [volume for volume in volumes if volume["Name"] in mounted]
    volumes.sort(key=lambda volume: volume["Name"])
    form = values.text("format") or "table"
    if values.on("quiet"):
        print("".join(f"{volume['Name']}\n" for volume in volumes), end="")
    elif form == "json":
        import json

        for volume in volumes:
            row = {"Driver": volume["Driver"], "Name": volume["Name"]}
            print(json.dumps(row, ensure_ascii=False, separators=(",", ":")))
    elif form == "table":
        rows = [[volume["Driver"], volume["Name"]] for volume in volumes]
        print(table(("DRIVER", "VOLUME NAME"), rows), end="")
    else:
        raise Unsupported(f"--format {form}: not supported for volumes")
    return 0
