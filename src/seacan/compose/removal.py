"""A project taken down: its containers, networks, and on demand its images and volumes."""

from __future__ import annotations

from functools import partial

from seacan.compose import names
from seacan.compose.containers import containers_of, is_orphan
from seacan.compose.model.order import for_all
from seacan.compose.names import image_of
from seacan.compose.stopping import remove_containers, remove_in_order
from seacan.compose.worksite import Outcome
from seacan.errors import Conflict, NotFound
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from seacan.compose.model.project import Project
    from seacan.compose.worksite import Worksite


@record
class Extent:
    """How much goes. `images`: "", `local` (those without a name of their own) or `all`."""

    services: tuple[str, ...] = ()
    volumes: bool = False
    images: str = ""
    orphans: bool = False
    timeout_s: int | None = None


def take_down(site: Worksite, project: Project, extent: Extent) -> None:
    """Remove all that `extent` says. Raises SeacanError."""
    containers = containers_of(site.client, project.name, one_off=None if extent.orphans else False)
    remove_in_order(
        site,
        project,
        containers,
        services=extent.services,
        timeout_s=extent.timeout_s,
        volumes=extent.volumes,
    )
    known = {*project.services, *project.disabled}
    if extent.orphans:
        orphans = [container for container in containers if is_orphan(container, known)]
        remove_containers(
            site, project, orphans, timeout_s=extent.timeout_s, volumes=extent.volumes
        )
    removals = _removals(site, project, extent)
    if not containers and not removals:
        site.notices.warn(f'Warning: No resource found to remove for project "{project.name}".')
    for_all(removals, lambda remove: remove(), at_once=site.at_once)


def _removals(site: Worksite, project: Project, extent: Extent) -> list[Callable[[], None]]:
    removals: list[Callable[[], None]] = []
    for key, network in project.networks.items():
        if not network.get("external"):
            removals.append(partial(_network, site, project, key, network["name"]))
    removals += [partial(_image, site, name) for name in sorted(_images(project, extent.images))]
    for volume in project.volumes.values() if extent.volumes else ():
        if not volume.get("external"):
            removals.append(partial(_volume, site, volume["name"]))
    return removals


def _images(project: Project, extent: str) -> set[str]:
    if not extent:
        return set()
    return {
        image_of(project, name, service)
        for name, service in project.services.items()
        if extent == "all" or "image" not in service
    }


def _network(site: Worksite, project: Project, key: str, name: str) -> None:
    labels = [f"{names.PROJECT}={project.name}", f"{names.NETWORK}={key}"]
    what = f"Network {name}"
    found = [one for one in site.client.networks.list({"label": labels}) if one["Name"] == name]
    for network in found:
        if site.client.networks.inspect(network["Id"]).get("Containers"):
            site.progress.show(what, "Resource is still in use", Outcome.WARNING)
            continue
        _remove(site, what, partial(site.client.networks.remove, network["Id"]))


def _volume(site: Worksite, name: str) -> None:
    try:
        site.client.volumes.inspect(name)
    except NotFound:
        return
    _remove(site, f"Volume {name}", lambda: site.client.volumes.remove(name, force=True))


def _image(site: Worksite, name: str) -> None:
    _remove(site, f"Image {name}", lambda: site.client.images.remove(name))


def _remove(site: Worksite, what: str, remove: Callable[[], object]) -> None:
    site.progress.show(what, "Removing")
    try:
        remove()
    except Conflict:
        site.progress.show(what, "Resource is still in use", Outcome.WARNING)
    except NotFound:
        site.progress.show(what, "Warning: No resource found to remove", Outcome.DONE)
    else:
        site.progress.show(what, "Removed", Outcome.DONE)
