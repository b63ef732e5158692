"""What containers use, read while somebody listens: once for each container and interval.

listener ┐
listener ┼─ Feed of a container ── a reading each second ── cgroup, /proc/stat
listener ┘   (gone with its last listener)
"""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

import anyio
import msgspec
from anyio.abc import TaskGroup

from seacan import log
from seacan.engine.bundle.namespaces import HOST
from seacan.engine.containers.container import Container
from seacan.engine.host import CgroupVersion
from seacan.engine.running.running import Entry
from seacan.ids import ContainerId
from seacan.kernel import procfs
from seacan.kernel.cgroups import hierarchy

if TYPE_CHECKING:
    from seacan.kernel.cgroups.stats import Stats

_INTERVAL_S: Final = 1.0


class Traffic(NamedTuple):
    """What went through a network interface."""

    bytes: int
    packets: int
    errors: int
    dropped: int


class Interface(NamedTuple):
    received: Traffic
    sent: Traffic


class Reading(msgspec.Struct, frozen=True):
    """`system_ns` is what all processors have done since the boot, `cpus` how many there are.

    `interfaces` are those of the container's network, by name; None if it is the host's.
    """

    time_ns: int  # since 1970
    version: CgroupVersion
    stats: "Stats"
    system_ns: int
    cpus: int
    memory_bytes: int  # of the host
    interfaces: Mapping[str, Interface] | None


def read(record: Container) -> Reading:
    """Take a reading of a container that runs. Blocks. Raises OSError."""
    stats = hierarchy.open_cgroup(record.cgroup_path).stats()
    system_ns, cpus = system_time(procfs.read("stat").decode())
    is_hosts = record.host_config.get("NetworkMode") == HOST
    return Reading(
        time_ns=time.time_ns(),
        version=hierarchy.detect(),
        stats=stats,
        system_ns=system_ns,
        cpus=cpus,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        interfaces=None
        if is_hosts
        else interfaces_of(procfs.read(f"{record.state.pid}/net/dev").decode()),
    )


def interfaces_of(proc_net_dev: str) -> dict[str, Interface]:
    """Return all interfaces but the loopback. Source: proc_pid_net(5), dev."""
    _, _, *lines = proc_net_dev.splitlines()
    found = {}
    for line in lines:
        name, _, numbers = line.rpartition(":")
        counts = [*map(int, numbers.split())]
        found[name.strip()] = Interface(Traffic(*counts[:4]), Traffic(*counts[8:12]))
    found.pop("lo", None)
    return found


def system_time(proc_stat: str) -> tuple[int, int]:
    """Return nanoseconds of all processors, and their number. Source: proc_stat(5).

    Of the times user to softirq: what a hypervisor took, and guests, which count twice, do not.
    """
    lines = [line.split() for line in proc_stat.splitlines() if line.startswith("cpu")]
    ticks = sum(map(int, lines[0][1:8]))
    return ticks * (10**9 // os.sysconf("SC_CLK_TCK")), len(lines) - 1


async def current(entry: Entry) -> Reading | None:
    """Return a reading of a container, None if it does not run."""
    if not entry.record.is_running:
        return None
    try:
        return await anyio.to_thread.run_sync(read, entry.record)
    except OSError as err:
        if entry.record.is_running:
            log.warn("stats cannot be read", id=entry.record.id, error=err)
        return None


class Feed:
    """The readings of one container, each taken once for all that listen."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.removal = entry.wait("removed")
        self.listeners = 0
        self.number = 0  # of readings that were taken
        self.reading: Reading | None = None
        self.fresh = anyio.Event()

    async def run(self) -> None:
        """Take readings while somebody listens and the container exists."""
        while self.listeners and not self.removal.done.is_set():
            self.reading = await current(self.entry)
            self.number += 1
            self._wake()
            with anyio.move_on_after(_INTERVAL_S):
                await self.removal.done.wait()
        self._wake()

    def _wake(self) -> None:
        fresh, self.fresh = self.fresh, anyio.Event()
        fresh.set()


class Readings:
    """What one listener hears, None while the container does not run; it ends with its removal."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        # The last one, not a second old, is as good as another to begin with.
        self._seen = max(feed.number - 1, 0)

    def __aiter__(self) -> "Readings":
        return self

    async def __anext__(self) -> Reading | None:
        while self._feed.number == self._seen:
            if self._feed.removal.done.is_set():
                raise StopAsyncIteration
            await self._feed.fresh.wait()
        self._seen = self._feed.number
        return self._feed.reading


class Source(msgspec.Struct, frozen=True):
    """Where the readings of one container come from."""

    entry: Entry
    feeds: "Feeds"

    @property
    def container(self) -> Container:
        return self.entry.record

    async def current(self) -> Reading | None:
        return await current(self.entry)

    @contextmanager
    def listen(self) -> Iterator[Readings]:
        feed = self.feeds.of(self.entry)
        feed.listeners += 1
        try:
            yield Readings(feed)
        finally:
            feed.listeners -= 1


class Feeds:
    def __init__(self, tasks: TaskGroup) -> None:
        self._tasks = tasks
        self._feeds: dict[ContainerId, Feed] = {}

    def of(self, entry: Entry) -> Feed:
        """Return the feed of a container; a new one lasts if it gets a listener at once."""
        feed = self._feeds.get(entry.record.id)
        if feed is None:
            feed = self._feeds[entry.record.id] = Feed(entry)
            self._tasks.start_soon(self._run, feed, name=f"stats {entry.record.name}")
        return feed

    async def _run(self, feed: Feed) -> None:
        await feed.run()
        # Nothing is awaited since it found no listener: none can have come meanwhile.
        del self._feeds[feed.entry.record.id]
