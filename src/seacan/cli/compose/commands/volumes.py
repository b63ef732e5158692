"""`seacan compose volumes`: the volumes of a project, or those that some services mount."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.output.rows import print_rows
from seacan.cli.output.volume_fields import VOLUMES, volume_fields
from seacan.cli.values import SWITCH, TEXT
from seacan.compose import names
from seacan.compose.actual import require_services
from seacan.compose.containers import containers_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values

FLAGS = (
    Flag("format", "", TEXT, "table, json, or a Go template"),
    Flag("quiet", "q", SWITCH, "Print names alone"),
)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
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
    rows = [volume_fields(volume) for volume in sorted(volumes, key=lambda one: one["Name"])]
    if values.on("quiet"):
        print("".join(f"{row['Name']}\n" for row in rows), end="")
    else:
        print_rows(VOLUMES, rows, values.text("format"), fits=False)
    return 0
