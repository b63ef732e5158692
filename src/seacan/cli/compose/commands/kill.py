"""`seacan compose kill`: a signal to the containers of services that run."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH, one
from seacan.compose.containers import containers_of, is_orphan
from seacan.compose.model.order import for_all
from seacan.compose.worksite import Outcome
from seacan.errors import Conflict, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values
    from seacan.compose.containers import Found

FLAGS = (
    Flag("remove-orphans", "", SWITCH, "Remove containers for services not in the compose file"),
    Flag("signal", "s", one("string", "SIGKILL", str), "Signal to send", shown='"SIGKILL"'),
)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    from seacan.compose.stopping import remove_containers

    project = composition.project_with_resources(arguments)
    site = composition.site("kill")
    found = containers_of(composition.client, project.name, services=arguments, all_states=False)
    known = {*project.services, *project.disabled}

    def kill(container: Found) -> None:
        what = f"Container {container.name}"
        site.progress.show(what, "Killing")
        try:
            site.client.containers.kill(container.id, values.text("signal"))
        except (NotFound, Conflict) as err:
            site.progress.show(what, f"Error {err}", Outcome.ERROR)
            raise
        site.progress.show(what, "Killed", Outcome.DONE)

    chosen = [container for container in found if not is_orphan(container, known)]
    for_all(chosen, kill, at_once=site.at_once)
    if values.on("remove-orphans"):
        all_of_them = containers_of(composition.client, project.name, one_off=None)
        orphans = [container for container in all_of_them if is_orphan(container, known)]
        remove_containers(site, project, orphans, timeout_s=None, volumes=False)
    return 0
