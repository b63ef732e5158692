"""`seacan compose unpause`: the processes of services go on."""

from __future__ import annotations

from seacan.compose.containers import containers_of
from seacan.compose.model.order import for_all
from seacan.compose.worksite import Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Flag, Values
    from seacan.compose.containers import Found

FLAGS: tuple[Flag, ...] = ()


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    site = composition.site("unpause")

    def unpause(container: Found) -> None:
        site.client.containers.unpause(container.id)
        site.progress.show(f"Container {container.name}", "Unpaused", Outcome.DONE)

    project = composition.project_with_resources(arguments)
    found = containers_of(site.client, project.name, services=arguments, all_states=False)
    paused = [container for container in found if container.state == "paused"]
    for_all(paused, unpause, at_once=site.at_once)
    return 0
