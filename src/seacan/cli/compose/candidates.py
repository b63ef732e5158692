"""What words of a command line of compose may be: services, profiles, projects.

Files that are wrong, or come from elsewhere, name nothing: a half-written line is no place for
errors, nor for waiting.
"""

from __future__ import annotations

import os

from seacan.cli import flags as flag_parser
from seacan.cli.completion.candidates import DIRECTORIES
from seacan.cli.compose.composition import sources_of
from seacan.cli.compose.main import FLAGS
from seacan.compose import names
from seacan.compose.containers import Found
from seacan.compose.model.discovery import Application
from seacan.compose.model.documents import STDIN
from seacan.compose.model.loading import Choices
from seacan.compose.model.notices import Notices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from seacan.cli.completion.candidates import Candidates
    from seacan.cli.session import Session
    from seacan.compose.model.project import Project

_WORDS = {
    "ansi": "auto never always",
    "policy": "always missing",
    "progress": "auto tty plain json quiet",
    "pull": "always missing never build",
    "status": "created dead exited paused removing restarting running",
}
_SERVICES = ("attach", "exit-code-from", "no-attach")
_DIRECTORIES = ("project-directory", "workdir")


class Composed:
    """The application that a line is about. `words`: its flags before the command."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words

    def value(self, session: Session, flag: str) -> Candidates | str | None:
        """Return what the value of `flag` may be: words, DIRECTORIES, or None for it is unknown."""
        if flag in _WORDS:
            return [(word, "") for word in _WORDS[flag].split()]
        if flag in _SERVICES:
            return self.services()
        if flag == "scale":
            return self.services("=")
        if flag == "profile":
            return self.profiles()
        if flag == "project-name":
            return projects(session)
        return DIRECTORIES if flag in _DIRECTORIES else None

    def services(self, end: str = "") -> Candidates:
        """Return the services, those of profiles, too, each followed by `end`."""
        project = self._project()
        if project is None:
            return []
        services = {**project.services, **project.disabled}
        return [(name + end, str(one.get("image", ""))) for name, one in sorted(services.items())]

    def profiles(self) -> Candidates:
        project = self._project()
        if project is None:
            return []
        services = [*project.services.values(), *project.disabled.values()]
        found = {profile for one in services for profile in one.get("profiles", ())}
        return [(profile, "") for profile in sorted(found)]

    def _project(self) -> Project | None:
        values, _ = flag_parser.parse(FLAGS, self._words, stop_at_argument=True)
        application = Application(sources_of(values), os.environ, Notices(lambda _: None))
        if STDIN in application.files:
            return None  # it is the terminal
        return application.project(Choices(), consistent=False)


def projects(session: Session) -> Candidates:
    """Return the names of the projects that have containers."""
    labels = [names.PROJECT, names.CONFIG_HASH]
    listed = session.client.containers.list(all_states=True, filters={"label": labels})
    return [(name, "") for name in sorted({Found(summary).project for summary in listed})]
