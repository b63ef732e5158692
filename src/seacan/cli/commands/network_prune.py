"""`seacan network prune`: remove all networks that no container runs in."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.output.pruned import confirm
from seacan.cli.values import FILTERS, SWITCH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("filter", "", FILTERS, "Only what meets NAME=VALUE, as in until=24h"),
    Flag("force", "f", SWITCH, "Do not ask first"),
)
_WARNING = "WARNING! This will remove all custom networks not used by at least one container."


def run(session: Session, values: Values, arguments: list[str]) -> int:
    if not values.on("force") and not confirm(_WARNING):
        return 0
    if names := session.client.networks.prune(values.mapping("filter")):
        print("Deleted Networks:", *names, "", sep="\n")
    return 0
