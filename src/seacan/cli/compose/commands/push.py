"""`seacan compose push`: the images of services that are built, to their registries."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH
from seacan.compose.images import push_image
from seacan.compose.order import for_all
from seacan.compose.project import with_selected_services
from seacan.compose.worksite import Outcome
from seacan.errors import SeacanError

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
    wanted: dict[str, None] = {}
    for name, service in sorted(project.services.items()):
        if "build" in service and "image" in service:
            wanted |= dict.fromkeys((service["image"], *service["build"].get("tags", ())))
        else:
            site.progress.show(name, "Skipped", Outcome.DONE)

    def push(image: str) -> None:
        try:
            push_image(site, image)
        except SeacanError as err:
            if not values.on("ignore-push-failures"):
                raise
            site.notices.warn(f"Pushing {image}: {err}")

    for_all(wanted, push, at_once=site.at_once)
    return 0
