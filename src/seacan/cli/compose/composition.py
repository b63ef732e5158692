"""What every command of compose works with: the application, the client, how progress is shown."""

from __future__ import annotations

import os
import sys

from seacan.cli.compose.bottom import AboveBottom, Bottom
from seacan.cli.compose.progress import progress_for
from seacan.cli.terminal import is_terminal
from seacan.compose.containers import containers_of
from seacan.compose.model.discovery import Application, Sources
from seacan.compose.model.loading import Choices
from seacan.compose.model.notices import Notices
from seacan.compose.model.order import AT_ONCE
from seacan.compose.model.project import (
    Project,
    with_environment_files,
    with_label_files,
    with_selected_services,
    with_services_enabled,
    without_unused_resources,
)
from seacan.compose.model.switches import is_yes
from seacan.compose.worksite import Worksite
from seacan.errors import InvalidArgument, SeacanError, Unsupported
from seacan.lean import cached_property

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TextIO

    from seacan.cli.compose.bottom import Output
    from seacan.cli.flags import Values
    from seacan.cli.session import Session
    from seacan.client.client import Client


def sources_of(values: Values) -> Sources:
    """Return where the flags before the command say that the application is."""
    return Sources(
        files=tuple(values.texts("file")),
        directory=values.text("project-directory"),
        env_files=tuple(values.texts("env-file")),
        name=values.text("project-name"),
        profiles=tuple(values.texts("profile")),
        compatibility=values.on("compatibility"),
    )


class Composition:
    """One run of compose. `values`: the flags before the command."""

    def __init__(self, session: Session, values: Values, *, dry_run: bool) -> None:
        self.session = session
        self.dry_run = dry_run
        self.notices = Notices(self._warn)
        self._values = values
        self._sources = sources_of(values)

    @cached_property
    def client(self) -> Client:
        """Return the client of the daemon; with --dry-run one that changes nothing."""
        if not self.dry_run:
            return self.session.client
        from seacan.compose.dry_run import PretendingClient

        headers = self.session.config.get("HttpHeaders")
        return PretendingClient(self.session.client.endpoint, headers=headers)

    @cached_property
    def application(self) -> Application:
        return Application(self._sources, os.environ, self.notices, self._fetch_artifact)

    def _fetch_artifact(self, reference: str, cache: str) -> str:
        from seacan.compose.artifacts import fetched

        return fetched(self.session.client, self.session.registry_headers, reference, cache)

    @property
    def all_resources(self) -> bool:
        return self._values.on("all-resources")

    def project(
        self,
        services: Sequence[str] = (),
        *,
        choices: Choices | None = None,
        normalized: bool = True,
        consistent: bool = True,
        keep_label_files: bool = False,
    ) -> Project:
        """Return the application with `services` and what they depend on; all without any.

        Variables of their files are not read yet. Raises InvalidArgument or NotFound.
        """
        project = self.application.project(
            choices or Choices(), normalized=normalized, consistent=consistent
        )
        project = with_label_files(project, self.notices, keep=keep_label_files)
        project = with_selected_services(with_services_enabled(project, services), services)
        return project if self.all_resources else without_unused_resources(project)

    def complete_project(self, services: Sequence[str] = ()) -> Project:
        """Return the project as containers are made of it."""
        project = self.project(services, keep_label_files=True)
        return with_environment_files(project, self.notices)

    def name(self) -> str:
        """Return the project's name, for what needs no files. Raises InvalidArgument."""
        given = self._sources.name or os.environ.get("COMPOSE_PROJECT_NAME", "")
        return given or self.project().name

    def project_or_name(self, services: Sequence[str] = ()) -> tuple[Project | None, str]:
        """Return the project if its files are there, and its name.

        With a name alone, on the command line, files are not looked for.
        """
        if self._sources.name and not self._sources.files:
            return None, self._sources.name
        try:
            project = self.project(services)
        except SeacanError:
            name = os.environ.get("COMPOSE_PROJECT_NAME", "")
            if not name:
                raise
            return None, name
        return project, project.name

    def project_with_resources(self, services: Sequence[str] = ()) -> Project:
        """Return the project of the files, or if there are none, what labels tell of it.

        It is `services` and what they depend on, and all without any. Raises NotFound.
        """
        if self._sources.name and not self._sources.files:
            return self._actual_project(self._sources.name, services)
        try:
            return self.complete_project(services)
        except SeacanError:
            name = os.environ.get("COMPOSE_PROJECT_NAME", "")
            if not name:
                raise
            return self._actual_project(name, services)

    def _actual_project(self, name: str, services: Sequence[str]) -> Project:
        from seacan.compose.actual import actual_project, require_services

        project = actual_project(self.client, name, containers_of(self.client, name))
        require_services(project, services)
        return with_selected_services(project, services)

    @cached_property
    def environment(self) -> Mapping[str, str]:
        """Variables of this process, and what the files of variables add to them, if they can."""
        try:
            return self.application.environment
        except SeacanError:  # the command may do without files; if not, it says what is wrong
            return os.environ

    def environment_is_on(self, name: str) -> bool:
        return is_yes(self.environment, name)

    @cached_property
    def colors(self) -> bool:
        """Whether output may have colors: --ansi and NO_COLOR, else a terminal has them."""
        if os.environ.get("NO_COLOR"):
            return False
        return self._ansi == "always" or (self._ansi == "auto" and is_terminal(1))

    @property
    def _ansi(self) -> str:
        if self._values.on("no-ansi"):
            if self._values.is_given("ansi"):
                raise InvalidArgument(
                    'cannot specify DEPRECATED "--no-ansi" and "--ansi". Please use only "--ansi"'
                )
            return "never"
        ansi = self._values.text("ansi") or os.environ.get("COMPOSE_ANSI", "auto")
        if ansi not in ("auto", "never", "always"):
            raise InvalidArgument(f'invalid value for --ansi: "{ansi}"')
        return ansi

    def refuse_dry_run(self) -> None:
        """Raise Unsupported if nothing is to be done for real: of this, that cannot be told."""
        if self.dry_run:
            raise Unsupported("--dry-run: not supported for this command")

    @property
    def _progress(self) -> str:
        """One of --progress. Raises InvalidArgument if it does not go with --ansi."""
        mode = self._values.text("progress") or os.environ.get("COMPOSE_PROGRESS", "")
        if self._ansi == "never" and mode == "tty":
            raise InvalidArgument("can't use --progress tty while ANSI support is disabled")
        return "plain" if self._ansi == "never" and mode in ("", "auto") else mode

    @cached_property
    def bottom(self) -> Bottom | None:
        """Return the bottom of the terminal; None if standard error is not to be one."""
        mode = self._progress
        if mode == "tty" or (mode in ("", "auto") and is_terminal(2)):
            return Bottom(sys.stderr)
        return None

    @property
    def _status(self) -> TextIO:
        """Where progress is told."""
        return sys.stdout if is_yes(os.environ, "COMPOSE_STATUS_STDOUT") else sys.stderr

    def output(self, file: TextIO) -> Output:
        """Return what prints lines to `file`, above the bottom if it is a terminal, too."""
        if self.bottom is None or not is_terminal(file.fileno()):
            return file
        return AboveBottom(self.bottom, file)

    def _warn(self, text: str) -> None:
        sys.stdout.flush()
        print(f"WARN[0000] {text}", file=self.output(sys.stderr), flush=True)

    def site(
        self,
        title: str,
        *,
        lines: bool = False,
        quiet: bool = False,
        quiet_pull: bool = False,
        quiet_build: bool = False,
    ) -> Worksite:
        """Return what the work on a project is done with; `title`: what is being done, in short.

        `lines`: progress is told in lines, also on a terminal, as others print there.
        """
        mode = "quiet" if quiet else self._progress
        bottom = None if lines else self.bottom
        site = Worksite(
            self.client,
            progress_for(mode, title, self.output(self._status), bottom),
            self.notices,
            self.session.registry_headers,
            self._at_once(),
            self._builder("--progress=quiet") if quiet_build else self._builder(),
            quiet_pull,
        )
        if not self.dry_run:
            return site
        from seacan.compose.dry_run import pretending

        return pretending(site)

    def _builder(self, *flags: str) -> Callable[[Project, str], None]:
        def build(project: Project, name: str) -> None:
            from seacan.cli.compose import building

            building.build(self, project, name, flags)

        return build

    def _at_once(self) -> int:
        text = self.environment.get("COMPOSE_PARALLEL_LIMIT", "")
        limit = self._values.number("parallel")
        if text and not self._values.is_given("parallel"):
            try:
                limit = int(text)
            except ValueError:
                raise InvalidArgument(
                    f'COMPOSE_PARALLEL_LIMIT must be an integer (found: "{text}")'
                ) from None
        return limit if limit > 0 else AT_ONCE
