"""`seacan compose pull`: the images of services."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH, TEXT
from seacan.client.images import split_reference
from seacan.compose.images import platform_of, present_images
from seacan.compose.model.order import for_all
from seacan.compose.model.project import with_selected_services
from seacan.compose.pulling import pull_image
from seacan.compose.worksite import Outcome
from seacan.errors import InvalidArgument, SeacanError
from seacan.records import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values
    from seacan.compose.model.project import Project
    from seacan.compose.worksite import Worksite

FLAGS = (
    Flag("ignore-buildable", "", SWITCH, "Leave out images that can be built"),
    Flag("ignore-pull-failures", "", SWITCH, "Go on if one cannot be pulled"),
    Flag("include-deps", "", SWITCH, "Pull images of services that they depend on, too"),
    Flag("policy", "", TEXT, "Which to pull: missing or always"),
    Flag("quiet", "q", SWITCH, "Pull without printing progress information"),
    Flag("parallel", "", SWITCH, "", deprecated="it has no effect"),
    Flag("no-parallel", "", SWITCH, "", deprecated="it has no effect"),
)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    policy = values.text("policy")
    if policy not in ("", "missing", "always"):
        raise InvalidArgument(f'invalid --policy option "{policy}"')
    project = composition.project(arguments)
    if not values.on("include-deps"):
        project = with_selected_services(project, arguments, dependencies=False)
    if policy:
        asked = {name: {**one, "pull_policy": policy} for name, one in project.services.items()}
        project = replace(project, services=asked)
    site = composition.site("pull", quiet=values.on("quiet"))
    wanted = _wanted(site, project, values.on("ignore-buildable"))
    failed: dict[str, SeacanError] = {}

    def pull(item: tuple[str, str]) -> None:
        image, name = item
        service = project.services[name]
        try:
            platform = platform_of(project, service)
            pull_image(site, name, image, platform, can_fail="build" in service)
        except SeacanError as err:
            failed[name] = err
            if "build" not in service and not values.on("ignore-pull-failures"):
                raise

    try:
        for_all(wanted.items(), pull, at_once=site.at_once)
    finally:
        _tell_to_build(site, project, failed)
    if failed and not values.on("ignore-pull-failures"):
        raise next(iter(failed.values()))
    return 0


def _tell_to_build(site: Worksite, project: Project, failed: Iterable[str]) -> None:
    names = sorted(name for name in failed if "build" in project.services[name])
    if names:
        site.notices.warn(
            "Some service image(s) must be built from source by running:\n"
            f"    seacan compose build {' '.join(names)}"
        )


def _wanted(site: Worksite, project: Project, ignore_buildable: bool) -> dict[str, str]:
    """Return the images to pull, each with a service that it is for."""
    named = {name: one for name, one in sorted(project.services.items()) if "image" in one}
    there = present_images(site, {one["image"] for one in named.values()})
    wanted: dict[str, str] = {}
    for name, service in sorted(project.services.items()):
        image, policy = service.get("image", ""), service.get("pull_policy", "")
        if not image:
            why = "Skipped - No image to be pulled"
        elif policy in ("never", "build"):
            why = "Skipped"
        elif policy in ("missing", "if_not_present") and image in there and not _is_latest(image):
            why = "Skipped - Image is already present locally"
        elif ignore_buildable and "build" in service:
            why = "Skipped - Image can be built"
        elif image in wanted:
            why = f"Skipped - Image is already being pulled by {wanted[image]}"
        else:
            wanted[image] = name
            continue
        site.progress.show(name, why, Outcome.DONE)
    return wanted


def _is_latest(image: str) -> bool:
    """Whether `image` is called so, and so is never the same for long."""
    _, tag = split_reference(image)
    return tag in ("", "latest")
