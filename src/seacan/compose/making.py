"""One container of a service made, with its links to others."""

from __future__ import annotations

from seacan.client.version import version_key
from seacan.compose.containers import containers_of
from seacan.compose.images import platform_of
from seacan.compose.names import joined
from seacan.compose.request import Making, container_request
from seacan.compose.worksite import Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from seacan.compose.model.project import Project
    from seacan.compose.worksite import Worksite

_ALL_NETWORKS_AT_ONCE = "1.44"  # from this version of the API on


def links_of(
    site: Worksite, project: Project, service: Mapping[str, Any], number: int
) -> tuple[str, ...]:
    """Return `container:alias` for all that `links` and `external_links` name."""
    links: list[str] = []
    for link in service.get("links", ()):
        name, _, alias = link.partition(":")
        for container in containers_of(site.client, project.name, services=[name]):
            numbered = (name, number)
            links += [
                f"{container.name}:{known}"
                for known in (
                    alias or name,
                    joined(project, *numbered),
                    joined(project, project.name, *numbered),
                )
            ]
    for link in service.get("external_links", ()):
        name, _, alias = link.partition(":")
        links.append(f"{name}:{alias or name}")
    return tuple(links)


def create_container(
    site: Worksite, project: Project, name: str, service: Mapping[str, Any], making: Making
) -> str:
    """Make a container of `service`; return its id. Raises SeacanError."""
    request = container_request(project, name, service, making)
    later: dict[str, Any] = {}
    if version_key(site.client.version) < version_key(_ALL_NETWORKS_AT_ONCE):
        main, endpoints = request["HostConfig"]["NetworkMode"], request["NetworkingConfig"]
        all_of_them = endpoints["EndpointsConfig"]
        endpoints["EndpointsConfig"] = {
            key: all_of_them.pop(key) for key in [main] if key in all_of_them
        }
        later = all_of_them
    created = site.client.containers.create(
        request, name=making.name, platform=platform_of(project, service)
    )
    for warning in created.warnings:
        site.progress.show(name, warning, Outcome.WARNING)
    for network, settings in later.items():
        site.client.networks.connect(network, created.id, settings)
    return created.id
