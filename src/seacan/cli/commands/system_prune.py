"""`seacan system prune`: remove containers, networks, images and volumes that nobody needs."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.output.pruned import confirm, print_pruned, removed_lines
from seacan.cli.values import FILTERS, SWITCH
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("all", "a", SWITCH, "Remove all images that no container uses"),
    Flag("filter", "", FILTERS, "Only what meets NAME=VALUE, as in label=NAME"),
    Flag("force", "f", SWITCH, "Do not ask first"),
    Flag("volumes", "", SWITCH, "Remove volumes as well that nobody gave a name"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    filters = values.mapping("filter")
    every, volumes = values.on("all"), values.on("volumes")
    if volumes and filters.get("until"):
        raise InvalidArgument('ERROR: The "until" filter is not supported with "--volumes"')
    if not values.on("force") and not confirm("\n".join(_warning(every, volumes, filters))):
        return 0
    client = session.client
    # Containers first: what only they used can go after them.
    done = [client.containers.prune(filters), client.system.prune_networks(filters)]
    if volumes:
        done.append(client.system.prune_volumes(filters))
    done.append(client.images.prune(filters, dangling=not every))
    done.append(client.system.prune_build_cache(filters))
    lines = [line for one in done for line in removed_lines(one)]
    print_pruned(lines, sum(one.get("SpaceReclaimed") or 0 for one in done))
    return 0


def _warning(every: bool, volumes: bool, filters: dict[str, list[str]]) -> Iterator[str]:
    yield "WARNING! This will remove:"
    yield "  - all stopped containers"
    yield "  - all networks not used by at least one container"
    if volumes:
        yield "  - all anonymous volumes not used by at least one container"
    if every:
        yield "  - all images without at least one container associated to them"
    else:
        yield "  - all dangling images"
    yield "  - all build cache" if every else "  - unused build cache"
    if filters:
        yield "\n  Items to be pruned will be filtered with:"
        yield from (f"  - {name}={value}" for name in filters for value in filters[name])
    yield ""
