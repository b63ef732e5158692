"""`seacan compose stop`: containers stopped, those first on which none depends."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.values import INT
from seacan.compose.containers import containers_of
from seacan.compose.stopping import stop_in_order

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values

FLAGS = (Flag("timeout", "t", INT, "Seconds until a container that does not stop is killed"),)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    project = composition.project_with_resources(arguments)
    stop_in_order(
        composition.site("stop"),
        project,
        containers_of(composition.client, project.name, services=arguments),
        services=arguments,
        timeout_s=values.number("timeout") if values.is_given("timeout") else None,
    )
    return 0
