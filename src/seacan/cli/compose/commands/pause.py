"""`seacan compose pause`: the processes of services frozen."""

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
    site = composition.site("pause")

    def pause(container: Found) -> None:
        site.client.containers.pause(container.id)
        site.progress.show(f"Container {container.name}", "Paused", Outcome.DONE)

    project = composition.project_with_resources(arguments)
    found = containers_of(site.client, project.name, services=arguments, all_states=False)
    for_all(found, pause, at_once=site.at_once)
    return 0
