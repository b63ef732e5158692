"""`seacan volume prune`: remove the volumes that no container has."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.output.pruned import confirm, print_pruned, removed_lines
from seacan.cli.values import FILTERS, SWITCH
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("all", "a", SWITCH, "Remove those with a name as well"),
    Flag("filter", "", FILTERS, "Only what meets NAME=VALUE, as in label=NAME"),
    Flag("force", "f", SWITCH, "Do not ask first"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    filters = values.mapping("filter")
    if values.on("all"):
        if "all" in filters:
            raise InvalidArgument(
                "conflicting options: cannot specify both --all and --filter all=1"
            )
        filters["all"] = ["true"]
    kind = "all" if values.on("all") else "anonymous"
    warning = f"WARNING! This will remove {kind} local volumes not used by at least one container."
    if not values.on("force") and not confirm(warning):
        return 0
    done = session.client.volumes.prune(filters)
    print_pruned(removed_lines(done), done.get("SpaceReclaimed") or 0)
    return 0
