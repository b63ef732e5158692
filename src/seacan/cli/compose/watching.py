"""A watch of a project's files, as commands have it."""

from __future__ import annotations

import threading

from seacan.cli.build.directory import read_ignore_file
from seacan.compose.watch_rules import rules_of
from seacan.compose.watching import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import Any

    from seacan.compose.model.project import Project
    from seacan.compose.watch_rules import Rule
    from seacan.compose.worksite import Worksite


def watch_rules(site: Worksite, project: Project) -> list[Rule]:
    """Return what the services of `project` ask for. Raises InvalidArgument if it is nothing."""
    return rules_of(project, _read_ignored, site.notices)


class WatchSwitch:
    """A watch that is on or off while containers run; one that ends has its thread until then.

    `say` prints a line, `at_work` is entered while something is done. `rules`: None to find them
    when they are needed.
    """

    def __init__(
        self,
        site: Worksite,
        project: Project,
        rules: Sequence[Rule] | None,
        *,
        say: Callable[[str], None],
        at_work: AbstractContextManager[object],
    ) -> None:
        self._site = site
        self._project = project
        self._rules = rules
        self._say = say
        self._at_work = at_work
        self._is_over: threading.Event | None = None
        self._thread: threading.Thread | None = None

    @property
    def is_on(self) -> bool:
        return self._is_over is not None and not self._is_over.is_set()

    def turn_on(self) -> None:
        """Begin to watch. Raises InvalidArgument if no service asks for it."""
        if self._rules is None:
            self._rules = watch_rules(self._site, self._project)
        watch = Watch(
            self._site,
            self._project,
            self._rules,
            tell=lambda line: self._say(told(line)),
            prune=True,
            at_work=self._at_work,
        )
        is_over, before = threading.Event(), self._thread

        def work() -> None:
            if before is not None:
                before.join()
            watch.run(is_over)

        self._is_over = is_over
        self._thread = threading.Thread(target=work, daemon=True)
        self._thread.start()

    def turn_off(self) -> None:
        if self._is_over is not None:
            self._is_over.set()


def told(line: str) -> str:
    """Return what is told by a watch as it is printed."""
    return f" ⦿ {line}"


def _read_ignored(section: Mapping[str, Any]) -> bytes:
    """Return the .dockerignore of a build section."""
    context = section["context"]
    dockerfile = section.get("dockerfile", "")
    return read_ignore_file(context, f"{context}/{dockerfile}" if dockerfile else "")[1]
