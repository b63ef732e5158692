"""`seacan builder prune`: what builds left for the next is forgotten."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.output.pruned import confirm, print_pruned, removed_lines
from seacan.cli.values import BYTES, FILTERS, SWITCH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("all", "a", SWITCH, "Forget also what images have"),
    Flag("filter", "", FILTERS, "Only what meets NAME=VALUE, as in until=24h"),
    Flag("force", "f", SWITCH, "Do not ask first"),
    Flag("keep-storage", "", BYTES, "Keep so much of it, as in 1g"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    every = values.on("all")
    what = "all" if every else "all dangling"
    if not values.on("force") and not confirm(f"WARNING! This will remove {what} build cache."):
        return 0
    done = session.client.builds.prune(
        all_records=every,
        kept_bytes=values.number("keep-storage"),
        filters=values.mapping("filter"),
    )
    print_pruned(removed_lines(done), done.get("SpaceReclaimed") or 0)
    return 0
