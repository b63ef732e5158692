"""Which files an application is made of, in which environment, and what it is called.

    files         -f …, else COMPOSE_FILE, else compose.yaml and its like in this directory or above
    directory     --project-directory, else that of the first file
    environment   of this process, then of --env-file …, else of .env in the directory
    name          -p, else COMPOSE_PROJECT_NAME, else `name:` of the last file that has one, else
                  the directory's
    profiles      --profile …, else COMPOSE_PROFILES

A variable of the process wins over one of a file. Source: docker compose 2.40.
"""

from __future__ import annotations

import os

from seacan.compose.model.documents import STDIN, Documents
from seacan.compose.model.loading import Choices, Loader
from seacan.compose.model.normalize import normalize
from seacan.compose.model.project import Project, project_of
from seacan.compose.model.remote_files import FILE_NAMES, RemoteFiles, is_remote
from seacan.compose.model.switches import is_on, is_yes
from seacan.compose.model.variables import substitute
from seacan.errors import InvalidArgument, NotFound
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from seacan.compose.model.notices import Notices
    from seacan.compose.model.remote_files import FetchArtifact

_IN_NAMES = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")
OVERRIDE_NAMES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)


@record
class Sources:
    """What the command line says of where the application is."""

    files: tuple[str, ...] = ()
    directory: str = ""
    env_files: tuple[str, ...] = ()
    name: str = ""
    profiles: tuple[str, ...] = ()
    compatibility: bool = False  # with names of containers and images as version 1 had them


class Application:
    """An application whose files are found but not loaded. Raises InvalidArgument or NotFound.

    `fetch_artifact`: how files come out of a registry; without it, none are fetched from elsewhere.
    """

    def __init__(
        self,
        sources: Sources,
        environ: Mapping[str, str],
        notices: Notices,
        fetch_artifact: FetchArtifact | None = None,
    ) -> None:
        self._sources = sources
        self._notices = notices
        self.remote_files = RemoteFiles(environ, fetch_artifact)
        self._documents = Documents(self.remote_files)
        self.environment = {"PWD": os.getcwd(), **environ}
        self.included: list[str] = []  # by the files, when they are loaded
        if sources.name and sources.name != normalized_name(sources.name):
            raise _invalid_name(sources.name)
        self.env_files = [os.path.abspath(file) for file in self._named_env_files()]
        self._read_env_files(self._directory(list(sources.files)))
        files = self._found_files()
        self.origin = files[0] if is_remote(files[0]) else ""  # of the application, elsewhere
        self.files = [self._documents.place(file) for file in files]
        self.directory = self._directory(self.files)
        self._read_env_files(self._directory(files))
        asked = [one.strip() for one in self.environment.get("COMPOSE_PROFILES", "").split(",")]
        self.profiles = list(sources.profiles) or asked

    def project(
        self, choices: Choices, *, normalized: bool = True, consistent: bool = True
    ) -> Project:
        """Load the files. Raises InvalidArgument."""
        model = self.model(choices, normalized=normalized)
        return project_of(
            model,
            name=self.environment["COMPOSE_PROJECT_NAME"],
            directory=self.directory,
            files=self.files,
            env_files=self.env_files if self._sources.env_files else [],
            environment=self.environment,
            profiles=self.profiles,
            separator="_" if self._is_compatible() else "-",
            consistent=consistent,
        )

    def model(self, choices: Choices, *, normalized: bool = True) -> dict[str, Any]:
        """Load the files, and return the model before its values have their types."""
        name = self._name(choices)
        self.environment["COMPOSE_PROJECT_NAME"] = name
        # Of what is printed with its variables, none is to be replaced by looking it up.
        environment = self.environment if choices.interpolate else {}
        loader = Loader(self.directory, environment, self._documents, self._notices, choices)
        model = loader.load(self.files)
        self.included = loader.included
        if not name:
            raise InvalidArgument("project name must not be empty")
        if normalized:
            model["name"] = name
            normalize(model, environment)
        return model

    def _is_compatible(self) -> bool:
        return self._sources.compatibility or is_yes(self.environment, "COMPOSE_COMPATIBILITY")

    def _named_env_files(self) -> list[str]:
        given = list(self._sources.env_files)
        return given or [
            file for file in self.environment.get("COMPOSE_ENV_FILES", "").split(",") if file
        ]

    def _read_env_files(self, directory: str) -> None:
        files = self.env_files
        if not files and not is_on(self.environment, "COMPOSE_DISABLE_ENV_FILE"):
            default = os.path.join(directory, ".env")
            files = [default] if os.path.isfile(default) else []
        if not files:
            return
        from seacan.compose.model.dotenv import read_file

        found: dict[str, str] = {}
        for file in files:
            if not os.path.exists(file):
                raise NotFound(f"couldn't find env file: {file}")
            read_file(file, found, self.environment.get, self._notices.unset_variable)
        self.environment = {**found, **self.environment}

    def _directory(self, files: list[str]) -> str:
        if self._sources.directory:
            return os.path.abspath(self._sources.directory)
        first = next((file for file in files if file != STDIN), None)
        if first is None or is_remote(first):
            return os.getcwd()
        return os.path.dirname(os.path.abspath(first))

    def _found_files(self) -> list[str]:
        files = list(self._sources.files)
        if not files and "COMPOSE_FILE" in self.environment:
            separator = self.environment.get("COMPOSE_PATH_SEPARATOR") or os.pathsep
            files = self.environment["COMPOSE_FILE"].split(separator)
        if not files:
            files = self._default_files()
        if not files:
            raise NotFound("no configuration file provided: not found")
        return files

    def _default_files(self) -> list[str]:
        directory = self._directory([])
        while True:
            files = _present(directory, FILE_NAMES)
            if files:
                overrides = _present(directory, OVERRIDE_NAMES)
                self._choose(files, "config")
                self._choose(overrides, "override")
                return files[:1] + overrides[:1]
            if os.path.dirname(directory) == directory:
                return []
            directory = os.path.dirname(directory)

    def _choose(self, files: list[str], kind: str) -> None:
        if len(files) > 1:
            self._notices.warn(
                f"Found multiple {kind} files with supported names: {', '.join(files)}"
            )
            self._notices.warn(f"Using {files[0]}")

    def _name(self, choices: Choices) -> str:
        given = self._sources.name or self.environment.get("COMPOSE_PROJECT_NAME", "")
        if given:
            if given != normalized_name(given):
                raise _invalid_name(given)
            return given
        written = ""
        for file in self.files:
            for document in self._documents.of(file):
                name = document.value.get("name") if isinstance(document.value, dict) else None
                written = name if isinstance(name, str) and name else written
        if written and choices.interpolate:
            written = substitute(written, self.environment.get, self._notices.unset_variable)
        return normalized_name(written or os.path.basename(self.directory))


def _present(directory: str, names: tuple[str, ...]) -> list[str]:
    paths = (os.path.join(directory, name) for name in names)
    return [path for path in paths if os.path.exists(path)]


def normalized_name(text: str) -> str:
    """Return the name that a project may have which is closest to `text`."""
    return "".join(sign for sign in text.lower() if sign in _IN_NAMES).lstrip("_-")


def _invalid_name(name: str) -> InvalidArgument:
    return InvalidArgument(
        f'invalid project name "{name}": must consist only of lowercase alphanumeric characters, '
        "hyphens, and underscores as well as start with a letter or number"
    )
