"""The files of containers: copied out and in, exported, compared with the image.

The work is done by a process for each request (contents/): of a running container in its mounts, of
a stopped one in its layers and volumes, mounted where nobody else sees them.
"""

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import anyio
import msgspec

from seacan import errors, ids
from seacan.contents.client import Worker
from seacan.contents.words import Bind, PathStat, Root, Work
from seacan.engine.bundle import overlay, start, users
from seacan.engine.containers.container import Container
from seacan.engine.context import Context
from seacan.engine.creation.mount_owners import mappings
from seacan.engine.creation.mount_points import MountPoint
from seacan.engine.running.running import Entry
from seacan.images.compression import Decompressed
from seacan.images.streams import chunks
from seacan.supervisor.protocol import RootfsRequest
from seacan.supervisor.shim_client import Shim

_PROBE: Final = 0  # the signal that only asks whether there is a process: kill(2)


class Change(msgspec.Struct, frozen=True):
    path: str
    kind: int  # 0 modified, 1 added, 2 deleted


class OpenArchive(msgspec.Struct, frozen=True):
    """What a path is, and a tar archive of it, as fast as it is taken."""

    stat: PathStat
    pieces: AsyncIterator[bytes]


class Files:
    def __init__(self, context: Context, find: Callable[[str], Entry]) -> None:
        self._context = context
        self._find = find

    # -- archive ----------------------------------------------------------------------------------

    async def stat(self, ref: str, path: str) -> PathStat:
        """Return what `path` is in the container. Raises NotFound, Internal."""
        async with self._reader(ref, verb="stat", container=ref, path=path) as worker:
            worker.tell()
            return await worker.stat()

    @asynccontextmanager
    async def read(self, ref: str, path: str) -> AsyncIterator[OpenArchive]:
        """Yield a tar archive of what is at `path`, a directory with all in it."""
        record = self._find(ref).record
        async with self._reader(ref, verb="read", container=ref, path=path) as worker:
            worker.tell_output()
            found = await worker.stat()
            self._context.events.publish("archive-path", record)
            yield OpenArchive(found, worker.output())

    async def write(
        self, ref: str, path: str, archive: BinaryIO, *, owned_by_user: bool, keeps_kinds: bool
    ) -> None:
        """Extract a tar archive, compressed or not, to the directory `path`.

        `archive` is read in a worker thread. With `owned_by_user`, all of it belongs to the user
        that the container runs as. With `keeps_kinds`, a directory does not replace what is none,
        nor is it replaced by that. Raises NotFound, InvalidArgument, Internal.
        """
        entry, points = self._find(ref), None
        async with AsyncExitStack() as held:
            entered = await held.enter_async_context(_namespaces(entry))
            if not entered:
                # Its layers are mounted: it must not start, or be removed, before that is over.
                await held.enter_async_context(entry.lock)
                self._find(entry.record.id)
                entered = await held.enter_async_context(_namespaces(entry))
            if not entered:
                points = await held.enter_async_context(self._volumes(entry.record))
            owner = None
            if owned_by_user and entry.record.config.get("User"):
                owner = await anyio.to_thread.run_sync(self._user_of, entry.record)
            work = Work(
                verb="write",
                root=await self._root(entry, points),
                container=ref,
                path=path,
                owner=owner,
                keeps_kinds=keeps_kinds,
            )
            worker = await held.enter_async_context(Worker(self._context.launcher, work, entered))
            await _send(worker, archive)
        self._context.events.publish("extract-to-dir", entry.record)

    # -- the whole --------------------------------------------------------------------------------

    @asynccontextmanager
    async def export(self, ref: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Yield a tar archive of the root file system, without what is mounted in it."""
        record = self._find(ref).record
        async with self._reader(ref, verb="export", container=ref) as worker:
            worker.tell_output()
            yield worker.output()
        self._context.events.publish("export", record)

    async def changes(self, ref: str) -> list[Change]:
        """Return what differs from the image, a directory before what is in it."""
        with self._context.measures.container_actions.timed("changes"):
            async with self._reader(ref, verb="changes", container=ref) as worker:
                worker.tell_output()
                data = b"".join([piece async for piece in worker.output()])
        return await anyio.to_thread.run_sync(_read_changes, data)  # there may be 100,000

    @asynccontextmanager
    async def layer(self, entry: Entry) -> AsyncIterator[Worker]:
        """Yield a worker that writes the writable layer, as an image has it; it is told so."""
        async with self._reader(entry.record.id, verb="layer", container=entry.record.id) as worker:
            worker.tell_output()
            yield worker

    # -- the work ---------------------------------------------------------------------------------

    @asynccontextmanager
    async def _reader(self, ref: str, **work: Any) -> AsyncIterator[Worker]:
        """Yield a worker that does not write to the container."""
        entry = self._find(ref)
        points = None
        async with AsyncExitStack() as held:
            entered = await held.enter_async_context(_namespaces(entry))
            if not entered:
                points = await held.enter_async_context(self._volumes(entry.record))
            root = await self._root(entry, points)
            told = cast(Work, {**work, "root": root})
            worker = Worker(self._context.launcher, told, entered)
            yield await held.enter_async_context(worker)

    @asynccontextmanager
    async def _volumes(self, record: Container) -> AsyncIterator[Sequence[MountPoint]]:
        """Have the volumes of a container that does not run mounted; yield its mount points."""
        volumes, user = self._context.volumes, ids.new_id()
        points = await anyio.to_thread.run_sync(volumes.mounts.mount, record, user)
        try:
            yield points
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(volumes.mounts.unmount, record, user)

    async def _root(self, entry: Entry, points: Sequence[MountPoint] | None) -> Root:
        """Return what a worker is told of the root; None for the mounts of one that runs."""
        context, record = self._context, entry.record
        directory = context.data_root.container(record.id)
        lower = await anyio.to_thread.run_sync(context.images.snapshots.held_directories, record.id)
        return Root(
            is_running=points is None,
            layers=start.rootfs(context, directory, lower),
            binds=_binds(record, points or ()),
            is_read_only=bool(record.host_config.get("ReadonlyRootfs")),
            scratch=str(context.exec_root.path),
        )

    def _user_of(self, record: Container) -> tuple[int, int]:
        """Return uid and gid of the container's user, looked up in its files, never by NSS."""
        lower = self._context.images.snapshots.held_directories(record.id)
        layers = [self._context.data_root.container(record.id).upper, *lower]
        accounts = users.read_accounts(lambda path: overlay.open_file(layers, path))
        try:
            user = users.find_user(record.config.get("User") or "", [], accounts)
        except errors.InvalidArgument as err:
            raise errors.InvalidArgument(f"failed to look up user in container: {err}") from err
        return user.uid, user.gid


def _read_changes(data: bytes) -> list[Change]:
    return [Change(os.fsdecode(record[1:]), int(record[:1])) for record in data.split(b"\0")[:-1]]


def image_reader(context: Context, lower: Sequence[Path]) -> Worker:
    """Return a worker that exports what the directories `lower`, the topmost first, come to."""
    root = context.data_root.path
    empty = str(context.data_root.empty.relative_to(root))
    layers = RootfsRequest(
        directory=str(root),
        lower=[str(path.relative_to(root)) for path in lower],
        upper=empty,
        work="",
        shares_mounts=False,
    )
    told = Root(
        is_running=False,
        layers=layers,
        binds=[],
        is_read_only=True,
        scratch=str(context.exec_root.path),
    )
    return Worker(context.launcher, Work(verb="export", root=told, container=""))


@asynccontextmanager
async def _namespaces(entry: Entry) -> AsyncIterator[Sequence[int]]:
    """Yield descriptors of the container's mount and user namespaces; none if it does not run.

    Should it end meanwhile, what it has mounted stays there for who holds them.
    """
    with ExitStack() as held:
        yield await _open_namespaces(entry.shim, held) if entry.shim else ()


async def _open_namespaces(shim: Shim, held: ExitStack) -> Sequence[int]:
    opened = []
    try:
        for kind in ("mnt", "user"):
            opened.append(os.open(f"/proc/{shim.init_pid}/ns/{kind}", os.O_RDONLY))
            held.callback(os.close, opened[-1])
    except (FileNotFoundError, ProcessLookupError):
        return ()
    except PermissionError as err:  # so says the kernel also if it is reaped just then
        if await _has_process(shim):
            raise errors.Internal(f"namespaces of the container: {err.strerror}") from err
        return ()
    # Its parent, the shim, has not reaped it: so it is this one whose namespaces were opened.
    return opened if await _has_process(shim) else ()


async def _has_process(shim: Shim) -> bool:
    try:
        await shim.signal(_PROBE)
    except errors.SeacanError:
        return False
    return True


def _binds(record: Container, points: Sequence[MountPoint]) -> list[Bind]:
    """Return what of the host a stopped container would have mounted."""
    binds = [
        Bind(
            source=point.source,
            destination=point.destination,
            is_writable=point.is_writable,
            is_recursive=point.is_recursive,
            subpath=point.subpath,
            uids=mappings(point.owner.uids),
            gids=mappings(point.owner.gids),
        )
        for point in points
        if point.type in ("bind", "volume")
    ]
    taken = {bind["destination"] for bind in binds}
    files = {
        "/etc/resolv.conf": record.resolv_conf_path,
        "/etc/hostname": record.hostname_path,
        "/etc/hosts": record.hosts_path,
    }
    return binds + [
        Bind(
            source=source,
            destination=destination,
            is_writable=not record.host_config.get("ReadonlyRootfs"),
            is_recursive=False,
            subpath="",
            uids=[],
            gids=[],
        )
        for destination, source in files.items()
        # They are there from the first start on; without a network there are none.
        if destination not in taken and source and os.path.exists(source)
    ]


async def _send(worker: Worker, archive: BinaryIO) -> None:
    """Send the archive, decompressed here (CVE-2026-41567), and wait until it is extracted."""
    pipe = await worker.tell_input()

    def pump() -> None:
        try:
            for piece in chunks(Decompressed(archive)):
                view = memoryview(piece)
                while view:
                    view = view[os.write(pipe, view) :]
        except BrokenPipeError:
            return  # it has ended: what it says of that counts

    try:
        try:
            # As slow as its client: not one of the threads that all share.
            await anyio.to_thread.run_sync(pump, limiter=anyio.CapacityLimiter(1))
        except BaseException:
            worker.kill()  # what came is not all of it
            raise
    finally:
        os.close(pipe)
    await worker.wait_done()
