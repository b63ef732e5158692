"""RUN --mount: what is there while a command runs, made before it and taken away after it.

bind     of a stage or image its layers; of a context, or writable, a copy that nobody else sees
cache    a directory that is kept from one build to the next: cache_mounts.py
tmpfs    memory
secret   a file in memory, or a variable: in no layer, no history, and no key
ssh      a socket that an agent of the client answers at, for as long as the command runs
"""

import contextlib
import functools
import os
import posixpath
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import msgspec
from msgspec import field

from seacan.build.agents import BuildAgents
from seacan.build.cache_mounts import Beginning, CacheMounts
from seacan.build.context_tree import ContextTree
from seacan.build.copying import Copying
from seacan.build.dockerfile.mounts import Mount, MountType
from seacan.build.evaluation import SCRIPT_DIRECTORY, Step
from seacan.build.origins import ContextOrigin, Origin, Scratch
from seacan.build.running import StepMount, StepRunner
from seacan.build.selection import Choice, select
from seacan.build.state import State
from seacan.build.workbench import Workbench
from seacan.build.worker_words import Place
from seacan.errors import InvalidArgument
from seacan.files import write_all
from seacan.images import tar_writer
from seacan.images.tar import TarReader
from seacan.images.trees import remove_tree

_AGENT: Final = "/run/buildkit/ssh_agent"  # as BuildKit names them, and a number
_AGENT_VARIABLE: Final = "SSH_AUTH_SOCK"


class Mounted(msgspec.Struct):
    mounts: list[StepMount] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    agents: int = 0


class RunMounts(msgspec.Struct, frozen=True):
    bench: Workbench
    runner: StepRunner
    contexts: Mapping[str, ContextTree]
    secrets: Mapping[str, bytes]
    agents: BuildAgents | None
    caches: CacheMounts

    async def said(self, step: Step, origins: Mapping[Origin, State]) -> Sequence[Any]:
        """Return what of the mounts a key is made of: what is in them, if that is known."""
        return [
            [mount.type, mount.source, mount.target, mount.id, mount.environment, mount.is_required,
             mount.is_read_only, await self._content(mount, origin, origins)]
            for mount, origin in step.mounts
        ]  # fmt: skip

    async def _content(
        self, mount: Mount, origin: Origin | None, origins: Mapping[Origin, State]
    ) -> str | list[str]:
        if origin is None or (mount.type is MountType.CACHE and isinstance(origin, Scratch)):
            return ""
        if not isinstance(origin, ContextOrigin):
            return origins[origin].diff_ids
        tree = self._tree(origin)
        choice = Choice([mount.source or "/"], [], False)
        return (await anyio.to_thread.run_sync(tree.take, choice)).digest

    def _tree(self, origin: ContextOrigin) -> ContextTree:
        tree = self.contexts.get(origin.name)
        if tree is None:
            raise InvalidArgument(f"no build context {origin.name}")
        return tree

    @asynccontextmanager
    async def ready(self, step: Step, origins: Mapping[Origin, State]) -> AsyncIterator[Mounted]:
        """Yield the mounts of a command, and the variables that secrets are in."""
        mounted = Mounted()
        async with AsyncExitStack() as held:
            if step.script is not None:
                file = held.enter_context(self._file(step.script.content.encode(), 0, 0, 0o755))
                target = f"{SCRIPT_DIRECTORY}/{step.script.name}"
                mounted.mounts.append(StepMount("bind", target, source=str(file)))
            for mount, origin in step.mounts:
                match mount.type:
                    case MountType.BIND:
                        mounted.mounts.append(await self._bind(mount, origin, origins, held))
                    case MountType.CACHE:
                        content = await self._content(mount, origin, origins)
                        beginning = self._beginning(mount, origin, content, origins)
                        mounted.mounts.append(await self.caches.ready(mount, beginning, held))
                    case MountType.TMPFS:
                        mounted.mounts.append(
                            StepMount("tmpfs", mount.target, size_bytes=mount.size_bytes)
                        )
                    case MountType.SECRET:
                        self._secret(mount, mounted, held)
                    case MountType.SSH:
                        await self._agent(mount, mounted, held)
            yield mounted

    async def _bind(
        self,
        mount: Mount,
        origin: Origin | None,
        origins: Mapping[Origin, State],
        held: AsyncExitStack,
    ) -> StepMount:
        assert origin is not None
        name = ""
        fill: Callable[[Path], None]
        if isinstance(origin, ContextOrigin):
            tree = self._tree(origin)
            found = tree.lookup(mount.source)
            if found is None or not tree.is_directory(found):
                name = posixpath.basename(mount.source)
            fill = functools.partial(_unpack, tree, mount.source)
        elif mount.is_read_only:
            layers = tuple(self.bench.layers(origins[origin]))
            return StepMount("layers", mount.target, layers=layers, subpath=mount.source)
        else:
            fill = self._fill_of_root(mount, origins[origin])
        copy = await held.enter_async_context(self._copy(fill))
        return StepMount(
            "bind", mount.target, source=str(copy / name), is_read_only=mount.is_read_only
        )

    @asynccontextmanager
    async def _copy(self, fill: Callable[[Path], None]) -> AsyncIterator[Path]:
        """Yield a directory with a copy of something, that goes with what is done to it."""
        directory = Path(tempfile.mkdtemp(dir=self.bench.data_root.builds))
        try:
            data = directory / "data"
            data.mkdir(mode=0o755)
            await anyio.to_thread.run_sync(fill, data)
            yield data
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(remove_tree, directory)

    def _beginning(
        self, mount: Mount, origin: Origin | None, content: object, origins: Mapping[Origin, State]
    ) -> Beginning | None:
        """Return what a cache is filled with at first, None if it is empty."""
        if isinstance(origin, ContextOrigin):
            tree = self._tree(origin)
            return Beginning(content, lambda to: _fill(tree, mount.source, to))
        if origin is None or isinstance(origin, Scratch):
            return None
        return Beginning(content, self._fill_of_root(mount, origins[origin]))

    def _fill_of_root(self, mount: Mount, state: State) -> Callable[[Path], None]:
        """Return what copies the directory that is mounted of a stage or image."""
        layers, source = self.bench.layers(state), mount.source or "/"

        def fill(directory: Path) -> None:
            if not self.runner.has_directory(layers, source):
                raise InvalidArgument(
                    f"{mount.type} mount: from={mount.origin} has no directory {source}"
                )
            self.runner.copy_up(layers, source, directory)

        return fill

    def _secret(self, mount: Mount, mounted: Mounted, held: AsyncExitStack) -> None:
        secret_id = mount.id or mount.source or posixpath.basename(mount.target)
        value = self.secrets.get(secret_id)
        if value is None:
            if mount.is_required:
                raise InvalidArgument(f"secret {secret_id}: not found")
            return
        if mount.environment is not None:
            mounted.environment[mount.environment or secret_id] = value.decode(errors="replace")
            if not mount.target:
                return
        mode = 0o400 if mount.mode is None else mount.mode
        file = held.enter_context(self._file(value, mount.uid or 0, mount.gid or 0, mode))
        mounted.mounts.append(StepMount("bind", mount.target, source=str(file)))

    async def _agent(self, mount: Mount, mounted: Mounted, held: AsyncExitStack) -> None:
        if self.agents is None or mount.id not in self.agents:
            if mount.is_required:
                raise InvalidArgument(
                    f"no ssh agent {mount.id!r} was forwarded from the client (--ssh {mount.id})"
                )
            return
        mode = 0o600 if mount.mode is None else mount.mode
        path = await held.enter_async_context(
            self.agents.listen(mount.id, uid=mount.uid or 0, gid=mount.gid or 0, mode=mode)
        )
        target = mount.target or f"{_AGENT}.{mounted.agents}"
        mounted.agents += 1
        mounted.environment.setdefault(_AGENT_VARIABLE, target)
        mounted.mounts.append(StepMount("bind", target, source=str(path)))

    @contextlib.contextmanager
    def _file(self, content: bytes, uid: int, gid: int, mode: int) -> Iterator[Path]:
        """Yield a file below the exec root, which others do not get to."""
        directory = Path(tempfile.mkdtemp(dir=self.bench.exec_root.secrets))
        try:
            file = directory / "file"
            fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
            try:
                write_all(fd, content)
                os.fchown(fd, uid, gid)
                os.fchmod(fd, mode)
            finally:
                os.close(fd)
            yield file
        finally:
            shutil.rmtree(directory)


def _fill(tree: ContextTree, source: str, directory: Path) -> None:
    """Copy what a directory of a context has. Raises InvalidArgument if there is none."""
    target = tree.lookup(source)
    if target is None or not tree.is_directory(target):
        raise InvalidArgument(f"cache mount: the context has no directory {source}")
    _unpack(tree, source, directory)


def _unpack(tree: ContextTree, source: str, directory: Path) -> None:
    """Make what is at `source` in the directory: a file, or what a directory has."""
    choice = Choice([source or "/"], [], False)
    with tempfile.TemporaryFile(dir=directory.parent) as archive:
        tree.write_members(select(tree, choice, lambda path: False), archive.fileno())
        write_all(archive.fileno(), tar_writer.END)
        archive.seek(0)
        place = Place(
            destination="/", is_directory=True, owner=(0, 0), mode="", has_whiteouts=False
        )
        root_fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            copying = Copying(root_fd, TarReader(archive), "", "", place)
            try:
                copying.run()
            finally:
                copying.close()
        finally:
            os.close(root_fd)
