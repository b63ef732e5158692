"""`seacan network disconnect`: take a container out of a network."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (Flag("force", "f", SWITCH, "Also if the container is not known any more"),)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    network, container = arguments
    session.client.networks.disconnect(network, container, force=values.on("force"))
    return 0
