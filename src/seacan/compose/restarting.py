"""Services restarted, each after what it depends on, and with it what is to restart along."""

from __future__ import annotations

from seacan.compose.containers import containers_of
from seacan.compose.hooks import run_hook
from seacan.compose.model.order import for_all, in_order
from seacan.compose.waiting import Condition, needs_waiting, wait_for
from seacan.compose.worksite import Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from seacan.compose.containers import Found
    from seacan.compose.model.project import Project
    from seacan.compose.worksite import Worksite


def restart(
    site: Worksite,
    project: Project,
    *,
    services: Iterable[str],
    dependents: bool,
    timeout_s: int | None,
) -> None:
    """Restart `services`, or all; `dependents`: those whose dependency has `restart: true`, too."""
    wanted = set(services) or set(project.services)
    if dependents:
        wanted = _with_dependents(project, wanted)
    containers = containers_of(site.client, project.name)
    before = {name: _restarting_dependencies(project, name) & wanted for name in wanted}

    def restart_service(name: str) -> None:
        for other in sorted(before[name]):
            condition = project.services[name]["depends_on"][other]["condition"]
            if needs_waiting(project, other, condition):
                members = [one for one in containers if one.service == other]
                wait_for(site, name, Condition(other, condition), members)
        own = [one for one in containers if one.service == name]
        restart_containers(site, project, own, timeout_s=timeout_s)

    in_order(before, restart_service, at_once=site.at_once)


def _restarting_dependencies(project: Project, name: str) -> set[str]:
    """Return the services with which `name` is restarted."""
    others = project.services[name].get("depends_on", {})
    return {other for other, one in others.items() if one.get("restart")}


def _with_dependents(project: Project, services: set[str]) -> set[str]:
    found = set(services)
    while True:
        more = {
            name for name in project.services if _restarting_dependencies(project, name) & found
        }
        if more <= found:
            return found
        found |= more


def restart_containers(
    site: Worksite, project: Project, containers: Iterable[Found], *, timeout_s: int | None = None
) -> None:
    for_all(containers, lambda one: _restart(site, project, one, timeout_s), at_once=site.at_once)


def _restart(site: Worksite, project: Project, container: Found, timeout_s: int | None) -> None:
    service = project.services[container.service]
    what = f"Container {container.name}"
    for hook in service.get("pre_stop", ()) if container.state == "running" else ():
        run_hook(site.client, container.service, hook, container.id)
    site.progress.show(what, "Restarting")
    site.client.containers.restart(container.id, timeout_s=timeout_s)
    site.progress.show(what, "Started", Outcome.DONE)
    for hook in service.get("post_start", ()):
        run_hook(site.client, container.service, hook, container.id)
