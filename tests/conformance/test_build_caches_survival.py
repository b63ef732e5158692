"""kill -9 of the daemon while it hands a cache over, or takes one in: nothing is left of either."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.daemon import Daemon, running_daemon
from tests.fakes.buildkit_client import Outcome, Served, build, file

from seacan.api.buildkit.messages import Typed
from seacan.grpc.http2 import ConnectionLost
from seacan.grpc.server import Incoming
from seacan.grpc.status import CallFailed

pytestmark = [pytest.mark.root, pytest.mark.conformance]

STORE = "local:/c"
DOCKERFILE = b"FROM busybox\nRUN echo 1 > /1\nRUN echo 2 > /2\nRUN echo 3 > /3\n"
STEPS = 3


@dataclass
class Killing(Served):
    """A client at whose n-th blob a daemon is killed."""

    daemon: Daemon | None = None
    at: int = 0
    blobs: int = 0

    async def _count(self) -> None:
        self.blobs += 1
        if self.daemon is not None and self.blobs == self.at:
            self.daemon.kill()

    async def _read_blob(self, call: Incoming) -> None:
        await self._count()
        await super()._read_blob(call)

    async def _write_blob(self, call: Incoming) -> None:
        await self._count()
        await super()._write_blob(call)


@pytest.fixture(scope="module")
def daemon(busybox_tar: Path) -> Iterator[Daemon]:
    with running_daemon() as daemon:
        daemon.load(busybox_tar)
        yield daemon


def built(daemon: Daemon, client: Served, *, digest: str = "") -> Outcome:
    """Build and export the cache; or, with its digest, import it."""
    client.directories = {"dockerfile": [file("Dockerfile", DOCKERFILE)]}
    attributes = {"force-network-mode": "none"}
    if digest:
        source = {"Type": "local", "Attrs": {"src": "/c", "digest": digest}}
        attributes["cache-imports"] = json.dumps([source])
    to = () if digest else (Typed("local", {"dest": "/c", "mode": "max"}),)
    return asyncio.run(build(str(daemon.socket), client, attributes, exporters=(), caches=to))


def killed(daemon: Daemon, client: Killing, *, digest: str = "") -> None:
    with pytest.raises((ConnectionLost, CallFailed, OSError)):
        built(daemon, client, digest=digest)
    daemon.start()
    daemon.assert_nothing_left()
    status, _, body = daemon.raw("GET", "/system/check")
    assert (status, b"problem" in body) == (200, False), body


def forget(daemon: Daemon) -> None:
    """Remove what builds have left, also the image of one that was cut short, which has no name."""
    for path in ("/images/prune", "/build/prune?all=1"):
        assert daemon.request("POST", path)[0] == 200


def test_kill_meanwhile(daemon: Daemon) -> None:
    whole = Killing(stores={STORE: {}})
    outcome = built(daemon, whole)
    digest = json.loads(outcome.exporter["cache.manifest"])["digest"]
    assert whole.blobs > STEPS
    for at in (1, whole.blobs):
        killed(daemon, Killing(stores={STORE: {}}, daemon=daemon, at=at))
    for at in (2, 3, 2 + STEPS):  # of manifest, document, and layers
        forget(daemon)
        killed(daemon, Killing(stores=whole.stores, daemon=daemon, at=at), digest=digest)
    forget(daemon)
    outcome = built(daemon, whole, digest=digest)
    cached = {v.name for said in outcome.told for v in said.vertexes if v.is_cached}
    assert len(cached) == STEPS
