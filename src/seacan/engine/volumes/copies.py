"""Beyond Docker: a volume copied to another, written as a tar archive, made of one."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import BinaryIO

import anyio

from seacan import errors
from seacan.contents.client import Worker
from seacan.contents.extraction import extract
from seacan.contents.words import Work
from seacan.engine.volumes.volumes import Volumes
from seacan.images.compression import Decompressed
from seacan.images.streams import buffered
from seacan.images.tar import Member
from seacan.supervisor.launcher_client import Launcher
from seacan.volumes.cloning import clone
from seacan.volumes.volume import ANONYMOUS, Found


class VolumeCopies:
    def __init__(self, volumes: Volumes, launcher: Launcher) -> None:
        self._volumes = volumes
        self._launcher = launcher

    def clone(self, source: str, name: str) -> Found:
        """Make a volume with all that is in `source`, and its labels. Blocks.

        Blocks of the disk are shared where the file system can. Raises NotFound, Conflict.
        """
        with self._volumes.using(source, "clone") as (volume, path):
            labels = {k: v for k, v in (volume.labels or {}).items() if k != ANONYMOUS}
            with self._volumes.made(name, labels) as directory:
                try:
                    clone(path, directory)
                except (OSError, errors.InvalidArgument) as err:
                    raise errors.Internal(f"clone {source}: {err}") from err
        return self._volumes.get(name)

    def import_archive(
        self, name: str, archive: BinaryIO, labels: Mapping[str, str] | None
    ) -> Found:
        """Make a volume of a tar archive, compressed or not. Blocks.

        Raises Conflict if there is one of that name, InvalidArgument.
        """
        with self._volumes.made(name, labels) as directory:
            _extract(archive, directory)
        return self._volumes.get(name)

    @asynccontextmanager
    async def export(self, name: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Yield a tar archive of all that is in a volume."""
        async with AsyncExitStack() as held:
            _, path = await held.enter_async_context(self._using(name))
            work = Work(verb="tree", container=name, path=str(path))
            worker = await held.enter_async_context(Worker(self._launcher, work))
            worker.tell_output()
            yield worker.output()

    @asynccontextmanager
    async def _using(self, name: str) -> AsyncIterator[tuple[object, Path]]:
        using = self._volumes.using(name, "export")
        found = await anyio.to_thread.run_sync(using.__enter__)
        try:
            yield found
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(using.__exit__, None, None, None)


def _extract(archive: BinaryIO, directory: Path) -> None:
    root_fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)

    def set_top(member: Member) -> None:
        os.fchown(root_fd, member.uid, member.gid)
        os.fchmod(root_fd, member.mode)

    try:
        extract(
            buffered(Decompressed(archive)),
            root_fd,
            "/",
            owner=None,
            keeps_kinds=False,
            on_top=set_top,
        )
    finally:
        os.close(root_fd)
