"""Containers of `run`: like those of a service, with changes, and none of its number."""

from __future__ import annotations

import secrets

from seacan.compose import names
from seacan.compose.containers import containers_of
from seacan.compose.convergence import Choices, converge
from seacan.compose.file_contents import write_contents
from seacan.compose.images import ensure_images
from seacan.compose.making import create_container, links_of
from seacan.compose.request import Making
from seacan.compose.sharing import resolved
from seacan.compose.starting import start, wait_for_dependencies
from seacan.records import record, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.compose.model.project import Project
    from seacan.compose.worksite import Worksite


@record
class Changes:
    """`service`: as it is to be. `name`: of the container, else one is made up."""

    service: dict[str, Any]
    name: str
    is_removed: bool
    stdin: bool
    aliases: bool
    labels: dict[str, str]
    remove_orphans: bool
    ignore_orphans: bool


def start_dependencies(site: Worksite, project: Project, name: str, changes: Changes) -> None:
    """Make and start all of the project but `name`, and wait as that one would."""
    others = {key: one for key, one in project.services.items() if key != name}
    disabled = {**project.disabled, name: project.services[name]}
    rest = replace(project, services=others, disabled=disabled)
    choices = Choices(remove_orphans=changes.remove_orphans, ignore_orphans=changes.ignore_orphans)
    made = converge(site, rest, choices)
    if others:
        start(site, rest, updates=made.updates)
    wait_for_dependencies(site, project, name, containers_of(site.client, project.name))


def create_one_off(site: Worksite, project: Project, name: str, changes: Changes) -> str:
    """Make the container, with its texts in it; return its id. Raises SeacanError."""
    slug = secrets.token_hex(32)
    own = changes.name or names.joined(project, project.name, name, "run", slug[:12])
    service = {**changes.service, "container_name": own, "scale": 1}
    service.pop("restart", None)
    if "deploy" in service:
        service["deploy"] = {
            key: one for key, one in service["deploy"].items() if key != "restart_policy"
        }
    one_service = replace(project, services={name: service})
    images = ensure_images(site, one_service)
    ids: dict[str, list[str]] = {}
    for container in containers_of(site.client, project.name):
        ids.setdefault(container.service, []).append(container.id)
    making = Making(
        own,
        image_id=images.get(name, ""),
        links=links_of(site, project, service, 1),
        one_off=True,
        aliases=changes.aliases,
        labels={**changes.labels, names.SLUG: slug},
        auto_remove=changes.is_removed,
        stdin=changes.stdin,
    )
    made = create_container(site, project, name, resolved(service, ids), making)
    write_contents(site.client, project, name, service, made)
    return made
