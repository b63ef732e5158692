"""A project made so: images, networks, volumes, then the containers of its services.

    converge(…)   makes and removes containers until they are those that the files describe
    start(…)      starts them, each after what it depends on is as it should be

plan.py decides, and what is asked of the daemon is in request.py.
"""

from __future__ import annotations

import time

from seacan.client.version import version_key
from seacan.compose import order, stopping
from seacan.compose.containers import Found, containers_of, is_orphan
from seacan.compose.file_contents import write_contents
from seacan.compose.hooks import run_hook
from seacan.compose.images import ensure_images, platform_of
from seacan.compose.names import container_name
from seacan.compose.networks import ensure_networks, ensure_volumes
from seacan.compose.plan import Action, Policy, Present, Verb, plan_service
from seacan.compose.project import scale_of
from seacan.compose.request import Making, container_request
from seacan.compose.unsupported import check_supported
from seacan.compose.waiting import (
    COMPLETED,
    RUNNING_OR_HEALTHY,
    Condition,
    needs_waiting,
    wait_for,
)
from seacan.compose.worksite import Outcome
from seacan.errors import InvalidArgument, NotFound, SeacanError, Unavailable
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from seacan.compose.project import Project
    from seacan.compose.worksite import Worksite

_ALL_NETWORKS_AT_ONCE = "1.44"  # from this version of the API on


@record
class Choices:
    """How containers are made. `services`: those asked for, to which `policy` applies."""

    services: tuple[str, ...] = ()
    policy: Policy = Policy.DIVERGED
    dependency_policy: Policy = Policy.DIVERGED
    renew_volumes: bool = False
    timeout_s: int | None = None
    remove_orphans: bool = False
    ignore_orphans: bool = False
    assume_yes: bool = False


def converge(site: Worksite, project: Project, choices: Choices) -> None:
    """Make the project so, its containers not started yet. Raises SeacanError."""
    check_supported(project, site.notices)
    image_ids = ensure_images(site, project)
    networks = ensure_networks(site, project)
    volumes = ensure_volumes(site, project, assume_yes=choices.assume_yes)
    existing = containers_of(site.client, project.name, one_off=None)
    _see_to_orphans(site, project, existing, choices)
    work = _Convergence(site, project, choices, existing)

    def apply(name: str) -> None:
        present = Present(networks, volumes, image_ids.get(name, ""))
        work.apply(name, present)

    order.in_order(order.dependencies_of(project.services), apply, at_once=site.at_once)


def _see_to_orphans(
    site: Worksite, project: Project, existing: list[Found], choices: Choices
) -> None:
    known = {*project.services, *project.disabled}
    orphans = [container for container in existing if is_orphan(container, known)]
    if not orphans or choices.ignore_orphans:
        return
    if choices.remove_orphans:
        stopping.remove_containers(site, project, orphans, timeout_s=None, volumes=False)
        return
    names = " ".join(container.name for container in orphans)
    site.notices.warn(
        f"Found orphan containers ([{names}]) for this project. If you removed or renamed this "
        "service in your compose file, you can run this command with the --remove-orphans flag to "
        "clean it up."
    )


class _Convergence:
    """The containers of all services, as they become what they should be."""

    def __init__(
        self, site: Worksite, project: Project, choices: Choices, existing: list[Found]
    ) -> None:
        self._site = site
        self._project = project
        self._choices = choices
        self._ids: dict[str, list[str]] = {}  # of each service that is done, the first one first
        self._existing = [container for container in existing if not container.is_one_off]

    def apply(self, name: str, present: Present) -> None:
        service = self._resolved(self._project.services[name])
        asked = not self._choices.services or name in self._choices.services
        policy = self._choices.policy if asked else self._choices.dependency_policy
        containers = [one for one in self._existing if one.service == name]
        actions = plan_service(service, containers, present, policy)
        if any(action.verb is Verb.RECREATE for action in actions):
            self._stop_dependents(name)
        made: dict[int, str] = {}

        def do(action: Action) -> None:
            made[action.number] = self._do(name, service, present, action)

        order.for_all(actions, do, at_once=self._site.at_once)
        kept = {action.number for action in actions if action.verb is not Verb.REMOVE}
        self._ids[name] = [made[number] for number in sorted(made) if number in kept]

    def _do(self, name: str, service: dict[str, Any], present: Present, action: Action) -> str:
        container = action.container
        if container is None:
            return self._create(name, service, present, action.number)
        if action.verb is Verb.REMOVE:
            stopping.remove_containers(
                self._site,
                self._project,
                [container],
                timeout_s=self._choices.timeout_s,
                volumes=False,
            )
        elif action.verb is Verb.RECREATE:
            return self._recreate(name, service, present, container)
        elif container.state == "running":
            self._site.progress.show(f"Container {container.name}", "Running", Outcome.DONE)
        return container.id

    def _stop_dependents(self, name: str) -> None:
        """Stop what is to be started again with `name`."""
        dependents = [
            other
            for other, one in self._project.services.items()
            if one.get("depends_on", {}).get(name, {}).get("restart")
        ]
        containers = [one for one in self._existing if one.service in dependents]
        stopping.stop_containers(self._site, self._project, containers)

    def _create(self, name: str, service: dict[str, Any], present: Present, number: int) -> str:
        own = container_name(self._project.name, name, service, number)
        what = f"Container {own}"
        with _Telling(self._site, what, "Creating", "Created"):
            links = self._links(service, number)
            making = Making(own, number, present.image_id, links)
            return create_container(self._site, self._project, name, service, making)

    def _recreate(self, name: str, service: dict[str, Any], present: Present, old: Found) -> str:
        """Make the follower of `old` under another name, then let it take its place."""
        own = container_name(self._project.name, name, service, old.number)
        client = self._site.client
        with _Telling(self._site, f"Container {old.name}", "Recreate", "Recreated"):
            making = Making(
                f"{old.id[:12]}_{own}",
                old.number,
                present.image_id,
                self._links(service, old.number),
                inherited={} if self._choices.renew_volumes else self._volumes_of(service, old),
                replaces=service.get("container_name") or f"{name}-{old.number}",
            )
            made = create_container(self._site, self._project, name, service, making)
            client.containers.stop(old.id, timeout_s=self._choices.timeout_s)
            client.containers.remove(old.id)
            client.containers.rename(made, own)
        return made

    def _volumes_of(self, service: Mapping[str, Any], old: Found) -> dict[str, dict[str, Any]]:
        """Return the anonymous volumes of `old` that its follower has, too."""
        anonymous = {
            mount.get("target")
            for mount in service.get("volumes", ())
            if mount.get("type") == "volume" and not mount.get("source")
        }
        image = self._site.client.images.inspect(old.summary["ImageID"])
        anonymous |= set((image.get("Config") or {}).get("Volumes") or ())
        return {
            mount["Destination"]: {
                "Type": "volume",
                "Source": mount["Name"],
                "Target": mount["Destination"],
                "ReadOnly": not mount.get("RW", True),
            }
            for mount in old.summary.get("Mounts") or ()
            if mount.get("Type") == "volume" and mount["Destination"] in anonymous
        }

    def _resolved(self, service: dict[str, Any]) -> dict[str, Any]:
        """Return `service` with ids for the services that it shares something with."""
        found = dict(service)
        for key, what in (
            ("network_mode", "network namespace"),
            ("ipc", "IPC namespace"),
            ("pid", "PID namespace"),
        ):
            value = service.get(key, "")
            if value.startswith("service:"):
                found[key] = f"container:{self._first(value.removeprefix('service:'), what)}"
        if "volumes_from" in service:
            found["volumes_from"] = [self._volume_source(text) for text in service["volumes_from"]]
        return found

    def _volume_source(self, text: str) -> str:
        kind, _, rest = text.partition(":")
        return rest if kind == "container" else self._first(kind, "volume")

    def _first(self, name: str, what: str) -> str:
        ids = self._ids.get(name)
        if not ids:
            raise InvalidArgument(f"cannot share {what} with service {name}: container missing")
        return ids[0]

    def _links(self, service: Mapping[str, Any], number: int) -> tuple[str, ...]:
        return links_of(self._site, self._project, service, number)


class _Telling:
    """Says that something begins, then how it ended."""

    def __init__(self, site: Worksite, what: str, begun: str, done: str) -> None:
        self._progress = site.progress
        self._what = what
        self._begun = begun
        self._done = done

    def __enter__(self) -> None:
        self._progress.show(self._what, self._begun)

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, SeacanError):
            self._progress.show(self._what, f"Error {error}", Outcome.ERROR)
        elif error is None:
            self._progress.show(self._what, self._done, Outcome.DONE)


def links_of(
    site: Worksite, project: Project, service: Mapping[str, Any], number: int
) -> tuple[str, ...]:
    """Return `container:alias` for all that `links` and `external_links` name."""
    links: list[str] = []
    for link in service.get("links", ()):
        name, _, alias = link.partition(":")
        for container in containers_of(site.client, project.name, services=[name]):
            links += [
                f"{container.name}:{known}"
                for known in (alias or name, f"{name}-{number}", f"{project.name}-{name}-{number}")
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


def start(
    site: Worksite,
    project: Project,
    *,
    wait: bool = False,
    timeout_s: float | None = None,
    output: Callable[[Found, bytes], None] | None = None,
) -> None:
    """Start the project's containers, each service after what it depends on; those running stay.

    `wait`: return when all run, and are healthy if they can tell, within `timeout_s`. `output` is
    given what post_start hooks print. Raises SeacanError.
    """
    containers = containers_of(site.client, project.name)
    deadline = time.monotonic() + timeout_s if timeout_s else None

    def start_service(name: str) -> None:
        _wait_for_dependencies(site, project, name, containers)
        _start_containers(site, project, name, containers, output)

    order.in_order(order.dependencies_of(project.services), start_service, at_once=site.at_once)
    if wait:
        try:
            wait_until_up(site, project, containers, deadline)
        except Unavailable:
            if deadline is None or time.monotonic() <= deadline:
                raise
            raise Unavailable(f"application not healthy after {timeout_s:g}s") from None


def _wait_for_dependencies(
    site: Worksite, project: Project, name: str, containers: Iterable[Found]
) -> None:
    def wait(item: tuple[str, Mapping[str, Any]]) -> None:
        other, dependency = item
        if needs_waiting(project, other, dependency["condition"]):
            wanted = Condition(other, dependency["condition"], dependency["required"])
            wait_for(site, name, wanted, [one for one in containers if one.service == other])

    order.for_all(sorted(project.services[name].get("depends_on", {}).items()), wait)


def _start_containers(
    site: Worksite,
    project: Project,
    name: str,
    containers: Iterable[Found],
    output: Callable[[Found, bytes], None] | None,
) -> None:
    service = project.services[name]
    own = [container for container in containers if container.service == name]
    if not own and scale_of(service):
        raise NotFound(f'service "{name}" has no container to start')
    for container in own:
        if container.state != "running":
            start_container(site, project, name, container, output)


def start_container(
    site: Worksite,
    project: Project,
    name: str,
    container: Found,
    output: Callable[[Found, bytes], None] | None = None,
) -> None:
    """Start one container, with its texts in it and its hooks run. Raises SeacanError."""
    service = project.services[name]
    write_contents(site.client, project, name, service, container.id)
    with _Telling(site, f"Container {container.name}", "Starting", "Started"):
        site.client.containers.start(container.id)
        for hook in service.get("post_start", ()):
            write = (lambda piece: output(container, piece)) if output else None
            run_hook(site.client, name, hook, container.id, write)


def wait_until_up(
    site: Worksite, project: Project, containers: Iterable[Found], deadline: float | None
) -> None:
    """Wait until all services run, or have ended well where another waits for that."""
    ending = {
        other
        for one in project.services.values()
        for other, dependency in one.get("depends_on", {}).items()
        if dependency["condition"] == COMPLETED
    }

    def wait(name: str) -> None:
        condition = COMPLETED if name in ending else RUNNING_OR_HEALTHY
        if needs_waiting(project, name, condition):
            wanted = Condition(name, condition, deadline=deadline)
            wait_for(site, project.name, wanted, [one for one in containers if one.service == name])

    order.for_all(sorted(project.services), wait)
