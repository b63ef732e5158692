"""The networks and volumes of a project, made as plan.py decides."""

from __future__ import annotations

from seacan.compose import names
from seacan.compose.config_hash import network_hash, volume_hash
from seacan.compose.containers import containers_of
from seacan.compose.model.order import for_all
from seacan.compose.plan import Verb, labels_for, network_step, volume_step
from seacan.compose.worksite import Outcome
from seacan.errors import Conflict, InvalidArgument, NotFound, SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from seacan.compose.model.project import Project
    from seacan.compose.worksite import Worksite


def ensure_networks(site: Worksite, project: Project) -> dict[str, str]:
    """Make the project's networks; return the id of each by its key. Raises SeacanError."""
    ids: dict[str, str] = {}

    def ensure(key: str) -> None:
        ids[key] = _ensure_network(site, project, key, project.networks[key])

    for_all(sorted(project.networks), ensure, at_once=site.at_once)
    return ids


def _ensure_network(site: Worksite, project: Project, key: str, network: Mapping[str, Any]) -> str:
    existing = _network(site, network["name"])
    if network.get("external"):
        if existing is None:
            raise NotFound(
                f"network {network['name']} declared as external, but could not be found"
            )
        return str(existing["Id"])
    step = network_step(project.name, key, network, existing)
    if step.warning:
        site.notices.warn(step.warning)
    if step.verb is Verb.KEEP and existing is not None:
        return str(existing["Id"])
    members = _take_apart(site, project, key, network) if step.verb is Verb.RECREATE else []
    made = _create_network(site, project, key, network)
    for container in members:
        site.client.networks.connect(network["name"], container, {})
    return made


def _network(site: Worksite, name: str) -> dict[str, Any] | None:
    """Return the network of that very name, or id."""
    try:
        found = site.client.networks.inspect(name)
    except NotFound:
        return None
    return found if name in (found["Name"], found["Id"]) else None


def _take_apart(
    site: Worksite, project: Project, key: str, network: Mapping[str, Any]
) -> list[str]:
    """Remove a network that is to be another, its containers stopped; return their ids."""
    from seacan.compose.stopping import stop_containers

    services = [
        name for name, one in project.services.items() if key in (one.get("networks") or ())
    ]
    members = containers_of(site.client, project.name, services=services) if services else []
    stop_containers(site, project, members)
    for container in members:
        site.client.networks.disconnect(network["name"], container.id, force=True)
    site.client.networks.remove(network["name"])
    site.progress.show(f"Network {network['name']}", "Removed", Outcome.DONE)
    return [container.id for container in members]


def network_request(project: Project, key: str, network: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of POST /networks/create."""
    ipam = network.get("ipam", {})
    fields = {
        "driver": "Driver",
        "driver_opts": "Options",
        "internal": "Internal",
        "attachable": "Attachable",
        "enable_ipv4": "EnableIPv4",
        "enable_ipv6": "EnableIPv6",
    }
    pools = [
        {
            "Subnet": pool.get("subnet", ""),
            "IPRange": pool.get("ip_range", ""),
            "Gateway": pool.get("gateway", ""),
            "AuxiliaryAddresses": pool.get("aux_addresses"),
        }
        for pool in ipam.get("config", ())
    ]
    return {
        "Name": network["name"],
        **{field: network[name] for name, field in fields.items() if name in network},
        "IPAM": {"Driver": ipam.get("driver", "default"), "Config": pools} if ipam else None,
        "Labels": {
            **network.get("labels", {}),
            **labels_for(project.name, names.NETWORK, key, network_hash(dict(network))),
        },
    }


def _create_network(site: Worksite, project: Project, key: str, network: Mapping[str, Any]) -> str:
    request: Any = network_request(project, key, network)
    what = f"Network {network['name']}"

    def create() -> str:
        return site.client.networks.create(request)["Id"]

    try:
        return _told(site, what, create)
    except Conflict:  # another run has made it meanwhile
        found = _network(site, network["name"])
        if found is None:
            raise
        return str(found["Id"])


def _told(site: Worksite, what: str, create: Callable[[], str]) -> str:
    site.progress.show(what, "Creating")
    try:
        made = create()
    except SeacanError:
        site.progress.show(what, "Error", Outcome.ERROR)
        raise
    site.progress.show(what, "Created", Outcome.DONE)
    return made


def ensure_volumes(site: Worksite, project: Project, *, assume_yes: bool) -> dict[str, str]:
    """Make the project's volumes; return the name of each by its key. Raises SeacanError.

    One that is to have other options is made anew, and empty, only if `assume_yes`.
    """
    for key, volume in sorted(project.volumes.items()):
        _ensure_volume(site, project, key, volume, assume_yes)
    return {key: volume["name"] for key, volume in project.volumes.items()}


def _ensure_volume(
    site: Worksite, project: Project, key: str, volume: Mapping[str, Any], assume_yes: bool
) -> None:
    try:
        existing = site.client.volumes.inspect(volume["name"])
    except NotFound:
        existing = None
    if volume.get("external"):
        if existing is None:
            raise NotFound(f'external volume "{volume["name"]}" not found')
        return
    step = volume_step(project.name, volume, existing)
    if step.warning:
        site.notices.warn(step.warning)
    if step.verb is Verb.RECREATE:
        if not assume_yes:
            raise InvalidArgument(
                f'Volume "{volume["name"]}" exists but doesn\'t match configuration in compose '
                "file: --yes recreates it (data will be lost)"
            )
        _remove_users(site, project, key, volume["name"])
    if step.verb is not Verb.KEEP:
        _create_volume(site, project, key, volume)


def _remove_users(site: Worksite, project: Project, key: str, name: str) -> None:
    from seacan.compose.stopping import remove_containers

    users = [
        service
        for service, one in project.services.items()
        if any(mount.get("source") == key for mount in one.get("volumes", ()))
    ]
    if users:
        containers = containers_of(site.client, project.name, services=users)
        remove_containers(site, project, containers, timeout_s=None, volumes=False)
    site.client.volumes.remove(name, force=True)


def _create_volume(site: Worksite, project: Project, key: str, volume: Mapping[str, Any]) -> None:
    def create() -> str:
        made = site.client.volumes.create(
            volume["name"],
            driver=volume.get("driver", ""),
            options=volume.get("driver_opts"),
            labels={
                **volume.get("labels", {}),
                **labels_for(project.name, names.VOLUME, key, volume_hash(dict(volume))),
            },
        )
        return str(made["Name"])

    _told(site, f"Volume {volume['name']}", create)
