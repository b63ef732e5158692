"""`seacan container prune`: remove all containers that do not run."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.output.pruned import confirm, print_pruned, removed_lines
from seacan.cli.values import FILTERS, SWITCH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("filter", "", FILTERS, "Only what meets NAME=VALUE, as in until=24h"),
    Flag("force", "f", SWITCH, "Do not ask first"),
)

WARNING = "WARNING! This will remove all stopped containers."


def run(session: Session, values: Values, arguments: list[str]) -> int:
    if not values.on("force") and not confirm(WARNING):
        return 0
    done = session.client.containers.prune(values.mapping("filter"))
    print_pruned(removed_lines(done), done.get("SpaceReclaimed") or 0)
    return 0
