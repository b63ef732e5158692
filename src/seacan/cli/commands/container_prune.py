"""`seacan container prune`: remove all containers that do not run."""

from __future__ import annotations

import sys

from seacan.cli.flags import Flag
from seacan.cli.output.units import decimal_size
from seacan.cli.values import FILTERS, SWITCH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("filter", "", FILTERS, "Only what meets NAME=VALUE, as in until=24h"),
    Flag("force", "f", SWITCH, "Do not ask first"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    if not values.on("force") and not _is_wanted():
        return 0
    done = session.client.containers.prune(values.mapping("filter"))
    if ids := done.get("ContainersDeleted"):
        print("Deleted Containers:", *ids, "", sep="\n")
    print(f"Total reclaimed space: {decimal_size(done.get('SpaceReclaimed') or 0)}")
    return 0


def _is_wanted() -> bool:
    print("WARNING! This will remove all stopped containers.")
    print("Are you sure you want to continue? [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() == "y"
