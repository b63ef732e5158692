"""Files of containers, and what is committed of them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, BinaryIO

import anyio
from tests.fakes.containers import FakeReading
from tests.fakes.images import IMAGE_ID

from seacan.contents.words import PathStat
from seacan.engine.containers.files import Change
from seacan.errors import NotFound
from seacan.images.image import ImageId
from seacan.images.references import Reference
from seacan.spec.engine_api import ContainerConfig


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
