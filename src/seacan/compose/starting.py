"""Containers of a project started, each service after what it depends on is as it should be."""

from __future__ import annotations

import time

from seacan.compose.containers import containers_of
from seacan.compose.model import order
from seacan.compose.model.project import scale_of
from seacan.compose.waiting import (
    COMPLETED,
    RUNNING_OR_HEALTHY,
    Condition,
    needs_waiting,
    wait_for,
)
from seacan.errors import NotFound, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from seacan.compose.containers import Found
    from seacan.compose.model.project import Project
    from seacan.compose.rolling import Update
    from seacan.compose.worksite import Worksite


def start(
    site: Worksite,
    project: Project,
    *,
    containers: Sequence[Found] | None = None,
    updates: Mapping[str, Update] = {},  # nobody changes it
    wait: bool = False,
    timeout_s: float | None = None,
    output: Callable[[Found, bytes], None] | None = None,
) -> None:
    """Start the project's containers, each service after what it depends on; those running stay.

    `containers`: those of the project, if they are known. `updates`: what converge() has left to be
    replaced. `wait`: return when all run, and are healthy if they can tell, within `timeout_s`.
    `output` is given what post_start hooks print. Raises SeacanError.
    """
    if containers is None:
        containers = containers_of(site.client, project.name)
    present = list(containers)
    deadline = time.monotonic() + timeout_s if timeout_s else None

    def start_service(name: str) -> None:
        wait_for_dependencies(site, project, name, present)
        # Before an update: what it starts, and somebody ends at once, is not started again.
        idle = _idle(project, name, present)
        if name in updates:
            _update(site, project, updates[name], output, deadline)
            _look_again(site, project, name, present)
        _restart_along(site, project, name, present, updates)
        for container in idle:
            start_container(site, project, name, container, output)

    before = order.dependencies_of(project.services)
    if not updates:
        before = _unfinished(project, before, present)
    order.in_order(before, start_service, at_once=site.at_once)
    if wait:
        try:
            wait_until_up(site, project, present, deadline)
        except Unavailable:
            if deadline is None or time.monotonic() <= deadline:
                raise
            raise Unavailable(f"application not healthy after {timeout_s:g}s") from None


def _unfinished(
    project: Project, before: Mapping[str, set[str]], containers: Sequence[Found]
) -> dict[str, set[str]]:
    """Return of `before` the services that have something to start, or to wait for."""
    running = {one.service for one in containers}
    running -= {one.service for one in containers if one.state != "running"}
    left = {name for name in before if name not in running or any(_conditions(project, name))}
    return {name: before[name] & left for name in left}


def _update(
    site: Worksite,
    project: Project,
    update: Update,
    output: Callable[[Found, bytes], None] | None,
    deadline: float | None,
) -> None:
    from seacan.compose.rolling import update_service

    def begin(container: Found) -> None:
        start_container(site, project, update.newness.name, container, output)

    update_service(site, project, update, begin, deadline)


def _look_again(site: Worksite, project: Project, name: str, containers: list[Found]) -> None:
    """Have the containers that service `name` has now among `containers`, for its dependents."""
    now = containers_of(site.client, project.name, services=[name])
    containers[:] = [one for one in containers if one.service != name] + now


def _restart_along(
    site: Worksite,
    project: Project,
    name: str,
    containers: Iterable[Found],
    updates: Mapping[str, Update],
) -> None:
    """Restart what runs of service `name` if it is to be with one that was replaced."""
    dependencies = project.services[name].get("depends_on", {})
    if name not in updates and any(
        dependency.get("restart") and other in updates for other, dependency in dependencies.items()
    ):
        from seacan.compose.restarting import restart_containers

        own = [one for one in containers if one.service == name and one.state == "running"]
        restart_containers(site, project, own)


def wait_for_dependencies(
    site: Worksite, project: Project, name: str, containers: Iterable[Found]
) -> None:
    """Wait until all that service `name` depends on is as it asks for. Raises SeacanError."""

    def wait(wanted: Condition) -> None:
        own = [one for one in containers if one.service == wanted.service]
        wait_for(site, name, wanted, own)

    order.for_all(_conditions(project, name), wait)


def _conditions(project: Project, name: str) -> Iterator[Condition]:
    """Yield what service `name` waits for before its start."""
    for other, dependency in sorted(project.services[name].get("depends_on", {}).items()):
        if needs_waiting(project, other, dependency["condition"]):
            yield Condition(other, dependency["condition"], dependency["required"])


def _idle(project: Project, name: str, containers: Iterable[Found]) -> list[Found]:
    """Return the containers of service `name` to be started. Raises NotFound without any at all."""
    own = [container for container in containers if container.service == name]
    if not own and scale_of(project.services[name]):
        raise NotFound(f'service "{name}" has no container to start')
    return [container for container in own if container.state != "running"]


def start_container(
    site: Worksite,
    project: Project,
    name: str,
    container: Found,
    output: Callable[[Found, bytes], None] | None = None,
) -> None:
    """Start one container, with its texts in it and its hooks run. Raises SeacanError."""
    from seacan.compose.file_contents import write_contents
    from seacan.compose.hooks import run_hook
    from seacan.compose.worksite import Telling

    service = project.services[name]
    write_contents(site.client, project, name, service, container.id)
    with Telling(site, f"Container {container.name}", "Starting", "Started"):
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
