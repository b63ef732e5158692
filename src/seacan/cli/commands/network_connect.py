"""`seacan network connect`: one more network for a container, running or not."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.network_flag import endpoint_settings
from seacan.cli.values import INT, PAIRS, TEXT, TEXTS, comma_list

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("alias", "", comma_list(), "One more name for the container in this network"),
    Flag("driver-opt", "", PAIRS, "Option for the driver, NAME=VALUE"),
    Flag("gw-priority", "", INT, "Whose is highest has the default route"),
    Flag("ip", "", TEXT, "IPv4 address, as in 172.30.100.104"),
    Flag("ip6", "", TEXT, "IPv6 address, as in 2001:db8::33"),
    Flag("link", "", TEXTS, "Another container to know, NAME[:ALIAS]"),
    Flag("link-local-ip", "", comma_list(), "Link-local address for the container"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    network, container = arguments
    settings = endpoint_settings(
        {
            "alias": values.texts("alias"),
            "driver-opt": values.mapping("driver-opt"),
            "gw-priority": values.number("gw-priority"),
            "ip": values.text("ip"),
            "ip6": values.text("ip6"),
            "link-local-ip": values.texts("link-local-ip"),
        }
    )
    if links := values.texts("link"):
        settings["Links"] = links
    session.client.networks.connect(network, container, settings)  # type: ignore[arg-type]
    return 0
