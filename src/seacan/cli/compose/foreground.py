"""`up` without --detach: what containers print, until all have ended or somebody ends it.

Ctrl-C stops the containers in order, a second one kills them. Events of the daemon tell of starts
and ends; the logs themselves are followed in threads (followers.py). On a terminal there are keys
to press (menu.py).
"""

from __future__ import annotations

import math
import signal
import sys
import threading
import time
from contextlib import nullcontext
from enum import Enum

from seacan.cli.compose.followers import Followers
from seacan.cli.compose.menu import Key, Menu
from seacan.cli.compose.progress import Nothing
from seacan.cli.compose.watching import WatchSwitch
from seacan.client.client import messages
from seacan.compose import names
from seacan.compose.containers import Found, containers_of
from seacan.compose.starting import start
from seacan.compose.stopping import stop_in_order
from seacan.errors import Conflict, InvalidArgument, NotFound, SeacanError
from seacan.records import record, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from seacan.cli.compose.bottom import Bottom
    from seacan.cli.compose.log_lines import LogLines
    from seacan.compose.model.project import Project
    from seacan.compose.rolling import Update
    from seacan.compose.watch_rules import Rule
    from seacan.compose.worksite import Worksite

_LATE_EVENTS_S = 3.0
_NOT_RUNNING = ("created", "exited", "dead")


class OnExit(Enum):
    """What the end of one container means for the others."""

    GO_ON = 0
    STOP = 1
    STOP_ON_FAILURE = 2


@record
class Choices:
    """`asked`: services that were named. `shown`: those whose output is shown.

    `menu`: where keys to press are shown, if any are. `watch_rules`: of a watch that begins with
    the start, None without one.
    """

    asked: list[str]
    shown: set[str]
    colors: bool
    menu: Bottom | None
    watch_rules: Sequence[Rule] | None
    on_exit: OnExit
    exit_code_from: str
    timeout_s: int | None


class Foreground:
    """`site`: its progress is told of what is stopped. `updates`: see starting.start."""

    def __init__(
        self,
        site: Worksite,
        project: Project,
        lines: LogLines,
        choices: Choices,
        updates: Mapping[str, Update],
    ) -> None:
        self._site = site
        self._project = project
        self._lines = lines
        self._choices = choices
        self._updates = updates
        self._replaced = {one.id for update in updates.values() for one in update.containers}
        self._shown = choices.shown
        self._watched = set(choices.asked) or choices.shown  # whose ends matter
        self._followers = Followers(site.client, lines)
        self._exit_code = 0
        self._containers: dict[str, Found] = {}
        self._running: set[str] = set()  # ids of what runs, or is to be started
        self._changed = threading.Condition()
        self._starter = threading.Thread(target=self._start, daemon=True)
        self._is_replacing = False  # the watch is: then an end is no end
        self._watch = WatchSwitch(site, project, choices.watch_rules, say=lines.say, at_work=self)
        self._menu = self._make_menu(choices.menu) if choices.menu else None
        self._errors: list[BaseException] = []
        self._interrupts = 0
        self._is_stopping = False
        self._is_started = False
        self._is_detached = False
        self._give_up_at = math.inf  # when ends of stopped containers are waited for no longer

    def _make_menu(self, bottom: Bottom) -> Menu:
        keys = {
            "w": Key(
                lambda: "Disable Watch" if self._watch.is_on else "Enable Watch",
                self._switch_watch,
            ),
            "d": Key(lambda: "Detach", self._detach),
        }
        return Menu(bottom, keys, colors=self._choices.colors)

    def _switch_watch(self) -> None:
        if self._watch.is_on:
            self._watch.turn_off()
            return
        with self._changed:
            self._changed.wait_for(lambda: self._is_started)
        try:
            self._watch.turn_on()
        except InvalidArgument as err:
            self._lines.say(str(err))

    def _detach(self) -> None:
        with self._changed:
            self._is_detached = True
            self._changed.notify_all()

    def __enter__(self) -> None:
        """Containers may end from here on that are to go on: the watch has begun its work."""
        self._is_replacing = True

    def __exit__(self, *_: object) -> None:
        with self._changed:  # an end that is told of meanwhile is seen after this
            now = containers_of(self._site.client, self._project.name, all_states=False)
            self._running |= {one.id for one in now if one.service in self._watched}
            self._is_replacing = False

    def run(self) -> int:
        """Start everything and stay until it has ended; return the exit code."""
        handlers: dict[int, Callable[..., object]] = {
            signal.SIGTERM: self._interrupted,
            signal.SIGINT: self._interrupted,
        }
        if self._menu is not None:
            handlers[signal.SIGCONT] = self._menu.resume
        before = {number: signal.signal(number, act) for number, act in handlers.items()}
        try:
            with self._menu or nullcontext():
                return self._run()
        finally:
            for number, act in before.items():
                signal.signal(number, act)

    def _run(self) -> int:
        for container in containers_of(self._site.client, self._project.name):
            if container.service in self._project.services:
                self._containers[container.id] = container
                if container.service in self._watched:
                    self._running.add(container.id)
                if container.service in self._shown:
                    self._lines.expect(container.short_name)
        shown = [c.short_name for c in self._containers.values() if c.service in self._shown]
        self._lines.say(f"Attaching to {', '.join(sorted(shown))}")
        events = self._site.client.system.events(
            filters={"type": ["container"], "label": [f"{names.PROJECT}={self._project.name}"]}
        )
        threading.Thread(target=self._see_all, args=(events,), daemon=True).start()
        for container in self._containers.values():
            if container.state == "running" and container.service in self._shown:
                self._followers.follow(container.id, container.short_name, tail="0")
        self._starter.start()
        self._wait()
        self._watch.turn_off()
        events.connection.close()
        if self._errors:
            raise self._errors[0]
        if not self._is_detached:
            self._followers.join()
        return self._exit_code

    def _start(self) -> None:
        try:
            site = replace(self._site, progress=Nothing())  # logs tell enough
            start(site, self._project, updates=self._updates, output=self._print_hook)
        except BaseException as err:
            if not self._is_stopping:
                self._errors.append(err)
        with self._changed:
            self._is_started = True
            self._changed.notify_all()
        self._forget_unstarted()
        if self._choices.watch_rules is not None and not self._errors:
            self._watch.turn_on()

    def _print_hook(self, container: Found, piece: bytes) -> None:
        self._lines.write(container.short_name, piece)

    def _forget_unstarted(self) -> None:
        """Expect no end of what was not started; of all others an event tells."""
        for container in containers_of(self._site.client, self._project.name):
            if container.state == "created":
                self._is_over(container.id)

    def _wait(self) -> None:
        """Return when nothing runs any more; signals are seen in between."""
        while True:
            with self._changed:
                self._changed.wait(0.2)
                has_ended = self._is_started and not self._running and not self._is_replacing
                if self._errors or has_ended or (self._is_detached and self._is_started):
                    return
            if time.monotonic() > self._give_up_at:
                return
            if self._interrupts and not self._is_stopping:
                self._lines.say("Gracefully Stopping... press Ctrl+C again to force")
                self._stop()
            elif self._interrupts > 1:
                self._kill()
                return

    def _interrupted(self, *_: object) -> None:
        self._interrupts += 1
        self._exit_code = self._exit_code or 130

    def _stop(self) -> None:
        self._is_stopping = True
        self._watch.turn_off()
        if self._menu is not None:
            self._menu.end()

        def work() -> None:
            try:
                self._stop_in_order()
                # What was about to be started may have been started since.
                self._starter.join()
                self._stop_in_order()
            except SeacanError as err:
                self._errors.append(err)
            self._give_up_at = time.monotonic() + _LATE_EVENTS_S

        threading.Thread(target=work, daemon=True).start()

    def _stop_in_order(self) -> None:
        containers = containers_of(self._site.client, self._project.name)
        stop_in_order(
            self._site,
            self._project,
            [one for one in containers if one.state not in _NOT_RUNNING],
            services=self._choices.asked,
            timeout_s=self._choices.timeout_s,
        )

    def _kill(self) -> None:
        for container in containers_of(self._site.client, self._project.name, all_states=False):
            try:
                self._site.client.containers.kill(container.id)
            except (NotFound, Conflict):
                continue

    def _see_all(self, events: Any) -> None:
        try:
            for event in messages(events.pieces()):
                self._see(event)
        except (SeacanError, OSError, ValueError) as err:
            # Closed on purpose at the end, or the daemon is gone.
            if self._running and not self._is_stopping:
                self._errors.append(err)

    def _see(self, event: dict[str, Any]) -> None:
        attributes = event.get("Actor", {}).get("Attributes") or {}
        service, container_id = attributes.get(names.SERVICE, ""), event["Actor"]["ID"]
        if service not in self._project.services or attributes.get(names.ONE_OFF) == "True":
            return
        container = self._containers.get(container_id)
        if container is None:
            labels = {key: value for key, value in attributes.items() if key.startswith("com.")}
            summary = {"Id": container_id, "Names": [f"/{attributes['name']}"], "Labels": labels}
            container = self._containers[container_id] = Found(summary)
        if event["Action"] == "start":
            self._has_started(container)
        elif event["Action"] == "die":
            self._has_ended(container, int(attributes.get("exitCode", 0)))

    def _has_started(self, container: Found) -> None:
        with self._changed:
            if container.service in self._watched:
                self._running.add(container.id)
        if container.service not in self._shown:
            return
        try:
            state = self._site.client.containers.inspect(container.id)["State"]
        except NotFound:
            return
        since = _seconds(state["StartedAt"])
        self._followers.follow(container.id, container.short_name, since=since)

    def _has_ended(self, container: Found, code: int) -> None:
        is_restarting = self._is_restarting(container.id)
        if container.service in self._shown:
            self._followers.settle(container.id)
            again = " (restarting)" if is_restarting else ""
            self._lines.tell(container.short_name, f"exited with code {code}{again}")
        if container.service == self._choices.exit_code_from:
            self._exit_code = code
        if is_restarting or container.service not in self._watched:
            return
        self._is_over(container.id)
        if container.id in self._replaced or self._is_replacing:
            return
        on_exit = self._choices.on_exit
        ends_all = on_exit is OnExit.STOP or (on_exit is OnExit.STOP_ON_FAILURE and code)
        if ends_all and not self._is_stopping:
            if not self._choices.exit_code_from:
                self._exit_code = code
            print("Aborting on container exit...", file=sys.stderr, flush=True)
            self._stop()

    def _is_restarting(self, container_id: str) -> bool:
        try:
            state = self._site.client.containers.inspect(container_id)["State"]
        except NotFound:
            return False
        return bool(state["Restarting"] or state["Running"])

    def _is_over(self, container_id: str) -> None:
        with self._changed:
            self._running.discard(container_id)
            self._changed.notify_all()


def _seconds(moment: str) -> str:
    """Return the seconds since 1970 of `2026-01-02T03:04:05.678Z`, with their fraction."""
    import calendar

    whole, _, fraction = moment.rstrip("Z").partition(".")
    return f"{calendar.timegm(time.strptime(whole, '%Y-%m-%dT%H:%M:%S'))}.{fraction or '0'}"
