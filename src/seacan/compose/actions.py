"""What plan.py has decided about a service, done: containers made, replaced, removed."""

from __future__ import annotations

from seacan.compose import stopping
from seacan.compose.making import create_container, links_of
from seacan.compose.model import order
from seacan.compose.names import container_name
from seacan.compose.plan import Verb
from seacan.compose.replacing import replace_container
from seacan.compose.request import Making
from seacan.compose.worksite import Telling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from seacan.compose.containers import Found
    from seacan.compose.model.project import Project
    from seacan.compose.plan import Action, Newness
    from seacan.compose.worksite import Worksite


def carry_out(
    site: Worksite,
    project: Project,
    newness: Newness,
    actions: Sequence[Action],
    existing: Sequence[Found],
) -> list[str]:
    """Do `actions`; return the ids of the service's containers, the first one first.

    `existing`: the containers of the project. Raises SeacanError.
    """
    if any(action.verb is Verb.RECREATE for action in actions):
        _stop_dependents(site, project, newness.name, existing)
    # First what goes: its name may be wanted.
    going = [one.container for one in actions if one.verb is Verb.REMOVE and one.container]
    stopping.remove_containers(site, project, going, timeout_s=newness.timeout_s, volumes=False)
    made: dict[int, str] = {}

    def do(action: Action) -> None:
        made[action.number] = _do(site, project, newness, action)

    staying = [action for action in actions if action.verb is not Verb.REMOVE]
    order.for_all(staying, do, at_once=site.at_once)
    return [made[number] for number in sorted(made)]


def _stop_dependents(
    site: Worksite, project: Project, name: str, existing: Sequence[Found]
) -> None:
    """Stop what is to be started again with service `name`."""
    dependents = [
        other
        for other, one in project.services.items()
        if one.get("depends_on", {}).get(name, {}).get("restart")
    ]
    containers = [one for one in existing if one.service in dependents]
    stopping.stop_containers(site, project, containers)


def _do(site: Worksite, project: Project, newness: Newness, action: Action) -> str:
    if action.container is None:
        return _create(site, project, newness, action.number)
    if action.verb is Verb.RECREATE:
        return replace_container(site, project, newness, action.container)
    _settle_name(site, project, newness, action.container)
    return action.container.id


def _create(site: Worksite, project: Project, newness: Newness, number: int) -> str:
    name, service = newness.name, newness.service
    own = container_name(project, name, service, number)
    with Telling(site, f"Container {own}", "Creating", "Created"):
        links = links_of(site, project, service, number)
        making = Making(own, number, newness.present.image_id, links)
        return create_container(site, project, name, service, making)


def _settle_name(site: Worksite, project: Project, newness: Newness, kept: Found) -> None:
    """Give back its usual name to one that somebody who died has left under another."""
    usual = container_name(project, newness.name, newness.service, kept.number)
    if kept.is_aside and kept.name != usual:
        site.client.containers.rename(kept.id, usual)
