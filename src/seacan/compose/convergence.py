"""A project made so: images, networks, volumes, then the containers of its services.

plan.py decides what is done, starting.py starts them afterwards. Of a service that is to be
replaced by and by (rolling.py) the containers stay until it is started.
"""

from __future__ import annotations

from seacan.compose import order, stopping
from seacan.compose.containers import Found, containers_of, is_orphan
from seacan.compose.images import ensure_images
from seacan.compose.making import create_container, links_of, resolved
from seacan.compose.names import container_name
from seacan.compose.networks import ensure_networks, ensure_volumes
from seacan.compose.plan import Action, Policy, Present, Verb, plan_service
from seacan.compose.replacing import Newness, replace_container
from seacan.compose.request import Making
from seacan.compose.rolling import update_of
from seacan.compose.unsupported import check_supported
from seacan.compose.worksite import Outcome, Telling
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from seacan.compose.project import Project
    from seacan.compose.rolling import Update
    from seacan.compose.worksite import Worksite


@record
class Choices:
    """How containers are made. `services`: those asked for, to which `policy` applies.

    `rolling`: services with an update_config are left to be replaced as they are started.
    """

    services: tuple[str, ...] = ()
    policy: Policy = Policy.DIVERGED
    dependency_policy: Policy = Policy.DIVERGED
    renew_volumes: bool = False
    timeout_s: int | None = None
    remove_orphans: bool = False
    ignore_orphans: bool = False
    assume_yes: bool = False
    rolling: bool = True


def converge(site: Worksite, project: Project, choices: Choices) -> dict[str, Update]:
    """Make the project so, its containers not started yet. Raises SeacanError.

    Returns, by the names of services, what is left for starting.py to replace.
    """
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
    return work.updates


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
        self.updates: dict[str, Update] = {}
        self._ids: dict[str, list[str]] = {}  # of each service that is done, the first one first
        self._existing = [container for container in existing if not container.is_one_off]

    def apply(self, name: str, present: Present) -> None:
        service = resolved(self._project.services[name], self._ids)
        asked = not self._choices.services or name in self._choices.services
        policy = self._choices.policy if asked else self._choices.dependency_policy
        containers = [one for one in self._existing if one.service == name]
        newness = Newness(
            name, service, present, self._choices.renew_volumes, self._choices.timeout_s
        )
        actions = plan_service(service, containers, present, policy)
        if self._choices.rolling:
            actions = self._without_update(newness, actions)
        if any(action.verb is Verb.RECREATE for action in actions):
            self._stop_dependents(name)
        # First what goes: its name may be wanted.
        going = [one.container for one in actions if one.verb is Verb.REMOVE and one.container]
        stopping.remove_containers(
            self._site, self._project, going, timeout_s=self._choices.timeout_s, volumes=False
        )
        made: dict[int, str] = {}

        def do(action: Action) -> None:
            made[action.number] = self._do(newness, action)

        staying = [action for action in actions if action.verb is not Verb.REMOVE]
        order.for_all(staying, do, at_once=self._site.at_once)
        kept = [one.container for one in actions if one.verb is Verb.KEEP and one.container]
        self._settle_names(name, service, kept)
        self._ids[name] = [made[number] for number in sorted(made)]

    def _without_update(self, newness: Newness, actions: list[Action]) -> list[Action]:
        """Return `actions`, but for those that are left to be done by and by."""
        outdated = [one.container for one in actions if one.verb is Verb.RECREATE and one.container]
        update = update_of(self._site, self._project, newness, outdated)
        if update is None:
            return actions
        self.updates[newness.name] = update
        return [
            Action(Verb.KEEP, one.number, one.container)
            if one.container in update.containers and one.verb is Verb.RECREATE
            else one
            for one in actions
        ]

    def _do(self, newness: Newness, action: Action) -> str:
        container = action.container
        if container is None:
            return self._create(newness, action.number)
        if action.verb is Verb.RECREATE:
            return replace_container(self._site, self._project, newness, container)
        if container.state == "running" and newness.name not in self.updates:
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

    def _create(self, newness: Newness, number: int) -> str:
        name, service = newness.name, newness.service
        own = container_name(self._project.name, name, service, number)
        what = f"Container {own}"
        with Telling(self._site, what, "Creating", "Created"):
            links = links_of(self._site, self._project, service, number)
            making = Making(own, number, newness.present.image_id, links)
            return create_container(self._site, self._project, name, service, making)

    def _settle_names(self, name: str, service: Mapping[str, Any], kept: list[Found]) -> None:
        """Give those their usual names that somebody who died has left under another."""
        for container in kept:
            usual = container_name(self._project.name, name, service, container.number)
            if container.name != usual and container.is_aside:
                self._site.client.containers.rename(container.id, usual)
