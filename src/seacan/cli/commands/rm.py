"""`seacan rm`: containers and what they have written."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.session import complain, for_each
from seacan.cli.values import SWITCH
from seacan.errors import InvalidArgument, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("force", "f", SWITCH, "Kill those that run first, and let missing ones pass"),
    Flag("link", "l", SWITCH, "Remove a link, not the container"),
    Flag("volumes", "v", SWITCH, "Remove their anonymous volumes too"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    force, link, volumes = values.on("force"), values.on("link"), values.on("volumes")
    containers = session.client.containers
    missing: set[str] = set()

    def remove(name: str) -> None:
        plain = name.strip("/")
        if not plain:
            raise InvalidArgument("container name cannot be empty")
        try:
            containers.remove(plain, force=force, volumes=volumes, link=link)
        except NotFound as err:
            if not force:
                raise
            missing.add(name)
            complain(str(err))

    return for_each(arguments, remove, silent=missing)
