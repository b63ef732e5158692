"""COPY, ADD and the directory of WORKDIR: what is put where, and the layer that it makes."""

import functools
import posixpath
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import anyio
import msgspec

from seacan.build import archives, modes
from seacan.build.dockerfile.instructions import Add, Copy
from seacan.build.evaluation import Step
from seacan.build.listing import encode
from seacan.build.origins import ContextOrigin, Origin
from seacan.build.running import StepRunner
from seacan.build.selection import check_inside
from seacan.build.sources import Listed, Source, Sources
from seacan.build.state import State, digest
from seacan.build.workbench import Workbench
from seacan.build.worker_words import Chosen, Found, Place
from seacan.errors import Internal, InvalidArgument
from seacan.files import write_all
from seacan.images import tar_writer
from seacan.images.building import Building, BuiltLayer, Result

_LAST_COPIED: Final = "layer that was copied last: "


async def find(building: Building, key: str) -> Result | None:
    """Return what a step of this key came to, if that is still there."""
    return building.recall(key) or await anyio.to_thread.run_sync(building.find, key)


class CopyPlan(msgspec.Struct, frozen=True):
    """What is copied where; it is digest and `said` that a key is made of."""

    digest: str
    kind: str  # file, dir or multi
    said: Sequence[Any]
    place: Place
    sources: Sequence[Source] = ()  # of a context
    is_empty: bool = False  # wildcards have matched nothing
    origin: State | None = None  # or of another root: what is chosen of it
    chosen: Chosen | None = None


class Copies(msgspec.Struct, frozen=True):
    bench: Workbench
    building: Building
    runner: StepRunner
    sources: Sources
    is_classic: bool = False  # see Wanted

    async def plan(self, step: Step, state: State, origins: Mapping[Origin, State]) -> CopyPlan:
        """Look at what a COPY or ADD takes. Raises InvalidArgument in Docker's words."""
        instruction = step.instruction
        assert isinstance(instruction, Copy | Add)
        keyword = "COPY" if isinstance(instruction, Copy) else "ADD"
        try:
            for path in instruction.paths if self.is_classic else ():
                check_inside(path)
            origin = step.origin
            if origin is None or isinstance(origin, ContextOrigin):
                return await self._of_context(instruction, step, state, origin)
            assert isinstance(instruction, Copy)
            return await self._of_root(instruction, step, state, origins[origin])
        except (InvalidArgument, Internal) as err:
            if str(err).startswith(("When using", "unable to convert", "invalid chmod")):
                raise
            raise type(err)(f"{keyword} failed: {err}") from err

    async def plan_base(self, origin: ContextOrigin) -> CopyPlan:
        """Look at a context that a stage is based on: all of it is there, and root's."""
        source = await anyio.to_thread.run_sync(self.sources.whole, origin.name)
        place = Place(
            destination="/", is_directory=True, owner=(0, 0), mode="", has_whiteouts=False
        )
        return CopyPlan(source.digest, "dir", [dict(place)], place, [source])

    async def do(self, plan: CopyPlan, state: State) -> BuiltLayer | None:
        """Return the layer of it; None if it changes nothing."""
        if plan.is_empty:
            return None
        if plan.origin is not None and plan.chosen is not None:
            return await self.bench.copy_from(state, plan.place, plan.origin, plan.chosen)
        for source in plan.sources:
            if source.fetch is not None:
                await anyio.to_thread.run_sync(
                    source.fetch, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1)
                )
        listed = [source.listed for source in plan.sources if source.listed]
        if listed and len(listed) == len(plan.sources):
            return await self._do_listed(plan.place, state, listed)

        def write(out_fd: int) -> None:
            for source in plan.sources:
                source.write(out_fd)
            write_all(out_fd, tar_writer.END)

        return await self.bench.copy(state, plan.place, write)

    async def _do_listed(
        self, place: Place, state: State, listed: Sequence[Listed]
    ) -> BuiltLayer | None:
        """Copy files of a context; those that were the same the last time need not be written."""
        key = digest(["last copied", state.diff_ids, dict(place)])
        donor = await anyio.to_thread.run_sync(self._last_copied, key)

        def listing() -> bytes:
            return encode(member for each in listed for member in each.members())

        data = await anyio.to_thread.run_sync(listing)
        layer = await self.bench.copy_listed(state, place, data, listed[0].contents_fd, donor)
        if layer is not None:
            last = Result(key, "", f"{_LAST_COPIED}{layer.layer.chain_id}", None)
            await anyio.to_thread.run_sync(self.building.remember, last)
        return layer

    def _last_copied(self, key: str) -> Path | None:
        """Return the files of the layer that the same step made the last time; blocks."""
        last = self.building.find(key)
        return (
            self.building.find_path(last.description.removeprefix(_LAST_COPIED)) if last else None
        )

    async def merge(self, base: State, state: State) -> BuiltLayer | None:
        """Return one layer in place of those that `state` has on `base`."""

        def write(out_fd: int) -> None:
            for layer in state.layers[len(base.layers) :]:
                archives.write_members(functools.partial(self.building.open_archive, layer), out_fd)
            write_all(out_fd, tar_writer.END)

        place = Place(destination="/", is_directory=True, owner=None, mode="", has_whiteouts=True)
        return await self.bench.copy(base, place, write)

    async def make_directory(self, path: str, user: str, state: State) -> BuiltLayer | None:
        """Return the layer of a directory of `user`'s; None if it is there."""
        layers = self.bench.layers(state)
        if await anyio.to_thread.run_sync(self.runner.has_directory, layers, path):
            return None
        owner = None
        if user:
            owner = await anyio.to_thread.run_sync(self.runner.find_owner, layers, user)
        place = Place(
            destination=path, is_directory=True, owner=owner, mode="", has_whiteouts=False
        )
        place["owns_parents"] = True
        return await self.bench.copy(state, place, lambda fd: write_all(fd, tar_writer.END))

    async def _of_context(
        self, instruction: Copy | Add, step: Step, state: State, origin: ContextOrigin | None
    ) -> CopyPlan:
        name = origin.name if origin else ""
        sources = await anyio.to_thread.run_sync(
            self.sources.of,
            instruction,
            name,
            abandon_on_cancel=True,  # a server may never end what it sends
            limiter=anyio.CapacityLimiter(1),
        )
        is_directory = any(source.is_directory for source in sources)
        is_archive = any(source.is_archive for source in sources)
        count = sum(source.count for source in sources)
        place = await self._place(
            instruction,
            step,
            state,
            count=count,
            is_directory=is_directory,
            default=None if is_archive else (0, 0),
        )
        if all(source.is_archive for source in sources):
            place["mode"] = ""  # what is unpacked has its own
        digests = [source.digest for source in sources]
        said = [dict(place), digests]
        shown = digests[0] if len(digests) == 1 else digest(digests)
        kind = _kind(count, is_directory=is_directory and not is_archive)
        return CopyPlan(shown, kind, said, place, sources, is_empty=not count)

    async def _of_root(
        self, instruction: Copy, step: Step, state: State, origin: State
    ) -> CopyPlan:
        chosen = Chosen(
            paths=list(instruction.paths),
            excludes=list(instruction.excludes),
            has_parents=instruction.has_parents,
        )
        found = await self._look(origin, chosen)
        place = await self._place(
            instruction,
            step,
            state,
            count=found["count"],
            is_directory=found["is_directory"],
            default=None,  # as they are there
        )
        kind = _kind(found["count"], is_directory=found["is_directory"])
        return CopyPlan(
            found["digest"],
            kind,
            [dict(place)],
            place,
            is_empty=not found["count"],
            origin=origin,
            chosen=chosen,
        )

    async def _look(self, origin: State, chosen: Chosen) -> Found:
        """Return what is chosen of a root; what was found once of the same is remembered."""
        key = digest(["look", origin.diff_ids, chosen])
        known = await find(self.building, key)
        if known is not None:
            content, count, is_directory = known.description.split(" ")
            return Found(digest=content, count=int(count), is_directory=is_directory == "directory")
        found = await self.bench.look(origin, chosen)
        kind = "directory" if found["is_directory"] else "file"
        said = f"{found['digest']} {found['count']} {kind}"
        await anyio.to_thread.run_sync(self.building.remember, Result(key, "", said, None))
        return found

    async def _place(
        self,
        instruction: Copy | Add,
        step: Step,
        state: State,
        *,
        count: int,
        is_directory: bool,
        default: tuple[int, int] | None,
    ) -> Place:
        written = instruction.destination
        is_place = written.endswith(("/", "/.")) or written in ("", ".")
        if self.is_classic and not count:
            raise InvalidArgument("no source files were specified")
        if count > 1 and not is_place:
            keyword = "COPY" if isinstance(instruction, Copy) else "ADD"
            raise InvalidArgument(
                f"When using {keyword} with more than one source file, "
                "the destination must be a directory and end with a /"
            )
        if instruction.chmod:
            modes.check(instruction.chmod)
        owner = default
        if instruction.chown:
            owner = await anyio.to_thread.run_sync(
                self.runner.find_owner, self.bench.layers(state), instruction.chown
            )
        place = Place(
            destination=posixpath.join("/", step.config.get("WorkingDir") or "/", written),
            is_directory=is_place or is_directory,
            owner=owner,
            mode=instruction.chmod,
            has_whiteouts=False,
        )
        if instruction.is_linked:
            place["is_linked"] = True
        elif (instruction.chown or place["mode"]) and not self.is_classic:
            place["owns_parents"] = True
        return place


def _kind(count: int, *, is_directory: bool) -> str:
    if count > 1:
        return "multi"
    return "dir" if is_directory else "file"
