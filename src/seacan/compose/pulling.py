"""Images pulled from registries and pushed there, and what is told of it meanwhile."""

from __future__ import annotations

from seacan.client.client import messages
from seacan.compose.images import platform_of
from seacan.compose.model.order import for_all
from seacan.compose.worksite import Outcome
from seacan.errors import Internal, SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from seacan.compose.model.project import Project
    from seacan.compose.worksite import Worksite

_LAYER_DONE = (
    *("Already exists", "Download complete", "Pull complete"),
    *("Layer already exists", "Pushed"),
)


def pull_required(
    site: Worksite, project: Project, wanted: Mapping[str, tuple[str, Mapping[str, Any]]]
) -> None:
    """Pull images, each for a service, by name. Of one that can be built, failing is fine."""
    buildable = {one.get("image") for one in project.services.values() if "build" in one}

    def pull(item: tuple[str, tuple[str, Mapping[str, Any]]]) -> None:
        image, (name, service) = item
        try:
            platform = platform_of(project, service)
            pull_image(site, name, image, platform, can_fail=image in buildable)
        except SeacanError:
            if image not in buildable:
                raise

    for_all(wanted.items(), pull, at_once=site.at_once)


def pull_image(
    site: Worksite, what: str, image: str, platform: str, *, can_fail: bool = False
) -> None:
    """Pull `image` for `what`. Raises SeacanError with the registry's words.

    `can_fail`: the caller goes on then, and so no error is shown.
    """
    site.progress.show(what, "Pulling")
    try:
        headers = site.registry_headers(image)
        with site.client.images.pull(image, platform=platform or None, headers=headers) as reply:
            _follow(site, messages(reply.pieces()), prefix="")
    except SeacanError as err:
        if can_fail:
            site.progress.show(what, f"Warning {err}", Outcome.WARNING)
        else:
            site.progress.show(what, f"Error {err}", Outcome.ERROR)
        raise
    site.progress.show(what, "Pulled", Outcome.DONE)


def push_built(site: Worksite, project: Project, *, ignore_failures: bool) -> None:
    """Push the images of services that are built. Raises SeacanError, or warns of failures."""
    wanted: dict[str, None] = {}
    for name, service in sorted(project.services.items()):
        if "build" in service and "image" in service:
            wanted |= dict.fromkeys((service["image"], *service["build"].get("tags", ())))
        else:
            site.progress.show(name, "Skipped", Outcome.DONE)

    def push(image: str) -> None:
        try:
            _push_image(site, image)
        except SeacanError as err:
            if not ignore_failures:
                raise
            site.notices.warn(f"Pushing {image}: {err}")

    for_all(wanted, push, at_once=site.at_once)


def _push_image(site: Worksite, image: str) -> None:
    """Push `image` to the registry that it names. Raises SeacanError with the registry's words."""
    what = f"Image {image}"
    site.progress.show(what, "Pushing")
    try:
        headers = site.registry_headers(image)
        with site.client.images.push(image, headers=headers) as reply:
            _follow(site, messages(reply.pieces()), prefix=f"Pushing {image}: ")
    except SeacanError as err:
        site.progress.show(what, f"Error {err}", Outcome.ERROR)
        raise
    site.progress.show(what, "Pushed", Outcome.DONE)


def _follow(site: Worksite, told: Iterable[Mapping[str, Any]], *, prefix: str) -> None:
    """Show what is told of each layer. Raises Internal for what went wrong."""
    for message in told:
        if error := message.get("errorDetail"):
            raise Internal(str(error.get("message", error)))
        if message.get("id") and not site.quiet_pull:
            status = str(message.get("status", ""))
            outcome = Outcome.DONE if status in _LAYER_DONE else Outcome.WORKING
            site.progress.show(f"{prefix}{message['id']}", status, outcome)
