"""`seacan compose push`: the images of services that are built, to their registries."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH
from seacan.client.client import messages
from seacan.compose.order import for_all
from seacan.compose.project import with_selected_services
from seacan.compose.worksite import Outcome
from seacan.errors import Internal, SeacanError

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
    wanted: dict[str, str] = {}
    for name, service in sorted(project.services.items()):
        if "build" in service and "image" in service:
            for image in (service["image"], *service["build"].get("tags", ())):
                wanted.setdefault(image, name)
        else:
            site.progress.show(name, "Skipped", Outcome.DONE)

    def push(item: tuple[str, str]) -> None:
        image, name = item
        site.progress.show(f"{name} {image}", "Pushing")
        try:
            _push(composition, image)
        except SeacanError as err:
            site.progress.show(f"{name} {image}", f"Error {err}", Outcome.ERROR)
            if not values.on("ignore-push-failures"):
                raise
        else:
            site.progress.show(f"{name} {image}", "Pushed", Outcome.DONE)

    for_all(wanted.items(), push, at_once=site.at_once)
    return 0


def _push(composition: Composition, image: str) -> None:
    headers = composition.session.registry_headers(image)
    with composition.client.images.push(image, headers=headers) as reply:
        for message in messages(reply.pieces()):
            if error := message.get("errorDetail"):
                raise Internal(str(error.get("message", error)))
