"""`seacan compose restart`: containers of services, and those that are to restart with them."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.values import INT, SWITCH
from seacan.compose.restarting import restart

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values

FLAGS = (
    Flag("no-deps", "", SWITCH, "Don't restart services that depend on them"),
    Flag("timeout", "t", INT, "Seconds until a container that does not stop is killed"),
)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    composition.project_with_resources(arguments)  # refuses what is no service
    restart(
        composition.site("restart"),
        composition.project_with_resources(),
        services=arguments,
        dependents=not values.on("no-deps"),
        timeout_s=values.number("timeout") if values.is_given("timeout") else None,
    )
    return 0
