"""RUN --mount=type=cache: directories that are kept from one build to the next.

DATA_ROOT/build-caches/NAME[.NUMBER]/   NAME: a digest of its id, and of what it began as
  data/                                 as it is mounted
  filling/                              being filled with what it begins as
"""

import hashlib
import os
import posixpath
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import msgspec

from seacan.build.dockerfile.mounts import Mount, Sharing
from seacan.build.locks import Locks
from seacan.build.running import StepMount
from seacan.build.state import digest
from seacan.errors import InvalidArgument
from seacan.images.trees import remove_tree


class Beginning(msgspec.Struct, frozen=True):
    """What a cache has at first: `content` is a digest of it, `fill` copies it; blocks."""

    content: object
    fill: Callable[[Path], None]


class CacheMounts(msgspec.Struct, frozen=True):
    directory: Path
    locks: Locks  # of all builds

    async def ready(
        self, mount: Mount, beginning: Beginning | None, held: AsyncExitStack
    ) -> StepMount:
        """Return the mount of a cache, which is made if there is none; `held` gives it back."""
        if beginning is None and posixpath.normpath(f"/{mount.source}").strip("/"):
            raise InvalidArgument(
                f"cache mount {mount.target}: source={mount.source} needs a from="
            )
        name = hashlib.sha256(mount.id.encode()).hexdigest()
        if beginning is not None:
            name = digest([name, beginning.content, mount.source])
        number = 0
        if mount.sharing is Sharing.LOCKED:
            await held.enter_async_context(self.locks.hold(name))
        elif mount.sharing is Sharing.PRIVATE:
            while self.locks.is_held(f"{name}.{number}"):
                number += 1
            await held.enter_async_context(self.locks.hold(f"{name}.{number}"))
        directory = self.directory / (f"{name}.{number}" if number else name)
        async with self.locks.hold(f"{name} is made"):
            await anyio.to_thread.run_sync(_make, directory, mount, beginning)
        return StepMount(
            "bind", mount.target, source=str(directory / "data"), is_read_only=mount.is_read_only
        )


def _make(directory: Path, mount: Mount, beginning: Beginning | None) -> None:
    """Make the directory of a cache, if it is not there."""
    data, filling = directory / "data", directory / "filling"
    if data.is_dir():
        os.utime(directory)  # when it was last used
        return
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    (directory / "description").write_text(f"cached mount {mount.target} with id {mount.id}")
    if filling.exists():  # of a daemon that was killed
        remove_tree(filling)
    filling.mkdir(mode=0o700)
    if beginning is not None:
        beginning.fill(filling)
    if beginning is None or mount.uid is not None or mount.gid is not None:
        os.chown(filling, mount.uid or 0, mount.gid or 0)
    if beginning is None or mount.mode is not None:
        filling.chmod(0o755 if mount.mode is None else mount.mode)
    filling.rename(data)
