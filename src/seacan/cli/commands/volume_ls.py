"""`seacan volume ls`: a line for each volume."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.output.rows import print_format
from seacan.cli.output.template import require_json
from seacan.cli.values import FILTERS, SWITCH, TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("filter", "f", FILTERS, "Show only what meets NAME=VALUE, as in dangling=true"),
    Flag("format", "", TEXT, "How to print it: table or json"),
    Flag("quiet", "q", SWITCH, "Print names alone"),
)

_HEADERS = {"Driver": "DRIVER", "Name": "VOLUME NAME"}
# Of volumes in a swarm, or of `system df` alone.
_NEVER = dict.fromkeys(("Availability", "Group", "Links", "Size", "Status"), "N/A")


def run(session: Session, values: Values, arguments: list[str]) -> int:
    require_json(values.text("format"), "table")
    volumes = session.client.volumes.list(values.mapping("filter"))
    rows = [_fields(volume) for volume in sorted(volumes, key=lambda volume: volume["Name"])]
    if values.on("quiet"):
        print("".join(f"{row['Name']}\n" for row in rows), end="")
    else:
        print_format(rows, _HEADERS, values.text("format"))
    return 0


def _fields(volume: dict[str, Any]) -> dict[str, str]:
    """Return the fields of a volume, by the names that Docker's formats give them."""
    labels = sorted((volume["Labels"] or {}).items())
    return {
        **_NEVER,
        "Driver": volume["Driver"],
        "Labels": ",".join(f"{name}={value}" for name, value in labels),
        "Mountpoint": volume["Mountpoint"],
        "Name": volume["Name"],
        "Scope": volume["Scope"],
    }
