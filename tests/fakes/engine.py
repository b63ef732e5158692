"""An engine without containers: what the API needs of one, remembered and answered from tables."""

import io
import socket
import tarfile
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import anyio
from msgspec.structs import replace

from seacan.api.engine_builds import RegistryCache
from seacan.build import inventory
from seacan.build.agents import Agents, BuildAgents
from seacan.build.builder import BuildRequest, Built
from seacan.build.caches.exported import Packed
from seacan.build.caches.imported import CacheSource, ImportedCache
from seacan.build.context_tree import ContextTree
from seacan.build.kept_contexts import KeptContext, KeptContexts
from seacan.build.progress import Began, Made, Progress, StepId
from seacan.contents.words import PathStat
from seacan.engine import volume_filters
from seacan.engine.authorization import Authorization
from seacan.engine.build_cache import CacheEntry, PrunedCache
from seacan.engine.build_cache_rules import Limits
from seacan.engine.container import Container, Created, Exit, Places, State, Status
from seacan.engine.disk_usage import DiskUsage, ImageUsage, VolumeUsage
from seacan.engine.event_log import Event
from seacan.engine.files import Change
from seacan.engine.filters import Filters
from seacan.engine.image_prune import PrunedImages
from seacan.engine.listing import Listed
from seacan.engine.measures import Measures
from seacan.engine.prune import Pruned
from seacan.engine.sizes import Sizes
from seacan.engine.stats import Reading
from seacan.engine.top import Top
from seacan.engine.volume_prune import PrunedVolumes
from seacan.errors import (
    Conflict,
    Forbidden,
    Internal,
    InvalidArgument,
    NotFound,
    NotModified,
    SeacanError,
    Unauthorized,
    Unavailable,
)
from seacan.ids import ContainerId, ExecId
from seacan.images import references
from seacan.images.check import Checked
from seacan.images.history import Step
from seacan.images.image import (
    Deleted,
    Image,
    ImageId,
    ImageManifest,
    ImageManifests,
    Loaded,
    Removed,
    Untagged,
    Use,
)
from seacan.images.platforms import Platform, host
from seacan.images.references import Reference
from seacan.images.remote.archives import RemoteArchive
from seacan.images.remote.credentials import Credentials
from seacan.images.remote.inspect import Distribution
from seacan.images.remote.lists import Entry
from seacan.images.remote.repository import Fetched
from seacan.images.remote.search import SearchResult
from seacan.images.remote.tasks import Cancellation, Cancelled
from seacan.network.definition import Endpoint, EndpointId, Network, NetworkId, Sandbox
from seacan.spec.engine_api import (
    ContainerConfig,
    ContainerCreate,
    ContainerUpdate,
    EndpointSettings,
    ExecConfig,
    NetworkCreate,
)
from seacan.spec.image import Descriptor, ExecutionConfig
from seacan.trace import NOT_TRACED, mark
from seacan.volumes import plugin_places
from seacan.volumes.volume import LOCAL, Found, Volume, check_name

IMAGE_ID = ImageId("sha256:" + "c" * 64)
OTHER_IMAGE_ID = ImageId("sha256:" + "d" * 64)


def make_image(image_id: ImageId = IMAGE_ID, name: str = "busybox:latest") -> Image:
    return Image(
        id=image_id,
        references=(references.parse(name),) if name else (),
        digests=(),
        config={
            "created": "2026-11-24T00:41:19.184404568Z",
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["sh"], "Labels": {"tier": "db", "flag": ""}},
            "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "e" * 64]},
        },
        manifest_digest="sha256:" + "f" * 64,
        size_bytes=1984348,
        layers=(1,),
        tagged_at=1795480879.5,
    )


def make_container(
    container_id: str = "a" * 64, name: str = "first", *, tty: bool = False, **state: Any
) -> Container:
    return Container(
        id=ContainerId(container_id),
        name=name,
        created_at="2026-11-24T01:33:18.831282888Z",
        created_s=1795483998,
        image_id=IMAGE_ID,
        image="busybox",
        path="sh",
        args=["-c", "echo hello"],
        config={"Image": "busybox", "Hostname": container_id[:12], "Tty": tty},
        host_config={"NetworkMode": "none", "ShmSize": 67108864},
        platform="linux",
        cgroup_path="/seacan-test/x",
        log_path="/nowhere/log",
        hostname_path="/nowhere/hostname",
        hosts_path="/nowhere/hosts",
        resolv_conf_path="/nowhere/resolv.conf",
        state=State(**state),
        networks={"none": {}},
        sandbox=_SANDBOX if state.get("status") is Status.RUNNING else None,
    )


_SANDBOX = Sandbox("5" * 64, [Endpoint(EndpointId("9" * 64), NetworkId("e" * 64), "none", "", "")])


@dataclass
class FakeAttachment:
    """Sends back what it gets, early bytes first, until the client has closed its side."""

    tty: bool
    fails: bool = False

    async def begin(self, client: socket.socket, early: bytes) -> None:
        if self.fails:
            client.close()
            raise RuntimeError("begin failed")
        threading.Thread(target=_echo, args=(client, early), daemon=True).start()

    async def begin_detached(self) -> None:
        if self.fails:
            raise Conflict("exec has already run")


def _echo(client: socket.socket, early: bytes) -> None:
    client.setblocking(True)
    with client:
        try:
            client.sendall(early)
            while data := client.recv(4096):
                client.sendall(data)
            client.sendall(b"<end>")
        except OSError:
            return  # the client went away


@dataclass
class FakeLog:
    tty: bool
    pieces: list[bytes]
    follow: bool
    closed: threading.Event = field(default_factory=threading.Event)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            for piece in self.pieces:
                yield piece
            if self.follow:
                await anyio.sleep_forever()
        finally:
            self.closed.set()


@dataclass
class FakeWait:
    end: Exit
    released: threading.Event | None
    given_up: threading.Event

    async def result(self) -> Exit:
        try:
            if self.released is not None:
                await anyio.to_thread.run_sync(self.released.wait, 10, abandon_on_cancel=True)
        except BaseException:
            self.given_up.set()
            raise
        return self.end


@dataclass
class FakeStats:
    """Has `readings`, then none ever: a client that waits for more waits."""

    container: Container
    readings: Sequence[Reading | None]
    stopped_listening: threading.Event

    async def current(self) -> Reading | None:
        return self.readings[0]

    @contextmanager
    def listen(self) -> Iterator[AsyncIterator[Reading | None]]:
        try:
            yield self._read()
        finally:
            self.stopped_listening.set()

    async def _read(self) -> AsyncIterator[Reading | None]:
        for reading in self.readings:
            yield reading
        await anyio.sleep_forever()


class FakeContainers:
    """`calls` has what was asked, `fails` what a verb raises."""

    def __init__(self) -> None:
        self.records = {"first": make_container(status=Status.RUNNING, pid=7)}
        self.calls: list[tuple[Any, ...]] = []
        self.fails: dict[str, SeacanError] = {}
        self.exit = Exit(3)
        self.release: threading.Event | None = None
        self.given_up = threading.Event()
        self.log_pieces = [b"\x01\0\0\0\0\0\0\x03hi\n"]
        self.log: FakeLog | None = None
        self.attachment_fails = False
        self.slow_s = 0.0
        self.warnings: Sequence[str] = []
        self.pruned = Pruned()
        self.processes = Top(["PID", "CMD"], [["7", "sh -c x"]])
        self.measured = Sizes(0, 1984348)
        self.readings: Sequence[Reading | None] = []
        self.stopped_listening = threading.Event()

    def _call(self, verb: str, *arguments: Any) -> None:
        self.calls.append((verb, *arguments))
        if verb in self.fails:
            raise self.fails[verb]

    async def create(
        self, request: ContainerCreate, *, name: str | None, platform: str | None
    ) -> Created:
        self._call("create", request, name, platform)
        if request.get("Image") != "busybox":
            raise NotFound(f"No such image: {request.get('Image')}:latest")
        return Created(ContainerId("b" * 64), ["a warning"])

    async def start(self, ref: str, trace: int = NOT_TRACED) -> None:
        self._call("start", ref)
        mark(trace, "engine", f"start {ref}")
        await anyio.sleep(self.slow_s)
        if self.get(ref).is_running:
            raise NotModified("running already")

    async def stop(self, ref: str, *, timeout_s: int | None, signal: str | None) -> None:
        self._call("stop", ref, timeout_s, signal)

    async def restart(self, ref: str, *, timeout_s: int | None, signal: str | None) -> None:
        self._call("restart", ref, timeout_s, signal)

    async def kill(self, ref: str, *, signal: str | None) -> None:
        self._call("kill", ref, signal)

    async def remove(self, ref: str, *, force: bool, volumes: bool) -> None:
        self._call("remove", ref, force, volumes)

    async def remove_link(self, ref: str) -> None:
        self._call("remove_link", ref)

    async def pause(self, ref: str) -> None:
        self._call("pause", ref)

    async def unpause(self, ref: str) -> None:
        self._call("unpause", ref)

    async def rename(self, ref: str, name: str) -> None:
        self._call("rename", ref, name)

    async def connect(self, ref: str, network: str, settings: EndpointSettings) -> None:
        self._call("connect", ref, network, settings)

    async def disconnect(self, ref: str, network: str) -> None:
        self._call("disconnect", ref, network)

    async def update(self, ref: str, request: ContainerUpdate) -> Sequence[str]:
        self._call("update", ref, request)
        return self.warnings

    async def prune(self, wanted: Filters) -> Pruned:
        self._call("prune", wanted)
        return self.pruned

    def places(self, ref: str) -> Places:
        self._call("places", ref)
        return Places(Path("/run/x"), Path("/var/x"))

    async def top(self, ref: str, arguments: str) -> Top:
        self._call("top", ref, arguments)
        return self.processes

    def stats(self, ref: str) -> FakeStats:
        self._call("stats", ref)
        return FakeStats(self.get(ref), self.readings, self.stopped_listening)

    def all_records(self) -> Sequence[Container]:
        return [*{record.id: record for record in self.records.values()}.values()]

    async def list(
        self, *, all: bool, limit: int | None, wanted: Filters, size: bool, label: str = ""
    ) -> Sequence[Listed]:
        self._call("list", all, limit, wanted, size, *filter(None, [label]))
        measured = self.measured if size else None
        return [Listed(record, record.image, measured) for record in self.records.values()]

    async def sizes(self, ref: str) -> Sizes:
        return self.measured

    def get(self, ref: str) -> Container:
        if ref not in self.records:
            raise NotFound(f"No such container: {ref}")
        return self.records[ref]

    def wait(self, ref: str, condition: str) -> FakeWait:
        self._call("wait", ref, condition)
        self.get(ref)
        return FakeWait(self.exit, self.release, self.given_up)

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
    ) -> FakeAttachment:
        own = (websocket,) if websocket else ()
        self._call("attach", ref, stdin, stdout, stderr, stream, logs, detach_keys, *own)
        return FakeAttachment(self.get(ref).tty, self.attachment_fails)

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
    ) -> FakeLog:
        chosen = (stdout, stderr, follow, since, until, timestamps, details, tail)
        self._call("logs", ref, *chosen)
        self.log = FakeLog(self.get(ref).tty, self.log_pieces, follow)
        return self.log

    async def clear_logs(self, ref: str) -> None:
        self._call("clear_logs", ref)

    async def resize(self, ref: str, *, rows: int, columns: int) -> None:
        self._call("resize", ref, rows, columns)


@dataclass
class _Held:
    record: Container


@dataclass
class FakeExec:
    id: ExecId
    container: _Held
    config: ExecConfig
    detach_keys: bytes = b""
    pid: int = 0
    running: bool = False
    exit_code: int | None = None


class FakeExecs:
    def __init__(self, containers: FakeContainers) -> None:
        self._containers = containers
        self.calls: list[tuple[Any, ...]] = []
        self.fails = False
        self._execs: dict[str, FakeExec] = {}

    async def create(self, ref: str, request: ExecConfig) -> ExecId:
        self.calls.append(("create", ref, request))
        exec_id = ExecId(f"{len(self._execs):064x}")
        self._execs[exec_id] = FakeExec(exec_id, _Held(self._containers.get(ref)), request)
        return exec_id

    async def prepare_start(
        self, exec_id: str, *, detach: bool, tty: bool, console_size: list[int] | None
    ) -> FakeAttachment:
        self.calls.append(("start", exec_id, detach, tty, console_size))
        return FakeAttachment(bool(self.get(exec_id).config.get("Tty")), self.fails)

    def get(self, exec_id: str) -> FakeExec:
        if exec_id not in self._execs:
            raise NotFound(f"No such exec instance: {exec_id}")
        return self._execs[exec_id]

    async def resize(self, exec_id: str, *, rows: int, columns: int) -> None:
        self.calls.append(("resize", exec_id, rows, columns))


class FakeImages:
    def __init__(self) -> None:
        self.images = [make_image(), make_image(OTHER_IMAGE_ID, "")]
        self.calls: list[tuple[Any, ...]] = []
        self.received_bytes = 0
        self.fails_late = False
        self.platform: Platform | None = None
        self.platforms: Sequence[Platform] = ()

    def load(
        self,
        stream: BinaryIO,
        progress: Callable[[dict[str, Any]], None],
        platforms: Sequence[Platform],
    ) -> list[Loaded]:
        self.platforms = platforms
        while piece := stream.read(100_000):
            self.received_bytes += len(piece)
            if piece.startswith(b"junk"):
                raise InvalidArgument("load: not an archive")
        progress({"status": "Loading layer", "progressDetail": {"current": 1, "total": 2}})
        if self.fails_late:
            raise InvalidArgument("load: layer is damaged")
        progress({"stream": "Loaded image: busybox:latest\n"})
        return []

    def import_rootfs(
        self,
        stream: BinaryIO,
        *,
        reference: Reference | None,
        config: ExecutionConfig,
        message: str,
        platform: Platform | None,
    ) -> ImageId:
        with tarfile.open(fileobj=io.BytesIO(stream.read())) as archive:
            names = archive.getnames()
        self.calls.append(("import", names, str(reference), config, message, platform))
        return IMAGE_ID

    def get(self, name: str) -> Image:
        if name != "busybox":
            raise NotFound(f"No such image: {name}:latest")
        return self.images[0]

    def get_for(self, name: str, platform: Platform | None) -> Image:
        self.platform = platform
        return self.get(name)

    @contextmanager
    def saving(
        self, names: Sequence[str], platforms: Sequence[Platform]
    ) -> Iterator[Iterator[bytes]]:
        self.platforms = platforms
        for name in names:
            self.get(name)
        yield iter([b"archive of ", *(name.encode() for name in names)])

    @contextmanager
    def saving_built(
        self, images: Mapping[Platform, ImageId], names: Sequence[Reference]
    ) -> Iterator[Iterator[bytes]]:
        said = " ".join([*images.values(), *map(str, names)])
        yield iter([b"archive of ", b"", said.encode()])

    def check(self, checked: Checked) -> Iterator[str]:
        checked.blobs = 3
        yield "blob x: is damaged"

    def history(self, name: str, platform: Platform | None) -> list[Step]:
        self.platform = platform
        image = self.get(name)
        return [Step(image.id, 1, "sh", "why", 5, ("busybox:latest",))]

    def manifests(self, image: Image) -> ImageManifests:
        if image.id == OTHER_IMAGE_ID:
            raise NotFound("blob: not in the store")
        descriptor: Descriptor = {"mediaType": "m", "digest": image.manifest_digest, "size": 7}
        one = ImageManifest(descriptor, 100, image.platform, image)
        return ImageManifests(descriptor, (one,))

    def tag(self, source: str, reference: Reference) -> ImageId:
        self.calls.append(("tag", source, str(reference)))
        return self.get(source).id

    def remove(
        self,
        name: str,
        *,
        force: bool,
        used_by: Callable[[ImageId], Sequence[Use]],
        prune_parents: bool,
        platforms: Sequence[Platform],
    ) -> list[Removed]:
        self.calls.append(("remove", name, prune_parents, [*platforms]))
        image = self.get(name)
        if used_by(image.id) and not force:
            raise Conflict("conflict: unable to remove, used by a container")
        return [Untagged(image.references[0]), Deleted(image.id)]

    def list(self) -> list[Image]:
        return self.images


class FakeRemote:
    """Answers from tables; `calls` is what it was asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.messages: list[dict[str, Any]] = []
        self.archive = b""
        self.failure: Exception | None = None
        self.is_cancelled = threading.Event()
        self.hangs = False

    def pull(
        self,
        reference: Reference,
        *,
        platform: Platform | None,
        credentials: Credentials,
        progress: Callable[[dict[str, Any]], None],
        cancellation: Cancellation,
    ) -> None:
        self._transfer("pull", reference, platform, credentials, progress, cancellation)

    def push(
        self,
        reference: Reference,
        *,
        platform: Platform | None,
        credentials: Credentials,
        progress: Callable[[dict[str, Any]], None],
        cancellation: Cancellation,
    ) -> None:
        self._transfer("push", reference, platform, credentials, progress, cancellation)

    def _transfer(
        self,
        verb: str,
        reference: Reference,
        platform: Platform | None,
        credentials: Credentials,
        progress: Callable[[dict[str, Any]], None],
        cancellation: Cancellation,
    ) -> None:
        self.calls.append((verb, str(reference), str(platform or ""), credentials.username))
        for message in self.messages:
            progress(message)
        if self.failure:
            raise self.failure
        while self.hangs:
            try:
                cancellation.sleep(60)
            except Cancelled:
                self.is_cancelled.set()
                raise

    def inspect(self, reference: Reference, credentials: Credentials) -> Distribution:
        if self.failure:
            raise self.failure
        return Distribution("a/b", "sha256:" + "a" * 64, 5, [{"architecture": "arm", "os": "x"}])

    def manifest(self, reference: Reference, credentials: Credentials) -> Fetched:
        if self.failure:
            raise self.failure
        return Fetched("application/x-manifest", "sha256:" + "a" * 64, b'{ "as": "is" }')

    def push_list(
        self, reference: Reference, entries: Sequence[Entry], credentials: Credentials
    ) -> str:
        named = [(str(entry.source), entry.platform) for entry in entries]
        self.calls.append(("push_list", str(reference), named, credentials.username))
        return "sha256:" + "b" * 64

    def blob(self, reference: Reference, size_bytes: int, credentials: Credentials) -> bytes:
        self.calls.append(("blob", str(reference), size_bytes, credentials.username))
        return b"x" * size_bytes

    def push_artifact(
        self,
        reference: Reference,
        manifest: bytes,
        blobs: Sequence[bytes],
        credentials: Credentials,
    ) -> str:
        self.calls.append(("push_artifact", str(reference), manifest, list(blobs)))
        return "sha256:" + "c" * 64

    def login(self, credentials: Credentials) -> str:
        if credentials.password != "secret":
            raise Unauthorized("unauthorized: incorrect username or password")
        return "identity"

    @contextmanager
    def open_archive(self, url: str, cancellation: Cancellation) -> Iterator[RemoteArchive]:
        self.calls.append(("open_archive", url))
        if self.failure:
            raise self.failure
        yield RemoteArchive(url, io.BytesIO(self.archive), len(self.archive))

    def search(self, term: str, limit: int, credentials: Credentials) -> Sequence[SearchResult]:
        self.calls.append(("search", term, limit))
        return [SearchResult("one", "first", True, 7), SearchResult("two", None, False, 3)]


class FakeSystem:
    is_experimental = False
    prefers_buildkit = True

    def version(self) -> dict[str, Any]:
        return {"Version": "0.1.0", "ApiVersion": "1.51", "MinAPIVersion": "1.24"}

    def info(self) -> dict[str, Any]:
        return {
            "ID": "x",
            "SecurityOptions": ["name=seccomp,profile=builtin"],
            "Runtimes": {"seacan": {"path": "x", "status": {"a": "b"}}},
            "RuncCommit": {"ID": "abc"},
        }


class FakeEvents:
    """`told` is what happened; a stream tells of it, and then waits until it is over."""

    def __init__(self) -> None:
        self.told: list[Event] = []
        self.calls: list[tuple[int | None, int | None]] = []
        self.fails_late = False
        self.closed = threading.Event()

    def subscribe(
        self,
        *,
        since_ns: int | None,
        until_ns: int | None,
        is_wanted: Callable[[Event], bool],
    ) -> AsyncIterator[list[Event]]:
        self.calls.append((since_ns, until_ns))
        return self._stream(until_ns, is_wanted)

    async def _stream(
        self, until_ns: int | None, is_wanted: Callable[[Event], bool]
    ) -> AsyncIterator[list[Event]]:
        try:
            yield [event for event in self.told if is_wanted(event)]
            if self.fails_late:
                raise Unavailable("read events: the client is too slow")
            left_s = None if until_ns is None else (until_ns - time.time_ns()) / 1e9
            with anyio.move_on_after(left_s):
                await anyio.sleep_forever()
        finally:
            self.closed.set()


class FakeNetworks:
    def __init__(self) -> None:
        made = "2026-11-24T01:33:18.831282888Z"
        self.networks = [
            Network(NetworkId("e" * 64), "none", "null", made, is_predefined=True),
            Network(NetworkId("f" * 64), "host", "host", made, is_predefined=True),
        ]
        self.created: list[NetworkCreate] = []

    def list(self) -> Sequence[Network]:
        return self.networks

    def get(self, ref: str) -> Network:
        for network in self.networks:
            if ref in (network.name, network.id):
                return network
        raise NotFound(f"network {ref} not found")

    async def create(self, request: NetworkCreate) -> Network:
        self.created.append(request)
        name = request.get("Name") or ""
        made = "2026-11-25T01:33:18.831282888Z"
        network = Network(
            NetworkId(f"{len(self.networks):064x}"), name, "bridge", made,
            labels=request.get("Labels") or {},
        )  # fmt: skip
        self.networks.append(network)
        return network

    async def remove(self, ref: str) -> None:
        network = self.get(ref)
        if network.is_predefined:
            raise Forbidden(f"{network.name} is a pre-defined network and cannot be removed")
        self.networks.remove(network)

    async def prune(self, is_wanted: Callable[[Network], bool]) -> Sequence[str]:
        return [n.name for n in self.networks if not n.is_predefined and is_wanted(n)]


class FakeVolumes:
    """Volumes in memory; `holders` are of all of them."""

    def __init__(self) -> None:
        self.volumes: dict[str, Volume] = {}
        self.holders: list[str] = []
        self.warnings: list[str] = []

    def create(
        self,
        name: str,
        driver: str,
        options: Mapping[str, str] | None,
        labels: Mapping[str, str] | None,
    ) -> Found:
        check_name(name)
        volume = Volume(name, driver or LOCAL, "2026-11-24T01:33:18Z", labels, options)
        self.volumes.setdefault(name, volume)
        return self.get(name)

    def get(self, name: str) -> Found:
        if name not in self.volumes:
            raise NotFound(f"get {name}: no such volume")
        return Found(self.volumes[name], f"/volumes/{name}/_data", self.holders)

    def all(self) -> list[Found]:
        return [self.get(name) for name in self.volumes]

    def list(self, wanted: Filters) -> tuple[Sequence[Found], Sequence[str]]:
        return volume_filters.select(self.all(), wanted), self.warnings

    def remove(self, name: str, *, force: bool) -> None:
        if self.volumes.pop(name, None) is None and not force:
            raise NotFound(f"get {name}: no such volume")

    def rename(self, name: str, to: str) -> None:
        volume = self.get(name).volume
        del self.volumes[name]
        self.volumes[to] = replace(volume, name=to)

    def prune(self, wanted: Filters) -> PrunedVolumes:
        names = [one.volume.name for one in volume_filters.select_unused(self.all(), wanted)]
        for name in names:
            del self.volumes[name]
        return PrunedVolumes(names, 7 * len(names))


class FakeVolumeCopies:
    """An export is the name of the volume; `archives` are what was imported, by name."""

    def __init__(self, volumes: FakeVolumes) -> None:
        self._volumes = volumes
        self.archives: dict[str, bytes] = {}

    def clone(self, source: str, name: str) -> Found:
        return self._volumes.create(name, "", None, self._volumes.get(source).volume.labels)

    def import_archive(
        self, name: str, archive: BinaryIO, labels: Mapping[str, str] | None
    ) -> Found:
        self.archives[name] = archive.read()
        return self._volumes.create(name, "", None, labels)

    @asynccontextmanager
    async def export(self, name: str) -> AsyncIterator[AsyncIterator[bytes]]:
        found = self._volumes.get(name)

        async def pieces() -> AsyncIterator[bytes]:
            yield found.volume.name.encode()

        yield pieces()


class FakeDisk:
    def __init__(
        self, containers: FakeContainers, images: FakeImages, volumes: "FakeVolumes"
    ) -> None:
        self._containers = containers
        self._images = images
        self._volumes = volumes

    async def usage(
        self, *, images: bool, containers: bool, volumes: bool, cache: bool = False
    ) -> DiskUsage:
        records = self._containers.records.values()
        return DiskUsage(
            1984348 if images else 0,
            [ImageUsage(image, 5, 1) for image in self._images.images] if images else None,
            [Listed(one, one.image, Sizes(0, 1984348)) for one in records] if containers else None,
            [VolumeUsage(one, 7) for one in self._volumes.all()] if volumes else None,
            [CacheEntry("key" * 20, "regular", "RUN true", False, 9, 1.0, 2.0, 3)]
            if cache
            else None,
        )


class FakeImagePrune:
    def __init__(self) -> None:
        self.wanted: Filters = {}

    async def prune(self, wanted: Filters) -> PrunedImages:
        self.wanted = wanted
        return PrunedImages([Deleted(IMAGE_ID)], 7)


@dataclass
class FakeReading:
    stat: PathStat
    pieces: AsyncIterator[bytes]


class FakeFiles:
    """One file, /here; what is written there is counted."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.found = PathStat(
            name="here",
            size=5,
            mode=0o104755,
            mtime_ns=1_795_480_879_500_000_000,
            link_target="",
        )
        self.changed = [Change("/etc", 0), Change("/etc/\udcff", 1), Change("/var", 2)]

    async def stat(self, ref: str, path: str) -> PathStat:
        if path != "/here":
            raise NotFound(f"Could not find the file {path} in container {ref}")
        return self.found

    @asynccontextmanager
    async def read(self, ref: str, path: str) -> AsyncIterator[FakeReading]:
        yield FakeReading(await self.stat(ref, path), self._pieces())

    async def _pieces(self) -> AsyncIterator[bytes]:
        yield b"a tar "
        yield b"archive"

    async def write(
        self, ref: str, path: str, archive: BinaryIO, *, owned_by_user: bool, keeps_kinds: bool
    ) -> None:
        received = len(await anyio.to_thread.run_sync(archive.read))
        self.calls.append(("write", ref, path, received, owned_by_user, keeps_kinds))

    @asynccontextmanager
    async def export(self, ref: str) -> AsyncIterator[AsyncIterator[bytes]]:
        if ref != "first":
            raise NotFound(f"No such container: {ref}")
        yield self._pieces()

    async def changes(self, ref: str) -> list[Change]:
        return self.changed


class FakeCommits:
    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

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
    ) -> ImageId:
        self.calls.append((ref, config, list(changes), author, comment, str(reference), pause))
        return IMAGE_ID


class FakeBuilds:
    """Takes in what is sent, tells of one step, and answers with an image."""

    def __init__(self) -> None:
        self.requests: list[tuple[BuildRequest, list[str], bool, dict[str, Credentials]]] = []
        self.error: SeacanError | None = None
        self.pruned: list[tuple[Filters, bool, Limits]] = []
        self.fails_after_steps: SeacanError | None = None
        self.offered: list[tuple[str, str, bytes]] = []
        self.exported = b""  # the archive that all images are
        self.kept_directory: Path | None = None  # where contexts outlast their builds
        self.imported: list[tuple[str, bytes]] = []  # names of caches, and their manifests
        self.packed: Packed | None = None  # what caches are exported as, and
        self.blobs: dict[str, bytes] = {}  # what these are

    async def import_cache(self, source: CacheSource) -> ImportedCache:
        self.imported.append((source.name, await source.manifest()))
        return ImportedCache(source, [], cast(Any, None))

    def registry_cache(
        self,
        reference: Reference,
        credentials: Credentials,
        progress: Callable[[dict[str, Any]], None],
    ) -> RegistryCache:
        raise Internal(f"{reference}: no registry for {credentials.username}")

    def open_blob(self, digest: str) -> BinaryIO:
        return io.BytesIO(self.blobs[digest])

    def open_context(self) -> ContextTree:
        return ContextTree(Path(tempfile.gettempdir()))

    def receive(self, tree: ContextTree, stream: BinaryIO) -> None:
        tree.receive(stream)

    def agents(self, word: str, ids: Sequence[str]) -> AbstractAsyncContextManager[BuildAgents]:
        return Agents(Path(tempfile.gettempdir())).of_build(word, ids)

    async def offer_agent(
        self, word: str, agent_id: str, connection: socket.socket, early: bytes
    ) -> None:
        with connection:
            self.offered.append((word, agent_id, early))

    async def fetch(
        self,
        url: str,
        tree: ContextTree,
        *,
        dockerfile: str,
        keeps_git_directory: bool,
        agents: BuildAgents,
        secrets: Mapping[str, bytes],
    ) -> None:
        said = f"# {url}{' with .git' if keeps_git_directory else ''}\n"
        tree.add_file(dockerfile, io.BytesIO(said.encode()))

    def receive_inventory(
        self, tree: ContextTree, key: str, stream: BinaryIO
    ) -> AbstractAsyncContextManager[None]:
        async def receive(kept: KeptContext) -> None:
            await anyio.to_thread.run_sync(inventory.receive, tree, kept, stream)

        return self.receive_kept(key, receive)

    @asynccontextmanager
    async def receive_kept(
        self, key: str, receive: Callable[[KeptContext], Awaitable[None]]
    ) -> AsyncIterator[None]:
        with (
            tempfile.TemporaryDirectory() as directory,
            KeptContexts(self.kept_directory or Path(directory)).use(key) as kept,
        ):
            await receive(kept)
            kept.save()
            yield

    @asynccontextmanager
    async def export(self, name: str) -> AsyncIterator[AsyncIterator[bytes]]:
        async def pieces() -> AsyncIterator[bytes]:
            yield self.exported

        yield pieces()

    def cache_images(self, names: Sequence[str]) -> Sequence[Image]:
        return []

    async def build(
        self,
        request: BuildRequest,
        contexts: Mapping[str, ContextTree],
        progress: Progress,
        *,
        pulls: bool,
        credentials: Mapping[str, Credentials],
    ) -> Built:
        names = sorted(path for path, _ in contexts[""].below(""))
        self.requests.append((request, names, pulls, dict(credentials)))
        if self.error is not None:
            raise self.error
        await progress(Began(StepId(0, 1), 1, "FROM scratch", 1))
        if self.fails_after_steps is not None:
            raise self.fails_after_steps
        await progress(Made(IMAGE_ID))
        for export in request.cache_exports:
            assert self.packed is not None
            await export.target.put(self.packed)
        return Built(IMAGE_ID, {host(): IMAGE_ID})

    async def prune(self, wanted: Filters, *, all: bool, limits: Limits) -> PrunedCache:
        self.pruned.append((wanted, all, limits))
        return PrunedCache(["key"], 7)


class FakeExposition:
    def text(self) -> bytes:
        return b"answer 42\n"


class FakeEngine:
    def __init__(self) -> None:
        self.builds = FakeBuilds()
        self.containers = self.streams = FakeContainers()
        self.execs = FakeExecs(self.containers)
        self.images = FakeImages()
        self.remote = FakeRemote()
        self.system = FakeSystem()
        self.events = FakeEvents()
        self.networks = FakeNetworks()
        self.volumes = FakeVolumes()
        self.volume_copies = FakeVolumeCopies(self.volumes)
        self.disk = FakeDisk(self.containers, self.images, self.volumes)
        self.image_prune = FakeImagePrune()
        self.files = FakeFiles()
        self.commits = FakeCommits()
        self.measures = Measures()
        self.exposition = FakeExposition()
        self.authorization = Authorization(plugin_places.Places())
