"""What is to be done that a project is as its files say: decided here, done in convergence.py.

plan_service(…)   what exists of a service → Remove, Recreate, Keep, Create
network_step(…)   the network that exists → Create, Keep, Replace, or an error
volume_step(…)    likewise
"""

from __future__ import annotations

from seacan.compose import names
from seacan.compose.config_hash import network_hash, service_hash, volume_hash
from seacan.compose.model.project import scale_of
from seacan.errors import Conflict
from seacan.lean import StrEnum
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from seacan.compose.containers import Found


class Policy(StrEnum):
    """Which containers are made anew."""

    DIVERGED = "diverged"
    FORCE = "force"
    NEVER = "never"


class Verb(StrEnum):
    KEEP = "keep"
    CREATE = "create"
    RECREATE = "recreate"
    REMOVE = "remove"


@record
class Action:
    """`container`: the one that there is; None to create number `number`."""

    verb: Verb
    number: int
    container: Found | None = None


@record
class Present:
    """What there is already: ids of networks and names of volumes, by their key in the project.

    `image_id`: of the image that the service is to run.
    """

    networks: Mapping[str, str]
    volumes: Mapping[str, str]
    image_id: str = ""


@record
class Newness:
    """What new containers of a service are made of.

    `service` is resolved (sharing.py); `timeout_s`: to stop one that is replaced.
    """

    name: str
    service: dict[str, Any]
    present: Present
    renew_volumes: bool = False
    timeout_s: int | None = None


def plan_service(
    service: Mapping[str, Any], containers: Iterable[Found], present: Present, policy: Policy
) -> list[Action]:
    """Return what is to be done about the containers of one service, those to stay first.

    Of too many, those go first that would have to be made anew, then the highest numbers. Two have
    one number if somebody died who was replacing one by the other: then one goes, too.
    """
    expected = scale_of(service)
    digest = service_hash(dict(service))
    diverged = {
        container.id: is_diverged(service, digest, container, present, policy)
        for container in containers
    }
    chosen: dict[int, Found] = {}
    for container in sorted(containers, key=_replaceability):
        chosen.setdefault(container.number, container)
    ordered = sorted(chosen.values(), key=lambda one: (diverged[one.id], one.number))
    actions = [
        Action(Verb.REMOVE, container.number, container)
        for container in containers
        if container is not chosen[container.number]
    ]
    for at, container in enumerate(ordered):
        verb = Verb.RECREATE if diverged[container.id] else Verb.KEEP
        verb = Verb.REMOVE if at >= expected else verb
        actions.append(Action(verb, container.number, container))
    following = max((container.number for container in ordered), default=0) + 1
    for number in range(following, following + expected - len(ordered)):
        actions.append(Action(Verb.CREATE, number))
    return actions


def _replaceability(container: Found) -> tuple[bool, bool]:
    """Return what sorts the one first that serves: it runs, or still has its name."""
    return container.state != "running", container.is_aside


def is_diverged(
    service: Mapping[str, Any], digest: str, container: Found, present: Present, policy: Policy
) -> bool:
    """Whether `container` is to be made anew."""
    if policy is not Policy.DIVERGED:
        return policy is Policy.FORCE
    labels = container.labels
    if labels.get(names.CONFIG_HASH) != digest:
        return True
    if labels.get(names.IMAGE, "") != present.image_id:
        return True
    if container.state == "running" and not _is_in_networks(service, container, present):
        return True
    return not _has_volumes(service, container, present)


def _is_in_networks(service: Mapping[str, Any], container: Found, present: Present) -> bool:
    settings = (container.summary.get("NetworkSettings") or {}).get("Networks") or {}
    joined = {one.get("NetworkID") for one in settings.values() if one}
    return all(present.networks.get(key) in joined for key in service.get("networks") or ())


def _has_volumes(service: Mapping[str, Any], container: Found, present: Present) -> bool:
    mounted = {
        mount.get("Name")
        for mount in container.summary.get("Mounts") or ()
        if mount.get("Type") == "volume"
    }
    return all(
        present.volumes.get(mount["source"], mount["source"]) in mounted
        for mount in service.get("volumes", ())
        if mount.get("type") == "volume" and mount.get("source")
    )


def labels_for(project: str, kind: str, key: str, digest: str) -> dict[str, str]:
    """Return the labels of a network or volume; `kind`: the label that has its `key`."""
    return {
        kind: key,
        names.PROJECT: project,
        names.VERSION_LABEL: names.VERSION,
        names.CONFIG_HASH: digest,
    }


@record
class Step:
    """What is to be done about a network or volume, and what its user should know."""

    verb: Verb
    warning: str = ""


def network_step(
    project: str, key: str, network: Mapping[str, Any], existing: Mapping[str, Any] | None
) -> Step:
    """Decide about one network; `existing` has its name. Raises Conflict if it is another's."""
    name = network["name"]
    if existing is None:
        return Step(Verb.CREATE)
    labels = existing.get("Labels") or {}
    warning = ""
    if names.PROJECT not in labels:
        warning = f"a network with name {name} exists but was not created by compose.\n"
    elif labels[names.PROJECT] != project:
        warning = (
            f'a network with name {name} exists but was not created for project "{project}".\n'
        )
    if warning:
        warning += "Set `external: true` to use an existing network"
    if labels.get(names.NETWORK, "") != key:
        raise Conflict(
            f"network {name} was found but has incorrect label {names.NETWORK} set to "
            f'"{labels.get(names.NETWORK, "")}" (expected: "{key}")'
        )
    digest = labels.get(names.CONFIG_HASH, "")
    if digest in ("", network_hash(dict(network))):
        return Step(Verb.KEEP, warning)
    return Step(Verb.RECREATE, warning)


def volume_step(
    project: str, volume: Mapping[str, Any], existing: Mapping[str, Any] | None
) -> Step:
    """Decide about one volume; `existing` has its name. RECREATE would lose what is in it."""
    name = volume["name"]
    if existing is None:
        return Step(Verb.CREATE)
    labels = existing.get("Labels") or {}
    advice = "Use `external: true` to use an existing volume"
    warning = ""
    if names.PROJECT not in labels:
        warning = f'volume "{name}" already exists but was not created by compose. {advice}'
    elif labels[names.PROJECT] != project:
        warning = (
            f'volume "{name}" already exists but was created for project '
            f'"{labels[names.PROJECT]}" (expected "{project}"). {advice}'
        )
    is_same = labels.get(names.CONFIG_HASH) in (None, volume_hash(dict(volume)))
    return Step(Verb.KEEP if is_same else Verb.RECREATE, warning)
