"""`seacan volume ls`: a line for each volume."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.output.rows import chosen_format, print_rows
from seacan.cli.output.volume_fields import VOLUMES, volume_fields
from seacan.cli.values import FILTERS, SWITCH, TEXT
from seacan.client.order import natural_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("filter", "f", FILTERS, "Show only what meets NAME=VALUE, as in dangling=true"),
    Flag("format", "", TEXT, "table, json, or a Go template"),
    Flag("quiet", "q", SWITCH, "Print names alone"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    form, quiet = chosen_format(session, values, "volumesFormat"), values.on("quiet")
    if form == "raw" and quiet:
        form = "name: {{.Name}}"
    volumes = session.client.volumes.list(values.mapping("filter"))
    rows = [
        volume_fields(volume)
        for volume in sorted(volumes, key=lambda one: natural_key(one["Name"]))
    ]
    print_rows(VOLUMES, rows, form, quiet="Name" if quiet else "")
    return 0
