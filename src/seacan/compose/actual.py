"""A project as it is, read from labels: for commands that have no compose file, only a name."""

from __future__ import annotations

from seacan.compose import names
from seacan.compose.model.project import Project
from seacan.errors import NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from seacan.client.client import Client
    from seacan.compose.containers import Found


def actual_project(client: Client, name: str, containers: Iterable[Found]) -> Project:
    """Return the services, networks and volumes that bear the labels of project `name`."""
    services: dict[str, dict[str, Any]] = {}
    for container in containers:
        if not container.is_one_off:
            services[container.service] = _service(container)
    for service in services.values():
        others = service["depends_on"]
        service["depends_on"] = {key: one for key, one in others.items() if key in services}
    label = {"label": [f"{names.PROJECT}={name}"]}
    networks = {
        network["Labels"].get(names.NETWORK, network["Name"]): {"name": network["Name"]}
        for network in client.networks.list(label)
    }
    volumes = {
        volume["Labels"].get(names.VOLUME, volume["Name"]): {"name": volume["Name"]}
        for volume in client.volumes.list(label)
    }
    return Project(
        name=name,
        directory="",
        files=[],
        env_files=[],
        environment={},
        services=services,
        disabled={},
        networks=networks,
        volumes=volumes,
        secrets={},
        configs={},
        models={},
        extensions={},
        profiles=[],
    )


def _service(container: Found) -> dict[str, Any]:
    dependencies = {}
    for text in container.labels.get(names.DEPENDENCIES, "").split(","):
        name, _, rest = text.partition(":")
        condition, _, restart = rest.partition(":")
        if name:
            dependencies[name] = {
                "condition": condition or "service_started",
                "restart": restart == "true",
                "required": False,
            }
    return {"image": container.summary.get("Image", ""), "depends_on": dependencies}


def require_services(project: Project, services: Iterable[str]) -> None:
    """Raise NotFound for a service that the project has not."""
    for name in services:
        if name not in project.services:
            raise NotFound(f"no such service: {name}")
