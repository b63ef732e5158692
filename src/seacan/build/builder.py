"""Builds: from what is asked for to an image in the store.

Dockerfile ──▸ plan ──▸ images that it is based on ──▸ with their triggers ──▸ solver ──▸ image
"""

import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from types import TracebackType

import anyio
import msgspec
from msgspec import field
from msgspec.structs import replace

from seacan.build.agents import BuildAgents
from seacan.build.arguments import Wanted
from seacan.build.cache_mounts import CacheMounts
from seacan.build.caches import exported, inline
from seacan.build.caches.document import Entry
from seacan.build.caches.exported import CacheExport
from seacan.build.caches.imported import ImportedCache
from seacan.build.context_tree import ContextTree
from seacan.build.copies import Copies
from seacan.build.dockerfile.errors import suggestion
from seacan.build.dockerfile.instructions import Arg, Dockerfile, Label, Pair, Source
from seacan.build.dockerfile.parse import parse
from seacan.build.git.commands import Access
from seacan.build.git.repositories import Repositories
from seacan.build.locks import Locks
from seacan.build.origins import ImageOrigin
from seacan.build.plan import Plan, plan, unused_args, with_triggers
from seacan.build.progress import Made, Missed, Noted, Planned, Progress
from seacan.build.run_mounts import RunMounts
from seacan.build.running import StepRunner
from seacan.build.runs import HOSTNAME, RunSteps
from seacan.build.solver import Solver
from seacan.build.sources import Sources
from seacan.build.state import State
from seacan.build.steps import CacheRules, Steps
from seacan.build.workbench import Workbench
from seacan.errors import Internal, InvalidArgument, NotFound, SeacanError
from seacan.images.building import Building, NewImage
from seacan.images.choice import best
from seacan.images.image import Image, ImageId
from seacan.images.platforms import Platform, host
from seacan.images.references import Reference
from seacan.images.remote.tasks import Cancellation
from seacan.paths import DataRoot, ExecRoot
from seacan.spec.engine_api import HostConfig
from seacan.spec.image import ImageConfig
from seacan.supervisor.launcher_client import Launcher

_EPOCH = "SOURCE_DATE_EPOCH"
_HOSTNAME = "BUILDKIT_SANDBOX_HOSTNAME"
_FOR_BUILDERS = (_EPOCH, "BUILDKIT_")  # arguments that no Dockerfile need name begin so
_AGENT = "default"  # the one for repositories, as with BuildKit

FindImage = Callable[[ImageOrigin, Platform, Progress], Awaitable[Image]]


class BuildRequest(msgspec.Struct, frozen=True):
    """What is asked for, beside the contexts."""

    dockerfile: bytes
    wanted: Wanted
    platforms: Sequence[Platform] = ()  # if it is for several
    tags: Sequence[Reference] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    host_config: HostConfig = field(default_factory=lambda: HostConfig())
    uses_cache: bool = True
    cache_off_stages: Sequence[str] = ()  # by name: what --no-cache-filter names
    cache_images: Sequence[Image] | None = None  # if given, the cache is what these were made of
    more_cache_images: Sequence[Image] = ()  # beside the cache: what these were made of
    cache_imports: Sequence[ImportedCache] = ()
    cache_exports: Sequence[CacheExport] = ()
    has_inline_cache: bool = False  # the image says what it was made with
    secrets: Mapping[str, bytes] = field(default_factory=dict)
    is_squashed: bool = False
    agents: BuildAgents | None = None  # of ssh, that the client has


class Built(msgspec.Struct, frozen=True):
    image_id: ImageId  # for this machine, if there is one
    images: Mapping[Platform, ImageId]


class Builder(msgspec.Struct, frozen=True):
    """What all builds share."""

    data_root: DataRoot
    exec_root: ExecRoot
    building: Building
    launcher: Launcher
    runner: StepRunner
    locks: Locks = field(default_factory=Locks)

    async def build(
        self,
        request: BuildRequest,
        contexts: Mapping[str, ContextTree],
        find_image: FindImage,
        progress: Progress,
    ) -> Built:
        """Build the target and tag it. Raises what stands against it; then no image is tagged.

        What was done by then is remembered. Of several platforms, one comes after the other: what
        does not depend on the platform the later ones find done. A cache is exported at the end.
        """
        file = await anyio.to_thread.run_sync(parse, request.dockerfile)
        made: dict[Platform, NewImage] = {}
        entries: list[Entry] = []  # what is done, in this order
        images: list[Sequence[str]] = []
        async with self._adding():
            for platform in request.platforms or (request.wanted.platform,):
                if len(request.platforms) > 1:
                    await progress(Noted(f"Platform {platform}"))
                wanted = replace(request.wanted, platform=platform)
                planned = await anyio.to_thread.run_sync(_plan, file, wanted, request.labels)
                state = await self._remembered(
                    request, planned, file, contexts, find_image, progress, entries
                )
                config = state.document()
                if request.has_inline_cache:
                    config = await _with_cache(config, entries, progress)
                made[platform] = NewImage(config, state.layers)
                images.append(state.diff_ids)
            ids = await anyio.to_thread.run_sync(self.building.add_images, made, request.tags)
            built = Built(best([*ids.items()], host()) or next(iter(ids.values())), ids)
            await progress(Made(built.image_id))
            unused = [
                name for name in unused_args(planned, file) if not name.startswith(_FOR_BUILDERS)
            ]
            if unused:
                names = " ".join(unused)
                await progress(
                    Noted(f"[Warning] One or more build-args [{names}] were not consumed")
                )
            for each in request.cache_exports:
                await exported.export(each, self.building, entries, images, progress)
        return built

    @asynccontextmanager
    async def _adding(self) -> AsyncIterator[None]:
        """As Building.adding(), with the loop free while what is not used is removed."""
        held = ExitStack()

        async def leave(
            kind: type[BaseException] | None,
            raised: BaseException | None,
            traceback: TracebackType | None,
        ) -> None:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(held.__exit__, kind, raised, traceback)

        async with AsyncExitStack() as undo:
            undo.push_async_exit(leave)
            await anyio.to_thread.run_sync(held.enter_context, self.building.adding())
            yield

    async def _remembered(
        self,
        request: BuildRequest,
        planned: Plan,
        file: Dockerfile,
        contexts: Mapping[str, ContextTree],
        find_image: FindImage,
        progress: Progress,
        entries: list[Entry],
    ) -> State:
        """Return what the plan comes to; write down what was done by then, also if it fails."""
        try:
            return await self._solve(
                request, planned, file.global_args, contexts, find_image, progress, entries
            )
        finally:
            with anyio.CancelScope(shield=True):
                flush = functools.partial(self.building.flush, keeps_uses=True)
                await anyio.to_thread.run_sync(flush)

    async def _solve(
        self,
        request: BuildRequest,
        planned: Plan,
        arguments: Sequence[Arg],
        contexts: Mapping[str, ContextTree],
        find_image: FindImage,
        progress: Progress,
        entries: list[Entry],
    ) -> State:
        images: dict[ImageOrigin, State] = {}
        planned = await self._with_images(planned, images, find_image, progress)
        await progress(Planned([stage.index for stage in planned.stages]))
        async with self.repositories(request.agents, request.secrets) as repositories:
            steps = await self._steps(request, planned, contexts, progress, repositories, entries)
            solver = Solver(planned, images, arguments, steps, progress)
            state = await solver.solve()
            return await steps.squash(solver.base, state) if request.is_squashed else state

    @asynccontextmanager
    async def repositories(
        self, agents: BuildAgents | None, secrets: Mapping[str, bytes]
    ) -> AsyncIterator[Repositories]:
        """Yield the way to repositories; what is still fetched at the end is given up."""
        access = Access(Cancellation(), self.data_root.build_known_hosts, secrets=secrets)
        try:
            if agents is None or _AGENT not in agents:
                yield Repositories(self.data_root.builds, access)
                return
            async with agents.listen(_AGENT) as agent:
                yield Repositories(self.data_root.builds, replace(access, agent=agent))
        finally:
            access.cancellation.cancel()

    async def _with_images(
        self,
        planned: Plan,
        images: dict[ImageOrigin, State],
        find_image: FindImage,
        progress: Progress,
    ) -> Plan:
        """Find the images that the plan needs; return it with their triggers."""
        seen: set[int] = set()
        while True:
            for stage in planned.stages:
                for origin in sorted(stage.images - images.keys(), key=lambda one: one.reference):
                    platform = origin.platform or planned.wanted.platform
                    try:
                        images[origin] = await self._image(origin, platform, find_image, progress)
                    except SeacanError as err:
                        source = planned.source_of(stage, origin)
                        await progress(Missed(source.first_line, source.last_line))
                        if (meant := _meant(planned, origin)) and type(err) in (Internal, NotFound):
                            raise type(err)(f"{err}{meant}") from err
                        raise
            new = [stage for stage in planned.stages if stage.index not in seen]
            if not new:
                return planned
            for stage in new:
                seen.add(stage.index)
                if isinstance(stage.base, ImageOrigin):
                    triggers = images[stage.base].config.get("OnBuild") or []
                    if triggers:
                        add = functools.partial(with_triggers, planned, stage.index, triggers)
                        planned = await anyio.to_thread.run_sync(add)

    async def _image(
        self, origin: ImageOrigin, platform: Platform, find_image: FindImage, progress: Progress
    ) -> State:
        image = await find_image(origin, platform, progress)
        layers = await anyio.to_thread.run_sync(self.building.layers_of, image)
        return State.of_image(image, layers)

    async def _steps(
        self,
        request: BuildRequest,
        planned: Plan,
        contexts: Mapping[str, ContextTree],
        progress: Progress,
        repositories: Repositories,
        entries: list[Entry],
    ) -> Steps:
        latest_s = _epoch(request.wanted.build_args)
        bench = Workbench(self.data_root, self.exec_root, self.building, self.launcher, latest_s)
        sources = Sources(contexts, repositories)
        caches = CacheMounts(self.data_root.build_caches, self.locks)
        mounts = RunMounts(bench, self.runner, contexts, request.secrets, request.agents, caches)
        return Steps(
            building=self.building,
            copies=Copies(
                bench, self.building, self.runner, sources, is_classic=request.wanted.is_classic
            ),
            runs=RunSteps(
                bench, self.runner, mounts, request.host_config, _hostname(request.wanted)
            ),
            rules=await self._cache_rules(request, planned),
            progress=progress,
            locks=self.locks,
            latest_s=latest_s,
            entries=entries,
        )

    async def _cache_rules(self, request: BuildRequest, planned: Plan) -> CacheRules:
        names = {name.lower() for name in request.cache_off_stages}
        off = {stage.index for stage in planned.every if stage.name and stage.name in names}
        images = None
        if request.cache_images is not None:
            images = await self._states(request.cache_images)
        more = await self._states(request.more_cache_images)
        return CacheRules(
            not request.uses_cache, frozenset(off), images, more, request.cache_imports
        )

    async def _states(self, images: Sequence[Image]) -> list[State]:
        def states() -> list[State]:
            return [State.of_image(image, self.building.layers_of(image)) for image in images]

        return await anyio.to_thread.run_sync(states) if images else []


def _meant(planned: Plan, origin: ImageOrigin) -> str:
    """Return the hint at a stage that may be meant by what is taken for an image."""
    return suggestion(origin.written.lower(), [each.name for each in planned.every if each.name])


async def _with_cache(
    config: ImageConfig, entries: Sequence[Entry], progress: Progress
) -> ImageConfig:
    cached = inline.with_cache(config, entries)
    if cached is None:
        await progress(Noted("no inline cache: the history does not tell of each layer"))
    return cached or config


def _plan(file: Dockerfile, wanted: Wanted, labels: Mapping[str, str]) -> Plan:
    return _labelled(plan(file, wanted), labels)


def _labelled(planned: Plan, labels: Mapping[str, str]) -> Plan:
    """Return the plan with labels for its target, set by one more instruction, as dockerd has it.

    A stage that is the target may be the base of none, so nobody else gets them.
    """
    if not labels:
        return planned
    escape = planned.lexer.escape
    pairs = tuple(
        Pair(_quoted(name, escape), _quoted(value, escape))
        for name, value in sorted(labels.items())
    )
    text = " ".join(["LABEL", *(f"{name}={value}" for name, value in sorted(labels.items()))])
    line = planned.target.source.last_line
    label = Label(Source("LABEL", text, line, line), pairs)

    def changed(stages: Sequence) -> tuple:  # type: ignore[type-arg]
        return tuple(
            replace(stage, instructions=(*stage.instructions, label))
            if stage.index == planned.target.index
            else stage
            for stage in stages
        )

    every = changed(planned.every)
    return replace(
        planned,
        stages=changed(planned.stages),
        every=every,
        target=every[planned.target.index],
    )


def _quoted(text: str, escape: str) -> str:
    """Return a word that means `text`."""
    for special in (escape, '"', "$"):
        text = text.replace(special, escape + special)
    return f'"{text}"'


def _hostname(wanted: Wanted) -> str:
    """Return what commands find as the host's name; empty: that of a container."""
    return "" if wanted.is_classic else wanted.build_args.get(_HOSTNAME, HOSTNAME)


def _epoch(build_args: Mapping[str, str]) -> int | None:
    """Return the time that SOURCE_DATE_EPOCH gives, in seconds since 1970; None if it does not."""
    text = build_args.get(_EPOCH, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        raise InvalidArgument(f"invalid SOURCE_DATE_EPOCH: {text}")
    return int(text)
