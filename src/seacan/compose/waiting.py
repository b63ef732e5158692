"""Until containers are as those that depend on them want them: healthy, or at their end."""

from __future__ import annotations

import time

from seacan.compose.model.project import scale_of
from seacan.compose.worksite import Outcome
from seacan.errors import Internal, SeacanError, Unavailable
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Final

    from seacan.compose.containers import Found
    from seacan.compose.model.project import Project
    from seacan.compose.worksite import Worksite

STARTED: Final = "service_started"
HEALTHY: Final = "service_healthy"
COMPLETED: Final = "service_completed_successfully"
RUNNING_OR_HEALTHY: Final = "running_or_healthy"
LOOK_AGAIN_S: Final = 0.1
STANDING_S: Final = 0.5  # that what cannot tell its health has to run, as docker compose has it


class Failed(Internal):
    """A container will not become what is waited for."""


@record
class Condition:
    """What is waited for. `deadline`: on time.monotonic()'s clock, or None to wait for ever."""

    service: str
    condition: str
    required: bool = True
    deadline: float | None = None


def needs_waiting(project: Project, service: str, condition: str) -> bool:
    """Whether there is anything to wait for beyond the start of `service`."""
    if condition == STARTED or service not in project.services:
        return False
    return scale_of(project.services[service]) > 0 and "provider" not in project.services[service]


def wait_for(
    site: Worksite, dependent: str, wanted: Condition, containers: Sequence[Found]
) -> None:
    """Wait until all of `containers` meet `wanted`. Raises Failed, or Unavailable after too long.

    Of what is not required, a warning tells that it failed.
    """
    if not containers:
        text = f"{dependent} is missing dependency {wanted.service}"
        if wanted.required:
            raise Failed(text)
        site.notices.warn(text)
        return
    for container in containers:
        site.progress.show(f"Container {container.name}", "Waiting")
    try:
        words = _wait(site, wanted, containers)
    except Failed as err:
        for container in containers:
            _tell_failure(site, container, wanted, err)
        if wanted.required:
            raise
        site.notices.warn(f'optional dependency "{wanted.service}" failed: {err}')
        return
    for container in containers:
        site.progress.show(f"Container {container.name}", words, Outcome.DONE)


def _tell_failure(site: Worksite, container: Found, wanted: Condition, err: SeacanError) -> None:
    what = f"Container {container.name}"
    if wanted.required:
        site.progress.show(what, "Error", Outcome.ERROR)
    else:
        site.progress.show(what, f"Skipped: optional dependency: {err}", Outcome.WARNING)


def _wait(site: Worksite, wanted: Condition, containers: Sequence[Found]) -> str:
    """Return the word for the state that was reached."""
    check, word = _CHECKS[wanted.condition]
    begun = time.monotonic()
    while not site.dry_run:
        states = [site.client.containers.inspect(container.id) for container in containers]
        if all([check(wanted.service, state) for state in states]) and (
            time.monotonic() - begun >= STANDING_S or not _may_fall(wanted, containers, states)
        ):
            return word
        if wanted.deadline is not None and time.monotonic() > wanted.deadline:
            raise Unavailable("timeout waiting for dependencies")
        time.sleep(LOOK_AGAIN_S)
    return word


def _may_fall(
    wanted: Condition, containers: Sequence[Found], states: Sequence[Mapping[str, Any]]
) -> bool:
    """Whether one of `containers` was started just now, and may have nothing but begun."""
    return wanted.condition == RUNNING_OR_HEALTHY and any(
        container.state != "running" and not state["State"].get("Health")
        for container, state in zip(containers, states, strict=True)
    )


def is_healthy(service: str, inspected: Mapping[str, Any]) -> bool:
    """Whether the container is. Raises Failed if it will not be."""
    state, name = inspected["State"], inspected["Name"].removeprefix("/")
    if state["Status"] in ("exited", "dead"):
        raise Failed(f"dependency failed to start: container {name} exited ({state['ExitCode']})")
    health = (state.get("Health") or {}).get("Status", "none")
    if health in ("", "none"):
        raise Failed(f"dependency failed to start: container {name} has no healthcheck configured")
    if health == "unhealthy":
        raise Failed(f"dependency failed to start: container {name} is unhealthy")
    return bool(health == "healthy")


def is_running_or_healthy(service: str, inspected: Mapping[str, Any]) -> bool:
    """Whether the container runs, and is healthy if it can tell. Raises Failed."""
    state, name = inspected["State"], inspected["Name"].removeprefix("/")
    if state["Status"] in ("exited", "dead"):
        raise Failed(f"container {name} exited ({state['ExitCode']})")
    health = (state.get("Health") or {}).get("Status", "none")
    if health == "unhealthy":
        raise Failed(f"container {name} is unhealthy")
    if health in ("", "none"):
        return bool(state["Status"] == "running")
    return bool(health == "healthy")


def is_completed(service: str, inspected: Mapping[str, Any]) -> bool:
    """Whether the container has ended well. Raises Failed if it ended otherwise."""
    state = inspected["State"]
    if state["Status"] not in ("exited", "dead"):
        return False
    if state["ExitCode"]:
        raise Failed(f'service "{service}" didn\'t complete successfully: exit {state["ExitCode"]}')
    return True


_CHECKS: dict[str, tuple[Callable[[str, Mapping[str, Any]], bool], str]] = {
    HEALTHY: (is_healthy, "Healthy"),
    RUNNING_OR_HEALTHY: (is_running_or_healthy, "Healthy"),
    COMPLETED: (is_completed, "Exited"),
}
