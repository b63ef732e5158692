"""`seacan compose down`: containers and networks of a project removed."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.values import INT, SWITCH, TEXT
from seacan.compose.removal import Extent, take_down
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values

FLAGS = (
    Flag("remove-orphans", "", SWITCH, "Remove containers for services not in the compose file"),
    Flag("rmi", "", TEXT, "Remove images of services: all, or local: those without own names"),
    Flag("timeout", "t", INT, "Seconds until a container that does not stop is killed"),
    Flag("volumes", "v", SWITCH, "Remove volumes of the compose file, and anonymous ones"),
)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    if values.text("rmi") not in ("", "all", "local"):
        raise InvalidArgument(f'invalid value for --rmi: "{values.text("rmi")}"')
    project = composition.project_with_resources(arguments)
    orphans = values.on("remove-orphans")
    extent = Extent(
        services=tuple(arguments),
        volumes=values.on("volumes"),
        images=values.text("rmi"),
        orphans=orphans or composition.environment_is_on("COMPOSE_REMOVE_ORPHANS"),
        timeout_s=values.number("timeout") if values.is_given("timeout") else None,
    )
    take_down(composition.site("down"), project, extent)
    return 0
