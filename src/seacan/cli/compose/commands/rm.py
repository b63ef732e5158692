"""`seacan compose rm`: containers removed that do not run."""

from __future__ import annotations

import sys

from seacan.cli.flags import Flag
from seacan.cli.session import complain
from seacan.cli.values import SWITCH
from seacan.compose.containers import containers_of
from seacan.compose.model.order import for_all
from seacan.compose.stopping import remove_stopped, stop_in_order

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values

FLAGS = (
    Flag("force", "f", SWITCH, "Don't ask"),
    Flag("stop", "s", SWITCH, "Stop containers first that run"),
    Flag("volumes", "v", SWITCH, "Remove anonymous volumes of containers, too"),
    Flag("all", "a", SWITCH, "", deprecated="it has no effect"),
)
_STOPPED = ("created", "exited", "dead")


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    project = composition.project_with_resources(arguments)
    site = composition.site("rm")
    if values.on("stop"):
        found = containers_of(site.client, project.name, services=arguments)
        stop_in_order(site, project, found, services=arguments)
    stopped = [
        container
        for container in containers_of(site.client, project.name, services=arguments)
        if container.state in _STOPPED and container.service in project.services
    ]
    if not stopped:
        complain("No stopped containers")
        return 0
    question = f"Going to remove {', '.join(container.name for container in stopped)}"
    if values.on("force"):
        print(question, flush=True)
    elif not _agrees(question):
        return 0
    for_all(
        stopped,
        lambda container: remove_stopped(site, container, volumes=values.on("volumes")),
        at_once=site.at_once,
    )
    return 0


def _agrees(question: str) -> bool:
    print(f"? {question} Are you sure? [yN] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
