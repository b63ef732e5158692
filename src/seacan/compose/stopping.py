"""Containers of a project stopped and removed, those first on which none depends."""

from __future__ import annotations

from seacan.compose.hooks import run_hook
from seacan.compose.model.order import dependents_of, for_all, in_order
from seacan.compose.worksite import Outcome
from seacan.errors import Conflict, NotFound, SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from seacan.compose.containers import Found
    from seacan.compose.model.project import Project
    from seacan.compose.worksite import Worksite

_ANONYMOUS = r"[0-9a-f]{64}\Z"


def stop_in_order(
    site: Worksite,
    project: Project,
    containers: Sequence[Found],
    *,
    services: Iterable[str] = (),
    timeout_s: int | None = None,
) -> None:
    """Stop the containers of `services`, or of all, each after those that depend on it."""
    wanted = set(services) or set(project.services)

    def stop(name: str) -> None:
        if name in wanted:
            stop_containers(site, project, _of(containers, name), timeout_s=timeout_s)

    in_order(dependents_of(project.services), stop, at_once=site.at_once)


def remove_in_order(
    site: Worksite,
    project: Project,
    containers: Sequence[Found],
    *,
    services: Iterable[str] = (),
    timeout_s: int | None = None,
    volumes: bool = False,
) -> None:
    """Stop and remove, likewise; with `services` also what depends on them."""
    before = dependents_of(project.services)
    wanted = _with_dependents(before, services) or set(project.services)

    def remove(name: str) -> None:
        if name in wanted:
            remove_containers(
                site, project, _of(containers, name), timeout_s=timeout_s, volumes=volumes
            )

    in_order(before, remove, at_once=site.at_once)


def _with_dependents(dependents: dict[str, set[str]], services: Iterable[str]) -> set[str]:
    found: set[str] = set()
    left = [name for name in services if name in dependents]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += dependents[name]
    return found


def _of(containers: Sequence[Found], service: str) -> list[Found]:
    return [container for container in containers if container.service == service]


def stop_containers(
    site: Worksite, project: Project, containers: Sequence[Found], *, timeout_s: int | None = None
) -> None:
    for_all(containers, lambda one: _stop(site, project, one, timeout_s), at_once=site.at_once)


def remove_containers(
    site: Worksite,
    project: Project,
    containers: Sequence[Found],
    *,
    timeout_s: int | None,
    volumes: bool,
) -> None:
    """Stop and remove `containers`; `volumes`: with their anonymous volumes."""

    def remove(container: Found) -> None:
        try:
            _stop(site, project, container, timeout_s)
        except NotFound:
            site.progress.show(f"Container {container.name}", "Removed", Outcome.DONE)
            return
        remove_stopped(site, container, volumes=volumes)

    for_all(containers, remove, at_once=site.at_once)


def remove_stopped(site: Worksite, container: Found, *, volumes: bool) -> None:
    what = f"Container {container.name}"
    site.progress.show(what, "Removing")
    try:
        site.client.containers.remove(container.id, force=True, volumes=volumes)
    except (NotFound, Conflict):
        pass  # somebody else removes it
    except SeacanError:
        site.progress.show(what, "Error while Removing", Outcome.ERROR)
        raise
    if volumes:
        _remove_inherited(site, container)
    site.progress.show(what, "Removed", Outcome.DONE)


def _remove_inherited(site: Worksite, container: Found) -> None:
    """Remove anonymous volumes that it had from its predecessor: to the daemon they have names."""
    import re

    for mount in container.summary.get("Mounts") or ():
        if mount.get("Type") == "volume" and re.match(_ANONYMOUS, mount["Name"]):
            try:
                site.client.volumes.remove(mount["Name"])
            except (NotFound, Conflict):
                continue  # it went with the container, or another has it


def _stop(site: Worksite, project: Project, container: Found, timeout_s: int | None) -> None:
    what = f"Container {container.name}"
    site.progress.show(what, "Stopping")
    hooks = project.services.get(container.service, {}).get("pre_stop", ())
    try:
        for hook in hooks if container.state == "running" else ():
            run_hook(site.client, container.service, hook, container.id)
    except (NotFound, Conflict):
        return  # it has gone, or ended, meanwhile
    try:
        site.client.containers.stop(container.id, timeout_s=timeout_s)
    except NotFound:
        raise
    except SeacanError:
        site.progress.show(what, "Error while Stopping", Outcome.ERROR)
        raise
    site.progress.show(what, "Stopped", Outcome.DONE)
