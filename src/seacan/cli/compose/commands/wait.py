"""`seacan compose wait`: until the containers of services have ended."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH
from seacan.compose.containers import containers_of
from seacan.compose.model.order import for_all
from seacan.compose.removal import Extent, take_down
from seacan.errors import NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values
    from seacan.compose.containers import Found

FLAGS = (Flag("down-project", "", SWITCH, "Take the project down afterwards"),)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    """Return the exit code of the container that ended last."""
    composition.refuse_dry_run()
    project = composition.project_with_resources()
    site = composition.site("wait")
    found = containers_of(
        site.client, project.name, services=arguments, all_states=False, one_off=None
    )
    if not found:
        raise NotFound(f'no containers for project "{project.name}"')
    codes: list[int] = []

    def wait(container: Found) -> None:
        code = site.client.containers.wait(container.id).result()
        print(f'container "{container.id}" exited with status code {code}', flush=True)
        codes.append(code)

    for_all(found, wait)
    if values.on("down-project"):
        take_down(site, project, Extent(orphans=True))
    return codes[-1]
