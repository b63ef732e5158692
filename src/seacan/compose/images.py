"""The images of a project: found, and pulled (pulling.py) as its policies say."""

from __future__ import annotations

import time

from seacan.compose.model.order import for_all
from seacan.compose.names import image_of
from seacan.errors import InvalidArgument, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from seacan.compose.model.project import Project
    from seacan.compose.worksite import Worksite

_DAYS = {"daily": "1d", "weekly": "7d"}
_MACHINES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64"}
_PARTS = ("os", "architecture", "variant")
_SERVICE = "service:"
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
    names = {name: image_of(project, name, one) for name, one in project.services.items()}
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
    wanted = _to_pull(project, there, mounted)
    if wanted:
        from seacan.compose.pulling import pull_required

        pull_required(site, project, wanted)
        there |= present_images(site, {*wanted})
    for image in wanted.keys() & platforms.keys():
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


def _to_pull(
    project: Project, there: Mapping[str, Any], mounted: Iterable[str]
) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Return the images that policies ask for, each with a service that does, and its name."""
    wanted: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for name, service in project.services.items():
        if must_pull(service, there.get(service.get("image", ""))):
            wanted.setdefault(service["image"], (name, service))
    for image in mounted:
        if image not in there:
            wanted.setdefault(image, (image, {}))
    return wanted


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


def context_services(service: Mapping[str, Any]) -> list[str]:
    """Return the services whose images `service` has as contexts of its build."""
    sources = service.get("build", {}).get("additional_contexts", {}).values()
    return [source.removeprefix(_SERVICE) for source in sources if source.startswith(_SERVICE)]


def in_build_order(project: Project, names: list[str]) -> list[str]:
    """Return `names`, each after those whose images it has as a context (`service:NAME`)."""
    ordered: list[str] = []

    def add(name: str) -> None:
        for other in context_services(project.services[name]):
            if other in names and other != name:
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
    from seacan.compose.model.kinds import duration_ns

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
