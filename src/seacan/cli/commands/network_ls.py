"""`seacan network ls`: a line for each network."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.output.rows import print_rows
from seacan.cli.output.table import short_id
from seacan.cli.output.template import require_json
from seacan.cli.values import FILTERS, SWITCH, TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("filter", "f", FILTERS, "Show only what meets NAME=VALUE, as in driver=bridge"),
    Flag("format", "", TEXT, "How to print it: table or json"),
    Flag("no-trunc", "", SWITCH, "Print whole ids"),
    Flag("quiet", "q", SWITCH, "Print ids alone"),
)
HEADERS = {"ID": "NETWORK ID", "Name": "NAME", "Driver": "DRIVER", "Scope": "SCOPE"}


def run(session: Session, values: Values, arguments: list[str]) -> int:
    require_json(values.text("format"), "table")
    networks = session.client.networks.list(values.mapping("filter"))
    rows = [fields(network, whole=values.on("no-trunc")) for network in networks]
    print_rows(sorted(rows, key=lambda row: str(row["Name"])), HEADERS, values)
    return 0


def fields(network: dict[str, Any], *, whole: bool) -> dict[str, str]:
    """Return the fields of a network, by the names that Docker's formats give them."""
    labels = network.get("Labels") or {}
    return {
        "CreatedAt": network["Created"],
        "Driver": network["Driver"],
        "ID": network["Id"] if whole else short_id(network["Id"]),
        "IPv4": _word(network.get("EnableIPv4", True)),
        "IPv6": _word(network["EnableIPv6"]),
        "Internal": _word(network["Internal"]),
        "Labels": ",".join(f"{name}={value}" for name, value in sorted(labels.items())),
        "Name": network["Name"],
        "Scope": network["Scope"],
    }


def _word(value: bool) -> str:
    return "true" if value else "false"
