"""`seacan compose push`: the images of services that are built, to their registries."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH
from seacan.compose.model.project import with_selected_services
from seacan.compose.pulling import push_built

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values

FLAGS = (
    Flag("ignore-push-failures", "", SWITCH, "Go on if one cannot be pushed"),
    Flag("include-deps", "", SWITCH, "Push images of services that they depend on, too"),
    Flag("quiet", "q", SWITCH, "Push without printing progress information"),
)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    project = composition.project(arguments)
    if not values.on("include-deps"):
        project = with_selected_services(project, arguments, dependencies=False)
    site = composition.site("push", quiet=values.on("quiet"))
    push_built(site, project, ignore_failures=values.on("ignore-push-failures"))
    return 0
