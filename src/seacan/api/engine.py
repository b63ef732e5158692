"""What the API needs of the engine: its collections, by the verbs that routes call.

References (`ref`) are a name, an id or the start of one. All raise the errors of errors.py.
"""

import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, BinaryIO, Protocol

from seacan.api.authorization import Judge
from seacan.api.engine_builds import Builds
from seacan.api.engine_images import ImagePrune, Images, Remote
from seacan.api.engine_volumes import VolumeCopies, Volumes
from seacan.contents.words import PathStat
from seacan.engine.containers.container import Container, Created, Exit, Places
from seacan.engine.containers.files import Change
from seacan.engine.containers.filters import Filters
from seacan.engine.containers.listing import Listed
from seacan.engine.containers.prune import Pruned
from seacan.engine.containers.sizes import Sizes
from seacan.engine.containers.stats import Reading
from seacan.engine.containers.top import Top
from seacan.engine.disk_usage import DiskUsage
from seacan.engine.events.log import Event
from seacan.engine.measures import Measures
from seacan.ids import ExecId
from seacan.images.image import ImageId
from seacan.images.references import Reference
from seacan.network.definition import Network
from seacan.spec.engine_api import (
    ContainerConfig,
    ContainerCreate,
    ContainerUpdate,
    EndpointSettings,
    ExecConfig,
    NetworkCreate,
)
from seacan.trace import NOT_TRACED


class Attachment(Protocol):
    @property
    def tty(self) -> bool: ...

    async def begin(self, client: socket.socket, early: bytes) -> None:
        """Carry it out on `client`, which is given away, also if this raises."""


class Log(Protocol):
    @property
    def tty(self) -> bool: ...

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield pieces of the log, with frames unless `tty`."""


class Wait(Protocol):
    async def result(self) -> Exit: ...


class StatsSource(Protocol):
    @property
    def container(self) -> Container: ...

    async def current(self) -> Reading | None:
        """Return a reading of now; None if the container does not run."""

    def listen(self) -> AbstractContextManager[AsyncIterator[Reading | None]]:
        """Begin to read once an interval, until the container is removed."""


class Containers(Protocol):
    async def create(
        self, request: ContainerCreate, *, name: str | None, platform: str | None
    ) -> Created: ...

    async def start(self, ref: str, trace: int = NOT_TRACED) -> None:
        """`trace`: where to mark what is done, as trace.py has it."""

    async def stop(self, ref: str, *, timeout_s: int | None, signal: str | None) -> None: ...

    async def restart(self, ref: str, *, timeout_s: int | None, signal: str | None) -> None: ...

    async def kill(self, ref: str, *, signal: str | None) -> None: ...

    async def remove(self, ref: str, *, force: bool, volumes: bool) -> None: ...

    async def remove_link(self, ref: str) -> None: ...

    async def pause(self, ref: str) -> None: ...

    async def unpause(self, ref: str) -> None: ...

    async def rename(self, ref: str, name: str) -> None: ...

    async def connect(self, ref: str, network: str, settings: EndpointSettings) -> None: ...

    async def disconnect(self, ref: str, network: str) -> None: ...

    async def update(self, ref: str, request: ContainerUpdate) -> Sequence[str]:
        """Return warnings."""

    async def prune(self, wanted: Filters) -> Pruned: ...

    async def top(self, ref: str, arguments: str) -> Top: ...

    def places(self, ref: str) -> Places: ...

    def stats(self, ref: str) -> StatsSource: ...

    def all_records(self) -> Sequence[Container]: ...

    async def list(
        self, *, all: bool, limit: int | None, wanted: Filters, size: bool, label: str = ""
    ) -> Sequence[Listed]:
        """`label`: as if there were no others than the containers that have it."""

    async def sizes(self, ref: str) -> Sizes: ...

    def get(self, ref: str) -> Container: ...

    def wait(self, ref: str, condition: str) -> Wait:
        """Begin to wait; from here on no end is missed."""


class Streams(Protocol):
    async def prepare_attach(
        self,
        ref: str,
        *,
        stdin: bool,
        stdout: bool,
        stderr: bool,
        stream: bool,
        logs: bool,
        detach_keys: str | None,
        websocket: str = "",
    ) -> Attachment:
        """`websocket`, text or binary: the client speaks WebSocket, in such messages."""

    async def logs(
        self,
        ref: str,
        *,
        stdout: bool,
        stderr: bool,
        follow: bool,
        since: str | None,
        until: str | None,
        timestamps: bool,
        details: bool,
        tail: int | None,
    ) -> Log: ...

    async def clear_logs(self, ref: str) -> None: ...

    async def resize(self, ref: str, *, rows: int, columns: int) -> None: ...


class HasRecord(Protocol):
    @property
    def record(self) -> Container: ...


class Exec(Protocol):
    @property
    def id(self) -> ExecId: ...

    @property
    def container(self) -> HasRecord: ...

    @property
    def config(self) -> ExecConfig: ...

    @property
    def detach_keys(self) -> bytes: ...

    @property
    def pid(self) -> int: ...

    @property
    def running(self) -> bool: ...

    @property
    def exit_code(self) -> int | None: ...


class ExecStart(Attachment, Protocol):
    async def begin_detached(self) -> None: ...


class OpenArchive(Protocol):
    @property
    def stat(self) -> PathStat: ...

    @property
    def pieces(self) -> AsyncIterator[bytes]: ...


class Files(Protocol):
    async def stat(self, ref: str, path: str) -> PathStat: ...

    def read(self, ref: str, path: str) -> AbstractAsyncContextManager[OpenArchive]: ...

    async def write(
        self, ref: str, path: str, archive: BinaryIO, *, owned_by_user: bool, keeps_kinds: bool
    ) -> None:
        """Extract an archive, which is read in a worker thread."""

    def export(self, ref: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]: ...

    async def changes(self, ref: str) -> list[Change]: ...


class Commits(Protocol):
    async def create(
        self,
        ref: str,
        *,
        config: ContainerConfig | None,
        changes: Sequence[str],
        author: str,
        comment: str,
        reference: Reference | None,
        pause: bool,
    ) -> ImageId: ...


class Execs(Protocol):
    async def create(self, ref: str, request: ExecConfig) -> ExecId: ...

    async def prepare_start(
        self, exec_id: str, *, detach: bool, tty: bool, console_size: list[int] | None
    ) -> ExecStart: ...

    def get(self, exec_id: str) -> Exec: ...

    async def resize(self, exec_id: str, *, rows: int, columns: int) -> None: ...


class System(Protocol):
    @property
    def is_experimental(self) -> bool:
        """Whether clients are to offer what Docker has as experimental."""

    @property
    def prefers_buildkit(self) -> bool:
        """Tell whether clients are to build by BuildKit's protocol."""

    def version(self) -> dict[str, Any]:
        """Return GET /version as of the newest API version."""

    def info(self) -> dict[str, Any]:
        """Return GET /info as of the newest API version."""


class EventStream(Protocol):
    def __aiter__(self) -> AsyncIterator[list[Event]]:
        """Yield events in their order, several at once if there are."""


class Events(Protocol):
    def subscribe(
        self,
        *,
        since_ns: int | None,
        until_ns: int | None,
        is_wanted: Callable[[Event], bool],
    ) -> EventStream:
        """Return events from now on, and those of the past if a time is given; none is missed."""


class Networks(Protocol):
    def list(self) -> Sequence[Network]: ...

    def get(self, ref: str) -> Network: ...

    async def create(self, request: NetworkCreate) -> Network: ...

    async def remove(self, ref: str) -> None: ...

    async def prune(self, is_wanted: Callable[[Network], bool]) -> Sequence[str]:
        """Remove those that no container runs in; return their names."""


class Disk(Protocol):
    async def usage(
        self, *, images: bool, containers: bool, volumes: bool, cache: bool = False
    ) -> DiskUsage: ...


class Exposition(Protocol):
    def text(self) -> bytes:
        """Return what is measured in Prometheus' format. Blocks."""


class Engine(Protocol):
    @property
    def containers(self) -> Containers: ...

    @property
    def streams(self) -> Streams: ...

    @property
    def execs(self) -> Execs: ...

    @property
    def images(self) -> Images: ...

    @property
    def remote(self) -> Remote: ...

    @property
    def system(self) -> System: ...

    @property
    def events(self) -> Events: ...

    @property
    def networks(self) -> Networks: ...

    @property
    def volumes(self) -> Volumes: ...

    @property
    def volume_copies(self) -> VolumeCopies: ...

    @property
    def disk(self) -> Disk: ...

    @property
    def image_prune(self) -> ImagePrune: ...

    @property
    def files(self) -> Files: ...

    @property
    def commits(self) -> Commits: ...

    @property
    def builds(self) -> Builds: ...

    @property
    def measures(self) -> Measures: ...

    @property
    def authorization(self) -> Judge: ...

    @property
    def exposition(self) -> Exposition: ...
