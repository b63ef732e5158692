"""A project made so: images, networks, volumes, then the containers of its services.

plan.py decides what is done, starting.py starts them afterwards.
"""

from __future__ import annotations

from seacan.compose import order, stopping
from seacan.compose.containers import Found, containers_of, is_orphan
from seacan.compose.images import ensure_images
from seacan.compose.making import create_container, links_of, resolved
from seacan.compose.names import container_name
from seacan.compose.networks import ensure_networks, ensure_volumes
from seacan.compose.plan import Action, Policy, Present, Verb, plan_service
from seacan.compose.request import Making
from seacan.compose.unsupported import check_supported
from seacan.compose.worksite import Outcome, Telling
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from seacan.compose.project import Project
    from seacan.compose.worksite import Worksite


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
        service = resolved(self._project.services[name], self._ids)
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
        with Telling(self._site, what, "Creating", "Created"):
            links = self._links(service, number)
            making = Making(own, number, present.image_id, links)
            return create_container(self._site, self._project, name, service, making)

    def _recreate(self, name: str, service: dict[str, Any], present: Present, old: Found) -> str:
        """Make the follower of `old` under another name, then let it take its place."""
        own = container_name(self._project.name, name, service, old.number)
        client = self._site.client
        with Telling(self._site, f"Container {old.name}", "Recreate", "Recreated"):
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

    def _links(self, service: Mapping[str, Any], number: int) -> tuple[str, ...]:
        return links_of(self._site, self._project, service, number)
