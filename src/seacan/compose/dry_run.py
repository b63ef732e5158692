"""A client that changes nothing: what is asked of the daemon is asked, what would change it is not.

Of what would have been made, started or removed, the answers that follow know, so that all that is
decided is decided as it would be. A change that nobody pretends here is refused.
"""

from __future__ import annotations

from seacan.client.client import Client
from seacan.client.containers import Containers, Created
from seacan.client.execs import Execs
from seacan.client.files import Files
from seacan.client.images import Images
from seacan.client.networks import Networks
from seacan.client.volumes import Volumes
from seacan.compose.names import image_of
from seacan.compose.worksite import Outcome
from seacan.errors import NotFound, Unsupported
from seacan.lean import cached_property
from seacan.records import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from seacan.client.transport import Response
    from seacan.compose.model.project import Project
    from seacan.compose.worksite import Progress, Worksite

_READING = ("GET", "HEAD")
_HEALTHY = {"Status": "healthy"}


class PretendingClient(Client):
    """As a Client, but for what it changes. Raises Unsupported for what it cannot pretend."""

    @cached_property
    def containers(self) -> _Containers:
        return _Containers(self)

    @cached_property
    def execs(self) -> _Execs:
        return _Execs(self)

    @cached_property
    def files(self) -> _Files:
        return _Files(self)

    @cached_property
    def images(self) -> _Images:
        return _Images(self)

    @cached_property
    def networks(self) -> _Networks:
        return _Networks(self)

    @cached_property
    def volumes(self) -> _Volumes:
        return _Volumes(self)

    def _exchange(self, method: str, *request: Any) -> Response:
        if method not in _READING:
            raise Unsupported("--dry-run: not supported for this command")
        return super()._exchange(method, *request)


def pretending(site: Worksite) -> Worksite:
    """Return `site`, which has a PretendingClient, for what is told of and not done."""
    progress = _Progress(site.progress)

    def build(project: Project, name: str) -> None:
        image = image_of(project, name, project.services[name])
        progress.show(f"Image {image}", "Built", Outcome.DONE)

    return replace(site, progress=progress, build=build, dry_run=True)


class _Progress:
    """Says before each thing that nothing is done."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def show(self, what: str, status: str, outcome: Outcome = Outcome.WORKING) -> None:
        self._progress.show(f"DRY-RUN MODE - {what}", status, outcome)


class _Nothing:
    """The reply, or the stream, of what was not asked."""

    def __enter__(self) -> _Nothing:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def pieces(self) -> Iterator[bytes]:
        yield from ()

    def receive(self) -> bytes:
        return b""


class _Containers(Containers):
    """`made`: items of a list of containers, by id. `gone`: ids. `_changed`: of others, fields."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.gone: set[str] = set()
        self._made: dict[str, dict[str, Any]] = {}
        self._changed: dict[str, dict[str, Any]] = {}

    def create(
        self, config: Any, *, name: str | None = None, platform: str | None = None
    ) -> Created:
        made = f"{len(self._made) + 1:064x}"
        self._made[made] = {
            "Id": made,
            "Names": [f"/{name}"],
            "Labels": config.get("Labels"),
            "Image": config.get("Image"),
            "ImageID": config.get("Image"),
            "State": "created",
        }
        return Created(made, [])

    def list(self, *, filters: Mapping[str, list[str]] | None = None, **how: Any) -> Any:
        listed = super().list(filters=filters, **{**how, "all_states": True})
        labels = (filters or {}).get("label", [])
        listed += [one for one in self._made.values() if _has_labels(one["Labels"] or {}, labels)]
        found = [one | self._changed.get(one["Id"], {}) for one in listed]
        return [
            one
            for one in found
            if one["Id"] not in self.gone
            and (how.get("all_states") or one["State"] in ("running", "paused"))
        ]

    def inspect(self, name: str, *, size: bool = False) -> dict[str, Any]:
        changed = self._changed.get(name, {})
        if name in self._made:
            summary = self._made[name] | changed
            found = {"Name": summary["Names"][0], "State": {}, "RestartCount": 0}
        else:
            found = super().inspect(name, size=size)
        if "State" in changed:
            found["State"] = {"Status": changed["State"], "ExitCode": 0, "Health": _HEALTHY}
        return found

    def _act(self, name: str, verb: str, query: Mapping[str, object] | None = None) -> bool:
        if verb == "rename":
            self._change(name, Names=[f"/{(query or {})['name']}"])
        elif verb in _STATES:
            self._change(name, State=_STATES[verb])
        return True

    def _change(self, name: str, **fields: Any) -> None:
        self._changed.setdefault(name, {}).update(fields)

    def remove(
        self, name: str, *, force: bool = False, volumes: bool = False, link: bool = False
    ) -> None:
        self.gone.add(name)


_STATES = {
    "start": "running",
    "restart": "running",
    "unpause": "running",
    "pause": "paused",
    "stop": "exited",
    "kill": "exited",
}


def _has_labels(labels: Mapping[str, str], wanted: list[str]) -> bool:
    pairs = (text.partition("=") for text in wanted)
    return all(
        name in labels and (not equals or labels[name] == value) for name, equals, value in pairs
    )


class _Execs(Execs):
    def create(self, container: str, config: Any) -> str:
        return ""

    def start(self, exec_id: str, **_: Any) -> Any:
        return _Nothing()

    def inspect(self, exec_id: str) -> dict[str, Any]:
        return {"ExitCode": 0}


class _Files(Files):
    def write(self, *_: Any, **__: Any) -> None:
        return


class _Images(Images):
    def pull(self, *_: Any, **__: Any) -> Any:
        return _Nothing()

    def push(self, *_: Any, **__: Any) -> Any:
        return _Nothing()

    def remove(self, *_: Any, **__: Any) -> list[dict[str, str]]:
        return []


class _Made:
    """Networks or volumes: those that were made, and those that have gone, by their names."""

    def __init__(self) -> None:
        self._made: dict[str, dict[str, Any]] = {}
        self._gone: set[str] = set()

    def add(self, name: str, made: dict[str, Any]) -> dict[str, Any]:
        self._made[name] = made
        return made

    def find(self, name: str) -> dict[str, Any] | None:
        """Return what was made under that name. Raises NotFound for what has gone."""
        if name in self._gone and name not in self._made:
            raise NotFound(f"{name} not found")
        return self._made.get(name)

    def forget(self, name: str) -> None:
        self._made.pop(name, None)
        self._gone.add(name)


class _Networks(Networks):
    def __init__(self, client: PretendingClient) -> None:
        super().__init__(client)
        self._containers = client.containers
        self._made = _Made()

    def create(self, request: Any) -> dict[str, str]:
        self._made.add(request["Name"], {**request, "Id": request["Name"]})
        return {"Id": request["Name"], "Warning": ""}

    def inspect(self, name: str, *, verbose: bool = False) -> dict[str, Any]:
        found = self._made.find(name) or super().inspect(name, verbose=verbose)
        members = found.get("Containers") or {}
        left = {key: one for key, one in members.items() if key not in self._containers.gone}
        return {**found, "Containers": left}

    def remove(self, name: str) -> None:
        self._made.forget(name)

    def connect(self, *_: Any) -> None:
        return

    def disconnect(self, *_: Any, **__: Any) -> None:
        return


class _Volumes(Volumes):
    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self._made = _Made()

    def create(self, name: str = "", **options: Any) -> Any:
        return self._made.add(name, {"Name": name, "Labels": options.get("labels")})

    def inspect(self, name: str) -> dict[str, Any]:
        return self._made.find(name) or super().inspect(name)

    def remove(self, name: str, *, force: bool = False) -> None:
        self._made.forget(name)
