"""What is done about changed files: services built anew, files copied, containers restarted."""

from __future__ import annotations

import os
import tarfile
import tempfile
from functools import partial

from seacan.compose import names
from seacan.compose.containers import containers_of
from seacan.compose.convergence import Choices, converge
from seacan.compose.hooks import run_hook
from seacan.compose.images import in_build_order
from seacan.compose.model.order import for_all
from seacan.compose.model.project import with_selected_services
from seacan.compose.plan import Policy
from seacan.compose.restarting import restart
from seacan.compose.starting import start
from seacan.compose.watch_files import changes, look
from seacan.compose.watch_rules import REBUILD, RESTART, SYNC_EXEC, SYNC_RESTART, SYNCING
from seacan.errors import Conflict, SeacanError
from seacan.records import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from typing import IO

    from seacan.compose.containers import Found
    from seacan.compose.model.project import Project
    from seacan.compose.watch_rules import Rule
    from seacan.compose.worksite import Worksite

_PIECE_BYTES = 1 << 20
_PATHS_AT_ONCE = 500  # that one `rm` is given


class Watch:
    """Keeps services up to date with the files that `rules` name.

    `tell` is given a line for each thing that is done. `prune`: an image that has lost its name to
    a newer one is removed. `at_work` is entered while something is done.
    """

    def __init__(
        self,
        site: Worksite,
        project: Project,
        rules: Sequence[Rule],
        *,
        tell: Callable[[str], None],
        prune: bool,
        at_work: AbstractContextManager[object],
    ) -> None:
        self._site = site
        self._project = project
        self._rules = rules
        self._tell = tell
        self._prune = prune
        self._at_work = at_work

    def run(self, is_over: threading.Event) -> None:
        """Do what is to be done about each change until `is_over`; what fails is told."""
        before = look(self._rules)
        with self._at_work:
            self._attempt(partial(self._sync_all, set(before)))
        self._tell("Watch enabled")
        for batch in changes(self._rules, before, is_over):
            with self._at_work:
                self._attempt(partial(self._handle, batch))
        self._tell("Watch disabled")

    def _attempt(self, act: Callable[[], None]) -> None:
        try:
            act()
        except (SeacanError, OSError) as err:
            self._site.notices.warn(f"Error handling changed files: {err}")

    def _sync_all(self, paths: set[str]) -> None:
        self._sync([rule for rule in self._rules if rule.initial_sync], paths)

    def _handle(self, paths: set[str]) -> None:
        touched = [rule for rule in self._rules if any(map(rule.matches, paths))]
        if rebuilt := _services(touched, REBUILD):
            self._rebuild(rebuilt)
        self._sync(touched, paths)
        if restarted := _services(touched, RESTART, SYNC_RESTART):
            restart(self._site, self._project, services=restarted, dependents=True, timeout_s=None)
            self._tell(f"service(s) {_quoted(restarted)} restarted")
        for rule in touched:
            if rule.action == SYNC_EXEC:
                self._execute(rule)

    def _execute(self, rule: Rule) -> None:
        def run(container: Found) -> None:
            run_hook(self._site.client, rule.service, rule.exec, container.id, self._print)

        for_all(self._containers(rule.service, all_states=False), run, at_once=self._site.at_once)

    def _print(self, piece: bytes) -> None:
        for line in piece.decode(errors="replace").splitlines():
            self._tell(line)

    def _containers(self, service: str, *, all_states: bool = True) -> list[Found]:
        return containers_of(
            self._site.client, self._project.name, services=[service], all_states=all_states
        )

    def _sync(self, rules: Iterable[Rule], paths: set[str]) -> None:
        """Have the containers of each service have what is at `paths` now."""
        places: dict[str, dict[str, str]] = {}  # of each service: path here → path there
        for rule in rules:
            if rule.action in SYNCING:
                found = {path: rule.place_of(path) for path in paths if rule.matches(path)}
                places.setdefault(rule.service, {}).update(found)
        for service, found in sorted(places.items()):
            if found:
                self._tell(f'Syncing service "{service}" after {len(found)} changes were detected')
                self._copy(service, found)

    def _copy(self, service: str, places: dict[str, str]) -> None:
        there = {path: place for path, place in places.items() if os.path.lexists(path)}
        roots = {rule.path for rule in self._rules}  # one that is gone may be on its way
        gone = sorted(places[path] for path in places.keys() - there.keys() - roots)
        with tempfile.TemporaryFile() as archive:
            _pack(there, archive)
            for container in self._containers(service):
                archive.seek(0)
                self._site.client.files.write(
                    container.id, "/", _pieces(archive), keeps_owners=True
                )
                if container.state == "running":
                    self._remove(container, gone)

    def _remove(self, container: Found, places: Sequence[str]) -> None:
        for first in range(0, len(places), _PATHS_AT_ONCE):
            command = ["rm", "-rf", *places[first : first + _PATHS_AT_ONCE]]
            hook = {"command": command, "user": "root"}
            run_hook(self._site.client, container.service, hook, container.id)

    def _rebuild(self, services: Sequence[str]) -> None:
        self._tell(f"Rebuilding service(s) {_quoted(services)} after changes were detected...")
        try:
            for name in in_build_order(self._project, list(services)):
                self._site.build(self._project, name)
        except SeacanError as err:
            self._tell(f"Build failed. Error: {err}")
            raise
        self._tell(f"service(s) {_quoted(services)} successfully built")
        project = _without_builds(self._project)
        choices = Choices(services=tuple(services), policy=Policy.FORCE, ignore_orphans=True)
        made = converge(self._site, project, choices)
        start(self._site, with_selected_services(project, services), updates=made.updates)
        if self._prune:
            self._remove_nameless_images()

    def _remove_nameless_images(self) -> None:
        labels = [f"{names.PROJECT}={self._project.name}"]
        for image in self._site.client.images.list(filters={"dangling": ["true"], "label": labels}):
            try:
                self._site.client.images.remove(image["Id"])
            except Conflict:  # a container has it that is not the project's
                continue


def _services(rules: Iterable[Rule], *actions: str) -> list[str]:
    return sorted({rule.service for rule in rules if rule.action in actions})


def _quoted(services: Sequence[str]) -> str:
    return "[" + " ".join(f'"{name}"' for name in services) + "]"


def _without_builds(project: Project) -> Project:
    """Return `project` with the images that there are, whatever asked for newer ones before."""
    services = {
        name: {key: value for key, value in service.items() if key != "pull_policy"}
        for name, service in project.services.items()
    }
    return replace(project, services=services)


def _pack(places: dict[str, str], file: IO[bytes]) -> None:
    """Write an archive of files of this host, each called after its place in a container."""
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, place in sorted(places.items()):
            try:
                archive.add(path, place.lstrip("/"), recursive=False)
            except FileNotFoundError:  # it went meanwhile: that is the next change
                continue


def _pieces(archive: IO[bytes]) -> Iterator[bytes]:
    while piece := archive.read(_PIECE_BYTES):
        yield piece
