"""Compose files that are elsewhere: in a repository of git, or in a registry (`oci://`).

They are fetched into the user's cache, and read there. COMPOSE_EXPERIMENTAL_GIT_REMOTE=false and
COMPOSE_EXPERIMENTAL_OCI_REMOTE=false forbid it. Source: docker compose 2.40.
"""

from __future__ import annotations

import os

from seacan.compose.model.switches import is_on
from seacan.errors import InvalidArgument, NotFound, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from seacan.spec.git_urls import Repository

    # A reference and the cache → a directory in the cache. Raises SeacanError.
    FetchArtifact = Callable[[str, str], str]

OCI_PREFIX = "oci://"
_GIT_SWITCH = "COMPOSE_EXPERIMENTAL_GIT_REMOTE"
_OCI_SWITCH = "COMPOSE_EXPERIMENTAL_OCI_REMOTE"
FILE_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")


def is_remote(path: str) -> bool:
    """Whether `path` is elsewhere. Raises InvalidArgument if it looks so, and is wrong."""
    return path.startswith(OCI_PREFIX) or _repository(path) is not None


class RemoteFiles:
    """Files of elsewhere, each looked for once in a run.

    `fetch_artifact`: how one comes out of a registry; None: nothing is fetched, what is in the
    cache is used.
    """

    def __init__(
        self, environment: Mapping[str, str], fetch_artifact: FetchArtifact | None = None
    ) -> None:
        self._environment = environment
        self._fetch_artifact = fetch_artifact
        self._found: dict[str, str] = {}

    def __bool__(self) -> bool:
        """Whether any was asked for."""
        return bool(self._found)

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def local(self, path: str) -> str:
        """Return the file here that `path` names elsewhere. Raises SeacanError."""
        if path not in self._found:
            artifact = path.removeprefix(OCI_PREFIX)
            self._found[path] = self._in_git(path) if artifact == path else self._in_oci(artifact)
        return self._found[path]

    def _in_git(self, path: str) -> str:
        from seacan.compose.model.git_files import checked_out

        self._check_switch(_GIT_SWITCH, "git")
        repository = _repository(path)
        if repository is None:
            raise InvalidArgument(f"{path}: no repository")
        fetches = self._fetch_artifact is not None
        root = checked_out(repository, self._cache(), fetches=fetches)
        return _file_in(root, repository)

    def _in_oci(self, reference: str) -> str:
        self._check_switch(_OCI_SWITCH, "OCI")
        if self._fetch_artifact is None:
            raise NotFound(f"{OCI_PREFIX}{reference}: not fetched")
        return os.path.join(self._fetch_artifact(reference, self._cache()), FILE_NAMES[0])

    def _check_switch(self, name: str, kind: str) -> None:
        if not is_on(self._environment, name, default=True):
            raise Unsupported(f'{kind} remote resource is disabled by "{name}"')

    def _cache(self) -> str:
        home = self._environment.get("HOME") or "/nonexistent"
        cache = self._environment.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
        return os.path.join(os.path.abspath(cache), "seacan", "compose", "remote")


def _repository(path: str) -> Repository | None:
    if "://" not in path and "@" not in path and not path.startswith("github.com/"):
        return None
    from seacan.spec.git_urls import parse_context

    return parse_context(path)


def _file_in(root: str, repository: Repository) -> str:
    """Return the compose file in `root`, which no link leads out of. Raises InvalidArgument."""
    place = os.path.join(root, repository.subdirectory)
    files = [os.path.join(place, name) for name in FILE_NAMES] if os.path.isdir(place) else [place]
    file = next((file for file in files if os.path.isfile(file)), "")
    inside = f"{os.path.realpath(root)}{os.sep}"
    if not f"{os.path.realpath(file or place)}{os.sep}".startswith(inside):
        raise InvalidArgument(f"{repository.shown}: /{repository.subdirectory} leads out")
    if not file:
        raise NotFound(f"{repository.shown}: no compose file in /{repository.subdirectory}")
    return os.path.normpath(file)
