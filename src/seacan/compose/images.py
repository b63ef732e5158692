"""The images of a project: found, pulled as its policies say."""

from __future__ import annotations

import time

from seacan.client.client import messages
from seacan.compose.kinds import duration_ns
from seacan.compose.names import image_of
from seacan.compose.order import for_all
from seacan.compose.worksite import Outcome
from seacan.errors import Internal, InvalidArgument, NotFound, SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from seacan.compose.project import Project
    from seacan.compose.worksite import Worksite

_DAYS = {"daily": "1d", "weekly": "7d"}
_LAYER_DONE = ("Already exists", "Download complete", "Pull complete")
POLICIES = ("always", "never", "build", "missing", "if_not_present")


def present_images(site: Worksite, names: set[str]) -> dict[str, dict[str, Any]]:
    """Return what the daemon knows of each of `names` that it has."""
    found: dict[str, dict[str, Any]] = {}

    def look(name: str) -> None:
        try:
            found[name] = site.client.images.inspect(name)
        except NotFound:
            return

    for_all(sorted(names), look, at_once=site.at_once)
    return found


def ensure_images(site: Worksite, project: Project) -> dict[str, str]:
    """Pull what is missing; return the id of each service's image. Raises SeacanError."""
    names = {name: image_of(project.name, name, one) for name, one in project.services.items()}
    mounted = {
        mount["source"]: None
        for one in project.services.values()
        for mount in one.get("volumes", ())
        if mount.get("type") == "image" and mount.get("source")
    }
    there = present_images(site, {*names.values(), *mounted})
    built = [
        name
        for name, service in sorted(project.services.items())
        if "build" in service
        and (service.get("pull_policy") == "build" or names[name] not in there)
    ]
    for name in in_build_order(project, built):
        site.build(project, name)
    there |= present_images(site, {names[name] for name in built})
    wanted: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for name, service in project.services.items():
        if must_pull(service, there.get(names[name])):
            wanted.setdefault(names[name], (name, service))
    for image in mounted:
        if image not in there:
            wanted.setdefault(image, (image, {}))
    for_all(
        wanted.items(),
        lambda item: pull_image(site, item[1][0], item[0], platform_of(project, item[1][1])),
        at_once=site.at_once,
    )
    there |= present_images(site, set(wanted))
    return {name: there[image]["Id"] for name, image in names.items() if image in there}


def platform_of(project: Project, service: Mapping[str, Any]) -> str:
    return str(service.get("platform") or project.environment.get("DOCKER_DEFAULT_PLATFORM", ""))


def in_build_order(project: Project, names: list[str]) -> list[str]:
    """Return `names`, each after those whose images it has as a context (`service:NAME`)."""
    ordered: list[str] = []

    def add(name: str) -> None:
        for source in project.services[name]["build"].get("additional_contexts", {}).values():
            other = source.removeprefix("service:")
            if other != source and other in names and other != name:
                add(other)
        if name not in ordered:
            ordered.append(name)

    for name in names:
        add(name)
    return ordered


def must_pull(service: Mapping[str, Any], image: Mapping[str, Any] | None) -> bool:
    """Whether the image of `service` is to be pulled; `image` is the one that is there."""
    policy = service.get("pull_policy", "")
    if "provider" in service or "image" not in service or policy in ("never", "build"):
        return False
    if policy == "always" or image is None:
        return "build" not in service or policy == "always"
    period = _DAYS.get(policy, policy.removeprefix("every_") if "every_" in policy else "")
    return bool(period) and _age_ns(image) > _period_ns(policy, period)


def _period_ns(policy: str, period: str) -> int:
    try:
        return duration_ns(period)
    except ValueError as err:
        raise InvalidArgument(f"pull_policy {policy}: {err}") from None


def _age_ns(image: Mapping[str, Any]) -> int:
    """Return how long ago the image got its name here, a year at most."""
    from datetime import UTC, datetime

    text = str((image.get("Metadata") or {}).get("LastTagTime") or "")
    try:
        moment = datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)
    except ValueError:
        moment = datetime.fromtimestamp(0, UTC)
    return int((time.time() - moment.timestamp()) * 1e9)


def pull_image(site: Worksite, what: str, image: str, platform: str) -> None:
    """Pull `image` for `what`. Raises SeacanError with the registry's words."""
    site.progress.show(what, "Pulling")
    try:
        headers = site.registry_headers(image)
        with site.client.images.pull(image, platform=platform or None, headers=headers) as reply:
            for message in messages(reply.pieces()):
                if error := message.get("errorDetail"):
                    raise Internal(str(error.get("message", error)))
                if message.get("id") and not site.quiet_pull:
                    _show_layer(site, message)
    except SeacanError as err:
        site.progress.show(what, f"Error {err}", Outcome.ERROR)
        raise
    site.progress.show(what, "Pulled", Outcome.DONE)


def _show_layer(site: Worksite, message: Mapping[str, Any]) -> None:
    status = str(message.get("status", ""))
    site.progress.show(
        str(message["id"]), status, Outcome.DONE if status in _LAYER_DONE else Outcome.WORKING
    )
