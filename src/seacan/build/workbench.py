"""Where the files of a step are worked on: a directory of its own, and a process for the work."""

import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

import anyio
import anyio.from_thread
import msgspec

from seacan.build.state import State
from seacan.build.worker_words import Chosen, Done, Found, Place, Work
from seacan.contents.client import Worker
from seacan.files import write_all
from seacan.images.building import Building, BuiltLayer
from seacan.images.streams import EndChecked
from seacan.images.trees import remove_tree
from seacan.paths import DataRoot, ExecRoot
from seacan.supervisor.launcher_client import Launcher
from seacan.supervisor.protocol import RootfsRequest

_PROGRAM: Final = "seacan.build.worker"
_FOUND: Final = msgspec.json.Decoder(Found)

Write = Callable[[int], None]
Feed = Callable[[], Awaitable[object]]


class Workbench(msgspec.Struct, frozen=True):
    data_root: DataRoot
    exec_root: ExecRoot
    building: Building
    launcher: Launcher
    latest_s: int | None  # since 1970: what is newer in a layer gets this time

    def layers(self, state: State) -> list[Path]:
        """Return the directories of a state's root, the topmost first."""
        found = [self.building.layer_path(layer.layer) for layer in reversed(state.layers)]
        return found or [self.data_root.empty]

    async def copy(self, state: State, place: Place, write: Write) -> BuiltLayer | None:
        """Return the layer of an archive's members put into a root; None if it changes nothing.

        `write` writes the archive to a pipe, in a thread; nothing is made if it raises.
        """
        with _pipe() as (reader, writer):

            async def feed() -> None:
                limiter = anyio.CapacityLimiter(1)  # as slow as the disk: none that all share
                await anyio.to_thread.run_sync(write, writer.fileno(), limiter=limiter)
                writer.close()

            return await self._copy(state, place, reader, feed)

    async def copy_listed(
        self, state: State, place: Place, listing: bytes, contents_fd: int, donor: Path | None
    ) -> BuiltLayer | None:
        """Return the layer of listed members put into a root; None if it changes nothing.

        `donor`: the files of a layer for the same place on the same state, to be linked.
        """
        async with self._directory() as directory:
            upper = directory / "upper"
            work = self._work("copy-listed", state, upper=upper, place=place)
            if donor is not None:
                work["donor"] = str(donor.relative_to(self.data_root.path))
            async with Worker(self.launcher, work, program=_PROGRAM) as worker:
                with _pipe() as (list_reader, list_writer), _pipe() as (reader, writer):
                    worker.tell(list_reader.fileno(), contents_fd, writer.fileno())
                    list_reader.close()
                    writer.close()

                    def feed() -> None:
                        write_all(list_writer.fileno(), listing)
                        list_writer.close()

                    with contextlib.suppress(BrokenPipeError):  # then it says why it ended
                        await anyio.to_thread.run_sync(feed)
                    return await self._add_layer(worker, state, upper, reader)

    async def copy_from(
        self, state: State, place: Place, origin: State, chosen: Chosen
    ) -> BuiltLayer | None:
        """Return the layer of what was chosen of another root; None if it changes nothing."""
        with _pipe() as (reader, writer):
            work = self._work("read", origin, chosen=chosen)
            async with Worker(self.launcher, work, program=_PROGRAM) as source:
                source.tell(writer.fileno())
                writer.close()
                return await self._copy(state, place, reader, source.wait_done)

    async def look(self, origin: State, chosen: Chosen) -> Found:
        """Return what is chosen of a root. Raises InvalidArgument if it is not there."""
        work = self._work("digest", origin, chosen=chosen)
        async with Worker(self.launcher, work, program=_PROGRAM) as worker:
            worker.tell_output()
            return _FOUND.decode(b"".join([piece async for piece in worker.output()]))

    async def layer(self, state: State, upper: Path) -> BuiltLayer | None:
        """Return the layer of what a command changed, whose upper directory moves away."""
        work = self._work("layer", state, upper=upper)
        async with Worker(self.launcher, work, program=_PROGRAM) as worker:
            with _pipe() as (reader, writer):
                worker.tell(writer.fileno())
                writer.close()
                return await self._add_layer(worker, state, upper, reader)

    async def _copy(
        self, state: State, place: Place, archive: BinaryIO, feed: Feed
    ) -> BuiltLayer | None:
        async with self._directory() as directory:
            upper = directory / "upper"
            work = self._work("copy", state, upper=upper, place=place)
            async with Worker(self.launcher, work, program=_PROGRAM) as worker:
                with _pipe() as (reader, writer):
                    worker.tell(archive.fileno(), writer.fileno())
                    archive.close()
                    writer.close()
                    with contextlib.suppress(BrokenPipeError):  # then it says why it ended
                        await feed()
                    return await self._add_layer(worker, state, upper, reader)

    async def _add_layer(
        self, worker: Worker, state: State, upper: Path, archive: BinaryIO
    ) -> BuiltLayer | None:
        done: Done | None = None

        async def finish() -> None:
            nonlocal done
            done = cast(Done, await worker.wait_done())

        def size_bytes() -> int:
            assert done is not None
            return done["size_bytes"]

        checked = cast(BinaryIO, EndChecked(archive, lambda: anyio.from_thread.run(finish)))
        return await anyio.to_thread.run_sync(
            self.building.add_layer,
            state.diff_ids,
            checked,
            upper,
            size_bytes,
            limiter=anyio.CapacityLimiter(1),
        )

    @asynccontextmanager
    async def _directory(self) -> AsyncIterator[Path]:
        """Yield a directory with `upper` and `work`, as overlayfs wants them."""
        path = Path(tempfile.mkdtemp(dir=self.data_root.builds))
        try:
            for name in ("upper", "work"):
                (path / name).mkdir()
                (path / name).chmod(0o755)
            yield path
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(remove_tree, path)

    def _work(
        self,
        verb: str,
        state: State,
        *,
        upper: Path | None = None,
        place: Place | None = None,
        chosen: Chosen | None = None,
    ) -> dict[str, object]:
        root = self.data_root.path

        def relative(path: Path) -> str:
            return str(path.relative_to(root))

        work = Work(
            verb=verb,  # type: ignore[typeddict-item]
            layers=RootfsRequest(
                directory=str(root),
                lower=[relative(path) for path in self.layers(state)],
                upper=relative(upper) if upper else "",
                work=relative(upper.parent / "work") if upper else "",
                shares_mounts=False,
            ),
            scratch=str(self.exec_root.path),
            latest_s=self.latest_s,
            place=place,
        )
        if chosen is not None:
            work["chosen"] = chosen
        return dict(work)


@contextlib.contextmanager
def _pipe() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Yield both ends of a pipe; they may be closed before."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    with open(reader, "rb", buffering=0) as out, open(writer, "wb", buffering=0) as into:
        yield cast(BinaryIO, out), cast(BinaryIO, into)
