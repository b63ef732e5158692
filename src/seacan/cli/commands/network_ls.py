"""`seacan network ls`: a line for each network."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.output.rows import Listing, Row, chosen_format, print_rows
from seacan.cli.output.table import short_id
from seacan.cli.output.units import go_time
from seacan.cli.values import FILTERS, SWITCH, TEXT
from seacan.client.order import natural_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("filter", "f", FILTERS, "Show only what meets NAME=VALUE, as in driver=bridge"),
    Flag("format", "", TEXT, "table, json, or a Go template"),
    Flag("no-trunc", "", SWITCH, "Print whole ids"),
    Flag("quiet", "q", SWITCH, "Print ids alone"),
)

_NETWORKS = Listing(
    "*network.networkContext",
    {
        "ID": "NETWORK ID",
        "Name": "NAME",
        "Driver": "DRIVER",
        "Scope": "SCOPE",
        "IPv4": "IPV4",
        "IPv6": "IPV6",
        "Internal": "INTERNAL",
        "Labels": "LABELS",
        "CreatedAt": "CREATED AT",
    },
    ("ID", "Name", "Driver", "Scope"),
    raw="network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n",
    has_labels=True,
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    form, quiet = chosen_format(session, values, "networksFormat"), values.on("quiet")
    if form == "raw" and quiet:
        form = "network_id: {{.ID}}"
    networks = session.client.networks.list(values.mapping("filter"))
    rows = [_fields(network, whole=values.on("no-trunc")) for network in networks]
    rows.sort(key=lambda row: natural_key(row["Name"]))
    print_rows(_NETWORKS, rows, form, quiet="ID" if quiet else "")
    return 0


def _fields(network: dict[str, Any], *, whole: bool) -> Row:
    """Return the fields of a network, by the names that Docker's formats give them."""
    labels = network.get("Labels") or {}
    row = Row(
        {
            "CreatedAt": go_time(network["Created"]),
            "Driver": network["Driver"],
            "ID": network["Id"] if whole else short_id(network["Id"]),
            "IPv4": _word(network.get("EnableIPv4", True)),
            "IPv6": _word(network["EnableIPv6"]),
            "Internal": _word(network["Internal"]),
            "Labels": ",".join(sorted(f"{name}={value}" for name, value in labels.items())),
            "Name": network["Name"],
            "Scope": network["Scope"],
        }
    )
    row.labels = labels
    return row


def _word(value: bool) -> str:
    return "true" if value else "false"
