"""`seacan compose pull`: the images of services."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH, TEXT
from seacan.compose.images import must_pull, platform_of, present_images, pull_image
from seacan.compose.order import for_all
from seacan.compose.project import with_selected_services
from seacan.compose.worksite import Outcome
from seacan.errors import InvalidArgument, SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values
    from seacan.compose.project import Project
    from seacan.compose.worksite import Worksite

FLAGS = (
    Flag("ignore-buildable", "", SWITCH, "Leave out images that can be built"),
    Flag("ignore-pull-failures", "", SWITCH, "Go on if one cannot be pulled"),
    Flag("include-deps", "", SWITCH, "Pull images of services that they depend on, too"),
    Flag("policy", "", TEXT, "Which to pull: missing or always"),
    Flag("quiet", "q", SWITCH, "Pull without printing progress information"),
)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    policy = values.text("policy")
    if policy not in ("", "missing", "always"):
        raise InvalidArgument(f'invalid --policy option "{policy}"')
    project = composition.project(arguments)
    if not values.on("include-deps"):
        project = with_selected_services(project, arguments, dependencies=False)
    site = composition.site("pull", quiet=values.on("quiet"))
    wanted = _wanted(site, project, policy, values.on("ignore-buildable"))

    def pull(item: tuple[str, str]) -> None:
        image, name = item
        try:
            pull_image(site, name, image, platform_of(project, project.services[name]))
        except SeacanError as err:
            if "build" in project.services[name]:
                site.notices.warn(f"{image} must be built from source: {err}")
            elif not values.on("ignore-pull-failures"):
                raise

    for_all(wanted.items(), pull, at_once=site.at_once)
    return 0


def _wanted(
    site: Worksite, project: Project, policy: str, ignore_buildable: bool
) -> dict[str, str]:
    """Return the images to pull, each with a service that it is for."""
    named = {name: one for name, one in sorted(project.services.items()) if "image" in one}
    there = present_images(site, {one["image"] for one in named.values()})
    wanted: dict[str, str] = {}
    for name, service in sorted(project.services.items()):
        image = service.get("image", "")
        asked = {**service, "pull_policy": policy} if policy else service
        if not image:
            why = "Skipped - No image to be pulled"
        elif ignore_buildable and "build" in service:
            why = "Skipped - Image can be built"
        elif asked.get("pull_policy") in ("never", "build"):
            why = "Skipped"
        elif asked.get("pull_policy") == "missing" and not must_pull(asked, there.get(image)):
            why = "Skipped - Image is already present locally"
        elif image in wanted:
            why = f"Skipped - Image is already being pulled by {wanted[image]}"
        else:
            wanted[image] = name
            continue
        site.progress.show(name, why, Outcome.DONE)
    return wanted
