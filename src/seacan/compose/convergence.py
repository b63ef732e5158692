"""A project made so: images, networks, volumes, then the containers of its services.

plan.py decides what is done, actions.py does it, starting.py starts them afterwards. Of a service
that is to be replaced by and by (rolling.py) the containers stay until it is started.

Mostly a service is as it should be. Of those nothing is imported that makes containers, and no
thread is begun for them: both would take longer than all else of an `up` that changes nothing.
"""

from __future__ import annotations

from seacan.compose.containers import Found, containers_of, is_orphan
from seacan.compose.images import ensure_images
from seacan.compose.model import order
from seacan.compose.networks import ensure_networks, ensure_volumes
from seacan.compose.plan import Action, Newness, Policy, Present, Verb, plan_service
from seacan.compose.sharing import resolved
from seacan.compose.unsupported import check_supported
from seacan.compose.worksite import Outcome
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seacan.compose.model.project import Project
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


@record
class Converged:
    """What converge() leaves to starting.py.

    `updates`: of services, by name, whose containers it is to replace. `containers`: those of the
    project if all have stayed, else None.
    """

    updates: Mapping[str, Update]
    containers: Sequence[Found] | None


def converge(site: Worksite, project: Project, choices: Choices) -> Converged:
    """Make the project so, its containers not started yet. Raises SeacanError."""
    check_supported(project, site.notices)
    image_ids = ensure_images(site, project)
    networks = ensure_networks(site, project)
    volumes = ensure_volumes(site, project, assume_yes=choices.assume_yes)
    existing = containers_of(site.client, project.name, one_off=None)
    _see_to_orphans(site, project, existing, choices)
    present = {
        name: Present(networks, volumes, image_ids.get(name, "")) for name in project.services
    }
    own = [container for container in existing if not container.is_one_off]
    work = _Convergence(site, project, choices, own, present)
    left = work.settle()
    order.in_order(left, work.change, at_once=site.at_once)
    return Converged(work.updates, None if left else own)


def _see_to_orphans(
    site: Worksite, project: Project, existing: list[Found], choices: Choices
) -> None:
    known = {*project.services, *project.disabled}
    orphans = [container for container in existing if is_orphan(container, known)]
    if not orphans or choices.ignore_orphans:
        return
    if choices.remove_orphans:
        from seacan.compose.stopping import remove_containers

        remove_containers(site, project, orphans, timeout_s=None, volumes=False)
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
        self,
        site: Worksite,
        project: Project,
        choices: Choices,
        existing: list[Found],
        present: Mapping[str, Present],
    ) -> None:
        self._site = site
        self._project = project
        self._choices = choices
        self._existing = existing
        self._present = present
        self.updates: dict[str, Update] = {}
        self._plans: dict[str, tuple[Newness, list[Action]]] = {}
        self._ids: dict[str, list[str]] = {}  # of each service that is done, the first one first

    def settle(self) -> dict[str, set[str]]:
        """Pass the services that are as they should be; return the others, and their order.

        What depends on one of the others is decided after that, of whose ids it may have some.
        """
        before = order.dependencies_of(self._project.services)
        left = dict.fromkeys(before)
        for name in order.in_turn(before):
            if before[name].isdisjoint(left) and self._is_settled(name):
                del left[name]
        return {name: before[name] & left.keys() for name in left}

    def _is_settled(self, name: str) -> bool:
        newness, actions = self._plans[name] = self._planned(name)
        kept = [one.container for one in actions if one.verb is Verb.KEEP and one.container]
        if len(kept) < len(actions) or any(container.is_aside for container in kept):
            return False
        self._tell_running(newness, actions)
        numbered = sorted(kept, key=lambda container: container.number)
        self._ids[name] = [container.id for container in numbered]
        return True

    def change(self, name: str) -> None:
        """Do what is to be done about a service."""
        from seacan.compose.actions import carry_out

        newness, actions = self._plans.get(name) or self._planned(name)
        self._tell_running(newness, actions)
        self._ids[name] = carry_out(self._site, self._project, newness, actions, self._existing)

    def _planned(self, name: str) -> tuple[Newness, list[Action]]:
        service = resolved(self._project.services[name], self._ids)
        asked = not self._choices.services or name in self._choices.services
        policy = self._choices.policy if asked else self._choices.dependency_policy
        containers = [one for one in self._existing if one.service == name]
        newness = Newness(
            name,
            service,
            self._present[name],
            self._choices.renew_volumes,
            self._choices.timeout_s,
        )
        actions = plan_service(service, containers, newness.present, policy)
        return newness, self._without_update(newness, actions)

    def _without_update(self, newness: Newness, actions: list[Action]) -> list[Action]:
        """Return `actions`, but for those that are left to be done by and by."""
        outdated = [one.container for one in actions if one.verb is Verb.RECREATE and one.container]
        if not outdated or not self._choices.rolling:
            return actions
        from seacan.compose.rolling import update_of

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

    def _tell_running(self, newness: Newness, actions: list[Action]) -> None:
        if newness.name in self.updates:
            return
        for action in actions:
            container = action.container
            if action.verb is Verb.KEEP and container and container.state == "running":
                self._site.progress.show(f"Container {container.name}", "Running", Outcome.DONE)
