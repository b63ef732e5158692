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
    from collections.abc import Iterable, Mapping
    from typing import Any

    from seacan.compose.project import Project
    from seacan.compose.worksite import Worksite

_DAYS = {"daily": "1d", "weekly": "7d"}
_LAYER_DONE = (
    *("Already exists", "Download complete", "Pull complete"),
    *("Layer already exists", "Pushed"),
)
_MACHINES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64"}
_PARTS = ("os", "architecture", "variant")
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
    """Pull or build what is missing; return the id of each service's image. Raises SeacanError."""
    names = {name: image_of(project.name, name, one) for name, one in project.services.items()}
    mounted = {
        mount["source"]: None
        for one in project.services.values()
        for mount in one.get("volumes", ())
        if mount.get("type") == "image" and mount.get("source")
    }
    there = present_images(site, {*names.values(), *mounted})
    platforms = {names[name]: one.get("platform", "") for name, one in project.services.items()}
    for image, platform in platforms.items():
        _take_platform(site, there, image, platform)
    pulled = _pull_required(site, project, there, mounted)
    there |= present_images(site, pulled)
    for image in pulled & {*platforms}:
        _take_platform(site, there, image, platforms[image])
    built = [
        name
        for name, service in sorted(project.services.items())
        if "build" in service
        and (service.get("pull_policy") == "build" or names[name] not in there)
    ]
    for name in in_build_order(project, built):
        site.build(project, name)
    there |= present_images(site, {names[name] for name in built})
    return {name: there[image]["Id"] for name, image in names.items() if image in there}


def _pull_required(
    site: Worksite, project: Project, there: Mapping[str, Any], mounted: Iterable[str]
) -> set[str]:
    """Pull what policies ask for; return the images. Of one that can be built, failing is fine."""
    wanted: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for name, service in project.services.items():
        if must_pull(service, there.get(service.get("image", ""))):
            wanted.setdefault(service["image"], (name, service))
    for image in mounted:
        if image not in there:
            wanted.setdefault(image, (image, {}))
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
    return set(wanted)


def _take_platform(
    site: Worksite, there: dict[str, dict[str, Any]], name: str, platform: str
) -> None:
    """Replace an image that is for another platform than its service by the one that is.

    A name may mean several; if that one is not there, forget the image.
    """
    if not platform or name not in there or _is_of(there[name], platform):
        return
    import json

    wanted = json.dumps(dict(zip(_PARTS, _parts_of(platform), strict=False)))
    try:
        there[name] = site.client.images.inspect(name, platform=wanted)
    except NotFound:
        del there[name]
        return
    if not _is_of(there[name], platform):  # a daemon that does not know of platforms here
        del there[name]


def _is_of(image: Mapping[str, Any], platform: str) -> bool:
    own = [image.get("Os", ""), image.get("Architecture", ""), image.get("Variant", "")]
    wanted = _parts_of(platform)
    return all(one == part for one, part in zip(wanted, own, strict=False) if part)


def _parts_of(platform: str) -> list[str]:
    parts = platform.lower().split("/")
    return [*parts[:1], *(_MACHINES.get(part, part) for part in parts[1:2]), *parts[2:]]


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
        return True
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
