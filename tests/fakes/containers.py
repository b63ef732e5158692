"""Containers that do not run: their records, logs, statistics and ends."""

import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from tests.fakes.attachment import FakeAttachment
from tests.fakes.images import IMAGE_ID

from seacan.contents.words import PathStat
from seacan.engine.containers.container import Container, Created, Exit, Places, State, Status
from seacan.engine.containers.filters import Filters
from seacan.engine.containers.listing import Listed
from seacan.engine.containers.prune import Pruned
from seacan.engine.containers.sizes import Sizes
from seacan.engine.containers.stats import Reading
from seacan.engine.containers.top import Top
from seacan.errors import NotFound, NotModified, SeacanError
from seacan.ids import ContainerId
from seacan.network.definition import Endpoint, EndpointId, NetworkId, Sandbox
from seacan.spec.engine_api import ContainerCreate, ContainerUpdate, EndpointSettings
from seacan.trace import NOT_TRACED, mark


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
class FakeReading:
    stat: PathStat
    pieces: AsyncIterator[bytes]
