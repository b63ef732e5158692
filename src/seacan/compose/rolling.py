"""The containers of a service replaced by and by, as `deploy.update_config` says.

A follower runs, and is healthy if it can tell, before the next container's turn comes. What was
replaced is kept, stopped, until the whole service is done: a container whose follower fails is put
back itself, and the others with it if the failure action is `rollback`.
"""

from __future__ import annotations

import time
from functools import partial

from seacan.client.streams import demultiplex
from seacan.compose import names, stopping
from seacan.compose.containers import Found
from seacan.compose.model.order import for_all
from seacan.compose.replacing import aside, make_follower, usual_name
from seacan.compose.update_config import (
    CONTINUE,
    PAUSE,
    ROLLBACK,
    START_FIRST,
    STOP_FIRST,
    UpdateConfig,
    update_config_of,
    why_all_at_once,
    why_stop_first,
)
from seacan.compose.waiting import LOOK_AGAIN_S, Failed, is_running_or_healthy
from seacan.compose.worksite import Telling
from seacan.errors import SeacanError, Unavailable
from seacan.records import record, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from seacan.compose.model.project import Project
    from seacan.compose.plan import Newness
    from seacan.compose.worksite import Worksite

    Start = Callable[[Found], None]

_LAST_LINES = "10"


@record
class Update:
    """Containers that run, and are to be replaced as `config` says, and put back as `rollback`."""

    config: UpdateConfig
    rollback: UpdateConfig
    newness: Newness
    containers: tuple[Found, ...]


def update_of(
    site: Worksite, project: Project, newness: Newness, outdated: Iterable[Found]
) -> Update | None:
    """Return how those of `outdated` that run are to be replaced, None if it is all at once.

    Raises InvalidArgument. A notice tells what of the service's update_config cannot be had.
    """
    config = update_config_of(newness.name, newness.service)
    running = tuple(container for container in outdated if container.state == "running")
    if config is None or not running:
        return None
    rollback = update_config_of(newness.name, newness.service, "rollback_config")
    rollback = rollback or UpdateConfig(parallelism=0, order=config.order)
    where = f"services.{newness.name}.deploy.update_config"
    if why := why_all_at_once(project, newness.name):
        site.notices.warn(f"{where}: ignored, because {why}")
        return None
    is_start_first = START_FIRST in (config.order, rollback.order)
    if is_start_first and (why := why_stop_first(newness.service)):
        site.notices.warn(f"{where}.order: stop-first and not start-first, because {why}")
        config = replace(config, order=STOP_FIRST)
        rollback = replace(rollback, order=STOP_FIRST)
    return Update(config, rollback, newness, running)


def update_service(
    site: Worksite, project: Project, update: Update, start: Start, deadline: float | None = None
) -> None:
    """Replace the containers of `update`. Raises Failed, saying which of them are as before.

    `start` starts a container as one of the service; `deadline`: on time.monotonic()'s clock.
    """
    replacements = [
        _Replacement(site, project, update, old, start, deadline) for old in update.containers
    ]
    rolling = _Rolling(site, update, replacements)
    rolling.run()
    rolling.tell_failures()


class _Rolling:
    def __init__(
        self, site: Worksite, update: Update, replacements: Sequence[_Replacement]
    ) -> None:
        self._site = site
        self._name = update.newness.name
        self._config = update.config
        self._rollback = update.rollback
        self._replacements = replacements
        self._failures: list[SeacanError] = []

    def run(self) -> None:
        for batch in _batches(self._replacements, self._config):
            self._replace(batch)
            if self._has_failed and self._config.failure_action != CONTINUE:
                break
        if self._has_failed and self._config.failure_action == ROLLBACK:
            for batch in _batches(self._done(), self._rollback):
                self._for_all(batch, lambda one: one.put_back(self._rollback.order))
        self._for_all(self._done(), lambda one: one.remove_old())

    @property
    def _has_failed(self) -> bool:
        ratio = len(self._failures) / len(self._replacements)
        return ratio > self._config.max_failure_ratio

    def _done(self) -> list[_Replacement]:
        return [one for one in self._replacements if one.is_done]

    def _for_all(
        self, replacements: Sequence[_Replacement], act: Callable[[_Replacement], None]
    ) -> None:
        for_all(replacements, act, at_once=self._site.at_once)

    def _replace(self, batch: Sequence[_Replacement]) -> None:
        self._for_all(batch, partial(self._attempt, lambda one: one.replace()))
        until = time.monotonic() + self._config.monitor_s
        while time.monotonic() < until and (standing := [one for one in batch if one.is_done]):
            self._for_all(standing, partial(self._attempt, lambda one: one.require_standing()))
            time.sleep(LOOK_AGAIN_S)

    def _attempt(self, act: Callable[[_Replacement], None], one: _Replacement) -> None:
        try:
            act(one)
        except SeacanError as err:
            self._site.notices.warn(f"{one.usual}: {err}{one.last_lines()}")
            self._failures.append(err)
            one.put_back(self._config.order)

    def tell_failures(self) -> None:
        """Raise Failed if there were too many, else warn of them."""
        if not self._failures:
            return
        done = self._done()
        as_before = [one.usual for one in self._replacements if one not in done]
        text = f'update of service "{self._name}" {self._outcome()}: {self._failures[0]}; '
        if done:
            text += f"replaced: {', '.join(one.usual for one in done)}; "
        text += f"as before: {', '.join(as_before)}"
        if self._has_failed:
            raise Failed(text)
        self._site.notices.warn(text)

    def _outcome(self) -> str:
        if not self._has_failed:
            return "failed in part"
        outcomes = {PAUSE: "stopped", CONTINUE: "failed in part", ROLLBACK: "rolled back"}
        return outcomes[self._config.failure_action]


def _batches(
    replacements: Sequence[_Replacement], config: UpdateConfig
) -> Iterator[Sequence[_Replacement]]:
    """Yield as many at a time as `config` says, and when it says."""
    size = config.parallelism or len(replacements)
    for first in range(0, len(replacements), size):
        if first:
            time.sleep(config.delay_s)
        yield replacements[first : first + size]


class _Replacement:
    """One container and its follower. After `replace`, `put_back` or `remove_old` ends it."""

    def __init__(
        self,
        site: Worksite,
        project: Project,
        update: Update,
        old: Found,
        start: Start,
        deadline: float | None,
    ) -> None:
        self._site = site
        self._project = project
        self._update = update
        self._old = old
        self._start = start
        self._deadline = deadline
        self.usual = usual_name(project, update.newness, old)
        self.is_done = False
        self._new: Found | None = None
        self._has_lost_name = False

    def replace(self) -> None:
        """Let a follower take the place of the container. Raises SeacanError; then `put_back`."""
        with Telling(self._site, f"Container {self.usual}", "Updating", "Updated"):
            made = make_follower(self._site, self._project, self._update.newness, self._old)
            self._new = self._follower(made)
            if self._update.config.order == START_FIRST:
                self._start_new(self._new)
                self._stop_old()
            else:
                self._stop_old()
                self._start_new(self._new)
            self._give_name(self._new)
        self.is_done = True

    def _follower(self, made: str) -> Found:
        labels = {
            names.PROJECT: self._project.name,
            names.SERVICE: self._update.newness.name,
            names.NUMBER: str(self._old.number),
        }
        return Found({"Id": made, "Names": [f"/{self.usual}"], "Labels": labels})

    def _start_new(self, new: Found) -> None:
        self._start(new)
        while not self._is_standing(new):
            if self._deadline is not None and time.monotonic() > self._deadline:
                raise Unavailable(f"container {self.usual} is not healthy yet")
            time.sleep(LOOK_AGAIN_S)

    def _is_standing(self, new: Found) -> bool:
        """Whether the follower runs, and is healthy if it can tell. Raises Failed."""
        inspected = self._site.client.containers.inspect(new.id)
        if inspected["RestartCount"]:
            raise Failed(f"container {self.usual} had to be restarted")
        return is_running_or_healthy(new.service, {**inspected, "Name": self.usual})

    def require_standing(self) -> None:
        """Raise Failed if the follower does not run any more, or has become unhealthy."""
        if self._new is not None and not self._is_standing(self._new):
            raise Failed(f"container {self.usual} does not run any more")

    def _stop_old(self) -> None:
        timeout_s = self._update.newness.timeout_s
        stopping.stop_containers(self._site, self._project, [self._old], timeout_s=timeout_s)

    def _give_name(self, new: Found) -> None:
        rename = self._site.client.containers.rename
        rename(self._old.id, aside(new.id, self.usual))
        self._has_lost_name = True
        rename(new.id, self.usual)

    def last_lines(self) -> str:
        """Return what the follower printed last, below a line of its own; "" if nothing."""
        if self._new is None:
            return ""
        try:
            with self._site.client.containers.logs(self._new.id, tail=_LAST_LINES) as reply:
                pieces = reply.pieces()
                if not self._update.newness.service.get("tty"):
                    pieces = (piece for _, piece in demultiplex(pieces))
                printed = b"".join(pieces)
        except SeacanError:  # a log that cannot be read is not what is to be told here
            return ""
        lines = printed.decode(errors="replace").splitlines()
        return "".join(f"\n  {line}" for line in ["it printed last:", *lines]) if lines else ""

    def put_back(self, order: str) -> None:
        """Let the container take its place again, and remove its follower."""
        self.is_done = False
        with Telling(self._site, f"Container {self.usual}", "Putting back", "Put back"):
            if order == START_FIRST:
                self._site.client.containers.start(self._old.id)
                self._remove_new()
            else:
                self._remove_new()
                self._site.client.containers.start(self._old.id)
            if self._has_lost_name:
                self._site.client.containers.rename(self._old.id, self.usual)

    def _remove_new(self) -> None:
        if self._new is None:
            return
        timeout_s = self._update.newness.timeout_s
        self._site.client.containers.stop(self._new.id, timeout_s=timeout_s)
        self._site.client.containers.remove(self._new.id, force=True, volumes=True)

    def remove_old(self) -> None:
        self._site.client.containers.remove(self._old.id)
