"""`seacan image prune`: remove images that nobody needs."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.output.pruned import confirm, print_pruned, removed_lines
from seacan.cli.values import FILTERS, SWITCH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("all", "a", SWITCH, "Remove all that no container uses, not only those without a name"),
    Flag("filter", "", FILTERS, "Only what meets NAME=VALUE, as in until=24h"),
    Flag("force", "f", SWITCH, "Do not ask first"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    every = values.on("all")
    warning = (
        "This will remove all images without at least one container associated to them."
        if every
        else "This will remove all dangling images."
    )
    if not values.on("force") and not confirm(f"WARNING! {warning}"):
        return 0
    done = session.client.images.prune(values.mapping("filter"), dangling=not every)
    print_pruned(removed_lines(done), done.get("SpaceReclaimed") or 0)
    return 0
