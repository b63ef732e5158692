"""An engine without containers: what the API needs of one, remembered and answered from tables."""

import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
from tests.fakes.builds import FakeBuilds
from tests.fakes.containers import FakeContainers
from tests.fakes.execs import FakeExecs
from tests.fakes.files import FakeCommits, FakeFiles
from tests.fakes.images import FakeImagePrune, FakeImages
from tests.fakes.networks import FakeNetworks
from tests.fakes.remote import FakeRemote
from tests.fakes.volumes import FakeVolumeCopies, FakeVolumes

from seacan.engine.authorization import Authorization
from seacan.engine.builds.cache import CacheEntry
from seacan.engine.containers.listing import Listed
from seacan.engine.containers.sizes import Sizes
from seacan.engine.disk_usage import DiskUsage, ImageUsage, VolumeUsage
from seacan.engine.events.log import Event
from seacan.engine.measures import Measures
from seacan.errors import Unavailable
from seacan.volumes import plugin_places


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
